//! Two registered pictures in, how much each cell of the picture differs from the original out, measured by what
//! compression, scaling and a small error of the registration explain in a cell of that texture.

use super::mapping::Mapping;
use super::plane::{Axis, Plane, Reduced, luma};
use super::tone::{Tone, range};

/// Samples along a side of a cell.
const CELL: usize = 8;
/// Long side in samples at which pictures are compared. Less would lose thin text, more compares compression.
const LONG_SIDE: f64 = 640.0;
/// Of the residue, in levels: what is never counted, and the most that noise explains.
const LUMA_NOISE: [f32; 2] = [2.0, 8.0];
const CHROMA_NOISE: [f32; 2] = [1.7, 6.0];
/// Of the residue against the texture of its cell: the least and the most that losses explain.
const LUMA_LOSS: [f32; 2] = [0.12, 0.4];
const CHROMA_LOSS: [f32; 2] = [0.12, 0.3];
/// How wrong a change of tone may be, against how large it is in a cell and in the mean: it was cut off on the way, or is
/// no cubic.
const TONING: f32 = 0.3;

/// Cells in rows from the top, which cover the picture.
pub(super) struct Differences {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// How many times what is explained: of each cell alone.
    pub(super) alone: Vec<f32>,
    /// The same, with its neighbours: less noisy, less sharp.
    pub(super) around: Vec<f32>,
    /// Whether the cell shows the original; the two above are 0 where not.
    pub(super) inside: Vec<bool>,
}

/// Compares in a grid as fine as the coarser of the two pictures allows.
pub(super) fn differences(original: &Reduced, picture: &Reduced, mapping: &Mapping) -> Differences {
    let coarser = mapping.scale[0].min(mapping.scale[1]).min(1.0);
    let long = picture.whole[0].max(picture.whole[1]);
    let side = LONG_SIDE.min(coarser * long);
    let grid = picture.whole.map(|pixels| {
        let length = ((side * pixels / long / CELL as f64).round().max(1.0)) * CELL as f64;
        Axis { length: length as usize, scale: pixels / length, offset: 0.0 }
    });
    let (columns, rows) = (grid[0].length / CELL, grid[1].length / CELL);
    let inside = inside(grid, mapping.overlap(picture.whole, original.whole));

    let shown = picture.colours(grid);
    let expected = original.colours(mapping.through(grid));
    let [ours, theirs] = [&shown, &expected].map(|planes| {
        let [r, g, b] = planes.each_ref().map(|plane| cells(plane, |value| value));
        let colours = r.into_iter().zip(g).zip(b).map(|((r, g), b)| [r, g, b]);
        colours.zip(&inside).filter(|(_, inside)| **inside).map(|(colour, _)| colour).collect::<Vec<_>>()
    });
    let toned = channels(&Tone::between(&theirs, &ours, shown.each_ref().map(range)).applied(&expected));
    let toning = toning(&channels(&expected), &toned);

    let shown = channels(&shown).map(|plane| plane.smoothed());
    let expected = toned.map(|plane| plane.smoothed());
    let expected = as_sharp(&shown, expected, &inside);

    let around = |cells: &[f32]| around(cells, columns, &inside);
    let brightness = residue(&shown[0], &expected[0]);
    let wide: Vec<Vec<f32>> = brightness.iter().map(|cells| around(cells)).collect();
    let luma = Channel {
        alone: smallest(&brightness),
        around: smallest(&wide),
        texture: texture(&[(&shown[0], &expected[0])], around),
        toning: &toning[0],
    };
    let hue = [1, 2].map(|at| {
        let [ours, theirs] = [&shown[at], &expected[at]].map(|plane| cells(plane, |value| value));
        ours.iter().zip(theirs).map(|(a, b)| (a - b) * (a - b)).collect::<Vec<f32>>()
    });
    let hue: Vec<f32> = hue[0].iter().zip(&hue[1]).map(|(a, b)| a + b).collect();
    let chroma = Channel {
        around: around(&hue),
        alone: hue,
        texture: texture(&[(&shown[1], &expected[1]), (&shown[2], &expected[2])], around),
        toning: &toning[1],
    };
    let luma = luma.against_noise(&inside, LUMA_NOISE, LUMA_LOSS);
    let chroma = chroma.against_noise(&inside, CHROMA_NOISE, CHROMA_LOSS);
    let [alone, around] = [0, 1].map(|which| {
        luma[which].iter().zip(&chroma[which]).map(|(luma, chroma)| luma.max(*chroma)).collect::<Vec<f32>>()
    });
    Differences { columns, rows, alone, around, inside }
}

/// Which cells lie, by three quarters along each axis, where the picture shows the original.
fn inside(grid: [Axis; 2], [from, to]: [[f64; 2]; 2]) -> Vec<bool> {
    let [across, down] = [0, 1].map(|axis| {
        let cell = |at: usize| grid[axis].at((at * CELL) as f64);
        let within =
            |at| (cell(at + 1).min(to[axis]) - cell(at).max(from[axis])) >= 0.75 * (cell(1) - cell(0));
        (0..grid[axis].length / CELL).map(within).collect::<Vec<bool>>()
    });
    down.iter().flat_map(|down| across.iter().map(move |across| *across && *down)).collect()
}

/// The means over cells of what `of` makes of each sample.
fn cells(plane: &Plane, of: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut means = Vec::with_capacity(plane.samples.len() / (CELL * CELL));
    let mut sums = vec![0.0f32; plane.width / CELL];
    for rows in plane.samples.chunks_exact(plane.width * CELL) {
        sums.fill(0.0);
        for row in rows.chunks_exact(plane.width) {
            let parts = sums.iter_mut().zip(row.as_chunks::<CELL>().0);
            parts.for_each(|(sum, part)| *sum += part.iter().map(|sample| of(*sample)).sum::<f32>());
        }
        means.extend(sums.iter().map(|sum| sum / (CELL * CELL) as f32));
    }
    means
}

/// The means over each cell and its neighbours that are inside: a cell counts twice as much as those beside it.
fn around(cells: &[f32], columns: usize, inside: &[bool]) -> Vec<f32> {
    let rows = cells.len() / columns;
    let mean = |at: usize| {
        let (x, y) = (at % columns, at / columns);
        let (mut sum, mut total) = (0.0, 0.0);
        for row in y.saturating_sub(1)..(y + 2).min(rows) {
            for column in x.saturating_sub(1)..(x + 2).min(columns) {
                let near = row * columns + column;
                if inside[near] {
                    let weight = [2.0f32, 1.0];
                    let weight = weight[row.abs_diff(y)] * weight[column.abs_diff(x)];
                    sum += weight * cells[near];
                    total += weight;
                }
            }
        }
        if total > 0.0 { sum / total } else { 0.0 }
    };
    (0..cells.len()).map(mean).collect()
}

/// Brightness, and the two differences of colour that JPEG has too.
fn channels(planes: &[Plane; 3]) -> [Plane; 3] {
    let [r, g, b] = planes.each_ref().map(|plane| plane.samples.as_slice());
    let plane = |samples| planes[0].with(samples);
    let brightness: Vec<f32> = r.iter().zip(g).zip(b).map(|((r, g), b)| luma([*r, *g, *b])).collect();
    let blue = b.iter().zip(&brightness).map(|(b, y)| 0.564 * (b - y)).collect();
    let red = r.iter().zip(&brightness).map(|(r, y)| 0.713 * (r - y)).collect();
    [plane(brightness), plane(blue), plane(red)]
}

/// The original, smoothed as often as brings the quarter of its cells that has most texture nearest to the picture: that
/// was scaled, and lost its finest detail. Flat cells do not count, as compression takes their grain and leaves edges.
fn as_sharp(shown: &[Plane; 3], mut expected: [Plane; 3], inside: &[bool]) -> [Plane; 3] {
    let squares = cells(&expected[0], |value| value * value);
    let means = cells(&expected[0], |value| value);
    let texture: Vec<f32> = squares.iter().zip(means).map(|(square, mean)| square - mean * mean).collect();
    let mut rich: Vec<usize> = (0..texture.len()).filter(|at| inside[*at]).collect();
    rich.sort_by(|a, b| texture[*b].total_cmp(&texture[*a]));
    rich.truncate((rich.len() / 4).max(1));
    let distance = |expected: &[Plane; 3]| {
        let squares = shown[0].samples.iter().zip(&expected[0].samples).map(|(a, b)| (a - b) * (a - b));
        let distances = cells(&shown[0].with(squares.collect()), |square| square);
        median(rich.iter().map(|at| distances[*at]).collect())
    };
    let mut nearest = distance(&expected);
    for _ in 0..4 {
        let smoother = expected.each_ref().map(Plane::smoothed);
        let distance = distance(&smoother);
        if distance > 0.9 * nearest {
            break;
        }
        (expected, nearest) = (smoother, distance);
    }
    expected
}

/// How much the change of tone changed each cell, and all in the mean, squared: in brightness, and in colour.
fn toning(before: &[Plane; 3], after: &[Plane; 3]) -> [Vec<f32>; 2] {
    let [luma, blue, red] = [0, 1, 2].map(|at| {
        let [before, after] = [&before[at], &after[at]].map(|plane| cells(plane, |value| value));
        before
            .iter()
            .zip(after)
            .map(|(before, after)| (after - before) * (after - before))
            .collect::<Vec<f32>>()
    });
    let chroma: Vec<f32> = blue.iter().zip(red).map(|(blue, red)| blue + red).collect();
    [luma, chroma].map(|cells| {
        let mean = cells.iter().sum::<f32>() / cells.len() as f32;
        cells.into_iter().map(|cell| cell + mean).collect()
    })
}

/// The median, 0 of none.
fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

/// The mean squared difference of each cell, for each of nine shifts of the original by at most a sample.
fn residue(shown: &Plane, expected: &Plane) -> Vec<Vec<f32>> {
    let (width, height) = (shown.width, shown.height);
    let shifts = (0..9).map(|at| (at % 3, at / 3));
    let shifted = |(right, down): (usize, usize)| {
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            let theirs = expected.row((y + down).saturating_sub(1).min(height - 1));
            let ours = shown.row(y);
            let square = |a: f32, b: f32| (a - b) * (a - b);
            let pairs = |ours: &[f32], theirs: &[f32], samples: &mut Vec<f32>| {
                samples.extend(ours.iter().zip(theirs).map(|(a, b)| square(*a, *b)));
            };
            match right {
                0 => {
                    samples.push(square(ours[0], theirs[0]));
                    pairs(&ours[1..], theirs, &mut samples);
                }
                1 => pairs(ours, theirs, &mut samples),
                _ => {
                    pairs(ours, &theirs[1..], &mut samples);
                    samples.push(square(ours[width - 1], theirs[width - 1]));
                }
            }
        }
        cells(&shown.with(samples), |square| square)
    };
    shifts.map(shifted).collect()
}

/// Of each cell, the smallest that any shift gives.
fn smallest(shifts: &[Vec<f32>]) -> Vec<f32> {
    let mut smallest = shifts[0].clone();
    for cells in &shifts[1..] {
        smallest.iter_mut().zip(cells).for_each(|(least, cell)| *least = least.min(*cell));
    }
    smallest
}

/// The variance around each cell, of several channels together: the geometric mean of what either picture has, so that
/// texture that is in one alone explains little.
fn texture(channels: &[(&Plane, &Plane)], around: impl Fn(&[f32]) -> Vec<f32>) -> Vec<f32> {
    let variance = |plane: &Plane| {
        let squares = around(&cells(plane, |value| value * value));
        let means = around(&cells(plane, |value| value));
        squares
            .into_iter()
            .zip(means)
            .map(|(square, mean)| (square - mean * mean).max(0.0))
            .collect::<Vec<f32>>()
    };
    let mut sums: Option<[Vec<f32>; 2]> = None;
    for (shown, expected) in channels {
        let both = [variance(shown), variance(expected)];
        sums = Some(match sums {
            None => both,
            Some(sums) => [0, 1].map(|i| sums[i].iter().zip(&both[i]).map(|(a, b)| a + b).collect()),
        });
    }
    let [ours, theirs] = sums.unwrap_or_default();
    ours.iter().zip(theirs).map(|(a, b)| (a * b).sqrt()).collect()
}

/// Mean squared differences of cells, and the variances that explain a part of them.
struct Channel<'a> {
    alone: Vec<f32>,
    around: Vec<f32>,
    texture: Vec<f32>,
    toning: &'a [f32],
}

impl Channel<'_> {
    /// How many times what is explained the differences are, of cells alone and with their neighbours. What is explained
    /// is noise, as flat cells have it, and a loss in proportion to texture, as textured cells have it; medians of the
    /// whole picture, so that a part that was replaced does not explain itself.
    fn against_noise(&self, inside: &[bool], noise: [f32; 2], loss: [f32; 2]) -> [Vec<f32>; 2] {
        let mut order: Vec<usize> = (0..inside.len()).filter(|at| inside[*at]).collect();
        order.sort_by(|a, b| self.texture[*a].total_cmp(&self.texture[*b]));
        let (flat, rich) = order.split_at(order.len() * 3 / 10);
        let floor = median(flat.iter().map(|at| self.around[*at]).collect())
            .clamp(noise[0].powi(2), noise[1].powi(2));
        let lost = |at: &usize| (self.around[*at] - floor).max(0.0) / self.texture[*at].max(1.0);
        let lost = median(rich.iter().map(lost).collect()).clamp(loss[0].powi(2), loss[1].powi(2));
        [&self.alone, &self.around].map(|differences| {
            let times = |(at, difference): (usize, &f32)| {
                if inside[at] {
                    (difference / (floor + lost * self.texture[at] + TONING * TONING * self.toning[at]))
                        .sqrt()
                } else {
                    0.0
                }
            };
            differences.iter().enumerate().map(times).collect()
        })
    }
}
