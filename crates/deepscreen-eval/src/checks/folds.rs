//! Pictures in, five folds out that no group is torn between.

use std::collections::BTreeMap;

use crate::Truth;
use crate::random::Random;

pub(crate) const FOLDS: usize = 5;

/// Which fold each picture is tested in.
pub(crate) struct Folds {
    pub(crate) of: Vec<usize>,
    /// How many units of fakes and of reals there are: groups, or pictures where they are spread one by one.
    pub(crate) units: [u64; 2],
}

impl Folds {
    /// A group goes to a fold as a whole. Pictures without a group go one by one, and so do those of a class that has
    /// fewer groups than there are folds: else most folds would lack it. Each goes to where its class is rarest.
    pub(crate) fn new(truths: &[Truth], groups: &[Option<&str>], seed: u64) -> Self {
        let whole = [Truth::Fake, Truth::Real].map(|truth| {
            let of_class = truths.iter().zip(groups).filter(|(of, _)| **of == truth);
            let (groups, alone): (Vec<_>, Vec<_>) =
                of_class.map(|(_, group)| *group).partition(Option::is_some);
            distinct(&groups) + alone.len() >= FOLDS
        });
        // Named by the group, or by the place of the picture.
        let mut units: BTreeMap<Result<&str, usize>, Vec<usize>> = BTreeMap::new();
        for (place, (truth, group)) in truths.iter().zip(groups).enumerate() {
            let unit = group.filter(|_| whole[class(*truth)]).ok_or(place);
            units.entry(unit).or_default().push(place);
        }
        let mut random = Random::new(seed, 1);
        let mut shuffled: Vec<_> = units.into_values().map(|unit| (random.next(), unit)).collect();
        shuffled.sort();
        let (mut of, mut counts, mut number) = (vec![0; truths.len()], [[0_usize; 2]; FOLDS], [0; 2]);
        for (_, unit) in shuffled {
            let fakes = unit.iter().filter(|place| truths[**place] == Truth::Fake).count();
            let mine = [fakes, unit.len() - fakes];
            let mostly = usize::from(mine[1] > mine[0]);
            let emptiest = (0..FOLDS).min_by_key(|fold| counts[*fold][mostly]).unwrap_or(0);
            for class in 0..2 {
                counts[emptiest][class] += mine[class];
                number[class] += u64::from(mine[class] > 0);
            }
            unit.iter().for_each(|place| of[*place] = emptiest);
        }
        Self { of, units: number }
    }
}

/// 0 for fakes, 1 for reals.
pub(crate) fn class(truth: Truth) -> usize {
    usize::from(truth == Truth::Real)
}

fn distinct(groups: &[Option<&str>]) -> usize {
    groups.iter().collect::<std::collections::BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_group_is_torn_and_every_fold_has_both_classes() {
        let names: Vec<String> = (0..60).map(|i| format!("group {}", i % 12)).collect();
        let groups: Vec<_> = names.iter().map(|name| Some(name.as_str())).collect();
        let truths: Vec<_> = (0..60).map(|i| if i % 12 < 6 { Truth::Fake } else { Truth::Real }).collect();
        for seed in 0..5 {
            let folds = Folds::new(&truths, &groups, seed);
            assert_eq!(folds.units, [6, 6]);
            assert!((0..60).all(|i| folds.of[i] == folds.of[i % 12]));
            for fold in 0..FOLDS {
                for truth in [Truth::Fake, Truth::Real] {
                    assert!((0..60).any(|i| folds.of[i] == fold && truths[i] == truth));
                }
            }
        }
    }

    #[test]
    fn a_class_of_few_groups_is_spread_picture_by_picture() {
        let truths: Vec<_> = (0..40).map(|i| if i < 20 { Truth::Fake } else { Truth::Real }).collect();
        let groups: Vec<_> = (0..40).map(|i| (i < 20).then_some("one")).collect();
        let folds = Folds::new(&truths, &groups, 1);
        assert_eq!(folds.units, [20, 20]);
        for fold in 0..FOLDS {
            assert_eq!((0..20).filter(|i| folds.of[*i] == fold).count(), 4);
        }
    }
}
