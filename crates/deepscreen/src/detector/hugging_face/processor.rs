//! What an image processor's file makes of a picture: the steps, the colours and the numbers of a contract.

use serde_json::{Map, Value};

use super::wrong;
use crate::detector::contract::{Color, CropOrigin, Input, Preprocess, Step};
use crate::detector::resample::Filter;
use crate::error::{Error, Result};

const HALF: [f64; 3] = [0.5; 3];
const IMAGENET: ([f64; 3], [f64; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
const CLIP: ([f64; 3], [f64; 3]) =
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]);

/// What an image processor of transformers does where its file does not say.
struct Processor {
    name: &'static str,
    /// `None` where the file has to say, since versions differ.
    size: Option<Size>,
    /// A bare number is both sides, not the short one.
    square: bool,
    filter: Option<Filter>,
    crop: Crop,
    statistics: ([f64; 3], [f64; 3]),
    resize: Resize,
}

/// What is cropped where the file does not say.
#[derive(Clone, Copy)]
enum Crop {
    No,
    Middle(u32),
    /// Versions differ.
    Unclear,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    Exact { width: u32, height: u32 },
    Shortest(u32),
}

/// How a class of processor reads `size`.
#[derive(Clone, Copy, PartialEq)]
enum Resize {
    Plain,
    /// Below 384: the short side to `size / crop_pct`, then the middle; else stretched.
    ConvNext,
    /// The short side to `size * 256 / 224`.
    Levit,
    /// The short side to `size / crop_pct`.
    PoolFormer,
}

const PLAIN: Processor = Processor {
    name: "",
    size: Some(Size::Exact { width: 224, height: 224 }),
    square: true,
    filter: Some(Filter::Bicubic),
    crop: Crop::No,
    statistics: (HALF, HALF),
    resize: Resize::Plain,
};

const MIDDLE: Processor =
    Processor { size: Some(Size::Shortest(224)), square: false, crop: Crop::Middle(224), ..PLAIN };

const PROCESSORS: [Processor; 15] = [
    Processor { name: "ViT", filter: Some(Filter::Bilinear), ..PLAIN },
    Processor {
        name: "DeiT",
        size: Some(Size::Exact { width: 256, height: 256 }),
        crop: Crop::Middle(224),
        ..PLAIN
    },
    Processor { name: "Beit", size: None, crop: Crop::Unclear, ..PLAIN },
    Processor { name: "Siglip", square: false, ..PLAIN },
    Processor { name: "Pvt", filter: None, statistics: IMAGENET, ..PLAIN },
    Processor {
        name: "Segformer",
        size: Some(Size::Exact { width: 512, height: 512 }),
        filter: Some(Filter::Bilinear),
        statistics: IMAGENET,
        ..PLAIN
    },
    Processor {
        name: "EfficientNet",
        size: Some(Size::Exact { width: 346, height: 346 }),
        filter: None,
        ..PLAIN
    },
    Processor {
        name: "ConvNext",
        size: Some(Size::Shortest(384)),
        square: false,
        filter: None,
        resize: Resize::ConvNext,
        ..PLAIN
    },
    Processor { name: "CLIP", statistics: CLIP, ..MIDDLE },
    Processor { name: "Bit", statistics: CLIP, ..MIDDLE },
    Processor {
        name: "MobileNetV1",
        size: Some(Size::Shortest(256)),
        filter: Some(Filter::Bilinear),
        ..MIDDLE
    },
    Processor {
        name: "MobileNetV2",
        size: Some(Size::Shortest(256)),
        filter: Some(Filter::Bilinear),
        ..MIDDLE
    },
    Processor { name: "MobileViT", filter: None, crop: Crop::Middle(256), ..MIDDLE },
    Processor { name: "Levit", statistics: IMAGENET, resize: Resize::Levit, ..MIDDLE },
    Processor { name: "PoolFormer", statistics: IMAGENET, resize: Resize::PoolFormer, ..MIDDLE },
];

/// The processor of a type of model, for files from before they named it.
const BY_MODEL: [(&str, &str); 9] = [
    ("vit", "ViT"),
    ("swin", "ViT"),
    ("swinv2", "ViT"),
    ("deit", "DeiT"),
    ("beit", "Beit"),
    ("convnext", "ConvNext"),
    ("resnet", "ConvNext"),
    ("regnet", "ConvNext"),
    ("clip", "CLIP"),
];

/// Fields of a processor that change no pixel of an RGB picture, or that say what is known without them.
const HARMLESS: [&str; 16] = [
    "_processor_class",
    "_valid_processor_keys",
    "crop_size",
    "data_format",
    "default_to_square",
    "device",
    "disable_grouping",
    "do_convert_rgb",
    "do_reduce_labels",
    "feature_extractor_type",
    "image_processor_type",
    "input_data_format",
    "model_input_names",
    "processor_class",
    "reduce_labels",
    "return_tensors",
];

/// Fields that every processor has.
const COMMON: [&str; 9] = [
    "do_center_crop",
    "do_normalize",
    "do_rescale",
    "do_resize",
    "image_mean",
    "image_std",
    "resample",
    "rescale_factor",
    "size",
];

/// How a picture is prepared.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) input: Input,
    pub(super) preprocess: Preprocess,
}

impl Picture {
    fn new(steps: Vec<Step>, color: Color, scale: f64, mean: Vec<f64>, std: Vec<f64>) -> Self {
        let size = steps.last().and_then(|step| match *step {
            Step::Resize { width, height, .. } | Step::CenterCrop { width, height, .. } => {
                Some((width, height))
            }
            _ => None,
        });
        let (width, height) = (size.map(|size| size.0), size.map(|size| size.1));
        let input = Input { color, width, height, ..Input::default() };
        let preprocess = Preprocess { steps, views: Default::default(), min_short_side: 0, scale, mean, std };
        Self { input, preprocess }
    }
}

/// The fields of a processor's file. `null` is a field that is not there, as transformers 5 has it.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn flag(&self, name: &str, otherwise: bool) -> Result<bool> {
        match self.get(name) {
            None => Ok(otherwise),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.unexpected(name, other, "true or false")),
        }
    }

    fn number(&self, name: &str, otherwise: f64) -> Result<f64> {
        match self.get(name) {
            None => Ok(otherwise),
            Some(value) => value
                .as_f64()
                .filter(|number| number.is_finite() && *number > 0.0)
                .ok_or_else(|| self.unexpected(name, value, "a number above 0")),
        }
    }

    /// One number for each channel, or one for all.
    fn channels(&self, name: &str, otherwise: [f64; 3]) -> Result<Vec<f64>> {
        let Some(value) = self.get(name) else { return Ok(otherwise.to_vec()) };
        let numbers = match value {
            Value::Array(values) => values.iter().map(Value::as_f64).collect(),
            value => value.as_f64().map(|number| vec![number; 3]),
        };
        let numbers = numbers.map(|numbers| if let [one] = numbers[..] { vec![one; 3] } else { numbers });
        numbers
            .filter(|numbers: &Vec<f64>| numbers.len() == 3)
            .ok_or_else(|| self.unexpected(name, value, "3 numbers"))
    }

    /// A number of pixels, two as height and width, or an object that says which sides they are.
    fn size(&self, name: &str, square: bool) -> Result<Option<Size>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let whole = |value: &Value| value.as_u64().and_then(|side| u32::try_from(side).ok());
        let exact = |height: &Value, width: &Value| {
            Some(Size::Exact { width: whole(width)?, height: whole(height)? })
        };
        let size = match value {
            Value::Object(sides) => {
                let sides: Vec<(&str, &Value)> = sides
                    .iter()
                    .filter(|(_, side)| !side.is_null())
                    .map(|(name, side)| (name.as_str(), side))
                    .collect();
                match sides[..] {
                    [("height", height), ("width", width)] | [("width", width), ("height", height)] => {
                        exact(height, width)
                    }
                    [("shortest_edge", side)] => whole(side).map(Size::Shortest),
                    _ => None,
                }
            }
            Value::Array(sides) => match &sides[..] {
                [height, width] => exact(height, width),
                _ => None,
            },
            value if square => exact(value, value),
            value => whole(value).map(Size::Shortest),
        };
        let expected = "a number, height and width, or shortest_edge";
        size.map(Some).ok_or_else(|| self.unexpected(name, value, expected))
    }

    fn unexpected(&self, name: &str, value: &Value, expected: &str) -> Error {
        let text: String = value.to_string().chars().take(80).collect();
        wrong(format!("{name} {text}: {expected} expected"))
    }

    /// A field that would change pixels in a way that is not known here is refused.
    fn check_known(&self, processor: &str, known: &[&str]) -> Result<()> {
        let is_off = |value: &Value| value.is_null() || *value == Value::Bool(false);
        for (name, value) in self.0 {
            let name = name.as_str();
            let is_known = known.contains(&name) || COMMON.contains(&name) || HARMLESS.contains(&name);
            if !is_known && !is_off(value) {
                let text: String = value.to_string().chars().take(80).collect();
                return Err(wrong(format!(
                    "{name} {text}: not known of a {processor}ImageProcessor, and the picture may depend on it"
                )));
            }
        }
        Ok(())
    }
}

/// Reads `preprocessor_config.json`.
pub(super) fn picture(fields: &Map<String, Value>, model_type: Option<&str>) -> Result<Picture> {
    let fields = Fields(fields);
    let processor = processor(&fields, model_type)?;
    let special: &[&str] = match processor.name {
        "ConvNext" | "PoolFormer" => &["crop_pct"],
        "EfficientNet" => &["rescale_offset", "include_top"],
        "MobileViT" => &["do_flip_channel_order"],
        _ => &[],
    };
    fields.check_known(processor.name, special)?;
    let mut steps = Vec::new();
    if fields.flag("do_resize", true)? {
        steps = resize(&fields, processor)?;
    }
    let crops = match (fields.get("do_center_crop"), processor.crop) {
        (None, Crop::Unclear) => return Err(missing("do_center_crop")),
        (_, crop) => fields.flag("do_center_crop", matches!(crop, Crop::Middle(_)))?,
    };
    if crops {
        steps.push(match (fields.size("crop_size", true)?, processor.crop) {
            (Some(Size::Exact { width, height }), _) => middle(width, height, CropOrigin::Transformers),
            (None, Crop::Middle(side)) => middle(side, side, CropOrigin::Transformers),
            (None, _) => return Err(missing("crop_size")),
            (Some(Size::Shortest(_)), _) => {
                return Err(wrong("crop_size: a number, or height and width expected"));
            }
        });
    }
    let flips = processor.name == "MobileViT" && fields.flag("do_flip_channel_order", true)?;
    let color = if flips { Color::Bgr } else { Color::Rgb };
    let (scale, mean, std) = statistics(&fields, processor)?;
    Ok(Picture::new(steps, color, scale, mean, std))
}

fn missing(name: &str) -> Error {
    wrong(format!("{name} is missing, and versions of transformers differ in what they take then"))
}

pub(super) fn middle(width: u32, height: u32, like: CropOrigin) -> Step {
    Step::CenterCrop { width, height, like }
}

fn processor(fields: &Fields<'_>, model_type: Option<&str>) -> Result<&'static Processor> {
    if let Some(code) = fields.get("auto_map") {
        return Err(fields.unexpected("auto_map", code, "an image processor without code of its own"));
    }
    let named = ["image_processor_type", "feature_extractor_type"];
    let named = named.iter().find_map(|name| fields.get(name)?.as_str());
    let plain = named.map(|name| {
        let name = ["Fast", "Pil"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let ends = ["ImageProcessor", "FeatureExtractor"];
        ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
    });
    let by_model = || BY_MODEL.iter().find(|(model, _)| Some(*model) == model_type).map(|(_, name)| *name);
    let name = plain.or_else(by_model).ok_or_else(|| wrong("image_processor_type is missing"))?;
    PROCESSORS.iter().find(|processor| processor.name == name).ok_or_else(|| {
        let known: Vec<&str> = PROCESSORS.iter().map(|processor| processor.name).collect();
        let shown: String = named.unwrap_or(name).chars().take(80).collect();
        wrong(format!(
            "image_processor_type {shown:?}: one of {} expected (…ImageProcessor)",
            known.join(", ")
        ))
    })
}

fn resize(fields: &Fields<'_>, processor: &Processor) -> Result<Vec<Step>> {
    // Files of transformers 4's fast processors name it.
    let square = fields.flag("default_to_square", processor.square)?;
    let size = fields.size("size", square)?.or(processor.size).ok_or_else(|| missing("size"))?;
    let resample = match fields.get("resample") {
        None => processor.filter.ok_or_else(|| missing("resample"))?,
        // Pillow's `Resampling`.
        Some(value) => match value.as_u64() {
            Some(0) => Filter::Nearest,
            Some(1) => Filter::Lanczos,
            Some(2) => Filter::Bilinear,
            Some(3) => Filter::Bicubic,
            Some(4) => Filter::Box,
            _ => {
                let expected = "0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic) or 4 (box)";
                return Err(fields.unexpected("resample", value, expected));
            }
        },
    };
    let exact = |width, height| Step::Resize { width, height, resample, antialias: true };
    let shortest = |size| Step::ResizeShortest { size, resample, antialias: true };
    let share = |side: u32, otherwise: f64| {
        let part = fields.number("crop_pct", otherwise)?;
        if !(0.1..=1.0).contains(&part) {
            return Err(wrong(format!("crop_pct {part}: a number from 0.1 to 1 expected")));
        }
        Ok((f64::from(side) / part) as u32)
    };
    Ok(match (processor.resize, size) {
        (Resize::Plain, Size::Exact { width, height }) => vec![exact(width, height)],
        (Resize::Plain, Size::Shortest(side)) => vec![shortest(side)],
        (Resize::ConvNext, Size::Shortest(side)) if side < 384 => {
            vec![shortest(share(side, 224.0 / 256.0)?), middle(side, side, CropOrigin::Transformers)]
        }
        (Resize::ConvNext, Size::Shortest(side)) => vec![exact(side, side)],
        (Resize::Levit, Size::Exact { width, height }) => vec![exact(width, height)],
        (Resize::Levit, Size::Shortest(side)) => {
            vec![shortest((256.0 / 224.0 * f64::from(side)) as u32)]
        }
        (Resize::PoolFormer, Size::Shortest(side)) => vec![shortest(share(side, 0.9)?)],
        (Resize::PoolFormer, Size::Exact { width, height }) if width == height => {
            vec![shortest(share(width, 0.9)?)]
        }
        (Resize::ConvNext | Resize::PoolFormer, Size::Exact { .. }) => {
            return Err(wrong("size: shortest_edge expected"));
        }
    })
}

/// Scale, mean and standard deviation of `(byte * scale - mean) / std`.
fn statistics(fields: &Fields<'_>, processor: &Processor) -> Result<(f64, Vec<f64>, Vec<f64>)> {
    let (mean, std) = processor.statistics;
    let (mean, std) = (fields.channels("image_mean", mean)?, fields.channels("image_std", std)?);
    let is_efficient_net = processor.name == "EfficientNet";
    let rescales = fields.flag("do_rescale", true)?;
    let scale = if rescales { fields.number("rescale_factor", 1.0 / 255.0)? } else { 1.0 };
    // MobileViT's processors never normalise, whatever the file says.
    let is_mobile_vit = processor.name == "MobileViT";
    let normalises = fields.flag("do_normalize", !is_mobile_vit)?;
    if normalises && is_mobile_vit {
        return Err(wrong("do_normalize true: transformers' MobileViTImageProcessor does not do it"));
    }
    let offset = is_efficient_net && rescales && fields.flag("rescale_offset", false)?;
    let again = is_efficient_net && fields.flag("include_top", true)?;
    let mean_of = |mean: f64| if normalises { mean } else { 0.0 } + if offset { 1.0 } else { 0.0 };
    let times = i32::from(normalises) + i32::from(again);
    let (mean, std) =
        (mean.into_iter().map(mean_of).collect(), std.into_iter().map(|s| s.powi(times)).collect());
    Ok((scale, mean, std))
}

/// Reads `pretrained_cfg`, as timm writes it.
pub(super) fn timm_picture(fields: &Value) -> Result<Picture> {
    let fields = Fields(fields.as_object().ok_or_else(|| wrong("pretrained_cfg: an object expected"))?);
    let text = |name: &str, otherwise: &'static str| match fields.get(name) {
        None => Ok(otherwise.to_owned()),
        Some(value) => {
            value.as_str().map(str::to_owned).ok_or_else(|| fields.unexpected(name, value, "a word"))
        }
    };
    let whole = |value: &Value| value.as_u64().and_then(|side| u32::try_from(side).ok());
    let (height, width) = match fields.get("input_size") {
        None => (224, 224),
        Some(value) => match value.as_array().map(|sides| sides.iter().map(whole).collect::<Vec<_>>()) {
            Some(sides) if matches!(sides[..], [Some(3), Some(_), Some(_)]) => {
                (sides[1].unwrap_or(0), sides[2].unwrap_or(0))
            }
            _ => return Err(fields.unexpected("input_size", value, "3, height and width")),
        },
    };
    let resample = match text("interpolation", "bicubic")?.as_str() {
        "nearest" => Filter::Nearest,
        "bilinear" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        "lanczos" => Filter::Lanczos,
        "box" => Filter::Box,
        other => {
            return Err(wrong(format!(
                "interpolation {other:?}: nearest, bilinear, bicubic, lanczos or box expected"
            )));
        }
    };
    let part = fields.number("crop_pct", 0.875)?;
    if !(0.1..=1.0).contains(&part) {
        return Err(wrong(format!("crop_pct {part}: a number from 0.1 to 1 expected")));
    }
    let larger = |side: u32| (f64::from(side) / part).floor() as u32;
    let first = match text("crop_mode", "center")?.as_str() {
        "squash" => Step::Resize { width: larger(width), height: larger(height), resample, antialias: true },
        "center" if width == height => {
            Step::ResizeShortest { size: larger(width), resample, antialias: true }
        }
        "center" => {
            return Err(wrong(format!(
                "input_size of {width}x{height}: with crop_mode center a square expected"
            )));
        }
        other => return Err(wrong(format!("crop_mode {other:?}: center or squash expected"))),
    };
    let steps = vec![first, middle(width, height, CropOrigin::Torchvision)];
    let (mean, std) = (fields.channels("mean", IMAGENET.0)?, fields.channels("std", IMAGENET.1)?);
    Ok(Picture::new(steps, Color::Rgb, 1.0 / 255.0, mean, std))
}
