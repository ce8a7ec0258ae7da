//! PDQ: a luma plane in, 256 bits and a quality out.
//!
//! Follows "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (Facebook, 2019) and its
//! C++ reference (facebook/ThreatExchange, `pdq/cpp/hashing/pdqhashing.cpp`): two passes of a box filter, 64x64
//! samples, the lowest 16x16 frequencies but the constant ones, one bit each by the median.

use std::sync::LazyLock;

use super::{Pdq, Transform};
use crate::media::Luma;

/// Samples a side that the hash is made from.
const SIDE: usize = 64;
/// Frequencies a side that give a bit each.
const BITS: usize = 16;

/// The hash and its quality, 0 to 100.
pub(super) fn hash(luma: &Luma) -> (Pdq, u8) {
    let samples = downsample(luma);
    (bits_by_median(&low_frequencies(&samples)), quality(&samples))
}

/// The hashes of the picture and of all its turns and reflections, in the order of [`Transform::ALL`]: they have the same
/// frequencies, of which some change places and signs. And the quality.
pub(super) fn transformed(luma: &Luma) -> ([Pdq; 8], u8) {
    let samples = downsample(luma);
    let frequencies = low_frequencies(&samples);
    let hashes = Transform::ALL.map(|transform| {
        let (transposes, across, down) = transform.steps();
        // The first frequency is the odd one: it changes its sign when its side is reflected.
        let sign = |reflects: bool, at: usize| if reflects && at.is_multiple_of(2) { -1.0 } else { 1.0 };
        let moved = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let frequency = if transposes { frequencies[j][i] } else { frequencies[i][j] };
                frequency * sign(down, i) * sign(across, j)
            })
        });
        bits_by_median(&moved)
    });
    (hashes, quality(&samples))
}

/// Jarosz filter (two passes of a box along rows and columns), then the sample at the centre of each cell.
///
/// All of it is linear and works on rows and columns apart, so each sample is a weighted sum of a few columns of a
/// few rows: the filter is worked out for the 64 centres of each side alone. Of a picture that was reduced before, it
/// is the filter of the whole one, whose pixels are taken for the sample that they are in: a filter of the small
/// picture's own would be wider or narrower by up to a fifth, which costs up to 20 bits.
fn downsample(luma: &Luma) -> Vec<f32> {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let factor = luma.factor() as usize;
    let (columns, rows) = (cells(luma.whole().0 as usize, factor), cells(luma.whole().1 as usize, factor));
    let mut samples = vec![0.0f32; SIDE * SIDE];
    let mut line = [0.0f32; SIDE];
    let mut filtered: Vec<Option<[f32; SIDE]>> = vec![None; height];
    for (cell, out) in rows.iter().zip(samples.chunks_exact_mut(SIDE)) {
        for (y, weight) in (cell.first..).zip(&cell.weights) {
            let row = filtered[y].get_or_insert_with(|| {
                let row = &luma.as_gray8()[y * width..(y + 1) * width];
                for (cell, sample) in columns.iter().zip(&mut line) {
                    *sample =
                        cell.weights.iter().zip(&row[cell.first..]).map(|(w, s)| w * f32::from(*s)).sum();
                }
                line
            });
            out.iter_mut().zip(row).for_each(|(out, sample)| *out += weight * *sample);
        }
    }
    samples
}

/// What one sample is made of, along one side.
struct Cell {
    first: usize,
    weights: Vec<f32>,
}

/// The weights of two boxes, one after the other, at the centres of 64 cells of a side of so many pixels, of which
/// `factor` at a time are one sample.
fn cells(side: usize, factor: usize) -> Vec<Cell> {
    let window = side.div_ceil(2 * SIDE);
    // As in the reference, an even window reaches one further to the right, and what lies outside is left out.
    let right = (window + 2) / 2;
    let reach = |at: usize| (at.saturating_sub(window - right), (at + right).min(side));
    let cell = |cell: usize| {
        let (first, past) = reach(((2 * cell + 1) * side) / (2 * SIDE));
        let start = reach(first).0 / factor;
        let mut weights = vec![0.0; (reach(past - 1).1 - 1) / factor + 1 - start];
        for inner in first..past {
            let (from, to) = reach(inner);
            let weight = 1.0 / ((past - first) * (to - from)) as f32;
            (from..to).for_each(|pixel| weights[pixel / factor - start] += weight);
        }
        Cell { first: start, weights }
    };
    (0..SIDE).map(cell).collect()
}

/// The reference's measure of detail: the sum of all steps between neighbours, in whole hundredths.
fn quality(samples: &[f32]) -> u8 {
    let step = |a: f32, b: f32| (((a - b) * 100.0) / 255.0) as i32;
    let mut sum = 0i64;
    for i in 0..SIDE {
        for j in 0..SIDE {
            let here = samples[i * SIDE + j];
            if i + 1 < SIDE {
                sum += i64::from(step(here, samples[(i + 1) * SIDE + j]).abs());
            }
            if j + 1 < SIDE {
                sum += i64::from(step(here, samples[i * SIDE + j + 1]).abs());
            }
        }
    }
    (sum / 90).min(100) as u8
}

/// Rows 1 to 16 of the orthonormal 64-point DCT-II.
static DCT: LazyLock<[[f32; SIDE]; BITS]> = LazyLock::new(|| {
    let mut matrix = [[0.0; SIDE]; BITS];
    for (i, row) in matrix.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            let angle = std::f64::consts::PI / 2.0 / SIDE as f64 * (i + 1) as f64 * (2 * j + 1) as f64;
            *cell = ((2.0 / SIDE as f64).sqrt() * angle.cos()) as f32;
        }
    }
    matrix
});

fn low_frequencies(samples: &[f32]) -> [[f32; BITS]; BITS] {
    let dct = &*DCT;
    let mut half = [[0.0f32; SIDE]; BITS];
    for (half, dct) in half.iter_mut().zip(dct) {
        for (weight, row) in dct.iter().zip(samples.chunks_exact(SIDE)) {
            half.iter_mut().zip(row).for_each(|(sum, sample)| *sum += weight * sample);
        }
    }
    std::array::from_fn(|i| {
        std::array::from_fn(|j| half[i].iter().zip(&dct[j]).map(|(sample, weight)| sample * weight).sum())
    })
}

/// Bit `16 * row + column` of the 256-bit number is set where the frequency is above the median.
fn bits_by_median(frequencies: &[[f32; BITS]; BITS]) -> Pdq {
    let mut sorted: Vec<f32> = frequencies.iter().flatten().copied().collect();
    // The reference takes the lower of the two middle values (Torben's median).
    let (_, median, _) = sorted.select_nth_unstable_by(BITS * BITS / 2 - 1, f32::total_cmp);
    let mut bytes = [0; 32];
    for (k, frequency) in frequencies.iter().flatten().enumerate() {
        if frequency > median {
            bytes[31 - k / 8] |= 1 << (k % 8);
        }
    }
    Pdq::from_bytes(bytes)
}
