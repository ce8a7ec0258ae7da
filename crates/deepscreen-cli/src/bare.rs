//! A bare .onnx says nothing of its input's meaning: flags do, and become a contract.

use std::path::Path;

use clap::{Args, ValueEnum};
use deepscreen::{Contract, ContractOptions, Element, Kind, Network};

use crate::Failed;
use crate::text::Text;

/// What a Hugging Face export may leave open, and a bare .onnx does.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ModelArguments {
    /// Classes that mean fake, by name, for a model that does not say so itself
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    pub(crate) fake: Vec<String>,

    /// What a high probability means, for a model that does not say so itself
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) detects: Option<String>,

    #[command(flatten)]
    pub(crate) bare: BareArguments,
}

/// How to feed a bare .onnx file, and what it gives.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "For a bare .onnx file")]
pub(crate) struct BareArguments {
    /// What the network gives
    #[arg(long, value_enum, value_name = "KIND")]
    output_kind: Option<OutputKind>,

    /// The output to read, where there are several
    #[arg(long, value_name = "NAME")]
    output: Option<String>,

    /// The network's classes in order, for a number for each
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    classes: Vec<String>,

    /// The one number speaks for the picture being real
    #[arg(long)]
    inverted: bool,

    /// Sides of the input in pixels, where the network leaves them open
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    size: Option<(u32, u32)>,

    /// How a picture is brought to the input's size
    #[arg(long, value_enum, default_value_t)]
    fit: Fit,

    /// The filter that pictures are resized with
    #[arg(long, value_enum, default_value_t)]
    resample: Resample,

    /// The order of the colours
    #[arg(long, value_enum, default_value_t)]
    color: Color,

    /// What a byte is multiplied by; by default 1/255, and 1 for a network that takes bytes
    #[arg(long, value_name = "NUMBER")]
    scale: Option<f64>,

    /// What is then taken off: one number, or one for each channel
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', allow_negative_numbers = true)]
    mean: Vec<f64>,

    /// What it is then divided by: one number, or one for each channel
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    std: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputKind {
    /// Log-odds of fake
    Logit,
    /// The probability of fake
    Probability,
    /// A number for each class, before softmax
    Logits,
    /// A probability for each class
    Probabilities,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Fit {
    /// Short side to the size, then the middle
    #[default]
    Crop,
    /// Stretched
    Squash,
    /// In proportion, the rest black
    Letterbox,
    /// The middle at native resolution
    Middle,
    /// As it is: the network takes any size
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Resample {
    /// Nearest neighbour
    Nearest,
    /// As Pillow's
    #[default]
    Bilinear,
    /// As Pillow's
    Bicubic,
    /// As Pillow's
    Lanczos,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// Red, green, blue
    #[default]
    Rgb,
    /// Blue, green, red, as OpenCV has it
    Bgr,
}

fn kinds() -> clap::builder::PossibleValuesParser {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::KnownFake);
    clap::builder::PossibleValuesParser::new(kinds.map(Kind::code))
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once('x').unwrap_or((text, text));
    let side = |text: &str| text.parse::<u32>().ok().filter(|side| *side > 0);
    side(width).zip(side(height)).ok_or_else(|| "224 or 320x240 expected".to_owned())
}

fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl ModelArguments {
    /// The contract of a model's folder.
    pub(crate) fn open(&self, folder: &Path) -> Result<Contract, Failed> {
        let mut options = ContractOptions::default().with_fake(self.fake.iter().cloned());
        if let Some(kind) = self.detects.as_deref().and_then(Kind::from_code) {
            options = options.with_detects(kind);
        }
        Ok(Contract::open_with(folder, &options)?)
    }

    /// The contract of the network at `path`.
    pub(crate) fn contract(&self, path: &Path, text: Text) -> Result<Contract, Failed> {
        let network = Network::open(path)?;
        let name = path.display().to_string();
        let Some(kind) = self.bare.output_kind else {
            return Err(Failed::Message(text.bare_network(&name)));
        };
        let [input] = network.inputs.as_slice() else {
            return Err(Failed::Message(text.network_takes_several(&name)));
        };
        let channels =
            |at: usize| input.shape.get(at).copied().flatten().filter(|count| matches!(count, 1 | 3));
        let (layout, sides, channels) = match (channels(1), channels(3)) {
            (None, Some(count)) => ("nhwc", (2, 1), count),
            (count, _) => ("nchw", (3, 2), count.unwrap_or(3)),
        };
        let side =
            |at: usize| input.shape.get(at).copied().flatten().and_then(|side| u32::try_from(side).ok());
        let size = side(sides.0).zip(side(sides.1)).or(self.bare.size);
        if size.is_none() && self.bare.fit != Fit::None {
            return Err(Failed::Message(text.network_takes_any_size(&name)));
        }
        let scale = self.bare.scale.unwrap_or(if input.element == Element::U8 { 1.0 } else { 1.0 / 255.0 });

        let mut contract = toml::Table::new();
        contract.insert("schema".to_owned(), 1.into());
        let id = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().to_lowercase());
        let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        contract.insert("id".to_owned(), id.chars().map(plain).collect::<String>().into());
        contract.insert("version".to_owned(), 1.into());
        contract.insert("name".to_owned(), id.into());
        let detects = self.detects.as_deref().unwrap_or(Kind::AiGenerated.code());
        contract.insert("detects".to_owned(), detects.into());
        contract.insert("licence".to_owned(), "unknown".into());
        let file = path.file_name().map_or_else(String::new, |file| file.to_string_lossy().into_owned());
        contract.insert("file".to_owned(), toml::Table::from_iter([("path".to_owned(), file.into())]).into());

        let color = if channels == 1 { "gray".to_owned() } else { name_of(self.bare.color) };
        let mut table = toml::Table::new();
        table.insert("layout".to_owned(), layout.into());
        table.insert("color".to_owned(), color.into());
        if let Some((width, height)) = size.filter(|_| self.bare.fit != Fit::None) {
            table.insert("width".to_owned(), width.into());
            table.insert("height".to_owned(), height.into());
        }
        contract.insert("input".to_owned(), table.into());
        contract.insert("preprocess".to_owned(), self.preprocess(size, scale).into());
        contract.insert("output".to_owned(), self.output(kind).into());
        let contract = Contract::from_toml(&contract.to_string());
        contract.map_err(|error| Failed::Library(error.about(path.display())))
    }

    fn preprocess(&self, size: Option<(u32, u32)>, scale: f64) -> toml::Table {
        let step = |entries: &[(&str, toml::Value)]| {
            toml::Value::Table(
                entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            )
        };
        let resample = ("resample", name_of(self.bare.resample).into());
        let mut steps = Vec::new();
        if let Some((width, height)) = size {
            let sides = [("width", width.into()), ("height", height.into())];
            let named = |name: &str| ("op", name.into());
            let crop = step(&[&[named("center_crop")], &sides[..]].concat());
            match self.bare.fit {
                Fit::Crop => {
                    let short = ("size", width.max(height).into());
                    steps.push(step(&[named("resize_shortest"), short, resample]));
                    steps.push(crop);
                }
                Fit::Squash => steps.push(step(&[&[named("resize"), resample], &sides[..]].concat())),
                Fit::Letterbox => steps.push(step(&[&[named("letterbox"), resample], &sides[..]].concat())),
                Fit::Middle => steps.push(crop),
                Fit::None => {}
            }
        }
        let mut table = toml::Table::new();
        table.insert("scale".to_owned(), scale.into());
        table.insert("mean".to_owned(), self.bare.mean.clone().into());
        table.insert("std".to_owned(), self.bare.std.clone().into());
        table.insert("steps".to_owned(), steps.into());
        table
    }

    fn output(&self, kind: OutputKind) -> toml::Table {
        let mut table = toml::Table::new();
        table.insert("kind".to_owned(), name_of(kind).into());
        table.extend(self.bare.output.clone().map(|name| ("name".to_owned(), name.into())));
        table.insert("inverted".to_owned(), self.bare.inverted.into());
        table.insert("classes".to_owned(), self.bare.classes.clone().into());
        table.insert("fake".to_owned(), self.fake.clone().into());
        table
    }
}
