//! A bank as an [`Analyzer`].

use std::path::Path;
use std::sync::Arc;

use super::{Bank, Entry, Found, Snapshot};
use crate::analyzer::{Analyzer, Need};
use crate::compare::compare_transformed;
use crate::error::Result;
use crate::evidence::{EntryLabel, Evidence, Finding, Match, MatchedBy, Relation, visible};
use crate::hash::{PDQ_QUALITY, Pdq, Transform};
use crate::media::Media;

/// So many matches are told of each label, the nearest first.
const MOST_MATCHES: usize = 4;

/// Looks pictures up in a [`Bank`]: the same file by SHA-256, what looks like it by PDQ. What looks like a verified
/// original whose file the bank keeps is [compared](crate::compare) with it.
///
/// It goes by what the bank holds when it is opened. [`Screener::reloaded`](crate::Screener::reloaded) gives a screener
/// that goes by what the bank holds then; [`Screener::with_analyzer`](crate::Screener::with_analyzer) puts another bank of
/// the same name in its place. Screenings that have begun are not disturbed by either.
#[derive(Clone)]
pub struct BankAnalyzer {
    id: String,
    bank: Arc<Bank>,
    snapshot: Arc<Snapshot>,
    transforms: bool,
}

impl BankAnalyzer {
    /// Opens a bank and reads its hashes. Its id is `bank/` and the file's name without its ending.
    ///
    /// # Errors
    /// Those of [`Bank::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let bank = Bank::open(path)?;
        let id = format!("bank/{}", bank.name().chars().map(visible).collect::<String>());
        let snapshot = Snapshot::of(&bank)?;
        Ok(Self { id, bank: Arc::new(bank), snapshot: Arc::new(snapshot), transforms: false })
    }

    /// Whether to find pictures that were turned or mirrored, too: eight questions in place of one. Default: no.
    #[must_use]
    pub fn with_transforms(self, transforms: bool) -> Self {
        Self { transforms, ..self }
    }

    /// The bank.
    pub fn bank(&self) -> &Bank {
        &self.bank
    }

    /// What the bank knew when it was opened.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The entry of the very file.
    fn same(&self, sha256: &[u8; 32]) -> Result<Option<Match>> {
        for id in self.snapshot.perhaps(sha256) {
            if let Some(entry) = self.bank.entry(id)?
                && entry.sha256 == Some(*sha256)
            {
                return Ok(Some(matched(id, entry, MatchedBy::Sha256)));
            }
        }
        Ok(None)
    }

    /// The entries of pictures that look like it, the nearest of each label.
    fn alike(&self, media: &Media) -> Result<Vec<Match>> {
        let Ok(luma) = media.luma() else { return Ok(Vec::new()) };
        let (hashes, quality) = if self.transforms {
            let (hashes, quality) = Pdq::transformed(luma);
            (Transform::ALL.into_iter().zip(hashes).collect(), quality)
        } else {
            let (hash, quality) = Pdq::of(luma);
            (vec![(Transform::None, hash)], quality)
        };
        if quality < PDQ_QUALITY {
            return Ok(Vec::new());
        }
        let found = self.snapshot.near_any(&hashes, self.snapshot.distance());
        let mut told = [0; EntryLabel::ALL.len()];
        let mut matches = Vec::new();
        for Found { entry: id, label, by } in found {
            let told = &mut told[label as usize];
            if *told < MOST_MATCHES
                // One that was removed meanwhile is known no longer.
                && let Some(entry) = self.bank.entry(id)?
            {
                *told += 1;
                matches.push(matched(id, entry, by));
            }
        }
        Ok(matches)
    }

    /// What was done to the originals that are kept, the nearest first, until one turns out to be the same picture.
    fn compare(&self, matches: &mut [Match], media: &Media) -> Result<()> {
        let originals = matches.iter_mut().filter(|found| found.label == EntryLabel::VerifiedOriginal);
        for found in originals {
            let MatchedBy::Pdq { transform, .. } = found.by else { continue };
            let Some(bytes) = self.bank.original(found.entry)? else { continue };
            // One that this build cannot decode is not compared; nor is a picture of which only the brightness is readable.
            let original = Media::from_bytes(bytes, media.limits());
            let (Ok(original), Ok(picture)) = (&original, media.pixels()) else { continue };
            let Ok(original) = original.pixels() else { continue };
            let comparison = compare_transformed(original, picture, transform);
            let is_same = matches!(comparison.relation, Relation::Same | Relation::Recompressed);
            found.comparison = Some(comparison);
            if is_same {
                break;
            }
        }
        Ok(())
    }
}

impl Analyzer for BankAnalyzer {
    fn id(&self) -> &str {
        &self.id
    }

    fn need(&self) -> Need {
        Need::BytesAndLuma
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let mut matches: Vec<Match> = self.same(&media.sha256())?.into_iter().collect();
        let mut alike = self.alike(media)?;
        // The same file looks like itself.
        alike.retain(|alike| matches.first().is_none_or(|same| same.entry != alike.entry));
        if matches.iter().all(|same| same.label != EntryLabel::VerifiedOriginal) {
            self.compare(&mut alike, media)?;
        }
        matches.extend(alike);
        Ok(matches.into_iter().map(|found| Evidence::new(&self.id, Finding::Match(found))).collect())
    }

    fn lists(&self) -> Vec<(String, String)> {
        vec![(self.id.clone(), self.snapshot.checksum().to_owned())]
    }

    fn reloaded(&self) -> Result<Option<Box<dyn Analyzer>>> {
        let analyzer = Self::open(self.bank.path())?.with_transforms(self.transforms);
        Ok(Some(Box::new(analyzer)))
    }
}

fn matched(id: u32, entry: Entry, by: MatchedBy) -> Match {
    let Entry { label, name, source, link, note, .. } = entry;
    Match { label, by, entry: id, name, origin: source, link, note, comparison: None }
}
