//! A picture and its EXIF thumbnail in, how alike they are out.
//!
//! Programs that change a picture often leave the thumbnail as the camera wrote it, which then shows what was there
//! before.

use crate::media::{Limits, Luma, Media};

/// Sides of the grid that both are reduced to.
const SIDE: usize = 16;

/// Two pictures without any contrast are not compared.
const LEAST_CONTRAST: f64 = 4.0;

/// How alike a thumbnail and its picture are, -1 to 1: the best correlation over the eight orientations, with and without
/// the black bars that cameras put around a thumbnail of another shape. `None` where they cannot be compared.
pub(super) fn likeness(thumbnail: &[u8], picture: &Luma) -> Option<f64> {
    let limits = Limits::default().with_max_pixels(1 << 20);
    let media = Media::from_bytes(thumbnail, &limits).ok()?;
    let small = media.luma().ok()?;
    let whole = Grid::of(picture, 0..picture.width() as usize, 0..picture.height() as usize)?;
    let (width, height) = (small.width() as usize, small.height() as usize);
    let (columns, rows) = without_bars(small);
    let areas = [(0..width, 0..height), (columns, rows)];
    areas
        .into_iter()
        .filter_map(|(columns, rows)| Grid::of(small, columns, rows))
        .flat_map(|grid| grid.turned())
        .map(|grid| grid.correlation(&whole))
        .max_by(f64::total_cmp)
}

/// Columns and rows of a thumbnail between bars of one dark colour.
fn without_bars(luma: &Luma) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let pixels = luma.as_gray8();
    let is_dark = |value: u8| value < 24;
    let row = |y: usize| pixels[y * width..(y + 1) * width].iter().all(|&value| is_dark(value));
    let column = |x: usize| (0..height).all(|y| is_dark(pixels[y * width + x]));
    let between = |length: usize, dark: &dyn Fn(usize) -> bool| {
        let start = (0..length).take_while(|&at| dark(at)).count();
        let end = length - (0..length).rev().take_while(|&at| dark(at)).count();
        // A bar has at most a quarter on each side; more is a dark picture. One more line is the bar's soft edge.
        let kept = start + 1..end.saturating_sub(1);
        if start > length / 4 || end < length - length / 4 || kept.len() < SIDE { 0..length } else { kept }
    };
    (between(width, &column), between(height, &row))
}

/// Means of the cells of a picture, less their own mean.
struct Grid([f64; SIDE * SIDE]);

impl Grid {
    fn of(luma: &Luma, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Option<Self> {
        if columns.len() < SIDE || rows.len() < SIDE {
            return None;
        }
        let (width, pixels) = (luma.width() as usize, luma.as_gray8());
        let mut cells = [0.0; SIDE * SIDE];
        let span = |range: &std::ops::Range<usize>, at: usize| {
            let edge = |at: usize| range.start + at * range.len() / SIDE;
            edge(at)..edge(at + 1)
        };
        for (at, cell) in cells.iter_mut().enumerate() {
            let (xs, ys) = (span(&columns, at % SIDE), span(&rows, at / SIDE));
            let sum: u64 = ys
                .clone()
                .flat_map(|y| pixels[y * width + xs.start..y * width + xs.end].iter())
                .map(|&value| u64::from(value))
                .sum();
            *cell = sum as f64 / (xs.len() * ys.len()) as f64;
        }
        let mean = cells.iter().sum::<f64>() / cells.len() as f64;
        cells.iter_mut().for_each(|cell| *cell -= mean);
        let deviation = (cells.iter().map(|cell| cell * cell).sum::<f64>() / cells.len() as f64).sqrt();
        (deviation >= LEAST_CONTRAST).then_some(Self(cells))
    }

    /// The grid in all eight orientations.
    fn turned(&self) -> [Self; 8] {
        std::array::from_fn(|orientation| {
            Self(std::array::from_fn(|at| {
                let (x, y) = (at % SIDE, at / SIDE);
                let (x, y) = if orientation & 4 != 0 { (y, x) } else { (x, y) };
                let x = if orientation & 1 != 0 { SIDE - 1 - x } else { x };
                let y = if orientation & 2 != 0 { SIDE - 1 - y } else { y };
                self.0[y * SIDE + x]
            }))
        })
    }

    fn correlation(&self, other: &Self) -> f64 {
        let product = |a: &Self, b: &Self| a.0.iter().zip(&b.0).map(|(a, b)| a * b).sum::<f64>();
        product(self, other) / (product(self, self) * product(other, other)).sqrt()
    }
}
