//! What it costs to look through the directories of a TIFF for a manifest: counted before that is done, since c2pa 0.90
//! reads whatever a directory names as often as it is named. 40 KB of offsets that all lead to one full directory would
//! take 30 GB.
//!
//! The walk goes where that crate goes: pages, and the directories 330 (subfiles), EXIF and GPS of each.

/// Entries that all directories together may have, and those read twice count twice: a document of some 10,000 pages.
const MOST_ENTRIES: u64 = 1 << 18;

/// Directories below one page: previews and the sensor's data of a camera raw file are some ten.
const MOST_SUBFILES: u64 = 64;

const SUBFILES: u16 = 330;
const EXIF: u16 = 34665;
const GPS: u16 = 34853;

/// Whether the directories can be looked through at a bounded cost. One that ends early can.
pub(super) fn is_bounded(bytes: &[u8]) -> bool {
    let little = bytes.starts_with(b"II");
    let mut walk = Walk { bytes, little, big: false, left: MOST_ENTRIES };
    walk.big = walk.number::<2>(2) == Some(43);
    !matches!(walk.pages(), Err(Stop::TooMany))
}

struct Walk<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
    /// Entries that may still be read.
    left: u64,
}

enum Stop {
    /// The file ends, or an offset leads out of it.
    Ends,
    TooMany,
}

/// One directory: what it names, and where the next one is (0: nowhere).
#[derive(Default)]
struct Directory {
    /// How many, and where their offsets are.
    subfiles: Option<(u64, u64)>,
    exif: Option<u64>,
    gps: Option<u64>,
    next: u64,
}

impl Walk<'_> {
    fn pages(&mut self) -> Result<(), Stop> {
        let mut at = self.offset(if self.big { 8 } else { 4 })?;
        while at != 0 {
            let page = self.directory(at)?;
            if let Some((count, offsets)) = page.subfiles {
                if count > MOST_SUBFILES {
                    return Err(Stop::TooMany);
                }
                for index in 0..count {
                    let subfile = self.number::<4>(offsets.saturating_add(4 * index)).ok_or(Stop::Ends)?;
                    self.directory(subfile)?;
                }
            }
            for below in [page.exif, page.gps].into_iter().flatten() {
                self.directory(below)?;
            }
            at = page.next;
        }
        Ok(())
    }

    fn directory(&mut self, at: u64) -> Result<Directory, Stop> {
        let (head, size, inline) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = if self.big { self.number::<8>(at) } else { self.number::<2>(at) }.ok_or(Stop::Ends)?;
        self.left = self.left.checked_sub(count.saturating_add(1)).ok_or(Stop::TooMany)?;
        let mut directory = Directory::default();
        let start = at.saturating_add(head);
        for entry in (0..count).map(|index| start.saturating_add(size * index)) {
            let tag = self.number::<2>(entry).ok_or(Stop::Ends)?;
            let field = entry.saturating_add(size - inline);
            match tag as u16 {
                SUBFILES => {
                    let at = entry.saturating_add(4);
                    let count = if self.big { self.number::<8>(at) } else { self.number::<4>(at) };
                    let count = count.ok_or(Stop::Ends)?;
                    let lie_inside = count.saturating_mul(4) <= inline;
                    directory.subfiles = Some((count, if lie_inside { field } else { self.offset(field)? }));
                }
                EXIF => directory.exif = Some(self.offset(field)?),
                GPS => directory.gps = Some(self.offset(field)?),
                _ => {}
            }
        }
        directory.next = self.offset(start.saturating_add(size * count))?;
        Ok(directory)
    }

    fn offset(&self, at: u64) -> Result<u64, Stop> {
        if self.big { self.number::<8>(at) } else { self.number::<4>(at) }.ok_or(Stop::Ends)
    }

    fn number<const N: usize>(&self, at: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(N)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One page whose subfiles, so many, are all the directory behind their offsets.
    fn page_of(subfiles: u32, entries: u16) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x01\0".to_vec();
        tiff.extend_from_slice(&SUBFILES.to_le_bytes());
        tiff.extend_from_slice(&4_u16.to_le_bytes());
        tiff.extend_from_slice(&subfiles.to_le_bytes());
        tiff.extend_from_slice(&26_u32.to_le_bytes());
        tiff.extend_from_slice(&[0; 4]);
        let directory = 26 + 4 * subfiles;
        tiff.extend((0..subfiles).flat_map(|_| directory.to_le_bytes()));
        tiff.extend_from_slice(&entries.to_le_bytes());
        tiff.extend((0..entries).flat_map(|tag| [tag.to_le_bytes().as_slice(), &[0; 10]].concat()));
        tiff.extend_from_slice(&[0; 4]);
        tiff
    }

    #[test]
    fn directories_that_are_named_too_often_are_too_many() {
        for (subfiles, entries, bounded) in
            [(2, 20, true), (64, 1000, true), (65, 1, false), (64, 60_000, false), (5000, 0, false)]
        {
            assert_eq!(is_bounded(&page_of(subfiles, entries)), bounded, "{subfiles} of {entries}");
        }
    }

    #[test]
    fn pages_that_go_round_are_too_many_and_what_ends_early_is_not() {
        let mut round = page_of(2, 1);
        round[22..26].copy_from_slice(&8_u32.to_le_bytes());
        assert!(!is_bounded(&round));
        let whole = page_of(2, 20);
        for end in 0..whole.len() {
            assert!(is_bounded(&whole[..end]), "{end}");
        }
        assert!(is_bounded(b"MM\0+\0\x08\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"));
        // A count that no file can hold.
        assert!(!is_bounded(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"));
    }
}
