//! The directories of TIFF, which EXIF and most camera raw files share: bounded, and safe against loops.

/// Where the bytes of a TIFF structure are: in memory, or in a file that is read piece by piece.
pub(crate) trait Octets: Copy {
    /// `N` bytes from `at` on; `None` where the structure ends before.
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]>;

    /// `length` bytes from `at` on; `None` where the structure ends before, or where they are more than may be read.
    fn bytes(self, at: usize, length: usize) -> Option<Vec<u8>>;
}

impl Octets for &[u8] {
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn bytes(self, at: usize, length: usize) -> Option<Vec<u8>> {
        Some(self.get(at..at.checked_add(length)?)?.to_vec())
    }
}

/// A TIFF structure: its bytes and their order.
#[derive(Clone, Copy)]
pub(crate) struct Tiff<B> {
    bytes: B,
    little: bool,
    big: bool,
}

/// One directory entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) tag: u16,
    kind: u16,
    pub(crate) count: u64,
    at: usize,
}

/// Directories that one file may have; more only slow us down.
const MAX_DIRECTORIES: usize = 64;
/// Entries of one directory; real files have fewer than 100.
const MAX_ENTRIES: usize = 1024;

impl<B: Octets> Tiff<B> {
    /// Reads the header. The variants of Olympus and Panasonic raw files have another number than 42.
    pub(crate) fn new(bytes: B) -> Option<(Self, usize)> {
        let little = match &bytes.array::<2>(0)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let tiff = Self { bytes, little, big: false };
        match tiff.u16(2)? {
            43 => {
                let tiff = Self { big: true, ..tiff };
                Some((tiff, usize::try_from(tiff.u64(8)?).ok()?))
            }
            42 | 0x4F52 | 0x5352 | 0x0055 => Some((tiff, tiff.u32(4)? as usize)),
            _ => None,
        }
    }

    /// Whether numbers have their low byte first.
    pub(crate) fn is_little_endian(&self) -> bool {
        self.little
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.array(at)?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.array(at)?;
        Some(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn u64(&self, at: usize) -> Option<u64> {
        let bytes = self.bytes.array(at)?;
        Some(if self.little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    /// The entries of the directory at `at`, and where the next directory is (0: none).
    pub(crate) fn directory(&self, at: usize) -> (Vec<Entry>, usize) {
        self.try_directory(at).unwrap_or_default()
    }

    fn try_directory(&self, at: usize) -> Option<(Vec<Entry>, usize)> {
        let (count, head, size) = match self.big {
            true => (usize::try_from(self.u64(at)?).ok()?, 8, 20),
            false => (usize::from(self.u16(at)?), 2, 12),
        };
        let mut entries = Vec::new();
        let start = at.checked_add(head)?;
        for index in 0..count.min(MAX_ENTRIES) {
            let Some(entry) = self.entry(start.checked_add(index * size)?) else { break };
            entries.push(entry);
        }
        let end = start.checked_add(count.checked_mul(size)?)?;
        let next = if self.big {
            self.u64(end).map(|next| next as usize)
        } else {
            self.u32(end).map(|next| next as usize)
        };
        Some((entries, next.unwrap_or(0)))
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let (tag, kind) = (self.u16(at)?, self.u16(at + 2)?);
        let (count, field, inline) = match self.big {
            true => (self.u64(at + 4)?, at + 12, 8),
            false => (u64::from(self.u32(at + 4)?), at + 8, 4),
        };
        let value_at = if count.checked_mul(size_of_kind(kind)?)? <= inline {
            field
        } else if self.big {
            usize::try_from(self.u64(field)?).ok()?
        } else {
            self.u32(field)? as usize
        };
        Some(Entry { tag, kind, count, at: value_at })
    }

    /// The directories that follow each other from `first`.
    pub(crate) fn chain(&self, first: usize) -> Vec<(usize, Vec<Entry>)> {
        let mut chain: Vec<(usize, Vec<Entry>)> = Vec::new();
        let mut at = first;
        while at != 0 && chain.len() < MAX_DIRECTORIES && chain.iter().all(|(seen, _)| *seen != at) {
            let (entries, next) = self.directory(at);
            if entries.is_empty() {
                break;
            }
            chain.push((at, entries));
            at = next;
        }
        chain
    }

    /// The value number `index` of an entry, as an unsigned number.
    pub(crate) fn number(&self, entry: &Entry, index: u64) -> Option<u64> {
        if index >= entry.count {
            return None;
        }
        let at =
            entry.at.checked_add(usize::try_from(index.checked_mul(size_of_kind(entry.kind)?)?).ok()?)?;
        match entry.kind {
            1 | 6 | 7 => self.bytes.array(at).map(|[byte]| u64::from(byte)),
            3 | 8 => self.u16(at).map(u64::from),
            4 | 9 | 13 => self.u32(at).map(u64::from),
            16 | 18 => self.u64(at),
            _ => None,
        }
    }

    /// The values of an entry, at most `most` of them.
    pub(crate) fn numbers(&self, entry: &Entry, most: u64) -> Vec<u64> {
        (0..entry.count.min(most)).map_while(|index| self.number(entry, index)).collect()
    }

    /// Writes a small number over the first value of an entry, in a copy of the bytes.
    pub(crate) fn set(&self, copy: &mut [u8], entry: &Entry, value: u8) {
        let size = size_of_kind(entry.kind).unwrap_or(1) as usize;
        if let Some(field) = copy.get_mut(entry.at..entry.at.saturating_add(size)) {
            field.fill(0);
            field[if self.little { 0 } else { size - 1 }] = value;
        }
    }

    /// Makes the directory at `at` the last one, in a copy of the bytes.
    pub(crate) fn end_chain(&self, copy: &mut [u8], at: usize) {
        let (entries, _) = self.directory(at);
        let (head, size, link) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let next = at.saturating_add(head + size * entries.len());
        if let Some(field) = copy.get_mut(next..next.saturating_add(link)) {
            field.fill(0);
        }
    }

    /// The text of an entry.
    pub(crate) fn text(&self, entry: &Entry) -> Option<Vec<u8>> {
        (entry.kind == 2).then(|| self.octets(entry)).flatten()
    }

    /// The bytes of an entry of bytes, whether it is called text or not.
    pub(crate) fn octets(&self, entry: &Entry) -> Option<Vec<u8>> {
        let length = usize::try_from(entry.count).ok()?;
        matches!(entry.kind, 1 | 2 | 6 | 7 | 129).then(|| self.bytes.bytes(entry.at, length)).flatten()
    }

    /// The bytes of an entry that calls a stream of bytes numbers of 32 bits.
    pub(crate) fn stream(&self, entry: &Entry) -> Option<Vec<u8>> {
        let length = usize::try_from(entry.count).ok()?.checked_mul(4)?;
        (entry.kind == 4).then(|| self.bytes.bytes(entry.at, length)).flatten()
    }
}

/// The entry with `tag`.
pub(crate) fn find(entries: &[Entry], tag: u16) -> Option<&Entry> {
    entries.iter().find(|entry| entry.tag == tag)
}

const fn size_of_kind(kind: u16) -> Option<u64> {
    match kind {
        // 129: UTF-8, of EXIF 3.0.
        1 | 2 | 6 | 7 | 129 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_follows_itself_is_read_once() {
        let bytes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x08\0\0\0";
        let (tiff, first) = Tiff::new(&bytes[..]).unwrap();
        let chain = tiff.chain(first);
        assert_eq!(chain.len(), 1);
        assert_eq!(tiff.number(&chain[0].1[0], 0), Some(6));
    }

    #[test]
    fn hostile_counts_and_offsets_end_the_reading() {
        for bytes in [
            &b"II*\0\xFF\xFF\xFF\xFF"[..],
            b"MM\0+\0\x08\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"II*\0\x08\0\0\0\xFF\xFF",
        ] {
            let (tiff, first) = Tiff::new(bytes).unwrap();
            assert!(tiff.chain(first).is_empty());
        }
    }
}
