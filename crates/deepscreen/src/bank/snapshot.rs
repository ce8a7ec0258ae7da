//! What a bank knew at one moment, in memory: hashes, and the numbers of their entries.

use rusqlite::Row;
use sha2::{Digest, Sha256};

use super::Bank;
use super::schema::failed;
use crate::error::Result;
use crate::evidence::{EntryLabel, MatchedBy};
use crate::hash::{Index, PDQ_QUALITY, Pdq, Transform};

/// What a bank knew at one moment. It does not change with the bank, and any number of threads may ask it.
///
/// It takes some 100 bytes an entry: texts and files stay in the bank.
pub struct Snapshot {
    near: Index,
    /// The entries of the hashes in `near`: numbers that grow.
    near_entries: Vec<(u32, EntryLabel)>,
    /// The hashes of verified originals whose files are kept, with the numbers of their entries.
    kept: Vec<(Pdq, u32)>,
    /// The first bytes of every SHA-256, in order, with the number of the entry.
    exact: Vec<(u64, u32)>,
    distance: u32,
    entries: u64,
    checksum: String,
}

/// An entry that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number in the bank.
    pub entry: u32,
    /// What the bank says of it.
    pub label: EntryLabel,
    /// How it was found.
    pub by: MatchedBy,
}

impl Snapshot {
    /// Reads all hashes of a bank.
    ///
    /// # Errors
    /// Those of reading.
    pub fn of(bank: &Bank) -> Result<Self> {
        bank.asking(|connection| {
            // One moment, whoever writes meanwhile.
            let connection = connection.transaction().map_err(failed)?;
            let one = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, u32>(0)).map_err(failed);
            let distance = one("SELECT distance FROM settings")?;
            // Numbers can be any: no more hashes than the file has room for.
            let room = std::fs::metadata(bank.path()).map_or(0, |file| file.len() / size_of::<Pdq>() as u64);
            let most = u64::from(one("SELECT coalesce(max(id) - min(id) + 1, 0) FROM entries")?).min(room);
            let mut reading = Reading::default();
            reading.hashes.reserve_exact(most as usize);
            reading.near_entries.reserve_exact(most as usize);
            reading.checksum.update(distance.to_be_bytes());
            let sql = "SELECT id, label, sha256, pdq, pdq_quality FROM entries ORDER BY id";
            let mut statement = connection.prepare(sql).map_err(failed)?;
            let mut rows = statement.query(()).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                reading.take(row).map_err(failed)?;
            }
            let sql = "SELECT id, pdq FROM originals JOIN entries ON id = entry
                       WHERE label = 'verified_original' AND pdq IS NOT NULL AND coalesce(pdq_quality, 100) >= ?
                       ORDER BY id";
            let mut statement = connection.prepare(sql).map_err(failed)?;
            let mut rows = statement.query([PDQ_QUALITY]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                reading.take_kept(row).map_err(failed)?;
            }
            Ok(reading.finish(distance))
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> u64 {
        self.entries
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The distance up to which PDQ hashes match.
    pub fn distance(&self) -> u32 {
        self.distance
    }

    /// SHA-256 of everything that a match depends on, 64 hexadecimal digits: banks of the same entries have the same.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// The numbers of entries that may be the file with this SHA-256: it is looked at in part.
    pub(super) fn perhaps(&self, sha256: &[u8; 32]) -> impl Iterator<Item = u32> {
        let start = first_bytes(sha256);
        let from = self.exact.partition_point(|(bytes, _)| *bytes < start);
        self.exact[from..].iter().take_while(move |(bytes, _)| *bytes == start).map(|(_, entry)| *entry)
    }

    /// The entries within `distance` of a hash, the nearest first. All of them are found.
    pub fn near(&self, pdq: &Pdq, distance: u32) -> Vec<Found> {
        self.near_any(&[(Transform::None, *pdq)], distance)
    }

    /// The same for a picture in several [transforms](Transform), each with the hash of the picture so transformed: an
    /// entry is found by the one that is nearest to it.
    pub fn near_any(&self, hashes: &[(Transform, Pdq)], distance: u32) -> Vec<Found> {
        let mut found = Vec::new();
        for (transform, pdq) in hashes {
            found.extend(self.near.within(pdq, distance).into_iter().filter_map(|near| {
                let (entry, label) = *self.near_entries.get(near.position as usize)?;
                // What turns this picture into the bank's is undone by what made it of the bank's.
                let by = MatchedBy::Pdq { distance: near.distance, transform: transform.inverse() };
                Some(Found { entry, label, by })
            }));
        }
        if hashes.len() > 1 {
            found.sort_by_key(|found| (found.by.rank(), found.entry));
            let mut seen = std::collections::HashSet::new();
            found.retain(|found| seen.insert(found.entry));
        }
        found
    }

    /// The verified originals whose files are kept, beyond `distance` and within `widest`, the nearest first: candidates for
    /// a comparison, which tells a crop from another picture.
    pub(super) fn far_originals(&self, hashes: &[(Transform, Pdq)], widest: u32) -> Vec<Found> {
        let far = |(kept, entry): &(Pdq, u32)| {
            let by = |(transform, pdq): &(Transform, Pdq)| (pdq.distance(kept), transform.inverse());
            let (distance, transform) = hashes.iter().map(by).min_by_key(|(distance, _)| *distance)?;
            let by = MatchedBy::Pdq { distance, transform };
            let is_far = distance > self.distance && distance <= widest;
            is_far.then_some(Found { entry: *entry, label: EntryLabel::VerifiedOriginal, by })
        };
        let mut found: Vec<Found> = self.kept.iter().filter_map(far).collect();
        found.sort_by_key(|found| (found.by.rank(), found.entry));
        found
    }
}

#[derive(Default)]
struct Reading {
    hashes: Vec<Pdq>,
    near_entries: Vec<(u32, EntryLabel)>,
    exact: Vec<(u64, u32)>,
    kept: Vec<(Pdq, u32)>,
    entries: u64,
    checksum: Sha256,
}

impl Reading {
    fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let id: u32 = row.get(0)?;
        let code = row.get_ref(1)?.as_str()?;
        // A table that its own rules would not allow: nobody knows what such an entry means.
        let Some(label) = EntryLabel::from_code(code) else { return Ok(()) };
        self.entries += 1;
        self.checksum.update(id.to_be_bytes());
        self.checksum.update(code);
        if let Some(sha256) = row.get::<_, Option<[u8; 32]>>(2)? {
            self.checksum.update(sha256);
            self.exact.push((first_bytes(&sha256), id));
        }
        let quality: Option<u8> = row.get(4)?;
        if let Some(pdq) = row.get::<_, Option<[u8; 32]>>(3)?
            && quality.is_none_or(|quality| quality >= PDQ_QUALITY)
        {
            self.checksum.update(pdq);
            self.hashes.push(Pdq::from_bytes(pdq));
            self.near_entries.push((id, label));
        }
        Ok(())
    }

    fn take_kept(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let id: u32 = row.get(0)?;
        self.checksum.update(id.to_be_bytes());
        self.kept.push((Pdq::from_bytes(row.get(1)?), id));
        Ok(())
    }

    fn finish(mut self, distance: u32) -> Snapshot {
        self.exact.sort_unstable();
        Snapshot {
            near: Index::new(self.hashes),
            near_entries: self.near_entries,
            exact: self.exact,
            kept: self.kept,
            distance,
            entries: self.entries,
            checksum: crate::hex(&self.checksum.finalize()),
        }
    }
}

fn first_bytes(sha256: &[u8; 32]) -> u64 {
    sha256.iter().take(8).fold(0, |bytes, byte| bytes << 8 | u64::from(*byte))
}
