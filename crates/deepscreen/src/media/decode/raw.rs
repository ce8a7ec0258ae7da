//! Camera raw files: the largest JPEG preview in them. The sensor's data are never developed.

use super::color::Raster;
use super::ifd::{self, Entry, Tiff};
use super::orientation::Orientation;
use super::{Limits, Note, RawFormat, jpeg, unsupported};
use crate::error::Result;

const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const MAKE: u16 = 271;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const STRIP_BYTES: u16 = 279;
const SUB_DIRECTORIES: u16 = 330;
const JPEG_OFFSET: u16 = 513;
const JPEG_BYTES: u16 = 514;
const EXIF: u16 = 34665;
const DNG_VERSION: u16 = 50706;

/// Previews of one file that are looked at.
const MAX_PREVIEWS: usize = 64;

/// Which raw format a TIFF file is, if any: one of its directories holds a sensor's data.
pub(super) fn kind(bytes: &[u8]) -> Option<RawFormat> {
    let (tiff, first) = Tiff::new(bytes)?;
    let directories = directories(&tiff, first);
    let main = directories.first()?;
    if ifd::find(main, DNG_VERSION).is_some() {
        return Some(RawFormat::Dng);
    }
    let is_sensor = |entries: &Vec<Entry>| {
        let value = |tag| ifd::find(entries, tag).and_then(|entry| tiff.number(entry, 0));
        // A colour filter array or linear sensor data; or compressions of Sony, Nikon and Pentax.
        matches!(value(PHOTOMETRIC), Some(32_803 | 34_892))
            || matches!(value(COMPRESSION), Some(32_767 | 34_713 | 65_535))
    };
    if !directories.iter().any(is_sensor) {
        return None;
    }
    let make =
        ifd::find(main, MAKE).and_then(|entry| tiff.text(entry)).unwrap_or_default().to_ascii_uppercase();
    Some(match make.as_slice() {
        make if make.starts_with(b"NIKON") => RawFormat::Nef,
        make if make.starts_with(b"SONY") => RawFormat::Arw,
        make if make.starts_with(b"PENTAX") || make.starts_with(b"RICOH") => RawFormat::Pef,
        make if make.starts_with(b"CANON") => RawFormat::Cr2,
        _ => RawFormat::Other,
    })
}

/// The directories of a file: the chain, what hangs below it, and EXIF's.
fn directories(tiff: &Tiff<&[u8]>, first: usize) -> Vec<Vec<Entry>> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    let mut next: Vec<usize> = tiff.chain(first).into_iter().map(|(at, _)| at).rev().collect();
    while let Some(at) = next.pop() {
        if seen.contains(&at) || seen.len() == MAX_PREVIEWS {
            continue;
        }
        seen.push(at);
        let (entries, _) = tiff.directory(at);
        for tag in [SUB_DIRECTORIES, EXIF] {
            let below = ifd::find(&entries, tag).map(|entry| tiff.numbers(entry, 16)).unwrap_or_default();
            next.extend(
                below.into_iter().filter_map(|at| usize::try_from(at).ok()).filter(|&at| at != 0).rev(),
            );
        }
        found.push(entries);
    }
    found
}

pub(super) fn decode(bytes: &[u8], kind: RawFormat, limits: &Limits) -> Result<Raster> {
    let mut orientation = None;
    let mut candidates = match kind {
        RawFormat::Raf => preview_of_raf(bytes).into_iter().collect(),
        _ => Vec::new(),
    };
    if let Some((tiff, first)) = Tiff::new(bytes) {
        let directories = directories(&tiff, first);
        orientation = directories.first().and_then(|main| tiff.number(ifd::find(main, ORIENTATION)?, 0));
        candidates.extend(directories.iter().flat_map(|entries| previews(&tiff, bytes, entries)));
    }
    let mut sized = by_size(candidates);
    if sized.is_empty() {
        // Olympus, Panasonic and Canon's CR3 keep theirs where only a maker's own structure says.
        sized = by_size(embedded(bytes));
    }
    let mut failure =
        unsupported(format!("no preview was found in the {} file", super::Format::Raw(kind).name()));
    for (_, preview) in sized {
        match jpeg::decode(preview, limits) {
            Ok(mut raster) => {
                if raster.orientation == Orientation::default() {
                    raster.orientation = Orientation::from_exif(orientation.unwrap_or(1));
                }
                raster.notes.push(Note::EmbeddedPreview);
                return Ok(raster);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The previews that one directory names: by the tags of a thumbnail, or as one strip in JPEG.
fn previews<'a>(tiff: &Tiff<&[u8]>, bytes: &'a [u8], entries: &[Entry]) -> Vec<&'a [u8]> {
    let value = |tag| ifd::find(entries, tag).and_then(|entry| tiff.number(entry, 0));
    let slice = |offset: Option<u64>, length: Option<u64>| {
        let start = usize::try_from(offset?).ok()?;
        let end = start.checked_add(usize::try_from(length?).ok()?)?;
        bytes.get(start..end.min(bytes.len())).filter(|preview| preview.starts_with(&[0xFF, 0xD8]))
    };
    let mut found = Vec::new();
    found.extend(slice(value(JPEG_OFFSET), value(JPEG_BYTES)));
    if matches!(value(COMPRESSION), Some(6 | 7)) {
        found.extend(slice(value(STRIP_OFFSETS), value(STRIP_BYTES)));
    }
    found
}

/// Fujifilm's header tells where its preview is.
fn preview_of_raf(bytes: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    bytes.get(number(84)?..)?.get(..number(88)?).filter(|preview| preview.starts_with(&[0xFF, 0xD8]))
}

/// Everything that starts like a JPEG.
fn embedded(bytes: &[u8]) -> Vec<&[u8]> {
    bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| matches!(window, [0xFF, 0xD8, 0xFF, 0xC0..=0xFE]))
        .map(|(at, _)| &bytes[at..])
        .take(MAX_PREVIEWS)
        .collect()
}

/// Those that are a JPEG which is decoded, the largest first.
fn by_size(candidates: Vec<&[u8]>) -> Vec<(u64, &[u8])> {
    let mut sized: Vec<(u64, &[u8])> = candidates
        .into_iter()
        .take(MAX_PREVIEWS)
        .filter_map(|preview| Some((jpeg::area(preview)?, preview)))
        .collect();
    sized.sort_by_key(|&(area, _)| std::cmp::Reverse(area));
    sized
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::media::Format;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        image::RgbImage::from_pixel(width, height, image::Rgb([200, 30, 30]))
            .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg)
            .unwrap();
        bytes
    }

    /// A TIFF of one directory: short and long entries, then what they point at.
    fn tiff(entries: &[(u16, u16, u32)], data: &[u8]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 4]);
        bytes.extend(data);
        bytes
    }

    #[test]
    fn the_preview_of_a_raw_file_stands_upright() {
        let preview = jpeg(16, 8);
        let at = 8 + 2 + 5 * 12 + 4;
        let entries = [
            (ORIENTATION, 3, 6),
            (PHOTOMETRIC, 3, 32_803),
            (JPEG_OFFSET, 4, at),
            (JPEG_BYTES, 4, preview.len() as u32),
            (DNG_VERSION, 4, 0x0401),
        ];
        let bytes = tiff(&entries, &preview);
        assert_eq!(Format::sniff(&bytes).unwrap(), Format::Raw(RawFormat::Dng));
        let decoded = decode(&bytes, RawFormat::Dng, &Limits::default()).unwrap().finish().unwrap();
        assert_eq!((decoded.pixels.width(), decoded.pixels.height()), (8, 16));
        assert_eq!(decoded.notes, [Note::EmbeddedPreview]);
    }

    #[test]
    fn the_largest_of_several_previews_is_taken() {
        let bytes = [b"IIU\0\x08\0\0\0\0\0\0\0".to_vec(), jpeg(8, 8), jpeg(32, 16), jpeg(16, 16)].concat();
        let raster = decode(&bytes, RawFormat::Rw2, &Limits::default()).unwrap();
        assert_eq!((raster.width, raster.height), (32, 16));
    }

    #[test]
    fn a_raw_file_without_a_preview_is_unsupported() {
        let bytes = tiff(&[(PHOTOMETRIC, 3, 32_803)], &[0; 64]);
        let error = decode(&bytes, RawFormat::Nef, &Limits::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.to_string(), "no preview was found in the nef file");
    }
}
