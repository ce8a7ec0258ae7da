//! A plane in, places that can be found again out: corners, their patches, and what resembles what.

use super::plane::Plane;

/// A place with structure in two directions, in samples of its plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Corner {
    pub(super) x: usize,
    pub(super) y: usize,
    strength: f32,
}

/// Weaker than this is noise: the smaller eigenvalue of the mean structure tensor, in squared levels a sample.
const WEAKEST: f32 = 0.8;

/// The strongest corner of each square of `square` samples, `margin` samples away from the edges; the strongest of
/// all first, at most `most`. By Shi and Tomasi, 1994.
pub(super) fn corners(plane: &Plane, square: usize, margin: usize, most: usize) -> Vec<Corner> {
    let (width, height) = (plane.width, plane.height);
    let margin = margin.max(3);
    if width <= 2 * margin || height <= 2 * margin {
        return Vec::new();
    }
    let tensors = [(0, 0), (1, 1), (0, 1)].map(|(a, b)| summed(&products(plane, a, b)));
    let across = width.div_ceil(square);
    let mut best: Vec<Option<Corner>> = vec![None; across * height.div_ceil(square)];
    for y in margin..height - margin {
        let rows = tensors.each_ref().map(|tensor| tensor.row(y));
        for x in margin..width - margin {
            let [xx, yy, xy] = rows.map(|row| row[x]);
            let strength = 0.5 * (xx + yy - ((xx - yy) * (xx - yy) + 4.0 * xy * xy).sqrt());
            let best = &mut best[y / square * across + x / square];
            if strength >= WEAKEST && best.is_none_or(|best| best.strength < strength) {
                *best = Some(Corner { x, y, strength });
            }
        }
    }
    let mut corners: Vec<Corner> = best.into_iter().flatten().collect();
    corners.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    corners.truncate(most);
    corners
}

/// The product of two of the derivatives (0 along x, 1 along y) at each sample.
fn products(plane: &Plane, a: usize, b: usize) -> Plane {
    let (width, height) = (plane.width, plane.height);
    let mut samples = vec![0.0; width * height];
    for y in 1..height - 1 {
        let (above, row, below) = (plane.row(y - 1), plane.row(y), plane.row(y + 1));
        let products = &mut samples[y * width + 1..(y + 1) * width - 1];
        let horizontal = row[2..].iter().zip(row).map(|(right, left)| 0.5 * (right - left));
        let vertical = below[1..].iter().zip(&above[1..]).map(|(below, above)| 0.5 * (below - above));
        let both = products.iter_mut().zip(horizontal.zip(vertical));
        match (a, b) {
            (0, 0) => both.for_each(|(product, (x, _))| *product = x * x),
            (1, 1) => both.for_each(|(product, (_, y))| *product = y * y),
            _ => both.for_each(|(product, (x, y))| *product = x * y),
        }
    }
    plane.with(samples)
}

/// The mean over 5x5 samples; the two outermost stay 0.
fn summed(plane: &Plane) -> Plane {
    let (width, height) = (plane.width, plane.height);
    let mut samples = vec![0.0; width * height];
    let mut line = vec![0.0f32; width];
    for y in 2..height - 2 {
        line.fill(0.0);
        for near in y - 2..=y + 2 {
            line.iter_mut().zip(plane.row(near)).for_each(|(sum, sample)| *sum += sample);
        }
        let means = samples[y * width + 2..].iter_mut().zip(line.windows(5));
        means.for_each(|(mean, near)| *mean = 0.04 * near.iter().sum::<f32>());
    }
    plane.with(samples)
}

/// Samples along a side of a patch that describes a corner.
const SIDE: usize = 8;
/// Samples of the plane from one of a patch to the next.
const STEP: usize = 3;
/// How far from the edges a corner has to be for a patch around it.
pub(super) const REACH: usize = SIDE / 2 * STEP;

/// What a corner looks like: a patch of mean 0 and length 1, so that the product of two is their correlation.
pub(super) struct Patch([f32; SIDE * SIDE]);

impl Patch {
    /// Of a smoothed plane; `None` where the patch is flat.
    pub(super) fn around(corner: &Corner, plane: &Plane) -> Option<Self> {
        let mut patch = [0.0; SIDE * SIDE];
        let (left, top) = (corner.x.checked_sub(REACH)?, corner.y.checked_sub(REACH)?);
        for (j, row) in patch.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            let line = plane.row(top + j * STEP).get(left..)?;
            row.iter_mut().zip(line.iter().step_by(STEP)).for_each(|(sample, value)| *sample = *value);
        }
        let mean = patch.iter().sum::<f32>() / patch.len() as f32;
        patch.iter_mut().for_each(|sample| *sample -= mean);
        let length = patch.iter().map(|sample| sample * sample).sum::<f32>().sqrt();
        patch.iter_mut().for_each(|sample| *sample /= length);
        (length > 1.0).then_some(Self(patch))
    }

    /// -1 to 1.
    pub(super) fn correlation(&self, other: &Self) -> f32 {
        // Eight sums, so that the compiler may add them side by side.
        let mut sums = [0.0; SIDE];
        for (a, b) in self.0.as_chunks::<SIDE>().0.iter().zip(other.0.as_chunks::<SIDE>().0) {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black, with a bright rectangle.
    fn rectangle() -> Plane {
        let inside = |at: usize| (20..44).contains(&(at % 64)) && (16..40).contains(&(at / 64));
        Plane {
            width: 64,
            height: 64,
            samples: (0..64 * 64).map(|at| if inside(at) { 200.0 } else { 0.0 }).collect(),
        }
    }

    #[test]
    fn corners_of_a_rectangle_are_found_and_its_edges_are_not() {
        let found = corners(&rectangle(), 8, 4, 4);
        assert_eq!(found.len(), 4, "{found:?}");
        for (x, y) in [(20usize, 16usize), (43, 16), (20, 39), (43, 39)] {
            assert!(
                found.iter().any(|corner| corner.x.abs_diff(x) <= 2 && corner.y.abs_diff(y) <= 2),
                "{x} {y}"
            );
        }
        assert_eq!(corners(&rectangle(), 8, 4, 2), found[..2]);
    }

    #[test]
    fn flat_and_tiny_planes_have_none() {
        for (width, height) in [(64, 64), (1, 1), (7, 200), (6, 6)] {
            let flat = Plane { width, height, samples: vec![90.0; width * height] };
            assert!(corners(&flat, 8, 3, 10).is_empty(), "{width}x{height}");
        }
    }

    #[test]
    fn a_patch_knows_itself_whatever_its_contrast() {
        let plane = rectangle();
        let corner = Corner { x: 20, y: 16, strength: 1.0 };
        let patch = Patch::around(&corner, &plane).unwrap();
        let pale = Plane {
            samples: plane.samples.iter().map(|sample| 50.0 + 0.3 * sample).collect(),
            ..plane.clone()
        };
        assert!((patch.correlation(&Patch::around(&corner, &pale).unwrap()) - 1.0).abs() < 1e-4);
        let opposite = Patch::around(&Corner { x: 43, y: 39, strength: 1.0 }, &plane).unwrap();
        assert!(patch.correlation(&opposite) < 0.5);
        assert!(Patch::around(&Corner { x: 3, y: 30, strength: 1.0 }, &plane).is_none());
    }
}
