//! The structure of a file in, the blocks of metadata in it to their readers.
//!
//! Each format has its places for metadata, and nothing is taken from anywhere else: not from pixels, and not from
//! behind the end of the picture.

mod boxes;
mod gif;
mod jpeg;
mod png;
mod riff;

use std::io::{Read, Seek};

use super::source::Source;
use super::{Collector, FaultKind, exif, iptc};
use crate::media::{Format, OtherFormat, RawFormat};

/// Bytes of one block of metadata.
const LARGEST_BLOCK: u64 = 4 << 20;

/// Walks a file of `format`.
pub(super) fn read<R: Read + Seek>(source: &Source<R>, format: Format, found: &mut Collector) {
    match format {
        Format::Jpeg => jpeg::read(source, 0, found),
        Format::Png => png::read(source, found),
        Format::Webp => riff::read(source, found),
        Format::Gif => gif::read(source, found),
        Format::Heic | Format::Avif | Format::Other(OtherFormat::Heif) => boxes::heif(source, found),
        Format::Jxl => boxes::jxl(source, found),
        Format::Other(OtherFormat::Jp2) => boxes::jp2(source, found),
        Format::Raw(RawFormat::Cr3) => boxes::cr3(source, found),
        Format::Raw(RawFormat::Raf) => {
            // The preview is a JPEG of its own, with all that the camera says.
            match source.header::<4>(84) {
                Some(at) => jpeg::read(source, u64::from(u32::from_be_bytes(at)), found),
                None => found.fault("raf", FaultKind::Truncated),
            }
        }
        Format::Tiff | Format::Raw(_) => tiff(source, found),
        Format::Other(OtherFormat::Psd) => photoshop(source, found),
        _ => {}
    }
}

/// A TIFF file, or a camera raw file that is built like one.
fn tiff<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    if !exif::read(source, found) {
        found.fault("tiff", FaultKind::Malformed);
    }
}

/// A Photoshop document: a header of 26 bytes, then colours and resources, each with its length before it.
fn photoshop<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    let length = |at: u64| source.header::<4>(at).map(|length| u64::from(u32::from_be_bytes(length)));
    let Some(colors) = length(26) else { return found.fault("photoshop", FaultKind::Truncated) };
    let Some(resources) = length(30 + colors) else {
        return found.fault("photoshop", FaultKind::Truncated);
    };
    if let Some(block) = block(source, 34 + colors, resources, "photoshop", found) {
        iptc::read_resources(&block, found);
    }
}

/// One block, whole; `None`, and a fault, where it is too large or cut off.
fn block<R: Read + Seek>(
    source: &Source<R>,
    at: u64,
    length: u64,
    place: &str,
    found: &mut Collector,
) -> Option<Vec<u8>> {
    if at.saturating_add(length) > source.length() {
        found.fault(place, FaultKind::Truncated);
        return None;
    }
    let bytes = (length <= LARGEST_BLOCK).then(|| source.take(at, length)).flatten();
    if bytes.is_none() {
        found.fault(place, FaultKind::TooLarge);
    }
    bytes
}
