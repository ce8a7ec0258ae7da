//! A detector's ranking and draws of its pictures in, rankings of resamples out. Sorts once, whatever is drawn.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ranking::{Ranking, order};
use super::{Clusters, LabelledScores};
use crate::Truth;
use crate::random::Random;

/// What is drawn with replacement: pictures, or clusters of pictures that come or stay away together.
pub(super) struct Units {
    /// The unit of each picture.
    of: Vec<u32>,
    /// Units that are drawn among themselves, as often as there are of them: those of either class and those of both. So no
    /// resample lacks a class.
    strata: [Range<u32>; 3],
}

impl Units {
    pub(super) fn new(scores: &LabelledScores, places: &Places, clusters: Option<&Clusters>) -> Self {
        match clusters {
            Some(clusters) => Self::clusters(clusters, scores.truths()),
            None => Self::pictures(places),
        }
    }

    /// Each picture alone, in the order of its class: so that a resample reads its counts from first to last.
    fn pictures(places: &Places) -> Self {
        let (fakes, reals) = (places.fakes.len() as u32, places.reals.len() as u32);
        let mut of = vec![0; places.fakes.len() + places.reals.len()];
        for (unit, picture) in (0..).zip(places.fakes.iter().chain(&places.reals)) {
            of[*picture as usize] = unit;
        }
        Self { of, strata: [0..fakes, fakes..fakes + reals, 0..0] }
    }

    fn clusters(clusters: &Clusters, truths: &[Truth]) -> Self {
        let mut holds = vec![[false; 2]; clusters.count as usize];
        for (cluster, truth) in clusters.of.iter().zip(truths) {
            holds[*cluster as usize][usize::from(*truth == Truth::Fake)] = true;
        }
        let mut unit_of_cluster = vec![0; holds.len()];
        let mut next = 0;
        let strata = [[true, false], [false, true], [true, true]].map(|kind| {
            let begin = next;
            for (unit, _) in unit_of_cluster.iter_mut().zip(&holds).filter(|(_, holds)| **holds == kind) {
                *unit = next;
                next += 1;
            }
            begin..next
        });
        let of = clusters.of.iter().map(|cluster| unit_of_cluster[*cluster as usize]).collect();
        Self { of, strata }
    }

    fn count(&self) -> usize {
        self.strata.iter().map(|stratum| stratum.end).max().unwrap_or(0) as usize
    }

    /// How often each unit is drawn: of each stratum, as many as it has.
    ///
    /// 8 bits are enough, and stay in the caches: of `n` draws at most `n` are of one unit, and where `n` does not fit,
    /// that 256 of them are has a probability of less than 1 in 256 factorial.
    pub(super) fn draw(&self, random: &mut Random, counts: &mut Vec<u8>) {
        counts.clear();
        counts.resize(self.count(), 0);
        for stratum in &self.strata {
            let counts = &mut counts[stratum.start as usize..stratum.end as usize];
            let size = stratum.end - stratum.start;
            let mut draw = |unit: u32| counts[unit as usize] = counts[unit as usize].wrapping_add(1);
            for _ in 0..size / 2 {
                random.two_below(size).into_iter().for_each(&mut draw);
            }
            if size % 2 == 1 {
                draw(random.two_below(size)[0]);
            }
        }
    }
}

/// The places of the pictures, highest score first.
pub(super) struct Places {
    all: Vec<u32>,
    fakes: Vec<u32>,
    reals: Vec<u32>,
}

impl Places {
    pub(super) fn new(scores: &LabelledScores) -> Self {
        let all = order(scores);
        let is_fake = |place: &&u32| scores.truths()[**place as usize] == Truth::Fake;
        let (fakes, reals) = all.iter().partition(is_fake);
        Self { all, fakes, reals }
    }
}

/// A detector, ready to be resampled.
pub(super) struct Resampled {
    pub(super) ranking: Ranking,
    /// The unit of each fake, highest score first.
    fake_units: Vec<u32>,
    real_units: Vec<u32>,
}

/// Memory that resamples on one thread share.
pub(super) struct Scratch {
    fakes_drawn: Vec<u32>,
    reals_drawn: Vec<u32>,
    pub(super) ranking: Ranking,
}

impl Resampled {
    pub(super) fn new(scores: &LabelledScores, places: &Places, units: &Units) -> Self {
        let of = |places: &[u32]| places.iter().map(|place| units.of[*place as usize]).collect();
        Self {
            ranking: Ranking::of_ordered(scores, &places.all),
            fake_units: of(&places.fakes),
            real_units: of(&places.reals),
        }
    }

    pub(super) fn scratch(&self) -> Scratch {
        Scratch { fakes_drawn: Vec::new(), reals_drawn: Vec::new(), ranking: self.ranking.clone() }
    }

    /// Makes the scratch's ranking that of the units drawn.
    pub(super) fn resample(&self, counts: &[u8], scratch: &mut Scratch) {
        running_sum(&self.fake_units, counts, &mut scratch.fakes_drawn);
        running_sum(&self.real_units, counts, &mut scratch.reals_drawn);
        // The k fakes at or above a step are the first k by score: so many were drawn of those.
        let drawn = |to: &mut [u32], above: &[u32], drawn: &[u32]| {
            for (to, above) in to.iter_mut().zip(above) {
                *to = drawn[*above as usize];
            }
        };
        drawn(&mut scratch.ranking.fakes, &self.ranking.fakes, &scratch.fakes_drawn);
        drawn(&mut scratch.ranking.reals, &self.ranking.reals, &scratch.reals_drawn);
    }
}

/// How many pictures are drawn of the first 0, 1, 2, ..
fn running_sum(units: &[u32], counts: &[u8], sums: &mut Vec<u32>) {
    sums.clear();
    sums.push(0);
    let mut sum = 0_u32;
    sums.extend(units.iter().map(|unit| {
        sum += u32::from(counts[*unit as usize]);
        sum
    }));
}

impl Clusters {
    /// Takes the name of each picture's cluster; a picture without one is a cluster of its own.
    pub fn new<S: AsRef<str>>(names: &[Option<S>]) -> Self {
        let mut places = BTreeMap::new();
        let mut count = 0;
        let mut next = || {
            count += 1;
            count - 1
        };
        let of = names.iter().map(|name| match name {
            Some(name) => *places.entry(name.as_ref()).or_insert_with(&mut next),
            None => next(),
        });
        let of = of.collect();
        Self { of, count }
    }

    /// The number of clusters.
    pub fn count(&self) -> usize {
        self.count as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stratum_is_drawn_from_as_often_as_it_has_units() {
        let strata = [0..7, 7..11, 11..12];
        let units = Units { of: Vec::new(), strata: strata.clone() };
        let (mut counts, mut drawn) = (Vec::new(), [0_u32; 12]);
        for stream in 0..1000 {
            units.draw(&mut Random::new(3, stream), &mut counts);
            for stratum in &strata {
                let counts = &counts[stratum.start as usize..stratum.end as usize];
                assert_eq!(counts.iter().map(|count| u32::from(*count)).sum::<u32>(), stratum.len() as u32);
            }
            drawn.iter_mut().zip(&counts).for_each(|(all, count)| *all += u32::from(*count));
        }
        // Each unit 1,000 times, with a standard deviation of at most 32.
        assert!(drawn.iter().all(|count| count.abs_diff(1000) < 150), "{drawn:?}");
    }
}
