//! Pairs of places in, the mapping between two pictures out: a scale and a shift for each axis.

use super::plane::Axis;
use crate::evidence::Region;

/// Where a place of the picture stands in the original, along x and y: `scale * place + shift`, both in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mapping {
    pub(super) scale: [f64; 2],
    pub(super) shift: [f64; 2],
}

/// A place of the picture, and where it was found in the original.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) picture: [f64; 2],
    pub(super) original: [f64; 2],
}

/// Scales beyond 1:16 are no copies that can be compared.
const SCALES: std::ops::RangeInclusive<f64> = 0.0625..=16.0;

impl Mapping {
    /// The whole picture shows the whole original.
    pub(super) fn whole(picture: [f64; 2], original: [f64; 2]) -> Self {
        Self { scale: [0, 1].map(|axis| original[axis] / picture[axis]), shift: [0.0; 2] }
    }

    pub(super) fn at(&self, place: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| self.scale[axis] * place[axis] + self.shift[axis])
    }

    /// The grid over the picture as one over the original.
    pub(super) fn through(&self, grid: [Axis; 2]) -> [Axis; 2] {
        [0, 1].map(|axis| Axis {
            length: grid[axis].length,
            scale: self.scale[axis] * grid[axis].scale,
            offset: self.scale[axis] * grid[axis].offset + self.shift[axis],
        })
    }

    /// The part of the picture, `size` pixels large, that shows the original: left and top, right and bottom.
    pub(super) fn overlap(&self, size: [f64; 2], original: [f64; 2]) -> [[f64; 2]; 2] {
        let edge = |place: [f64; 2]| {
            [0, 1].map(|axis| ((place[axis] - self.shift[axis]) / self.scale[axis]).clamp(0.0, size[axis]))
        };
        [edge([0.0; 2]), edge(original)]
    }

    /// The part of the original that a picture of `size` pixels shows.
    pub(super) fn shown(&self, size: [f64; 2], original: [f64; 2]) -> Region {
        let [from, to] = [[0.0; 2], size].map(|place| {
            let place = self.at(place);
            [0, 1].map(|axis| place[axis].clamp(0.0, original[axis]))
        });
        Region { x: from[0], y: from[1], width: to[0] - from[0], height: to[1] - from[1] }
    }

    fn is_sane(&self) -> bool {
        self.scale.iter().all(|scale| SCALES.contains(scale))
            && self.shift.iter().all(|shift| shift.is_finite())
    }

    /// The largest of the distances along the axes between where a pair stands in the original and where it should.
    fn miss(&self, pair: &Pair) -> f64 {
        let place = self.at(pair.picture);
        (place[0] - pair.original[0]).abs().max((place[1] - pair.original[1]).abs())
    }

    /// How far a corner of a picture of `size` pixels is from where another mapping takes it, along an axis at most.
    pub(super) fn moved(&self, other: &Self, size: [f64; 2]) -> f64 {
        let corner = |picture| self.miss(&Pair { picture, original: other.at(picture) });
        corner([0.0; 2]).max(corner(size))
    }

    /// As [`miss`](Self::miss), in units of `unit` pixels along each axis.
    pub(super) fn misses(&self, pair: &Pair, unit: [f64; 2]) -> f64 {
        let place = self.at(pair.picture);
        let miss = [0, 1].map(|axis| (place[axis] - pair.original[axis]).abs() / unit[axis]);
        miss[0].max(miss[1])
    }

    /// How much of the picture shows the original or of the original is shown: the smaller share, 0 to 1.
    pub(super) fn overlapping(&self, size: [f64; 2], original: [f64; 2]) -> f64 {
        let [from, to] = self.overlap(size, original);
        let shown = self.shown(size, original);
        let ours = (to[0] - from[0]) * (to[1] - from[1]) / (size[0] * size[1]);
        ours.min(shown.width * shown.height / (original[0] * original[1]))
    }

    /// What most pairs agree on within `tolerance` pixels of the original, whatever the others say: every two pairs
    /// make a guess of one scale, the guess with the most followers is fitted to these. `None` where fewer than six follow.
    pub(super) fn agreed(pairs: &[Pair], tolerance: f64) -> Option<Self> {
        let followers = |guess: &Self| pairs.iter().filter(|pair| guess.miss(pair) <= tolerance).count();
        let guesses =
            pairs.iter().enumerate().flat_map(|(i, a)| pairs[..i].iter().filter_map(|b| Self::between(a, b)));
        // The first of equals, so that the answer does not depend on chance.
        let (most, guess) =
            guesses.map(|guess| (followers(&guess), guess)).reduce(|a, b| if b.0 > a.0 { b } else { a })?;
        if most < 6 {
            return None;
        }
        let following: Vec<Pair> =
            pairs.iter().filter(|pair| guess.miss(pair) <= tolerance).copied().collect();
        Some(Self::fitted(&following, guess, tolerance))
    }

    /// The mapping of one scale that takes two places to two others, if they differ by no rotation.
    fn between(a: &Pair, b: &Pair) -> Option<Self> {
        let from = [0, 1].map(|axis| a.picture[axis] - b.picture[axis]);
        let to = [0, 1].map(|axis| a.original[axis] - b.original[axis]);
        let (short, long) = (from[0].hypot(from[1]), to[0].hypot(to[1]));
        let scale = long / short;
        let turned = (to[0] - scale * from[0]).hypot(to[1] - scale * from[1]);
        let guess =
            Self { scale: [scale; 2], shift: [0, 1].map(|axis| a.original[axis] - scale * a.picture[axis]) };
        (short > 0.0 && turned <= 0.1 * long && guess.is_sane()).then_some(guess)
    }

    /// Least squares over the pairs that agree: those that miss by more than `tolerance` pixels of the original do not
    /// count. Pairs that stand too near to one another along an axis settle its shift alone. Two scales that are almost
    /// one are taken for one: crops are more common than pictures that were stretched by so little.
    pub(super) fn fitted(pairs: &[Pair], start: Self, tolerance: f64) -> Self {
        let mut mapping = start;
        for _ in 0..6 {
            let mut next = mapping;
            let lines = [0, 1].map(|axis| {
                let misses = |pair: &Pair| {
                    (mapping.scale[axis] * pair.picture[axis] + mapping.shift[axis] - pair.original[axis])
                        .abs()
                };
                let mut all: Vec<f64> = pairs.iter().map(misses).collect();
                all.sort_by(f64::total_cmp);
                // Four times the median: next to nothing of a bell-shaped error lies beyond.
                let median = all.get(all.len() / 2).copied().unwrap_or(tolerance);
                let limit = (4.0 * median).clamp(0.1 * tolerance, tolerance);
                let agreeing = pairs.iter().filter(|pair| misses(pair) <= limit);
                Line::through(agreeing.map(|pair| (pair.picture[axis], pair.original[axis])))
            });
            for (axis, line) in lines.iter().enumerate().filter(|(_, line)| line.count >= 3.0) {
                // A deviation of less than 8 pixels says nothing of a scale.
                if line.spread > 64.0 * line.count {
                    next.scale[axis] = line.along / line.spread;
                }
            }
            if (next.scale[0] / next.scale[1] - 1.0).abs() < 0.004 {
                let both = (lines[0].along + lines[1].along) / (lines[0].spread + lines[1].spread);
                next.scale = if both.is_finite() { [both; 2] } else { next.scale };
            }
            for (axis, line) in lines.iter().enumerate().filter(|(_, line)| line.count >= 3.0) {
                next.shift[axis] = line.mean[1] - next.scale[axis] * line.mean[0];
            }
            if !next.is_sane() {
                break;
            }
            mapping = next;
        }
        mapping
    }
}

/// What least squares need of places along an axis, in the picture and in the original.
struct Line {
    count: f64,
    mean: [f64; 2],
    /// Squared distances from the mean in the picture, and products of those in either, summed.
    spread: f64,
    along: f64,
}

impl Line {
    fn through(places: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let count = places.clone().count() as f64;
        let sum = places.clone().fold([0.0; 2], |sum, (x, y)| [sum[0] + x, sum[1] + y]);
        let mean = sum.map(|sum| sum / count.max(1.0));
        let spread = places.clone().map(|(x, _)| (x - mean[0]).powi(2)).sum();
        let along = places.map(|(x, y)| (x - mean[0]) * (y - mean[1])).sum();
        Self { count, mean, spread, along }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUE: Mapping = Mapping { scale: [1.5, 1.25], shift: [40.0, -20.0] };

    /// Pairs of which every third says something else.
    fn pairs() -> Vec<Pair> {
        let place = |i: u32| [f64::from(i * 37 % 400), f64::from(i * 61 % 300)];
        let wrong = |i: u32| [f64::from(i * 53 % 600), f64::from(i * 97 % 450)];
        let pair = |i: u32| {
            let original = if i.is_multiple_of(3) { wrong(i) } else { TRUE.at(place(i)) };
            Pair { picture: place(i), original }
        };
        (0..60).map(pair).collect()
    }

    #[test]
    fn a_third_of_wrong_pairs_changes_nothing() {
        let near = |mapping: Mapping| {
            (0..2).all(|axis| {
                (mapping.scale[axis] - TRUE.scale[axis]).abs() < 1e-6
                    && (mapping.shift[axis] - TRUE.shift[axis]).abs() < 1e-4
            })
        };
        let start = Mapping { scale: [1.49, 1.26], shift: [41.0, -21.0] };
        let fitted = Mapping::fitted(&pairs(), start, 6.0);
        assert!(near(fitted), "{fitted:?}");
        let agreed = Mapping::agreed(&pairs(), 30.0).unwrap();
        assert!((agreed.scale[0] - 1.5).abs() < 0.1 && (agreed.scale[1] - 1.25).abs() < 0.1, "{agreed:?}");
    }

    #[test]
    fn pairs_in_a_column_settle_the_shift_alone() {
        let column: Vec<Pair> = (0..20)
            .map(|i| Pair {
                picture: [50.0, f64::from(i) * 10.0],
                original: [130.0, f64::from(i) * 20.0 + 3.0],
            })
            .collect();
        let fitted = Mapping::fitted(&column, Mapping { scale: [2.0, 1.98], shift: [28.0, 4.0] }, 10.0);
        assert_eq!(fitted.scale[0], 2.0);
        assert!((fitted.shift[0] - 30.0).abs() < 1e-9 && (fitted.scale[1] - 2.0).abs() < 1e-9, "{fitted:?}");
    }

    #[test]
    fn what_is_shown_and_what_overlaps_end_at_the_edges() {
        let mapping = Mapping { scale: [2.0, 2.0], shift: [50.0, -40.0] };
        let (picture, original) = ([100.0, 100.0], [300.0, 100.0]);
        assert_eq!(mapping.shown(picture, original), Region { x: 50.0, y: 0.0, width: 200.0, height: 100.0 });
        assert_eq!(mapping.overlap(picture, original), [[0.0, 20.0], [100.0, 70.0]]);
    }

    #[test]
    fn no_pairs_no_agreement() {
        assert_eq!(Mapping::agreed(&[], 5.0), None);
        assert_eq!(Mapping::agreed(&pairs()[..4], 5.0), None);
    }
}
