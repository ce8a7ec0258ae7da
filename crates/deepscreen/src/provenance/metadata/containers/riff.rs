//! The chunks of WebP: `EXIF` and `XMP `.

use std::io::{Read, Seek};

use super::super::source::Source;
use super::super::{Collector, FaultKind, exif, xmp};
use super::block;

pub(super) fn read<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    let size = |at: u64| source.header::<4>(at).map(|size| u64::from(u32::from_le_bytes(size)));
    // What lies behind the size that the file announces is none of it.
    let Some(announced) = size(4) else { return found.fault("webp", FaultKind::Truncated) };
    let end = announced.saturating_add(8);
    if end > source.length() {
        found.fault("webp", FaultKind::Truncated);
    }
    let end = end.min(source.length());
    let mut at = 12;
    while at + 8 <= end {
        let (Some(kind), Some(length)) = (source.header::<4>(at), size(at + 4)) else { break };
        if at + 8 + length > end {
            break;
        }
        match &kind {
            b"EXIF" => {
                if let Some(block) = block(source, at + 8, length, "exif", found) {
                    exif::read_block(&block, found);
                }
            }
            b"XMP " => {
                if let Some(block) = block(source, at + 8, length, "xmp", found) {
                    xmp::read(&block, found);
                }
            }
            _ => {}
        }
        at += 8 + length + length % 2;
    }
}
