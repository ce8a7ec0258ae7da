//! Pictures that are in a data set twice, or were trained on: a figure over them says what a detector remembers, or
//! asks it to call one picture real and fake.
//!
//! Near-duplicates are those of facebook/ThreatExchange: PDQ hashes that differ in at most 31 of 256 bits, both of a
//! quality of at least 50. A picture and its local manipulation are that near too: in a data set of such pairs they are
//! no fault, and are found all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use deepscreen::hash::{Index, PDQ_DISTANCE};
use rayon::prelude::*;

use super::Training;
use super::prints::{Print, prints};
use crate::{Dataset, Fault, Item};

/// From this share of pictures on near-duplicates are a warning: they can move an accuracy by as much, and 0.01 is what
/// papers call a difference. One exact duplicate warns always.
pub const LEAKING_SHARE: f64 = 0.01;

/// What a check looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakageOptions {
    /// Also pictures of one class that are in two groups.
    pub across_groups: bool,
    /// How many pairs of each relation are listed; all are counted.
    pub listed: usize,
}

/// Classes and training alone; 100 pairs listed.
impl Default for LeakageOptions {
    fn default() -> Self {
        Self { across_groups: false, listed: 100 }
    }
}

/// Between what two pictures of a pair are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Relation {
    /// One is real, one is fake.
    Classes,
    /// Both are of one class, in different groups.
    Groups,
    /// One is of the data set, one was trained on.
    Training,
}

/// Two pictures that are the same or nearly so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// A picture of the data set.
    pub first: PathBuf,
    /// The other: a path, or a name of the training list.
    pub second: String,
    /// In how many of 256 bits their PDQ hashes differ, at most 31; `None` where a hash means nothing, and the files are
    /// equal.
    pub distance: Option<u32>,
    /// Whether the files are equal byte for byte, by SHA-256.
    pub exact: bool,
}

/// All pairs of a relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// Between what they are.
    pub relation: Relation,
    /// How many pairs there are.
    pub pairs: u64,
    /// How many of them are equal byte for byte.
    pub exact_pairs: u64,
    /// How many pictures of the data set are in a pair.
    pub pictures: u64,
    /// The same by all its pictures that could be read, 0 to 1.
    pub share: f64,
    /// The first pairs, in the order of the data set.
    pub listed: Vec<Pair>,
}

impl Overlap {
    /// Whether a figure on these data would be in doubt: an exact pair, or [`LEAKING_SHARE`] reached.
    pub fn warns(&self) -> bool {
        self.exact_pairs > 0 || (self.pairs > 0 && self.share >= LEAKING_SHARE)
    }
}

/// `warning: 3 pairs across classes, 1 of them exact: 6 pictures, 1.20 % of the data set`.
impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = match self.relation {
            Relation::Classes => "across classes",
            Relation::Groups => "across groups",
            Relation::Training => "with the training list",
        };
        let warning = if self.warns() { "warning: " } else { "" };
        let Self { pairs, exact_pairs, pictures, share, .. } = self;
        let percent = 100.0 * share;
        write!(f, "{warning}{pairs} pairs {between}, {exact_pairs} of them exact: ")?;
        write!(f, "{pictures} pictures, {percent:.2} % of the data set")
    }
}

/// What is in a data set twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Leakage {
    /// One for each relation that was looked for.
    pub overlaps: Vec<Overlap>,
    /// Pictures that have too little detail for a hash, so that only exact duplicates of them are found.
    pub without_hash: u64,
    /// Pictures that could not be read, of the data set and of the training.
    pub faults: Vec<Fault>,
}

impl Leakage {
    /// Decodes and hashes every picture of a data set, and compares.
    pub fn check(dataset: &Dataset, training: Option<&Training>, options: &LeakageOptions) -> Self {
        let (known, mut faults) = prints(dataset);
        let found = Self::of(&known, training, options);
        faults.extend(found.faults);
        Self { faults, ..found }
    }

    /// Compares pictures that somebody hashed already.
    pub fn of(known: &[(&Item, Print)], training: Option<&Training>, options: &LeakageOptions) -> Self {
        let mut faults = Vec::new();
        let mut overlaps =
            vec![Overlap::of(Relation::Classes, known, within(known, Relation::Classes), options)];
        if options.across_groups {
            let found = within(known, Relation::Groups);
            overlaps.push(Overlap::of(Relation::Groups, known, found, options));
        }
        if let Some(training) = training {
            faults.extend_from_slice(&training.faults);
            overlaps.push(Overlap::of(Relation::Training, known, trained(known, training), options));
        }
        let without_hash = known.iter().filter(|(_, print)| print.pdq.is_none()).count() as u64;
        Self { overlaps, without_hash, faults }
    }

    /// Whether any [overlap warns](Overlap::warns).
    pub fn warns(&self) -> bool {
        self.overlaps.iter().any(Overlap::warns)
    }
}

/// Two places and the pair that they are; the second place where it is of the data set too.
type Found = (usize, Option<usize>, Pair);

impl Overlap {
    fn of(relation: Relation, known: &[(&Item, Print)], found: Vec<Found>, options: &LeakageOptions) -> Self {
        let places: BTreeSet<usize> =
            found.iter().flat_map(|(first, second, _)| [Some(*first), *second]).flatten().collect();
        Self {
            relation,
            pairs: found.len() as u64,
            exact_pairs: found.iter().filter(|(.., pair)| pair.exact).count() as u64,
            pictures: places.len() as u64,
            share: places.len() as f64 / known.len().max(1) as f64,
            listed: found.into_iter().take(options.listed).map(|(.., pair)| pair).collect(),
        }
    }
}

/// The pairs within a data set, each once.
fn within(known: &[(&Item, Print)], relation: Relation) -> Vec<Found> {
    let others: Vec<_> = known.iter().map(|(_, print)| (print.pdq, Some(print.sha256))).collect();
    let search = Search::new(&others);
    let related = |a: &Item, b: &Item| match relation {
        Relation::Classes => a.truth != b.truth,
        _ => a.truth == b.truth && a.group.is_some() && b.group.is_some() && a.group != b.group,
    };
    let pairs = known.par_iter().enumerate().flat_map_iter(|(at, (item, print))| {
        let matches = search.matches(print).into_iter();
        matches.filter_map(move |(other, (distance, exact))| {
            let (second, _) = known[other];
            (other > at && related(item, second)).then(|| {
                let second = second.path.display().to_string();
                (at, Some(other), Pair { first: item.path.clone(), second, distance, exact })
            })
        })
    });
    pairs.collect()
}

/// The pairs with the training.
fn trained(known: &[(&Item, Print)], training: &Training) -> Vec<Found> {
    let others: Vec<_> = training.pictures.iter().map(|(_, pdq, sha256)| (*pdq, *sha256)).collect();
    let search = Search::new(&others);
    let pairs = known.par_iter().enumerate().flat_map_iter(|(at, (item, print))| {
        let matches = search.matches(print).into_iter();
        matches.map(move |(other, (distance, exact))| {
            let second = training.pictures[other].0.clone();
            (at, None, Pair { first: item.path.clone(), second, distance, exact })
        })
    });
    pairs.collect()
}

/// Finds pictures by either of their prints.
struct Search {
    index: Index,
    /// The picture of each hash of the index.
    places: Vec<usize>,
    files: BTreeMap<[u8; 32], Vec<usize>>,
}

impl Search {
    fn new(pictures: &[(Option<deepscreen::hash::Pdq>, Option<[u8; 32]>)]) -> Self {
        let hashed = || pictures.iter().enumerate().filter_map(|(place, (pdq, _))| Some((place, (*pdq)?)));
        let mut files: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, (_, sha256)) in pictures.iter().enumerate() {
            if let Some(sha256) = sha256 {
                files.entry(*sha256).or_default().push(place);
            }
        }
        let places = hashed().map(|(place, _)| place).collect();
        Self { index: Index::new(hashed().map(|(_, pdq)| pdq)), places, files }
    }

    /// The places of the same and nearly the same pictures: the distance of the hashes, and whether the files are equal.
    fn matches(&self, print: &Print) -> BTreeMap<usize, (Option<u32>, bool)> {
        let near = print.pdq.map(|pdq| self.index.within(&pdq, PDQ_DISTANCE)).unwrap_or_default();
        let mut matches: BTreeMap<_, _> = near
            .into_iter()
            .map(|near| (self.places[near.position as usize], (Some(near.distance), false)))
            .collect();
        for place in self.files.get(&print.sha256).into_iter().flatten() {
            matches.entry(*place).or_insert((None, true)).1 = true;
        }
        matches
    }
}
