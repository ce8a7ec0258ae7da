//! Pixels in, the bytes that a network will see out; and from those bytes the tensor of a batch.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use ndarray::{Array4, ArrayViewMut3};

use super::contract::{Color, Contract, Layout, Preprocess, Views};
use crate::error::{Error, ErrorKind, Result};
use crate::media::Pixels;

/// Views of one picture, RGB8, `width * height * 3` bytes each.
pub(super) struct Crops(Vec<Vec<u8>>);

impl Crops {
    /// How many views a picture gives.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Cuts the views that the contract names out of a picture.
pub(super) fn crops(contract: &Contract, pixels: &Pixels) -> Result<Crops> {
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
    let enlarged;
    let pixels = if short < contract.preprocess.min_short_side {
        enlarged = enlarge(pixels, contract.preprocess.min_short_side)?;
        &enlarged
    } else {
        pixels
    };
    let (width, height) = (contract.input.width, contract.input.height);
    let (right, bottom) = (pixels.width() - width, pixels.height() - height);
    let Views::NativeCrops = contract.preprocess.views;
    let corners = [(right / 2, bottom / 2), (0, 0), (right, bottom)];
    Ok(Crops(corners.into_iter().map(|(left, top)| crop(pixels, left, top, width, height)).collect()))
}

/// The whole `width` x `height` cut-out at `left`, `top`, which must lie within the picture.
fn crop(pixels: &Pixels, left: u32, top: u32, width: u32, height: u32) -> Vec<u8> {
    let stride = pixels.width() as usize * 3;
    let start = top as usize * stride + left as usize * 3;
    let rows = pixels.as_rgb8()[start..].chunks(stride).take(height as usize);
    rows.flat_map(|row| &row[..width as usize * 3]).copied().collect()
}

/// Bilinear, as Pillow's `Image.resize(.., BILINEAR)` does it, to a short side of `short` pixels.
fn enlarge(pixels: &Pixels, short: u32) -> Result<Pixels> {
    let failed = |error: String| Error::new(ErrorKind::Inference, "cannot be enlarged").because(error);
    let scale = f64::from(short) / f64::from(pixels.width().min(pixels.height()));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(short);
    let (width, height) = (side(pixels.width()), side(pixels.height()));
    let from = ImageRef::new(pixels.width(), pixels.height(), pixels.as_rgb8(), PixelType::U8x3)
        .map_err(|error| failed(error.to_string()))?;
    let mut to = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&from, &mut to, &options).map_err(|error| failed(error.to_string()))?;
    Pixels::from_rgb8(width, height, to.into_vec()).ok_or_else(|| failed("no pixels".to_owned()))
}

/// The views of several pictures as one tensor, `[views, 3, height, width]`, normalised.
pub(super) fn tensor<'a>(contract: &Contract, pictures: impl Iterator<Item = &'a Crops>) -> Array4<f32> {
    let views: Vec<&[u8]> = pictures.flat_map(|crops| &crops.0).map(Vec::as_slice).collect();
    let (width, height) = (contract.input.width as usize, contract.input.height as usize);
    let (Layout::Nchw, Color::Rgb) = (contract.input.layout, contract.input.color);
    let table = normalisation(&contract.preprocess);
    let mut tensor = Array4::zeros((views.len(), 3, height, width));
    for (view, out) in views.into_iter().zip(tensor.outer_iter_mut()) {
        normalise(view, &table, out);
    }
    tensor
}

/// What each byte becomes, for each channel.
fn normalisation(preprocess: &Preprocess) -> [[f32; 256]; 3] {
    std::array::from_fn(|channel| {
        let (mean, std) = (preprocess.mean[channel], preprocess.std[channel]);
        std::array::from_fn(|byte| ((byte as f64 * preprocess.scale - mean) / std) as f32)
    })
}

fn normalise(view: &[u8], table: &[[f32; 256]; 3], mut out: ArrayViewMut3<'_, f32>) {
    for (channel, (table, mut plane)) in table.iter().zip(out.outer_iter_mut()).enumerate() {
        let samples = view.iter().skip(channel).step_by(3);
        plane.iter_mut().zip(samples).for_each(|(out, byte)| *out = table[usize::from(*byte)]);
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
        let corners: Vec<_> = crops.0.iter().map(|view| (view[0], view[1])).collect();
        assert_eq!(corners, [(38, 13), (0, 0), (77, 26)]);
        assert!(crops.0.iter().all(|view| view.len() == 224 * 224 * 3));
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
        let tensor = tensor(&contract, [&crops, &crops].into_iter());
        assert_eq!(tensor.shape(), [6, 3, 224, 224]);
        let expected = |byte: f32, mean: f32, std: f32| (byte / 255.0 - mean) / std;
        assert!((tensor[[4, 0, 10, 20]] - expected(20.0, 0.5, 0.5)).abs() < 1e-6);
        assert!((tensor[[4, 1, 10, 20]] - expected(10.0, 0.4, 0.25)).abs() < 1e-6);
        assert!((tensor[[4, 2, 10, 20]] - expected(7.0, 0.3, 0.2)).abs() < 1e-6);
    }
}
