//! The boxes of HEIF: items, where their bytes are, their properties and how they refer to each other.
//!
//! Every count and offset of the file is checked against the bytes that are there.

use std::borrow::Cow;

use super::super::{malformed, truncated, unsupported};
use crate::error::Result;

/// Items of one file: a picture of 100 megapixels in tiles of 512 has fewer than 500.
const MAX_ITEMS: usize = 4096;

/// Reads big-endian numbers from the front of a slice.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) =
            self.0.split_at_checked(count).ok_or_else(|| malformed("a box that is too short"))?;
        self.0 = rest;
        Ok(head)
    }

    /// A number of 0 to 8 bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64> {
        Ok(self.take(bytes)?.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(self.number(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(self.number(4)? as u32)
    }

    /// Version and flags of a full box.
    fn version(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0xFF_FFFF))
    }

    fn code(&mut self) -> Result<[u8; 4]> {
        Ok(self.u32()?.to_be_bytes())
    }
}

/// One box: its type, its body as far as it is there, and its size as announced.
#[derive(Clone, Copy)]
struct Part<'a> {
    kind: [u8; 4],
    body: &'a [u8],
    end: u64,
}

/// The boxes that follow each other in `bytes`; reading stops where they make no sense.
fn parts(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let mut reader = Reader(bytes.get(at..)?);
        let size = u64::from(reader.u32().ok()?);
        let kind = reader.code().ok()?;
        let (head, size) = match size {
            0 => (8, (bytes.len() - at) as u64),
            1 => (16, reader.number(8).ok()?),
            size => (8, size),
        };
        let end = (at as u64).checked_add(size).filter(|_| size >= head)?;
        let stop = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
        let body = bytes.get(at + head as usize..stop)?;
        at = stop;
        Some(Part { kind, body, end })
    })
}

fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    parts(bytes).find(|part| part.kind == *kind).map(|part| part.body)
}

/// A property of an item: the type of its box and its body.
pub(super) type Property<'a> = ([u8; 4], &'a [u8]);

struct Item {
    id: u32,
    kind: [u8; 4],
}

struct Location {
    id: u32,
    in_idat: bool,
    /// Offset and length; a length of 0 reaches to the end.
    extents: Vec<(u64, u64)>,
}

struct Reference {
    kind: [u8; 4],
    from: u32,
    to: Vec<u32>,
}

/// The `meta` box of a file.
pub(super) struct Container<'a> {
    file: &'a [u8],
    /// Bytes that the file should have, by the sizes of its outer boxes.
    expected: u64,
    pub(super) primary: u32,
    items: Vec<Item>,
    locations: Vec<Location>,
    idat: &'a [u8],
    properties: Vec<Property<'a>>,
    associations: Vec<(u32, Vec<usize>)>,
    references: Vec<Reference>,
}

impl<'a> Container<'a> {
    pub(super) fn new(file: &'a [u8]) -> Result<Self> {
        let expected = parts(file).map(|part| part.end).max().unwrap_or(0).max(file.len() as u64);
        let mut container = Self {
            file,
            expected,
            primary: 0,
            items: Vec::new(),
            locations: Vec::new(),
            idat: &[],
            properties: Vec::new(),
            associations: Vec::new(),
            references: Vec::new(),
        };
        let Some(meta) = find(file, b"meta") else {
            return Err(container.ends_early().unwrap_or_else(|| malformed("no `meta` box")));
        };
        container.meta(meta).map_err(|error| container.ends_early().unwrap_or(error))?;
        Ok(container)
    }

    /// The error of a file that is shorter than its boxes say.
    pub(super) fn ends_early(&self) -> Option<crate::error::Error> {
        let have = self.file.len();
        (self.expected > have as u64).then(|| truncated(have, Some(self.expected)))
    }

    fn meta(&mut self, meta: &'a [u8]) -> Result<()> {
        let body = meta.get(4..).unwrap_or_default();
        for part in parts(body) {
            let mut reader = Reader(part.body);
            match &part.kind {
                b"pitm" => {
                    let (version, _) = reader.version()?;
                    self.primary = reader.number(if version == 0 { 2 } else { 4 })? as u32;
                }
                b"iinf" => self.item_infos(reader)?,
                b"iloc" => self.item_locations(reader)?,
                b"iprp" => self.item_properties(part.body)?,
                b"iref" => self.item_references(reader)?,
                b"idat" => self.idat = part.body,
                _ => {}
            }
        }
        Ok(())
    }

    fn item_infos(&mut self, mut reader: Reader<'a>) -> Result<()> {
        let (version, _) = reader.version()?;
        reader.number(if version == 0 { 2 } else { 4 })?;
        for part in parts(reader.0).filter(|part| part.kind == *b"infe").take(MAX_ITEMS) {
            let mut reader = Reader(part.body);
            let (version, _) = reader.version()?;
            if version < 2 {
                continue;
            }
            let id = reader.number(if version == 2 { 2 } else { 4 })? as u32;
            reader.u16()?;
            self.items.push(Item { id, kind: reader.code()? });
        }
        Ok(())
    }

    fn item_locations(&mut self, mut reader: Reader<'a>) -> Result<()> {
        let (version, _) = reader.version()?;
        let sizes = reader.u16()?;
        let size = |shift: u16| usize::from(sizes >> shift & 15);
        let index_size = if version == 1 || version == 2 { size(0) } else { 0 };
        if [size(12), size(8), size(4), index_size].iter().any(|size| !matches!(size, 0 | 4 | 8)) {
            return Err(malformed("offsets of a size that does not exist"));
        }
        let wide = if version < 2 { 2 } else { 4 };
        let count = reader.number(wide)?;
        for _ in 0..count.min(MAX_ITEMS as u64) {
            let id = reader.number(wide)? as u32;
            let method = if version == 0 { 0 } else { reader.u16()? & 15 };
            reader.u16()?;
            let base = reader.number(size(4))?;
            let mut extents = Vec::new();
            for _ in 0..reader.u16()? {
                reader.take(index_size)?;
                let offset = base.saturating_add(reader.number(size(12))?);
                extents.push((offset, reader.number(size(8))?));
            }
            // Construction by another item (2) is used by nobody.
            if method < 2 {
                self.locations.push(Location { id, in_idat: method == 1, extents });
            }
        }
        Ok(())
    }

    fn item_properties(&mut self, body: &'a [u8]) -> Result<()> {
        for part in parts(body) {
            match &part.kind {
                b"ipco" => self.properties = parts(part.body).map(|part| (part.kind, part.body)).collect(),
                b"ipma" => {
                    let mut reader = Reader(part.body);
                    let (version, flags) = reader.version()?;
                    for _ in 0..reader.u32()?.min(MAX_ITEMS as u32) {
                        let id = reader.number(if version == 0 { 2 } else { 4 })? as u32;
                        let mut indices = Vec::new();
                        for _ in 0..reader.u8()? {
                            let wide = flags & 1 != 0;
                            let index = reader.number(if wide { 2 } else { 1 })? as usize;
                            // The top bit says "essential".
                            indices.push(index & if wide { 0x7FFF } else { 0x7F });
                        }
                        self.associations.push((id, indices));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn item_references(&mut self, mut reader: Reader<'a>) -> Result<()> {
        let (version, _) = reader.version()?;
        let wide = if version == 0 { 2 } else { 4 };
        for part in parts(reader.0).take(MAX_ITEMS) {
            let mut reader = Reader(part.body);
            let from = reader.number(wide)? as u32;
            let mut to = Vec::new();
            for _ in 0..reader.u16()? {
                to.push(reader.number(wide)? as u32);
            }
            self.references.push(Reference { kind: part.kind, from, to });
        }
        Ok(())
    }

    /// The type of an item.
    pub(super) fn kind(&self, id: u32) -> Result<[u8; 4]> {
        let item = self.items.iter().find(|item| item.id == id);
        Ok(item.ok_or_else(|| malformed(format!("item {id} is missing")))?.kind)
    }

    /// The properties of an item, in the order in which they apply.
    pub(super) fn properties(&self, id: u32) -> Vec<Property<'a>> {
        let indices =
            self.associations.iter().filter(|(item, _)| *item == id).flat_map(|(_, indices)| indices);
        indices.filter_map(|&index| self.properties.get(index.checked_sub(1)?).copied()).collect()
    }

    /// The items that `from` refers to.
    pub(super) fn targets(&self, kind: &[u8; 4], from: u32) -> &[u32] {
        let found =
            self.references.iter().find(|reference| reference.kind == *kind && reference.from == from);
        found.map_or(&[], |reference| &reference.to)
    }

    /// The items that refer to `to`.
    pub(super) fn sources(&self, kind: &[u8; 4], to: u32) -> impl Iterator<Item = u32> {
        let refers = move |reference: &&Reference| reference.kind == *kind && reference.to.contains(&to);
        self.references.iter().filter(refers).map(|reference| reference.from)
    }

    /// The bytes of an item.
    pub(super) fn data(&self, id: u32) -> Result<Cow<'a, [u8]>> {
        let location = self.locations.iter().find(|location| location.id == id);
        let location = location.ok_or_else(|| unsupported(format!("item {id} is not in this file")))?;
        let source = if location.in_idat { self.idat } else { self.file };
        let slice = |&(offset, length): &(u64, u64)| {
            let start = usize::try_from(offset).ok()?;
            let rest = source.get(start..)?;
            if length == 0 { Some(rest) } else { rest.get(..usize::try_from(length).ok()?) }
        };
        let missing = || {
            self.ends_early().unwrap_or_else(|| {
                let end =
                    location.extents.iter().map(|(offset, length)| offset.saturating_add(*length)).max();
                truncated(self.file.len(), end)
            })
        };
        match location.extents.as_slice() {
            [extent] => slice(extent).map(Cow::Borrowed).ok_or_else(missing),
            extents => {
                let mut joined = Vec::new();
                for extent in extents {
                    joined.extend_from_slice(slice(extent).ok_or_else(missing)?);
                    if joined.len() > self.file.len() {
                        return Err(malformed("an item that is larger than its file"));
                    }
                }
                Ok(Cow::Owned(joined))
            }
        }
    }

    /// Pictures of the first track of an image sequence.
    pub(super) fn frames(&self) -> Option<u32> {
        let path: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];
        let table = path.iter().try_fold(self.file, |bytes, kind| find(bytes, kind))?;
        // Version, size of all samples, then their number.
        Reader(find(table, b"stsz")?.get(8..)?).u32().ok()
    }
}
