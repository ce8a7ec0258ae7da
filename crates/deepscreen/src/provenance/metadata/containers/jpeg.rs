//! The segments of JPEG before its first scan: EXIF, XMP (also in parts), Photoshop's resources, comments.

use std::io::{Read, Seek};

use super::super::source::Source;
use super::super::{Collector, FaultKind, exif, iptc, text, xmp};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// Segments and fill bytes before the first scan; cameras write less than 200.
const MOST_STEPS: u32 = 1 << 16;

/// Reads the JPEG that starts at `start`.
pub(super) fn read<R: Read + Seek>(source: &Source<R>, start: u64, found: &mut Collector) {
    let mut at = start + 2;
    let mut extended = Vec::new();
    let mut resources = Vec::new();
    if source.header::<2>(start) != Some([0xFF, 0xD8]) {
        return found.fault("jpeg", FaultKind::Malformed);
    }
    let mut steps = 0;
    let complete = loop {
        steps += 1;
        if found.is_full() || steps > MOST_STEPS {
            break false;
        }
        let Some([0xFF, marker]) = source.header::<2>(at) else { break false };
        match marker {
            // A fill byte.
            0xFF => at += 1,
            // Markers without a length.
            0x01 | 0xD0..=0xD8 => at += 2,
            // The first scan, or the end: the rest is picture, or nothing of it.
            0xDA | 0xD9 => break true,
            _ => {
                let Some(length) = source.header::<2>(at + 2).map(|l| u64::from(u16::from_be_bytes(l)))
                else {
                    break false;
                };
                if length < 2 {
                    break false;
                }
                // APP1, APP13 and COM are the ones with metadata: the others are not read at all.
                if matches!(marker, 0xE1 | 0xED | 0xFE) {
                    let Some(body) = source.take(at + 4, length - 2) else { break false };
                    segment(marker, &body, &mut extended, &mut resources, found);
                }
                at += 2 + length;
            }
        }
    };
    if !complete {
        // A segment has 64 KiB at most: with less left, it is the budget that ended the reading.
        let is_too_much =
            found.is_full() || steps > MOST_STEPS || source.is_exhausted() || source.left() < 1 << 16;
        let kind = match at.saturating_add(4) > source.length() {
            true => FaultKind::Truncated,
            false if is_too_much => FaultKind::TooLarge,
            false => FaultKind::Malformed,
        };
        found.fault("jpeg", kind);
    }
    if !resources.is_empty() {
        iptc::read_resources(&resources, found);
    }
    if let Some(packet) = joined(&mut extended, found) {
        xmp::read(&packet, found);
    }
}

/// A piece of an XMP packet that is too large for one segment (XMP specification, part 3, 1.1.3.1).
struct Piece {
    /// The MD5 of the whole, in hexadecimal digits.
    id: [u8; 32],
    length: usize,
    offset: usize,
    bytes: Vec<u8>,
}

fn segment(
    marker: u8,
    body: &[u8],
    extended: &mut Vec<Piece>,
    resources: &mut Vec<u8>,
    found: &mut Collector,
) {
    if marker == 0xFE {
        found.add("jpeg.comment", text::from_bytes(text::terminated(body)));
    } else if let Some(rest) = body.strip_prefix(PHOTOSHOP) {
        resources.extend_from_slice(rest);
    } else if marker != 0xE1 {
    } else if let Some(block) = body.strip_prefix(b"Exif\0") {
        exif::read_block(block.get(1..).unwrap_or_default(), found);
    } else if let Some(packet) = body.strip_prefix(XMP) {
        xmp::read(packet, found);
    } else if let Some(rest) = body.strip_prefix(EXTENDED_XMP) {
        let piece = || {
            let (id, rest) = rest.split_first_chunk::<32>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (offset, bytes) = rest.split_first_chunk::<4>()?;
            let number = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes) as usize;
            Some(Piece { id: *id, length: number(length), offset: number(offset), bytes: bytes.to_vec() })
        };
        extended.extend(piece());
    }
}

/// The packet that the pieces make, where none is missing.
fn joined(pieces: &mut [Piece], found: &mut Collector) -> Option<Vec<u8>> {
    let (id, length) = pieces.first().map(|piece| (piece.id, piece.length))?;
    pieces.sort_by_key(|piece| piece.offset);
    let mut packet = Vec::new();
    for piece in pieces.iter().filter(|piece| piece.id == id && piece.length == length) {
        if piece.offset == packet.len() {
            packet.extend_from_slice(&piece.bytes);
        }
    }
    if packet.len() != length {
        found.fault("xmp", FaultKind::Truncated);
        return None;
    }
    Some(packet)
}
