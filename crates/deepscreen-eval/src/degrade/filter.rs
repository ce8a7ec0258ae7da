//! Pixels in, filtered pixels out.

use deepscreen::media::Pixels;
use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb};

use crate::random::Random;

/// To exactly that size by `image`'s triangle filter, which widens as the picture shrinks: each pixel of the picture
/// counts, as in area averaging.
pub(super) fn resized(pixels: &Pixels, width: u32, height: u32) -> Option<Pixels> {
    let view = ImageBuffer::<Rgb<u8>, &[u8]>::from_raw(pixels.width(), pixels.height(), pixels.as_rgb8())?;
    Pixels::from_rgb8(width, height, imageops::resize(&view, width, height, FilterType::Triangle).into_raw())
}

/// The part of `width` by `height` pixels whose upper left corner is at `x`, `y`.
pub(super) fn cropped(pixels: &Pixels, x: u32, y: u32, width: u32, height: u32) -> Option<Pixels> {
    let row = 3 * pixels.width() as usize;
    let (from, to) = (3 * x as usize, 3 * (x as usize + width as usize));
    let rows = pixels.as_rgb8().chunks_exact(row).skip(y as usize).take(height as usize);
    Pixels::from_rgb8(width, height, rows.filter_map(|row| row.get(from..to)).flatten().copied().collect())
}

/// Gaussian, cut off at four standard deviations; beyond the edges the last pixel goes on.
pub(super) fn blurred(pixels: &Pixels, sigma: f64) -> Option<Pixels> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let kernel = kernel(sigma);
    let reach = kernel.len() / 2;
    let source = pixels.as_rgb8();
    let mut across = vec![0.0_f32; source.len()];
    for (at, sum) in across.iter_mut().enumerate() {
        let (row, x, channel) = (at / 3 / width * width, at / 3 % width, at % 3);
        *sum = weighted(&kernel, |i| f32::from(source[3 * (row + place(x, i, reach, width)) + channel]));
    }
    let down = (0..across.len()).map(|at| {
        let (y, rest) = (at / (3 * width), at % (3 * width));
        rounded(weighted(&kernel, |i| across[place(y, i, reach, height) * 3 * width + rest]))
    });
    Pixels::from_rgb8(pixels.width(), pixels.height(), down.collect())
}

/// Where the `i`th weight around `at` looks.
fn place(at: usize, i: usize, reach: usize, end: usize) -> usize {
    (at + i).saturating_sub(reach).min(end - 1)
}

fn weighted(kernel: &[f32], sample: impl Fn(usize) -> f32) -> f32 {
    kernel.iter().enumerate().map(|(i, weight)| weight * sample(i)).sum()
}

fn kernel(sigma: f64) -> Vec<f32> {
    let reach = (4.0 * sigma).ceil().max(1.0) as i32;
    let weights: Vec<f64> = (-reach..=reach).map(|x| (-0.5 * (f64::from(x) / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

fn rounded(sample: f32) -> u8 {
    sample.round().clamp(0.0, 255.0) as u8
}

/// Unsharp masking: `amount` of what a Gaussian blur takes away is added.
pub(super) fn sharpened(pixels: &Pixels, sigma: f64, amount: f32) -> Option<Pixels> {
    let soft = blurred(pixels, sigma)?;
    let both = pixels.as_rgb8().iter().zip(soft.as_rgb8());
    let data = both.map(|(sharp, soft)| (f32::from(*sharp), f32::from(*soft)));
    let data = data.map(|(sharp, soft)| rounded(sharp + amount * (sharp - soft))).collect();
    Pixels::from_rgb8(pixels.width(), pixels.height(), data)
}

/// Gaussian noise of its own on each sample (Box, Muller, "A note on the generation of random normal deviates", 1958).
pub(super) fn noisy(pixels: &Pixels, deviation: f64, seed: u64) -> Option<Pixels> {
    let mut random = Random::new(seed, fingerprint(pixels));
    let mut uniform = move || (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut data = Vec::with_capacity(pixels.as_rgb8().len());
    for pair in pixels.as_rgb8().chunks(2) {
        let radius = deviation * (-2.0 * (1.0 - uniform()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * uniform()).sin_cos();
        let noise = [radius * cos, radius * sin];
        data.extend(pair.iter().zip(noise).map(|(sample, noise)| rounded(f32::from(*sample) + noise as f32)));
    }
    Pixels::from_rgb8(pixels.width(), pixels.height(), data)
}

/// FNV-1a over size and samples: pictures that differ get noise that differs, wherever they lie.
fn fingerprint(pixels: &Pixels) -> u64 {
    let sides = [pixels.width(), pixels.height()].map(u32::to_le_bytes);
    let bytes = sides.iter().flatten().chain(pixels.as_rgb8());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
