//! Two reduced pictures in, the mapping between their places out, or none where they do not show the same.
//!
//! A guess is made (the whole picture shows the whole original; failing that, what corners that resemble each other
//! agree on), and refined in ever finer grids by looking for each corner's surroundings nearby. A mapping is believed where
//! enough of them are found where it says.

use super::corners::{Corner, Patch, REACH, corners};
use super::mapping::{Mapping, Pair};
use super::plane::{Axis, Plane, Reduced};

/// Long sides of the grids in which a mapping is refined, and how far from where the mapping says a corner is looked
/// for in each, in samples.
const GRIDS: [(f64, isize); 3] = [(160.0, 6), (320.0, 3), (480.0, 2)];
/// In the last grid it is refined until it moves no place by more than this, in samples, or this often.
const SETTLED: f64 = 0.1;
const ROUNDS: usize = 6;
/// Samples on each side of a corner that are looked for with it.
const RADIUS: usize = 6;
/// Surroundings that correlate less are not the same.
const SAME: f32 = 0.75;
/// A mapping is believed where this share of the corners agrees; and where it is more, no other is looked for.
const BELIEVED: f64 = 0.3;
const CERTAIN: f64 = 0.6;
/// Fewer corners than this prove nothing.
const FEWEST: usize = 8;
/// A copy shows at least this share of the original, and is at least to this share a copy.
const LEAST_OVERLAP: f64 = 0.2;

/// The mapping, where one is believed.
pub(super) fn register(original: &Reduced, picture: &Reduced) -> Option<Mapping> {
    let whole = Mapping::whole(picture.whole, original.whole);
    let certain = |registered: &Registered| registered.agreement >= CERTAIN;
    let first = refine(original, picture, whole, CERTAIN).filter(certain);
    let best = first.or_else(|| {
        let other = resembling(original, picture).and_then(|guess| refine(original, picture, guess, 0.0));
        other.filter(certain).or_else(|| {
            let whole = refine(original, picture, whole, 0.0);
            // The former of equals.
            other.into_iter().chain(whole).reduce(|a, b| if b.agreement > a.agreement { b } else { a })
        })
    });
    best.filter(|best| best.agreement >= BELIEVED).map(|best| best.mapping)
}

/// A mapping, and the share of the corners of both that it takes to where they are found.
#[derive(Clone, Copy)]
struct Registered {
    mapping: Mapping,
    agreement: f64,
}

/// `None` where too few corners are found, or in the first grid less than a share of them.
fn refine(original: &Reduced, picture: &Reduced, guess: Mapping, share: f64) -> Option<Registered> {
    let mut best = Registered { mapping: guess, agreement: 0.0 };
    for (at, (side, search)) in GRIDS.into_iter().enumerate() {
        let step = Step::new(picture, side, search);
        for _ in 0..if at == GRIDS.len() - 1 { ROUNDS } else { 1 } {
            let before = best.mapping;
            best = step.refined(original, before)?;
            if at == 0 && best.agreement < share {
                return None;
            }
            if best.mapping.moved(&before, picture.whole) <= SETTLED * before.scale[0] * step.grid[0].scale {
                break;
            }
        }
    }
    (best.mapping.overlapping(picture.whole, original.whole) >= LEAST_OVERLAP).then_some(best)
}

/// The picture in one of the grids.
struct Step {
    whole: [f64; 2],
    grid: [Axis; 2],
    shown: Plane,
    corners: Vec<Corner>,
    search: isize,
}

impl Step {
    fn new(picture: &Reduced, side: f64, search: isize) -> Self {
        let grid = picture.grid(side);
        let shown = picture.luma(grid).smoothed();
        let corners = corners(&shown, side as usize / 24, RADIUS + search as usize + 1, 400);
        Self { whole: picture.whole, grid, shown, corners, search }
    }

    /// The mapping that fits where the corners are found, looked for around where another mapping says.
    fn refined(&self, original: &Reduced, before: Mapping) -> Option<Registered> {
        let Self { grid, shown, search, .. } = self;
        let expected = original.luma(before.through(*grid)).smoothed();
        let sample = [0, 1].map(|axis| before.scale[axis] * grid[axis].scale);
        let [from, to] = before.overlap(self.whole, original.whole);
        let (mut pairs, mut inside) = (Vec::new(), 0);
        for corner in &self.corners {
            let picture = [grid[0].at(corner.x as f64 + 0.5), grid[1].at(corner.y as f64 + 0.5)];
            if (0..2).any(|axis| picture[axis] < from[axis] || picture[axis] > to[axis]) {
                continue;
            }
            inside += 1;
            if let Some(found) = found(shown, &expected, corner, *search) {
                let at = before.at(picture);
                pairs.push(Pair {
                    picture,
                    original: [0, 1].map(|axis| at[axis] + sample[axis] * found[axis]),
                });
            }
        }
        let mapping = Mapping::fitted(&pairs, before, *search as f64 * sample[0].max(sample[1]));
        let agreeing = pairs.iter().filter(|pair| mapping.misses(pair, sample) <= 1.5).count();
        (agreeing >= FEWEST).then(|| Registered { mapping, agreement: agreeing as f64 / f64::from(inside) })
    }
}

/// Where in `expected` the surroundings of a corner of `shown` are found, as the way from the corner, in samples; at
/// most `search` of them. `None` where nothing there resembles them enough.
fn found(shown: &Plane, expected: &Plane, corner: &Corner, search: isize) -> Option<[f64; 2]> {
    const SIDE: usize = 2 * RADIUS + 1;
    let mut patch = [[0.0f32; SIDE]; SIDE];
    for (row, y) in patch.iter_mut().zip(corner.y - RADIUS..) {
        row.copy_from_slice(&shown.row(y)[corner.x - RADIUS..corner.x + RADIUS + 1]);
    }
    let mean = patch.as_flattened().iter().sum::<f32>() / (SIDE * SIDE) as f32;
    patch.as_flattened_mut().iter_mut().for_each(|sample| *sample -= mean);
    let power: f32 = patch.as_flattened().iter().map(|sample| sample * sample).sum();
    let correlation = |x: isize, y: isize| {
        let (left, top) =
            (corner.x.wrapping_add_signed(x) - RADIUS, corner.y.wrapping_add_signed(y) - RADIUS);
        let (mut sum, mut squares, mut product) = ([0.0f32; SIDE], [0.0f32; SIDE], [0.0f32; SIDE]);
        for (row, y) in patch.iter().zip(top..) {
            let line = &expected.row(y)[left..left + SIDE];
            for i in 0..SIDE {
                sum[i] += line[i];
                squares[i] += line[i] * line[i];
                product[i] += line[i] * row[i];
            }
        }
        let [sum, squares, product] = [sum, squares, product].map(|sums| sums.iter().sum::<f32>());
        let variance = (squares - sum * sum / (SIDE * SIDE) as f32).max(1.0);
        product / (variance * power.max(1.0)).sqrt()
    };
    let side = (2 * search + 1) as usize;
    let way = |at: usize| ((at % side) as isize - search, (at / side) as isize - search);
    let all: Vec<f32> = (0..side * side).map(way).map(|(x, y)| correlation(x, y)).collect();
    let (best, highest) = all.iter().copied().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    if highest < SAME {
        return None;
    }
    let (x, y) = way(best);
    // The top of the parabola through the highest and its neighbours.
    let top = |before: Option<f32>, after: Option<f32>| match (before, after) {
        (Some(before), Some(after)) if before + after < 2.0 * highest => {
            f64::from((0.5 * (before - after) / (before + after - 2.0 * highest)).clamp(-0.5, 0.5))
        }
        _ => 0.0,
    };
    let beside = |by: isize, step: usize, way: isize| {
        ((way + by).abs() <= search).then(|| all[if by < 0 { best - step } else { best + step }])
    };
    Some([
        x as f64 + top(beside(-1, 1, x), beside(1, 1, x)),
        y as f64 + top(beside(-1, side, y), beside(1, side, y)),
    ])
}

/// Long side of the grid in which corners of the picture are compared with those of the original.
const LONG_SIDE: f64 = 320.0;
/// How large the original is made, against the picture: a patch still resembles itself when it is a tenth larger.
const SIZES: [f64; 8] = [0.58, 0.7, 0.84, 1.0, 1.2, 1.44, 1.73, 2.07];

/// The mapping that most corners of the picture agree on that resemble one of the original.
fn resembling(original: &Reduced, picture: &Reduced) -> Option<Mapping> {
    let described = |reduced: &Reduced, side: f64, most: usize| {
        let grid = reduced.grid(side);
        let plane = reduced.luma(grid).smoothed().smoothed();
        let place = |corner: &Corner| [grid[0].at(corner.x as f64 + 0.5), grid[1].at(corner.y as f64 + 0.5)];
        let corners = corners(&plane, 10, REACH + 1, most).into_iter();
        corners
            .filter_map(|corner| Some((place(&corner), Patch::around(&corner, &plane)?)))
            .collect::<Vec<_>>()
    };
    let ours = described(picture, LONG_SIDE, 250);
    let theirs: Vec<_> = SIZES.iter().flat_map(|size| described(original, size * LONG_SIDE, 300)).collect();
    let long = original.whole[0].max(original.whole[1]);
    let mut matches: Vec<(f32, Pair)> = Vec::new();
    for (place, patch) in &ours {
        let alike: Vec<f32> = theirs.iter().map(|(_, other)| patch.correlation(other)).collect();
        let Some((best, highest)) =
            alike.iter().copied().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a })
        else {
            continue;
        };
        let at = theirs[best].0;
        // The next best, somewhere else: what resembles two places equally says nothing.
        let elsewhere = theirs
            .iter()
            .zip(&alike)
            .filter(|((other, _), _)| (other[0] - at[0]).abs().max((other[1] - at[1]).abs()) > 0.04 * long);
        let next = elsewhere.map(|(_, alike)| *alike).fold(0.0, f32::max);
        if highest > 0.75 && 1.0 - highest < 0.75 * (1.0 - next) {
            matches.push((highest, Pair { picture: *place, original: at }));
        }
    }
    matches.sort_by(|a, b| b.0.total_cmp(&a.0));
    let pairs: Vec<Pair> = matches.into_iter().take(150).map(|(_, pair)| pair).collect();
    Mapping::agreed(&pairs, 0.012 * long)
}
