//! PDQ: a luma plane in, 256 bits and a quality out.
//!
//! Follows "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (Facebook, 2019) and its
//! C++ reference (facebook/ThreatExchange, `pdq/cpp/hashing/pdqhashing.cpp`): two passes of a box filter, 64x64
//! samples, the lowest 16x16 frequencies but the constant ones, one bit each by the median.

use std::sync::LazyLock;

use super::Pdq;
use super::luma::Plane;

/// Samples a side that the hash is made from.
const SIDE: usize = 64;
/// Frequencies a side that give a bit each.
const BITS: usize = 16;

/// The hash and its quality, 0 to 100.
pub(super) fn hash(plane: &Plane) -> (Pdq, u8) {
    let samples = downsample(plane);
    (bits_by_median(&low_frequencies(&samples)), quality(&samples))
}

/// Jarosz filter (two passes of a box along rows and columns), then the sample at the centre of each cell.
fn downsample(plane: &Plane) -> Vec<f32> {
    let (width, height) = (plane.width, plane.height);
    let window = |side: usize| (side + 2 * SIDE - 1) / (2 * SIDE);
    let mut a = plane.samples.clone();
    let mut b = vec![0.0; a.len()];
    for _ in 0..2 {
        box_rows(&a, &mut b, width, window(width));
        box_columns(&b, &mut a, width, window(height));
    }
    let centre = |cell: usize, side: usize| ((2 * cell + 1) * side) / (2 * SIDE);
    let mut samples = Vec::with_capacity(SIDE * SIDE);
    for i in 0..SIDE {
        let row = centre(i, height) * width;
        samples.extend((0..SIDE).map(|j| a[row + centre(j, width)]));
    }
    samples
}

/// How a centred window of `window` samples lies at `at` in a line of `length`: first sample, one past the last.
/// An even window reaches one further to the right, as in the reference.
fn window_at(at: usize, length: usize, window: usize) -> (usize, usize) {
    let right = (window + 2) / 2;
    let left = window - right;
    (at.saturating_sub(left), (at + right).min(length))
}

fn box_rows(from: &[f32], to: &mut [f32], width: usize, window: usize) {
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)) {
        let (mut sum, mut start, mut end) = (0.0f32, 0, 0);
        for (at, out) in to.iter_mut().enumerate() {
            let (first, past) = window_at(at, width, window);
            while end < past {
                sum += from[end];
                end += 1;
            }
            while start < first {
                sum -= from[start];
                start += 1;
            }
            *out = sum / (past - first) as f32;
        }
    }
}

/// As [`box_rows`], a whole row of sums at a time, so that memory is read in order.
fn box_columns(from: &[f32], to: &mut [f32], width: usize, window: usize) {
    let height = from.len() / width;
    let row = |y: usize| &from[y * width..(y + 1) * width];
    let mut sums = vec![0.0f32; width];
    let (mut start, mut end) = (0, 0);
    for (at, out) in to.chunks_exact_mut(width).enumerate() {
        let (first, past) = window_at(at, height, window);
        while end < past {
            sums.iter_mut().zip(row(end)).for_each(|(sum, sample)| *sum += sample);
            end += 1;
        }
        while start < first {
            sums.iter_mut().zip(row(start)).for_each(|(sum, sample)| *sum -= sample);
            start += 1;
        }
        let scale = 1.0 / (past - first) as f32;
        out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = sum * scale);
    }
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
