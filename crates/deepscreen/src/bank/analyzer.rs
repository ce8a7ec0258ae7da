//! A bank as an [`Analyzer`].

use std::path::Path;
use std::sync::Arc;

use super::{Bank, Entry, Found, Snapshot};
use crate::analyzer::{Analyzer, Need};
use crate::compare::compare_transformed;
use crate::error::Result;
use crate::evidence::{Comparison, EntryLabel, Evidence, Finding, Match, MatchedBy, Relation, visible};
use crate::hash::{PDQ_QUALITY, Pdq, Transform};
use crate::media::Media;

/// So many matches are told of each label, the nearest first.
const MOST_MATCHES: usize = 4;

/// Up to this distance a verified original that is kept is compared with the picture, whatever the bank's own distance: a
/// crop of 5 % moves a hash by some 60 bits, and of 150 unrelated photographs none registered (docs/originals.md). Hashes
/// of independent bits are this near once in a thousand million times.
const WIDEST: u32 = 80;

/// So many far originals are compared, the nearest first.
const MOST_FAR: usize = 2;

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
    fn alike(&self, hashes: &[(Transform, Pdq)]) -> Result<Vec<Match>> {
        let mut told = [0; EntryLabel::ALL.len()];
        let mut matches = Vec::new();
        for Found { entry: id, label, by } in self.snapshot.near_any(hashes, self.snapshot.distance()) {
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
    /// Gives whether one did.
    fn compare_all(&self, matches: &mut [Match], media: &Media) -> Result<bool> {
        for found in matches.iter_mut().filter(|found| found.label == EntryLabel::VerifiedOriginal) {
            found.comparison = self.compare(found.entry, found.by, media)?;
            if found.comparison.as_ref().is_some_and(is_copy) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Originals that look less alike, and of which the picture is a copy all the same, or an altered one.
    fn far_originals(&self, hashes: &[(Transform, Pdq)], media: &Media) -> Result<Vec<Match>> {
        let mut matches = Vec::new();
        for Found { entry: id, by, .. } in
            self.snapshot.far_originals(hashes, WIDEST).into_iter().take(MOST_FAR)
        {
            let comparison = self.compare(id, by, media)?.filter(|one| one.relation != Relation::Unlike);
            if let (Some(comparison), Some(entry)) = (comparison, self.bank.entry(id)?) {
                let is_copy = is_copy(&comparison);
                matches.push(Match { comparison: Some(comparison), ..matched(id, entry, by) });
                if is_copy {
                    break;
                }
            }
        }
        Ok(matches)
    }

    /// `None` where nothing is kept, and where this build decodes only one of the two, or only the picture's brightness.
    fn compare(&self, id: u32, by: MatchedBy, media: &Media) -> Result<Option<Comparison>> {
        let MatchedBy::Pdq { transform, .. } = by else { return Ok(None) };
        let Some(bytes) = self.bank.original(id)? else { return Ok(None) };
        let Ok(original) = Media::from_bytes(bytes, media.limits()) else { return Ok(None) };
        let (Ok(original), Ok(picture)) = (original.pixels(), media.pixels()) else { return Ok(None) };
        Ok(Some(compare_transformed(original, picture, transform)))
    }

    /// The hashes to look up, by what turns the picture; none where they mean nothing.
    fn hashes(&self, media: &Media) -> Vec<(Transform, Pdq)> {
        let Ok(luma) = media.luma() else { return Vec::new() };
        let (hashes, quality) = if self.transforms {
            let (hashes, quality) = Pdq::transformed(luma);
            (Transform::ALL.into_iter().zip(hashes).collect(), quality)
        } else {
            let (hash, quality) = Pdq::of(luma);
            (vec![(Transform::None, hash)], quality)
        };
        if quality < PDQ_QUALITY { Vec::new() } else { hashes }
    }
}

/// Whether nothing was found but what happens to copies.
fn is_copy(comparison: &Comparison) -> bool {
    matches!(comparison.relation, Relation::Same | Relation::Recompressed)
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
        let hashes = self.hashes(media);
        let mut alike = self.alike(&hashes)?;
        // The same file looks like itself.
        alike.retain(|alike| matches.first().is_none_or(|same| same.entry != alike.entry));
        let is_original = matches.iter().any(|same| same.label == EntryLabel::VerifiedOriginal);
        if !is_original && !self.compare_all(&mut alike, media)? {
            alike.extend(self.far_originals(&hashes, media)?);
        }
        matches.extend(alike);
        Ok(matches.into_iter().map(|found| Evidence::new(&self.id, Finding::Match(found))).collect())
    }

    fn lists(&self) -> Vec<(String, String)> {
        vec![(self.id.clone(), self.snapshot.checksum().to_owned())]
    }

    fn options(&self) -> String {
        format!("transforms = {}", self.transforms)
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
