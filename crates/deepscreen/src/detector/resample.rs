//! A picture in, the same picture at another size out: what Pillow's `Image.resize` gives, bit for bit, or what OpenCV
//! and PyTorch interpolate. Never chooses the size, crops or pads.
//!
//! Detectors are trained on pictures that one of these made smaller, and what they look for is fine enough to see which.
//!
//! Pillow up to 12.0 resizes the rows first, then the columns, and so does this. Pillow 13.0 swaps the two for many
//! pictures whose height shrinks more than their width (its pull request 9549), and then differs: by 1 with bilinear, by
//! more with the filters that overshoot. What detectors were trained with so far came before.

use std::borrow::Cow;
use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::media::Pixels;

/// How a sample is made from its neighbours, by Pillow's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Filter {
    /// The pixel in whose area the centre falls.
    Nearest,
    /// The mean of an area.
    Box,
    /// A triangle.
    #[default]
    Bilinear,
    /// Keys's convolution: `a` is -0.5 with antialiasing, as in Pillow, and -0.75 without, as in OpenCV and PyTorch.
    Bicubic,
    /// A sinc of three lobes.
    Lanczos,
}

/// The picture at `width` x `height`.
///
/// With `antialias` the filter grows with the reduction, and the result is that of Pillow up to 12.0,
/// `Image.resize((width, height), filter)`. Without, it reaches over a fixed number of pixels, and the result is that of
/// `cv2.resize` (`INTER_LINEAR`, `INTER_CUBIC`) and of `torch.nn.functional.interpolate(align_corners=False)` on
/// floats, rounded to 8 bits. [`Filter::Nearest`] is Pillow's either way.
///
/// # Errors
/// [`InvalidModel`](ErrorKind::InvalidModel) for a filter other than nearest, bilinear and bicubic without antialiasing,
/// which PyTorch does not have either; those of [`check_size`].
pub(super) fn resize(
    pixels: &Pixels,
    width: u32,
    height: u32,
    filter: Filter,
    antialias: bool,
) -> Result<Pixels> {
    check_size(width, height)?;
    if !antialias && matches!(filter, Filter::Box | Filter::Lanczos) {
        let message = format!("no {filter:?} filter without antialiasing");
        return Err(Error::new(ErrorKind::InvalidModel, message));
    }
    let from = [pixels.width() as usize, pixels.height() as usize];
    let to = [width as usize, height as usize];
    let data = if from == to {
        pixels.as_rgb8().to_vec()
    } else if filter == Filter::Nearest {
        nearest(pixels.as_rgb8(), from, to)
    } else if antialias {
        antialiased(pixels.as_rgb8(), from, to, filter)
    } else {
        interpolated(pixels.as_rgb8(), from, to, filter)
    };
    from_bytes(width, height, data)
}

/// Pixels of the largest picture that is made: what the reader's [limits](crate::Limits) let in may become larger, since
/// a strip of 1 by 65,535 pixels scales like any other picture.
const MAX_PIXELS: u64 = 100_000_000;

/// Refuses what a picture cannot be made into.
///
/// # Errors
/// [`NotApplicable`](ErrorKind::NotApplicable) for a side of 0, which a long strip has once it is small enough;
/// [`TooLarge`](ErrorKind::TooLarge) beyond 100 megapixels.
pub(super) fn check_size(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::new(
            ErrorKind::NotApplicable,
            format!("too long a strip: {width}x{height} when resized"),
        ));
    }
    if pixels > MAX_PIXELS {
        let message = format!("{width}x{height} pixels when resized, more than the limit of {MAX_PIXELS}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    Ok(())
}

/// The picture of `width * height * 3` bytes.
pub(super) fn from_bytes(width: u32, height: u32, data: Vec<u8>) -> Result<Pixels> {
    let wrong = || Error::new(ErrorKind::Inference, format!("{width}x{height} pixels were not filled"));
    Pixels::from_rgb8(width, height, data).ok_or_else(wrong)
}

/// What one sample is made of: neighbours from `first` on, each with its weight.
struct Window<T> {
    first: usize,
    weights: Vec<T>,
}

impl<T> Window<T> {
    /// Pairs the weights with the rows, or the pixels of a row, that they belong to.
    fn of<'a, S>(&'a self, line: &'a [S]) -> impl Iterator<Item = (&'a S, &'a T)> {
        line[self.first..].iter().zip(&self.weights)
    }
}

/// Bits behind the point of a weight: Pillow keeps 8 for the sample and 2 for the sign and what overshoots.
const PRECISION: u32 = 32 - 8 - 2;

fn antialiased(data: &[u8], from: [usize; 2], to: [usize; 2], filter: Filter) -> Vec<u8> {
    let mut data = Cow::Borrowed(data);
    if from[0] != to[0] {
        data = Cow::Owned(horizontally(&data, from[0], &fixed_point(from[0], to[0], filter)));
    }
    if from[1] != to[1] {
        data = Cow::Owned(vertically(&data, to[0], &fixed_point(from[1], to[1], filter)));
    }
    data.into_owned()
}

/// Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`: the filter as wide as the reduction asks, cut at the
/// borders, of sum 1.
fn fixed_point(from: usize, to: usize, filter: Filter) -> Vec<Window<i32>> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let shrink = 1.0 / stretch;
    let window = |sample: usize| {
        let centre = (sample as f64 + 0.5) * scale;
        let first = (centre - support + 0.5) as usize;
        let end = ((centre + support + 0.5) as usize).min(from);
        let weight = |x: usize| filter.weight((x as f64 - centre + 0.5) * shrink, -0.5);
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let fixed = |weight: &f64| {
            let weight = weight / sum * f64::from(1 << PRECISION);
            (weight + 0.5_f64.copysign(weight)) as i32
        };
        Window { first, weights: weights.iter().map(fixed).collect() }
    };
    (0..to).map(window).collect()
}

// Scalar: none of five forms that vectorise was faster, since SSE2 cannot multiply 32 bits by 32 and without `unsafe`
// there is nothing newer to call. Pillow is scalar too, and takes a third longer.
fn horizontally(data: &[u8], width: usize, windows: &[Window<i32>]) -> Vec<u8> {
    let (pixels, _) = data.as_chunks::<3>();
    let mut made = vec![[0; 3]; pixels.len() / width * windows.len()];
    for (row, made) in pixels.chunks_exact(width).zip(made.chunks_exact_mut(windows.len())) {
        for (made, window) in made.iter_mut().zip(windows) {
            let mut sums = [HALF; 3];
            for (pixel, weight) in window.of(row) {
                sums.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += i32::from(*sample) * weight);
            }
            *made = sums.map(to_byte);
        }
    }
    made.into_flattened()
}

fn vertically(data: &[u8], width: usize, windows: &[Window<i32>]) -> Vec<u8> {
    let rows: Vec<&[u8]> = data.chunks_exact(width * 3).collect();
    let mut made = vec![0; width * 3 * windows.len()];
    let mut sums = vec![HALF; width * 3];
    for (made, window) in made.chunks_exact_mut(width * 3).zip(windows) {
        sums.fill(HALF);
        for (row, weight) in window.of(&rows) {
            sums.iter_mut().zip(*row).for_each(|(sum, sample)| *sum += i32::from(*sample) * weight);
        }
        made.iter_mut().zip(&sums).for_each(|(made, sum)| *made = to_byte(*sum));
    }
    made
}

/// Rounds: added to a sum before its bits behind the point are cut off.
const HALF: i32 = 1 << (PRECISION - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

// Rows first, each when it is first needed: whole numbers of 8 bits and a half are not rare in what comes out, and whoever
// sums up in another order rounds them to the other side.
fn interpolated(data: &[u8], from: [usize; 2], to: [usize; 2], filter: Filter) -> Vec<u8> {
    let [columns, rows] = [0, 1].map(|side| clamped(from[side], to[side], filter));
    let lines: Vec<&[[u8; 3]]> = data.as_chunks::<3>().0.chunks_exact(from[0]).collect();
    let mut narrowed: Vec<Vec<[f64; 3]>> = vec![Vec::new(); from[1]];
    let mut made = Vec::with_capacity(to[0] * to[1] * 3);
    for window in rows {
        let needed = window.first..window.first + window.weights.len();
        for (line, narrowed) in lines[needed.clone()].iter().zip(&mut narrowed[needed]) {
            if narrowed.is_empty() {
                narrowed.extend(
                    columns.iter().map(|window| weighed(window.of(line), |sample| f64::from(*sample))),
                );
            }
        }
        for column in 0..to[0] {
            let pixels = window.of(&narrowed).map(|(line, weight)| (&line[column], weight));
            let pixel = weighed(pixels, |sample| *sample);
            made.extend(pixel.map(|sum| sum.round_ties_even().clamp(0.0, 255.0) as u8));
        }
        narrowed[..window.first].iter_mut().for_each(|line| *line = Vec::new());
    }
    made
}

/// The sum of pixels, each times its weight.
fn weighed<'a, S: 'a>(
    pixels: impl Iterator<Item = (&'a [S; 3], &'a f64)>,
    number: impl Fn(&S) -> f64,
) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for (pixel, weight) in pixels {
        sums.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += number(sample) * weight);
    }
    sums
}

/// The filter over the pixels next to the centre; what would lie beyond a border is the pixel at the border.
fn clamped(from: usize, to: usize, filter: Filter) -> Vec<Window<f64>> {
    let reach = filter.support() as isize;
    let window = |sample: usize| {
        let centre = (sample as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        let left = centre.floor() as isize + 1 - reach;
        let inside = |x: isize| x.clamp(0, from as isize - 1) as usize;
        let first = inside(left);
        let mut weights = vec![0.0; inside(left + 2 * reach - 1) - first + 1];
        for x in left..left + 2 * reach {
            weights[inside(x) - first] += filter.weight(x as f64 - centre, -0.75);
        }
        Window { first, weights }
    };
    (0..to).map(window).collect()
}

fn nearest(data: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
    let [columns, rows] = [0, 1].map(|side| centres(from[side], to[side]));
    let (pixels, _) = data.as_chunks::<3>();
    let mut made = Vec::with_capacity(to[0] * to[1]);
    for y in rows {
        let row = &pixels[y * from[0]..][..from[0]];
        made.extend(columns.iter().map(|x| row[*x]));
    }
    made.into_flattened()
}

/// In which pixel each centre falls, added up step by step as Pillow does it: a product would round otherwise.
fn centres(from: usize, to: usize) -> Vec<usize> {
    let scale = from as f64 / to as f64;
    let positions = std::iter::successors(Some(scale * 0.5), |position| Some(position + scale));
    positions.take(to).map(|position| (position as usize).min(from - 1)).collect()
}

impl Filter {
    /// Up to where the kernel is not 0.
    fn support(self) -> f64 {
        match self {
            Self::Nearest | Self::Box => 0.5,
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// The kernel at `x`; `a` is the slope that the bicubic one has at 1.
    fn weight(self, x: f64, a: f64) -> f64 {
        let distance = x.abs();
        match self {
            Self::Nearest | Self::Box => f64::from(x > -0.5 && x <= 0.5),
            Self::Bilinear => (1.0 - distance).max(0.0),
            Self::Bicubic if distance < 1.0 => ((a + 2.0) * distance - (a + 3.0)) * distance * distance + 1.0,
            Self::Bicubic if distance < 2.0 => (((distance - 5.0) * distance + 8.0) * distance - 4.0) * a,
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        filter: Filter,
        antialias: bool,
        from: [u32; 2],
        to: [u32; 2],
    }

    /// The cases that `fixtures/golden.py` wrote, each with the bytes that are right.
    fn golden() -> Vec<(Case, Vec<u8>)> {
        #[derive(Deserialize)]
        struct Index {
            case: Vec<Case>,
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden");
        let index = std::fs::read_to_string(folder.join("resample.toml")).unwrap();
        let mut bytes = std::fs::read(folder.join("resample.bin")).unwrap().into_iter();
        let mut next = |case: Case| {
            let count = (case.to[0] * case.to[1] * 3) as usize;
            let expected: Vec<u8> = bytes.by_ref().take(count).collect();
            assert_eq!(expected.len(), count);
            (case, expected)
        };
        let cases = toml::from_str::<Index>(&index).unwrap().case.into_iter().map(&mut next).collect();
        assert_eq!(bytes.len(), 0);
        cases
    }

    /// `picture` of `fixtures/golden.py`: noise and ramps by turns.
    fn picture(width: u32, height: u32) -> Pixels {
        let sample = |i: u32| {
            let noise = i.wrapping_mul(2_654_435_761);
            let noise = (noise ^ (noise >> 15)).wrapping_mul(2_246_822_519) >> 24;
            if (i / 50).is_multiple_of(2) { noise as u8 } else { (i % 256) as u8 }
        };
        Pixels::from_rgb8(width, height, (0..width * height * 3).map(sample).collect()).unwrap()
    }

    /// The largest difference, and how many samples differ.
    fn difference(case: &Case, expected: &[u8]) -> (u8, usize) {
        let [width, height] = case.to;
        let made = resize(&picture(case.from[0], case.from[1]), width, height, case.filter, case.antialias);
        let made = made.unwrap();
        let differences = || made.as_rgb8().iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
        (differences().max().unwrap(), differences().filter(|difference| *difference > 0).count())
    }

    #[test]
    fn resampled_with_antialiasing_is_pillow_bit_for_bit() {
        let cases: Vec<_> = golden().into_iter().filter(|(case, _)| case.antialias).collect();
        assert_eq!(cases.len(), 50);
        for (case, expected) in cases {
            let name = format!("{:?} {:?} {:?}", case.filter, case.from, case.to);
            assert_eq!(difference(&case, &expected), (0, 0), "{name}");
        }
    }

    #[test]
    fn resampled_without_antialiasing_is_the_reference_but_for_ties() {
        let cases: Vec<_> = golden().into_iter().filter(|(case, _)| !case.antialias).collect();
        assert_eq!(cases.len(), 20);
        let (mut off, mut samples) = (0, 0);
        for (case, expected) in cases {
            let (largest, count) = difference(&case, &expected);
            assert!(largest <= 1, "{:?} {:?} {:?}: off by {largest}", case.filter, case.from, case.to);
            (off, samples) = (off + count, samples + expected.len());
        }
        assert!(off * 200 < samples, "{off} of {samples} samples differ");
    }

    #[test]
    fn resampled_to_nothing_too_much_or_without_a_reference_is_refused() {
        let strip = picture(1, 9);
        for (width, height, filter, antialias, kind) in [
            (5, 0, Filter::Nearest, true, ErrorKind::NotApplicable),
            (65_535, 65_535, Filter::Bilinear, true, ErrorKind::TooLarge),
            (5, 5, Filter::Lanczos, false, ErrorKind::InvalidModel),
            (5, 5, Filter::Box, false, ErrorKind::InvalidModel),
        ] {
            assert_eq!(resize(&strip, width, height, filter, antialias).unwrap_err().kind(), kind);
        }
    }
}
