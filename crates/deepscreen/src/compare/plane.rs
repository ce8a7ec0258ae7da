//! Pixels in, planes of numbers out: reduced, resampled into another grid, smoothed, summed over cells.

use crate::media::{Pixels, averaged};

/// Samples 0 to 255 of one channel, rows from the top, no padding.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Vec<f32>,
}

/// A picture at a size that is worked with.
pub(super) struct Reduced {
    /// Sides of the picture that it was reduced from, in its pixels.
    pub(super) whole: [f64; 2],
    /// Pixels of that picture along a side of one sample.
    factor: f64,
    colours: [Plane; 3],
    luma: Plane,
}

/// How the samples of a resampled plane lie along one axis: the edge `i` of a sample stands at `scale * i + offset` of
/// what it is taken from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) length: usize,
    pub(super) scale: f64,
    pub(super) offset: f64,
}

impl Reduced {
    /// The picture, its sides divided by a power of two: by the largest that leaves a long side of at least `side`.
    pub(super) fn of(pixels: &Pixels, side: usize) -> Self {
        let whole = [f64::from(pixels.width()), f64::from(pixels.height())];
        let (mut width, mut height, mut factor) = (pixels.width() as usize, pixels.height() as usize, 1);
        let mut reduced = None;
        while let Some(by) = [8, 4, 2].into_iter().find(|by| width.max(height) >= by * side) {
            let data = reduced.as_deref().unwrap_or(pixels.as_rgb8());
            reduced = Some(averaged::<3>(data, width, by));
            (width, height, factor) = (width.div_ceil(by), height.div_ceil(by), factor * by);
        }
        let rgb = reduced.as_deref().unwrap_or(pixels.as_rgb8()).as_chunks::<3>().0;
        let plane =
            |of: &dyn Fn(&[u8; 3]) -> f32| Plane { width, height, samples: rgb.iter().map(of).collect() };
        let colours = [0, 1, 2].map(|channel| plane(&|rgb| f32::from(rgb[channel])));
        let luma = plane(&|rgb| luma(rgb.map(f32::from)));
        Self { whole, factor: factor as f64, colours, luma }
    }

    /// The brightness in another grid, whose axes are in pixels of the whole picture.
    pub(super) fn luma(&self, axes: [Axis; 2]) -> Plane {
        self.luma.resampled(axes.map(|axis| axis.divided(self.factor)))
    }

    /// Red, green and blue in another grid, whose axes are in pixels of the whole picture.
    pub(super) fn colours(&self, axes: [Axis; 2]) -> [Plane; 3] {
        let axes = axes.map(|axis| axis.divided(self.factor));
        self.colours.each_ref().map(|plane| plane.resampled(axes))
    }

    /// The grid of the whole picture with a long side of `side` samples, or fewer where it has fewer pixels.
    pub(super) fn grid(&self, side: f64) -> [Axis; 2] {
        let by = (self.whole[0].max(self.whole[1]) / side).max(1.0);
        self.whole.map(|pixels| {
            let length = (pixels / by).round().max(1.0);
            Axis { length: length as usize, scale: pixels / length, offset: 0.0 }
        })
    }
}

/// By ITU-R BT.601.
pub(super) fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

impl Axis {
    fn divided(self, by: f64) -> Self {
        Self { scale: self.scale / by, offset: self.offset / by, ..self }
    }

    /// Where the edge `at` of a sample stands.
    pub(super) fn at(self, at: f64) -> f64 {
        self.scale * at + self.offset
    }
}

impl Plane {
    /// Other samples in the same grid.
    pub(super) fn with(&self, samples: Vec<f32>) -> Self {
        Self { width: self.width, height: self.height, samples }
    }

    pub(super) fn row(&self, y: usize) -> &[f32] {
        &self.samples[y * self.width..(y + 1) * self.width]
    }

    /// In another grid, by a cubic (Catmull-Rom) as wide as the samples of that: what lies outside repeats the edge.
    fn resampled(&self, [columns, rows]: [Axis; 2]) -> Self {
        let (across, down) = (Taps::new(columns, self.width), Taps::new(rows, self.height));
        let mut samples = Vec::with_capacity(columns.length * rows.length);
        let mut line = vec![0.0; self.width];
        for (first, weights) in down.iter() {
            line.fill(0.0);
            for (y, weight) in (first..).zip(weights) {
                line.iter_mut().zip(self.row(y)).for_each(|(sum, sample)| *sum += weight * sample);
            }
            samples.extend(across.iter().map(|(first, weights)| {
                line[first..first + weights.len()].iter().zip(weights).map(|(a, b)| a * b).sum::<f32>()
            }));
        }
        Self { width: columns.length, height: rows.length, samples }
    }

    /// Smoothed by the filter 1 2 1 in both directions, whose deviation is 0.7 samples.
    pub(super) fn smoothed(&self) -> Self {
        let (width, height) = (self.width, self.height);
        let mut samples = Vec::with_capacity(self.samples.len());
        let mut line = vec![0.0f32; width + 2];
        for y in 0..height {
            let (above, below) = (self.row(y.saturating_sub(1)), self.row((y + 1).min(height - 1)));
            let rows = above.iter().zip(self.row(y)).zip(below);
            line[1..].iter_mut().zip(rows).for_each(|(sum, ((a, b), c))| *sum = 0.25 * (a + 2.0 * b + c));
            (line[0], line[width + 1]) = (line[1], line[width]);
            samples.extend(line.windows(3).map(|near| 0.25 * (near[0] + 2.0 * near[1] + near[2])));
        }
        Self { width, height, samples }
    }
}

/// The weights that make each sample along an axis.
struct Taps {
    spans: Vec<(usize, usize)>,
    weights: Vec<f32>,
}

impl Taps {
    fn new(axis: Axis, length: usize) -> Self {
        let (mut spans, mut weights) = (Vec::with_capacity(axis.length), Vec::new());
        let stretch = axis.scale.abs().max(1.0);
        for i in 0..axis.length {
            let centre = axis.at(i as f64 + 0.5).clamp(0.5, length as f64 - 0.5);
            let first = (centre - 2.0 * stretch).floor().max(0.0) as usize;
            let end = ((centre + 2.0 * stretch).ceil() as usize).clamp(first + 1, length);
            let weight = |at: usize| catmull_rom((at as f64 + 0.5 - centre) / stretch) as f32;
            let sum: f32 = (first..end).map(weight).sum();
            spans.push((first, end - first));
            weights.extend((first..end).map(|at| weight(at) / sum));
        }
        Self { spans, weights }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let mut rest = self.weights.as_slice();
        self.spans.iter().map(move |(first, count)| {
            let (weights, others) = rest.split_at(*count);
            rest = others;
            (*first, weights)
        })
    }
}

fn catmull_rom(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> Pixels {
        let data = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 7])).collect();
        Pixels::from_rgb8(width, height, data).unwrap()
    }

    #[test]
    fn resampling_keeps_places_and_reducing_does_not_move_them() {
        let pixels = ramp(200, 150);
        for side in [200, 100, 50] {
            let reduced = Reduced::of(&pixels, side);
            let [red, green, _] = reduced.colours([
                Axis { length: 40, scale: 4.0, offset: 10.0 },
                Axis { length: 30, scale: 3.0, offset: 20.0 },
            ]);
            for (x, y) in [(0, 0), (13, 7), (39, 29)] {
                let (red, green) = (red.row(y)[x], green.row(y)[x]);
                // A ramp has the value x - 0.5 at the place x.
                assert!((red - (4.0 * (x as f32 + 0.5) + 9.5)).abs() < 0.6, "{side} {x}: {red}");
                assert!((green - (3.0 * (y as f32 + 0.5) + 19.5)).abs() < 0.6, "{side} {y}: {green}");
            }
        }
    }

    #[test]
    fn smoothing_keeps_the_mean_of_what_is_flat_and_spreads_a_point() {
        let mut plane = Plane { width: 5, height: 5, samples: vec![0.0; 25] };
        plane.samples[12] = 16.0;
        let smooth = plane.smoothed();
        assert_eq!(
            (smooth.row(2)[2], smooth.row(2)[1], smooth.row(1)[1], smooth.row(0)[2]),
            (4.0, 2.0, 1.0, 0.0)
        );
        let flat = Plane { width: 1, height: 3, samples: vec![9.0; 3] };
        assert_eq!(flat.smoothed().samples, [9.0; 3]);
    }
}
