//! The boxes of ISO media files: items of HEIF and AVIF, JPEG XL, JPEG 2000, Canon's raw files.

use std::io::{Read, Seek};

use super::super::source::Source;
use super::super::{Collector, FaultKind, exif, xmp};
use super::{LARGEST_BLOCK, block};

/// Boxes of one level.
const MOST_BOXES: usize = 4096;
/// Items whose places are kept: a picture in tiles has some hundreds.
const MOST_LOCATIONS: usize = 1 << 16;
/// Items that hold metadata.
const MOST_ITEMS: usize = 64;

const UUID_XMP: [u8; 16] = *b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
const UUID_JP2_EXIF: [u8; 16] = *b"JpgTiffExif->JP2";
const UUID_CANON: [u8; 16] = *b"\x85\xC0\xB6\x87\x82\x0F\x11\xE0\x81\x11\xF4\xCE\x46\x2B\x6A\x48";

/// One box of the file: its type, and where its body is.
#[derive(Clone, Copy)]
struct Part {
    kind: [u8; 4],
    at: u64,
    length: u64,
}

/// The boxes between two places; reading stops where they make no sense, which is a fault.
fn parts<R: Read + Seek>(source: &Source<R>, from: u64, to: u64, found: &mut Collector) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < to {
        let Some(head) = source.header::<8>(at) else { break };
        let kind = [head[4], head[5], head[6], head[7]];
        let size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let (head, size) = match size {
            0 => (8, to - at),
            1 => match source.header::<8>(at + 8) {
                Some(size) => (16, u64::from_be_bytes(size)),
                None => break,
            },
            size => (8, size),
        };
        let end = at.checked_add(size).filter(|end| size >= head && *end <= to);
        let Some(end) = end else {
            found.fault("boxes", FaultKind::Truncated);
            break;
        };
        if parts.len() == MOST_BOXES {
            found.fault("boxes", FaultKind::TooLarge);
            break;
        }
        parts.push(Part { kind, at: at + head, length: size - head });
        at = end;
    }
    parts
}

fn all<R: Read + Seek>(source: &Source<R>, found: &mut Collector) -> Vec<Part> {
    parts(source, 0, source.length(), found)
}

fn inside<R: Read + Seek>(source: &Source<R>, part: Part, skip: u64, found: &mut Collector) -> Vec<Part> {
    parts(source, part.at.saturating_add(skip), part.at + part.length, found)
}

/// An EXIF block of ISO media: four bytes say where in what follows the TIFF structure starts.
fn exif_item(bytes: &[u8], found: &mut Collector) {
    let block = bytes.split_first_chunk::<4>().and_then(|(skip, rest)| {
        let skip = u32::from_be_bytes(*skip) as usize;
        rest.get(skip..)
    });
    match block {
        Some(block) => exif::read_block(block, found),
        None => found.fault("exif", FaultKind::Malformed),
    }
}

pub(super) fn jxl<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    // A bare codestream has no place for metadata.
    if source.header::<2>(0) == Some([0xFF, 0x0A]) {
        return;
    }
    for part in all(source, found) {
        let place = match &part.kind {
            b"Exif" => "exif",
            b"xml " => "xmp",
            b"brob" => "brob",
            _ => continue,
        };
        // A compressed box may be one of many kinds: the first four bytes name it.
        if place == "brob"
            && !matches!(&source.header::<4>(part.at), Some(kind) if kind == b"Exif" || kind == b"xml ")
        {
            continue;
        }
        let Some(bytes) = block(source, part.at, part.length, place, found) else { continue };
        match bytes.split_first_chunk::<4>() {
            Some((kind, packed)) if place == "brob" => {
                let most = LARGEST_BLOCK.min(source.left());
                let mut unpacked = Vec::new();
                let reader = brotli_decompressor::Decompressor::new(packed, 4096);
                let outcome = reader.take(most).read_to_end(&mut unpacked);
                source.spend(unpacked.len() as u64);
                if outcome.is_err() {
                    found.fault("brob", FaultKind::Malformed);
                } else if unpacked.len() as u64 == most {
                    found.fault("brob", FaultKind::TooLarge);
                } else if kind == b"Exif" {
                    exif_item(&unpacked, found);
                } else {
                    xmp::read(&unpacked, found);
                }
            }
            _ if place == "exif" => exif_item(&bytes, found),
            _ => xmp::read(&bytes, found),
        }
    }
}

pub(super) fn jp2<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    // A bare codestream has no place for metadata.
    if source.header::<2>(0) == Some([0xFF, 0x4F]) {
        return;
    }
    for part in all(source, found).into_iter().filter(|part| part.kind == *b"uuid" && part.length >= 16) {
        let place = match source.header::<16>(part.at) {
            Some(UUID_XMP) => "xmp",
            Some(UUID_JP2_EXIF) => "exif",
            _ => continue,
        };
        let Some(bytes) = block(source, part.at + 16, part.length - 16, place, found) else { continue };
        if place == "xmp" { xmp::read(&bytes, found) } else { exif::read_block(&bytes, found) }
    }
}

pub(super) fn cr3<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    for part in all(source, found) {
        match &part.kind {
            b"uuid" if source.header::<16>(part.at) == Some(UUID_XMP) && part.length >= 16 => {
                if let Some(packet) = block(source, part.at + 16, part.length - 16, "xmp", found) {
                    xmp::read(&packet, found);
                }
            }
            b"moov" => {
                for part in inside(source, part, 0, found) {
                    if part.kind != *b"uuid" || source.header::<16>(part.at) != Some(UUID_CANON) {
                        continue;
                    }
                    // CMT1 and CMT2 are the main and the EXIF directory, each a TIFF structure.
                    for part in inside(source, part, 16, found) {
                        if matches!(&part.kind, b"CMT1" | b"CMT2")
                            && let Some(bytes) = block(source, part.at, part.length, "exif", found)
                        {
                            exif::read_block(&bytes, found);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Reads big-endian numbers from the front of a slice.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    /// A number of 0 to 8 bytes.
    fn take(&mut self, bytes: usize) -> Option<u64> {
        let (head, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(head.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }
}

/// An item that holds metadata.
struct Item {
    id: u64,
    is_exif: bool,
}

pub(super) fn heif<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    let Some(meta) = all(source, found).into_iter().find(|part| part.kind == *b"meta") else {
        return found.fault("heif", FaultKind::Malformed);
    };
    let mut items = Vec::new();
    let mut locations = Vec::new();
    let mut idat = None;
    for part in inside(source, meta, 4, found) {
        match &part.kind {
            b"iinf" => items = item_infos(source, part, found),
            b"iloc" => {
                if let Some(bytes) = block(source, part.at, part.length, "heif", found) {
                    locations = item_locations(&bytes);
                }
            }
            b"idat" => idat = Some(part),
            _ => {}
        }
    }
    for item in items {
        let place = if item.is_exif { "exif" } else { "xmp" };
        let Some(location) = locations.iter().find(|location| location.id == item.id) else {
            found.fault(place, FaultKind::Malformed);
            continue;
        };
        let Some(bytes) = location.bytes(source, idat, place, found) else { continue };
        if item.is_exif { exif_item(&bytes, found) } else { xmp::read(&bytes, found) }
    }
}

fn item_infos<R: Read + Seek>(source: &Source<R>, part: Part, found: &mut Collector) -> Vec<Item> {
    let version = source.header::<1>(part.at).map_or(0, |[version]| version);
    let mut items = Vec::new();
    for part in inside(source, part, if version == 0 { 6 } else { 8 }, found) {
        // Names and types are short: the first bytes tell.
        let bytes = source.take_up_to(part.at, part.length, 256);
        if let Some(item) = (part.kind == *b"infe").then(|| item_info(&bytes)).flatten()
            && items.len() < MOST_ITEMS
        {
            items.push(item);
        }
    }
    items
}

/// Version, flags, the item's number, a protection that is not used, its type, name and, for `mime`, content type.
fn item_info(bytes: &[u8]) -> Option<Item> {
    let mut numbers = Numbers(bytes);
    let version = numbers.take(1)?;
    numbers.take(3)?;
    let id = numbers.take(if version == 2 { 2 } else { 4 })?;
    numbers.take(2)?;
    if version < 2 {
        return None;
    }
    match &numbers.take(4)?.to_be_bytes()[4..] {
        b"Exif" => Some(Item { id, is_exif: true }),
        b"mime" => {
            let content_type = numbers.0.split(|&byte| byte == 0).nth(1)?;
            (content_type == b"application/rdf+xml").then_some(Item { id, is_exif: false })
        }
        _ => None,
    }
}

struct Location {
    id: u64,
    in_idat: bool,
    /// Offset and length; a length of 0 reaches to the end.
    extents: Vec<(u64, u64)>,
}

fn item_locations(bytes: &[u8]) -> Vec<Location> {
    let mut locations = Vec::new();
    // What stands before the place where the box makes no sense any more counts.
    let _ = read_locations(bytes, &mut locations);
    locations
}

fn read_locations(bytes: &[u8], locations: &mut Vec<Location>) -> Option<()> {
    let mut numbers = Numbers(bytes);
    let version = numbers.take(1)?;
    numbers.take(3)?;
    let sizes = numbers.take(2)?;
    let size = |shift: u64| Some((sizes >> shift & 15) as usize).filter(|size| matches!(size, 0 | 4 | 8));
    let (offset_size, length_size, base_size) = (size(12)?, size(8)?, size(4)?);
    let index_size = if version == 1 || version == 2 { size(0)? } else { 0 };
    let wide = if version < 2 { 2 } else { 4 };
    let count = numbers.take(wide)?;
    for _ in 0..count {
        let id = numbers.take(wide)?;
        let method = if version == 0 { 0 } else { numbers.take(2)? & 15 };
        numbers.take(2)?;
        let base = numbers.take(base_size)?;
        let mut extents = Vec::new();
        let extent_count = numbers.take(2)?;
        if extent_count > 1 && index_size + offset_size + length_size == 0 {
            return None;
        }
        for _ in 0..extent_count {
            numbers.take(index_size)?;
            let offset = base.saturating_add(numbers.take(offset_size)?);
            extents.push((offset, numbers.take(length_size)?));
        }
        if method < 2 && locations.len() < MOST_LOCATIONS {
            locations.push(Location { id, in_idat: method == 1, extents });
        }
    }
    Some(())
}

impl Location {
    fn bytes<R: Read + Seek>(
        &self,
        source: &Source<R>,
        idat: Option<Part>,
        place: &str,
        found: &mut Collector,
    ) -> Option<Vec<u8>> {
        let (start, end) = match (self.in_idat, idat) {
            (false, _) => (0, source.length()),
            (true, Some(idat)) => (idat.at, idat.at + idat.length),
            (true, None) => {
                found.fault(place, FaultKind::Malformed);
                return None;
            }
        };
        let mut bytes = Vec::new();
        for &(offset, length) in self.extents.iter().take(MOST_ITEMS) {
            let at = start.saturating_add(offset);
            let length = if length == 0 { end.saturating_sub(at) } else { length };
            if at.saturating_add(length) > end {
                found.fault(place, FaultKind::Truncated);
                return None;
            }
            bytes.extend(block(source, at, length, place, found)?);
        }
        Some(bytes)
    }
}
