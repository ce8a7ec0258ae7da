//! Pixels in, the bytes that a network will see out; and from those bytes the tensor of a batch.

use ndarray::{Array4, ArrayViewMut3, Axis};

use super::contract::{Color, Contract, LONGEST_SIDE, Layout, Preprocess, Views};
use super::geometry::{self, Frame};
use super::resample::{self, Filter};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Region;
use crate::media::{Pixels, luma_of};

/// Views of one picture, all of one size.
pub(super) struct Crops {
    /// Pixels.
    pub(super) width: u32,
    /// Pixels.
    pub(super) height: u32,
    /// What part of the picture the views were taken from.
    pub(super) area: Region,
    /// RGB8, `width * height * 3` bytes each.
    views: Vec<Vec<u8>>,
}

impl Crops {
    /// How many views a picture gives.
    pub(super) fn len(&self) -> usize {
        self.views.len()
    }

    /// Cut-outs of one size, at these corners (left, top), which must lie within the frame.
    pub(super) fn at(
        frame: &Frame<'_>,
        corners: impl IntoIterator<Item = (u32, u32)>,
        width: u32,
        height: u32,
    ) -> Self {
        let view = |(left, top)| crop(&frame.pixels, left, top, width, height);
        Self { width, height, area: frame.area, views: corners.into_iter().map(view).collect() }
    }

    /// The views as RGB8.
    pub(super) fn views(&self) -> impl Iterator<Item = &[u8]> {
        self.views.iter().map(Vec::as_slice)
    }
}

/// Cuts the views that the contract names out of a picture.
pub(super) fn crops(contract: &Contract, pixels: &Pixels) -> Result<Crops> {
    let frame = frame(contract, pixels)?;
    match contract.preprocess.views {
        Views::Whole => whole(contract, frame),
        Views::NativeCrops => Ok(native_crops(contract, &frame)),
        Views::WholeAndCrops => whole_and_crops(contract, &frame),
        Views::Tiles { most } => tiles(contract, frame, most as usize),
    }
}

/// What views are cut out of: the picture after the contract's steps.
///
/// # Errors
/// [`NotApplicable`](ErrorKind::NotApplicable) for a picture that is too small.
pub(super) fn frame<'a>(contract: &Contract, pixels: &'a Pixels) -> Result<Frame<'a>> {
    let short = pixels.width().min(pixels.height());
    if short < contract.gate.min_side {
        let message = format!(
            "{}x{} pixels: {} needs a short side of {} at least",
            pixels.width(),
            pixels.height(),
            contract.id,
            contract.gate.min_side
        );
        return Err(Error::new(ErrorKind::NotApplicable, message));
    }
    let Preprocess { steps, min_short_side, .. } = &contract.preprocess;
    let mut frame = geometry::apply_all(steps, Frame::of(pixels))?;
    if frame.pixels.width().min(frame.pixels.height()) < *min_short_side {
        frame = frame.with(enlarge(&frame.pixels, *min_short_side)?);
    }
    Ok(frame)
}

fn whole(contract: &Contract, frame: Frame<'_>) -> Result<Crops> {
    let (width, height) = (frame.pixels.width(), frame.pixels.height());
    let (want_width, want_height) =
        (contract.input.width.unwrap_or(width), contract.input.height.unwrap_or(height));
    if (width, height) != (want_width, want_height) {
        let message = format!(
            "the steps of {} make {width}x{height} of the picture, its input takes {want_width}x{want_height}",
            contract.id
        );
        return Err(Error::new(ErrorKind::InvalidModel, message));
    }
    if width.max(height) > LONGEST_SIDE {
        let message =
            format!("{width}x{height} pixels: more than {LONGEST_SIDE} a side is not given to a network");
        return Err(Error::new(ErrorKind::NotApplicable, message));
    }
    Ok(Crops { width, height, area: frame.area, views: vec![frame.pixels.as_rgb8().to_vec()] })
}

/// Sides of the input; a contract with crops or tiles names them.
pub(super) fn input_size(contract: &Contract) -> (u32, u32) {
    (contract.input.width.unwrap_or(1), contract.input.height.unwrap_or(1))
}

fn native_crops(contract: &Contract, frame: &Frame<'_>) -> Crops {
    let (width, height) = input_size(contract);
    let pixels = &*frame.pixels;
    let (right, bottom) = (pixels.width() - width, pixels.height() - height);
    Crops::at(frame, [(right / 2, bottom / 2), (0, 0), (right, bottom)], width, height)
}

fn whole_and_crops(contract: &Contract, frame: &Frame<'_>) -> Result<Crops> {
    let mut crops = native_crops(contract, frame);
    let whole = resample::resize(&frame.pixels, crops.width, crops.height, Filter::Bilinear, true)?;
    crops.views.insert(0, whole.as_rgb8().to_vec());
    Ok(crops)
}

/// Tiles side by side; a picture that is too small for one is stretched to it.
fn tiles(contract: &Contract, mut frame: Frame<'_>, most: usize) -> Result<Crops> {
    let (width, height) = input_size(contract);
    if frame.pixels.width() < width || frame.pixels.height() < height {
        let (to_width, to_height) = (frame.pixels.width().max(width), frame.pixels.height().max(height));
        frame = frame.with(resample::resize(&frame.pixels, to_width, to_height, Filter::Bilinear, true)?);
    }
    let pixels = &*frame.pixels;
    let (across, down) = (pixels.width() / width, pixels.height() / height);
    let count = across as usize * down as usize;
    let taken = count.min(most);
    // As numpy's linspace(0, count - 1, taken), cut to whole numbers.
    let place = |at: usize| if taken < 2 { 0 } else { at * (count - 1) / (taken - 1) };
    let corner = |at: usize| {
        let at = place(at) as u32;
        (at % across * width, at / across * height)
    };
    Ok(Crops::at(&frame, (0..taken).map(corner), width, height))
}

/// The whole `width` x `height` cut-out at `left`, `top`, which must lie within the picture.
fn crop(pixels: &Pixels, left: u32, top: u32, width: u32, height: u32) -> Vec<u8> {
    let stride = pixels.width() as usize * 3;
    let start = top as usize * stride + left as usize * 3;
    let rows = pixels.as_rgb8()[start..].chunks(stride).take(height as usize);
    rows.flat_map(|row| &row[..width as usize * 3]).copied().collect()
}

/// Bilinear, to a short side of `short` pixels.
fn enlarge(pixels: &Pixels, short: u32) -> Result<Pixels> {
    let scale = f64::from(short) / f64::from(pixels.width().min(pixels.height()));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(short);
    resample::resize(pixels, side(pixels.width()), side(pixels.height()), Filter::Bilinear, true)
}

/// The views of several pictures as one tensor, normalised: `[views, channels, height, width]`, or with the channels
/// last. All must be of one size.
pub(super) fn tensor(contract: &Contract, views: &[&[u8]], width: u32, height: u32) -> Array4<f32> {
    let (width, height) = (width as usize, height as usize);
    let channels = contract.input.color.channels();
    let table = normalisation(&contract.preprocess, channels);
    let shape = match contract.input.layout {
        Layout::Nchw => (views.len(), channels, height, width),
        Layout::Nhwc => (views.len(), height, width, channels),
    };
    let mut tensor = Array4::zeros(shape);
    for (view, mut out) in views.iter().zip(tensor.outer_iter_mut()) {
        if contract.input.layout == Layout::Nhwc {
            // To rows, columns, channels: the axes of a planar tensor, seen in another order.
            out = out.permuted_axes([2, 0, 1]);
        }
        normalise(view, contract.input.color, &table, out);
    }
    tensor
}

/// What each byte becomes, for each channel.
fn normalisation(preprocess: &Preprocess, channels: usize) -> Vec<[f32; 256]> {
    let number = |numbers: &[f64], channel: usize, otherwise| match numbers {
        [] => otherwise,
        [one] => *one,
        many => many[channel],
    };
    let table = |channel| {
        let (mean, std) = (number(&preprocess.mean, channel, 0.0), number(&preprocess.std, channel, 1.0));
        std::array::from_fn(|byte| ((byte as f64 * preprocess.scale - mean) / std) as f32)
    };
    (0..channels).map(table).collect()
}

fn normalise(view: &[u8], color: Color, table: &[[f32; 256]], mut out: ArrayViewMut3<'_, f32>) {
    let pixels = view.as_chunks::<3>().0;
    for (channel, (table, mut plane)) in table.iter().zip(out.axis_iter_mut(Axis(0))).enumerate() {
        let pairs = plane.iter_mut().zip(pixels);
        match color {
            Color::Gray => pairs.for_each(|(out, rgb)| *out = table[usize::from(luma_of(*rgb))]),
            Color::Green => pairs.for_each(|(out, rgb)| *out = table[usize::from(rgb[1])]),
            Color::Rgb => pairs.for_each(|(out, rgb)| *out = table[usize::from(rgb[channel])]),
            Color::Bgr => pairs.for_each(|(out, rgb)| *out = table[usize::from(rgb[2 - channel])]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::EXAMPLE;
    use super::*;

    fn gradient(width: u32, height: u32) -> Pixels {
        let at = |i: u32| [(i % width % 256) as u8, (i / width % 256) as u8, 7];
        Pixels::from_rgb8(width, height, (0..width * height).flat_map(at).collect()).unwrap()
    }

    #[test]
    fn crops_are_centre_top_left_and_bottom_right() {
        let contract = Contract::from_toml(EXAMPLE).unwrap();
        let crops = crops(&contract, &gradient(301, 250)).unwrap();
        let corners: Vec<_> = crops.views().map(|view| (view[0], view[1])).collect();
        assert_eq!(corners, [(38, 13), (0, 0), (77, 26)]);
        assert!(crops.views().all(|view| view.len() == 224 * 224 * 3));
    }

    #[test]
    fn the_whole_picture_comes_before_its_crops() {
        let contract = Contract::from_toml(&EXAMPLE.replace("native_crops", "whole_and_crops")).unwrap();
        let crops = crops(&contract, &gradient(448, 224)).unwrap();
        let middles: Vec<_> = crops.views().map(|view| view[(112 * 224 + 56) * 3 + 1]).collect();
        assert_eq!(middles, [112, 112, 112, 112]);
        let ends: Vec<_> = crops.views().map(|view| view[223 * 3]).collect();
        assert_eq!(ends, [190, 79, 223, 191]); // 190: as Pillow 13.0.0
        assert_eq!(crops.len(), 4);
    }

    #[test]
    fn small_pictures_are_enlarged_and_tiny_ones_refused() {
        let contract = Contract::from_toml(EXAMPLE).unwrap();
        assert_eq!(crops(&contract, &gradient(64, 500)).unwrap().len(), 3);
        let error = crops(&contract, &gradient(500, 63)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotApplicable);
        assert_eq!(error.to_string(), "500x63 pixels: example needs a short side of 64 at least");
    }

    #[test]
    fn tensor_is_planar_and_normalised() {
        let contract = Contract::from_toml(EXAMPLE).unwrap();
        let crops = crops(&contract, &gradient(224, 224)).unwrap();
        let views: Vec<&[u8]> = crops.views().chain(crops.views()).collect();
        let tensor = tensor(&contract, &views, 224, 224);
        assert_eq!(tensor.shape(), [6, 3, 224, 224]);
        let expected = |byte: f32, mean: f32, std: f32| (byte / 255.0 - mean) / std;
        assert!((tensor[[4, 0, 10, 20]] - expected(20.0, 0.5, 0.5)).abs() < 1e-6);
        assert!((tensor[[4, 1, 10, 20]] - expected(10.0, 0.4, 0.25)).abs() < 1e-6);
        assert!((tensor[[4, 2, 10, 20]] - expected(7.0, 0.3, 0.2)).abs() < 1e-6);
    }
}
