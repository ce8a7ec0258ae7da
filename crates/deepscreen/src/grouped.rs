//! Many files in, near-duplicates found among them first, so that what is the same is classified once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use crate::evidence::{Evidence, Finding};
use crate::hash::{HashAnalyzer, InGroup, PDQ_DISTANCE, PDQ_QUALITY, Pdq, groups};
use crate::screener::{Screener, Source};
use crate::screening::{Group, Screening, Summary};

/// Up to this distance a picture takes over the scores of the first of its group: as far as a copy is moved by being
/// compressed and resized (facebook/ThreatExchange, "PDQ", 2019, and this crate's own comparison with its reference).
const SAME: u32 = 10;

impl Screener {
    /// Screens files as [`screen_paths`](Self::screen_paths) does, and finds near-duplicates among them first, by PDQ: each
    /// picture of a group says so ([`Screening::group`]), and those that differ from its first by 10 of 256 bits or less take
    /// over its scores, so that a meme is classified once.
    ///
    /// An altered copy may be that near to what it was made of. It is still looked up in banks, and what its file says is
    /// still read, but a detector does not see it: this is for folders in which copies are many, not for those where each
    /// may be another fake.
    ///
    /// All files are read twice, and some hundred bytes of each are kept.
    pub fn screen_grouped(&self, paths: Vec<PathBuf>, mut each: impl FnMut(Screening)) -> Summary {
        let start = Instant::now();
        let mut summary = Summary::default();
        let places = self.places(&paths);
        let mut sizes = vec![0; paths.len()];
        places.iter().for_each(|place: &InGroup| sizes[place.first] += 1);
        let takes_over = |at: usize| places[at].first != at && places[at].distance <= SAME;
        let mut has_copies = vec![false; paths.len()];
        (0..paths.len()).filter(|at| takes_over(*at)).for_each(|at| has_copies[places[at].first] = true);

        let firsts: Vec<usize> = (0..paths.len()).filter(|at| has_copies[*at]).collect();
        let screenings = self.screen_many(firsts.iter().map(|at| paths[*at].clone()));
        let mut firsts: HashMap<usize, Screening> = firsts.iter().copied().zip(screenings).collect();
        let scores: HashMap<usize, Vec<Evidence>> =
            firsts.iter().map(|(at, first)| (*at, scores(first))).collect();

        let source = |at: usize| {
            let path = Source::Path(paths[at].clone());
            match scores.get(&places[at].first).filter(|_| takes_over(at)) {
                Some(scores) => Source::Known { source: Box::new(path), evidence: scores.clone() },
                None => path,
            }
        };
        let mut others = self.screen_many((0..paths.len()).filter(|at| !has_copies[*at]).map(source));
        for (at, place) in places.iter().enumerate() {
            let screening = if has_copies[at] { firsts.remove(&at) } else { others.next() };
            let Some(mut screening) = screening else { continue };
            screening.group = (sizes[place.first] > 1).then(|| Group {
                first: paths[place.first].clone(),
                pictures: sizes[place.first],
                distance: place.distance,
                has_scores_of_first: takes_over(at)
                    && scores.get(&place.first).is_some_and(|s| !s.is_empty()),
            });
            summary.count(&screening);
            each(screening);
        }
        summary.elapsed = start.elapsed();
        summary
    }

    /// Where each file stands among those that look like it.
    fn places(&self, paths: &[PathBuf]) -> Vec<InGroup> {
        let hasher = self.with_only(HashAnalyzer);
        let hash = |screening: Screening| -> Option<Pdq> {
            let hashes = screening.hashes()?;
            (hashes.pdq_quality >= PDQ_QUALITY).then_some(hashes.pdq)
        };
        let hashes: Vec<Option<Pdq>> = hasher.screen_many(paths.iter().cloned()).map(hash).collect();
        groups(&hashes, PDQ_DISTANCE)
    }
}

/// What detectors said.
fn scores(screening: &Screening) -> Vec<Evidence> {
    let is_score = |one: &&Evidence| matches!(one.finding, Finding::Score(_));
    screening.evidence.iter().filter(is_score).cloned().collect()
}
