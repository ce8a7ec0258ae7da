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
use std::ops::Range;

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
    resize_part(pixels, (width, height), [0..width, 0..height], filter, antialias)
}

/// The given columns and rows of the picture at `size`: what [`resize`] and then a crop give, for the work of those
/// samples alone. They must lie within the size.
///
/// # Errors
/// Those of [`resize`].
pub(super) fn resize_part(
    pixels: &Pixels,
    (width, height): (u32, u32),
    part: [Range<u32>; 2],
    filter: Filter,
    antialias: bool,
) -> Result<Pixels> {
    check_size(width, height)?;
    let [columns, rows] = part.each_ref().map(|side| side.start as usize..side.end as usize);
    let (part_width, part_height) = (columns.len() as u32, rows.len() as u32);
    if !antialias && matches!(filter, Filter::Box | Filter::Lanczos) {
        let message = format!("no {filter:?} filter without antialiasing");
        return Err(Error::new(ErrorKind::InvalidModel, message));
    }
    let axis = |from: u32, to: u32, part| Axis { from: from as usize, to: to as usize, part };
    let axes = [axis(pixels.width(), width, columns), axis(pixels.height(), height, rows)];
    let data = if axes.iter().all(Axis::stays) {
        pixels.as_rgb8().to_vec()
    } else if filter == Filter::Nearest {
        nearest(pixels.as_rgb8(), &axes)
    } else if antialias {
        antialiased(pixels.as_rgb8(), &axes, filter)
    } else {
        interpolated(pixels.as_rgb8(), &axes, filter)
    };
    from_bytes(part_width, part_height, data)
}

/// One side of a picture: its length, the one that it is to have, and which samples of that are made.
struct Axis {
    from: usize,
    to: usize,
    part: Range<usize>,
}

impl Axis {
    fn stays(&self) -> bool {
        self.from == self.to && self.part == (0..self.to)
    }
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

fn antialiased(data: &[u8], [columns, rows]: &[Axis; 2], filter: Filter) -> Vec<u8> {
    let mut down = fixed_point(rows, filter);
    // Rows that no sample is made of are passed over.
    let needed = if rows.stays() {
        0..rows.from
    } else {
        let end = |window: &Window<i32>| window.first + window.weights.len();
        down.first().map_or(0, |window| window.first)..down.last().map_or(0, end)
    };
    down.iter_mut().for_each(|window| window.first -= needed.start);
    let mut data = Cow::Borrowed(&data[needed.start * columns.from * 3..needed.end * columns.from * 3]);
    if !columns.stays() {
        let across = fixed_point(columns, filter);
        data = Cow::Owned(pulp::Arch::new().dispatch(Across {
            data: &data,
            width: columns.from,
            windows: &across,
        }));
    }
    if !rows.stays() {
        let width = columns.part.len();
        data = Cow::Owned(pulp::Arch::new().dispatch(Down { data: &data, width, windows: &down }));
    }
    data.into_owned()
}

/// Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`: the filter as wide as the reduction asks, cut at the
/// borders, of sum 1.
fn fixed_point(axis: &Axis, filter: Filter) -> Vec<Window<i32>> {
    let scale = axis.from as f64 / axis.to as f64;
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let shrink = 1.0 / stretch;
    let window = |sample: usize| {
        let centre = (sample as f64 + 0.5) * scale;
        let first = (centre - support + 0.5) as usize;
        let end = ((centre + support + 0.5) as usize).min(axis.from);
        let weight = |x: usize| filter.weight((x as f64 - centre + 0.5) * shrink, -0.5);
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let fixed = |weight: &f64| {
            let weight = weight / sum * f64::from(1 << PRECISION);
            (weight + 0.5_f64.copysign(weight)) as i32
        };
        Window { first, weights: weights.iter().map(fixed).collect() }
    };
    axis.part.clone().map(window).collect()
}

/// Neighbours that are weighed at once: longer windows take several turns. Of 2, 3, 4 and 8 this is the fastest for
/// pictures of 1 megapixel and hardly slower for larger ones.
const TURN: usize = 3;

/// Pixels that hold the bytes of a turn, when each is read as four.
const READ: usize = TURN + 1;

/// Resizes the rows. What stands in `with_simd` is compiled for AVX2 too, and that runs where the processor has it.
struct Across<'a> {
    data: &'a [u8],
    width: usize,
    windows: &'a [Window<i32>],
}

impl pulp::WithSimd for Across<'_> {
    type Output = Vec<u8>;

    // Four bytes a pixel, the last of them the next pixel's, fill a register, and only what is stored side by side is
    // compiled to work on it as a whole: hence the sums of a row in memory. On AVX2 that takes 0.3 of the time of a
    // plain loop over the windows, without it as long.
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<u8> {
        let Self { data, width, windows } = self;
        let turns = turns(windows);
        let mut made = vec![[0; 3]; data.len() / (width * 3) * windows.len()];
        // Beyond the row lies what weights of 0 are multiplied by.
        let mut line = vec![[0; 3]; width + turns.len() * TURN + 1];
        let mut sums = vec![[HALF; 4]; windows.len()];
        for (row, made) in data.chunks_exact(width * 3).zip(made.chunks_exact_mut(windows.len())) {
            line.as_flattened_mut()[..row.len()].copy_from_slice(row);
            sums.fill([HALF; 4]);
            for turn in &turns {
                for (sums, (first, weights)) in sums.iter_mut().zip(turn) {
                    let Some(pixels) = line[*first..].first_chunk::<READ>() else { continue };
                    let bytes = pixels.as_flattened();
                    let mut sum = *sums;
                    for (i, weight) in weights.iter().enumerate() {
                        for channel in 0..4 {
                            sum[channel] += i32::from(bytes[3 * i + channel]) * weight;
                        }
                    }
                    *sums = sum;
                }
            }
            for (made, sums) in made.iter_mut().zip(&sums) {
                let [r, g, b, _] = sums.map(to_byte);
                *made = [r, g, b];
            }
        }
        made.into_flattened()
    }
}

/// The windows in pieces of one length, filled up with weights of 0: the first pieces of all, the second ones, ..
fn turns(windows: &[Window<i32>]) -> Vec<Vec<(usize, [i32; TURN])>> {
    let longest = windows.iter().map(|window| window.weights.len()).max().unwrap_or(0);
    let piece = |window: &Window<i32>, start: usize| {
        let weight = |i| window.weights.get(start + i).copied().unwrap_or(0);
        (window.first + start, std::array::from_fn(weight))
    };
    let turn = |start| windows.iter().map(|window| piece(window, start)).collect();
    (0..longest).step_by(TURN).map(turn).collect()
}

/// Resizes the columns, compiled as [`Across`] is: on AVX2 in 0.3 of the time.
struct Down<'a> {
    data: &'a [u8],
    width: usize,
    windows: &'a [Window<i32>],
}

impl pulp::WithSimd for Down<'_> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<u8> {
        let Self { data, width, windows } = self;
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
}

/// Rounds: added to a sum before its bits behind the point are cut off.
const HALF: i32 = 1 << (PRECISION - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

// Rows first, each when it is first needed: whole numbers of 8 bits and a half are not rare in what comes out, and whoever
// sums up in another order rounds them to the other side.
fn interpolated(data: &[u8], axes: &[Axis; 2], filter: Filter) -> Vec<u8> {
    let [columns, rows] = axes.each_ref().map(|axis| clamped(axis, filter));
    let [from, to] = [axes.each_ref().map(|axis| axis.from), axes.each_ref().map(|axis| axis.part.len())];
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
fn clamped(axis: &Axis, filter: Filter) -> Vec<Window<f64>> {
    let reach = filter.support() as isize;
    let window = |sample: usize| {
        let centre = (sample as f64 + 0.5) * axis.from as f64 / axis.to as f64 - 0.5;
        let left = centre.floor() as isize + 1 - reach;
        let inside = |x: isize| x.clamp(0, axis.from as isize - 1) as usize;
        let first = inside(left);
        let mut weights = vec![0.0; inside(left + 2 * reach - 1) - first + 1];
        for x in left..left + 2 * reach {
            weights[inside(x) - first] += filter.weight(x as f64 - centre, -0.75);
        }
        Window { first, weights }
    };
    axis.part.clone().map(window).collect()
}

fn nearest(data: &[u8], axes: &[Axis; 2]) -> Vec<u8> {
    let [columns, rows] = axes.each_ref().map(centres);
    let (pixels, _) = data.as_chunks::<3>();
    let mut made = Vec::with_capacity(columns.len() * rows.len());
    let width = axes[0].from;
    for y in rows {
        let row = &pixels[y * width..][..width];
        made.extend(columns.iter().map(|x| row[*x]));
    }
    made.into_flattened()
}

/// In which pixel each centre falls, added up step by step as Pillow does it: a product would round otherwise.
fn centres(axis: &Axis) -> Vec<usize> {
    let scale = axis.from as f64 / axis.to as f64;
    let positions = std::iter::successors(Some(scale * 0.5), |position| Some(position + scale));
    let wanted = positions.take(axis.part.end).skip(axis.part.start);
    wanted.map(|position| (position as usize).min(axis.from - 1)).collect()
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
    fn a_part_is_what_a_crop_of_the_whole_is() {
        for (case, _) in golden() {
            let ([width, height], picture) = (case.to, picture(case.from[0], case.from[1]));
            let whole = resize(&picture, width, height, case.filter, case.antialias).unwrap();
            let [columns, rows] = [width / 3..width - width / 5, height / 4..height];
            let part = [columns.clone(), rows.clone()];
            let part = resize_part(&picture, (width, height), part, case.filter, case.antialias).unwrap();
            let name = format!("{:?} {:?} {:?}", case.filter, case.from, case.to);
            assert_eq!((part.width(), part.height()), (columns.len() as u32, rows.len() as u32), "{name}");
            for (x, y) in rows.flat_map(|y| columns.clone().map(move |x| (x, y))) {
                let here = (x - width / 3, y - height / 4);
                assert_eq!(part.get(here.0, here.1), whole.get(x, y), "{name} at {x}, {y}");
            }
        }
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
