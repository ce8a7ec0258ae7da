//! The directories of EXIF in, the fields that say where a picture is from out. Also those of TIFF files.

use super::{Collector, FaultKind, iptc, text, xmp};
use crate::media::ifd::{self, Entry, Octets, Tiff};

/// The longest value that is read; a ComfyUI workflow has some 100 KB.
const LONGEST: u64 = 1 << 20;
/// A larger preview is no thumbnail: EXIF's own limit is 64 KiB with all else.
const LARGEST_THUMBNAIL: u64 = 256 << 10;

const EXIF_DIRECTORY: u16 = 0x8769;
const ORIENTATION: u16 = 0x0112;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const XMP: u16 = 0x02BC;
const IPTC: u16 = 0x83BB;
const PHOTOSHOP: u16 = 0x8649;
const USER_COMMENT: u16 = 0x9286;

/// Texts by their tag, with the names of the standard (EXIF 3.0; the first of them is an old one of Adobe's).
const TEXTS: [(u16, &str); 24] = [
    (0x000B, "ProcessingSoftware"),
    (0x010E, "ImageDescription"),
    (0x010F, "Make"),
    (0x0110, "Model"),
    (0x0131, "Software"),
    (0x0132, "DateTime"),
    (0x013B, "Artist"),
    (0x013C, "HostComputer"),
    (0x8298, "Copyright"),
    (0x9003, "DateTimeOriginal"),
    (0x9004, "DateTimeDigitized"),
    (0x9010, "OffsetTime"),
    (0x9011, "OffsetTimeOriginal"),
    (0x9012, "OffsetTimeDigitized"),
    (0xA430, "CameraOwnerName"),
    (0xA433, "LensMake"),
    (0xA434, "LensModel"),
    (0xA436, "ImageTitle"),
    (0xA437, "Photographer"),
    (0xA438, "ImageEditor"),
    (0xA439, "CameraFirmware"),
    (0xA43A, "RAWDevelopingSoftware"),
    (0xA43B, "ImageEditingSoftware"),
    (0xA43C, "MetadataEditingSoftware"),
];

/// UTF-16 texts that Windows writes, low byte first.
const WINDOWS_TEXTS: [(u16, &str); 5] = [
    (0x9C9B, "XPTitle"),
    (0x9C9C, "XPComment"),
    (0x9C9D, "XPAuthor"),
    (0x9C9E, "XPKeywords"),
    (0x9C9F, "XPSubject"),
];

/// Reads an EXIF block that is in memory, with or without its `Exif\0\0` prefix.
pub(super) fn read_block(block: &[u8], found: &mut Collector) {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    if !read(block, found) {
        found.fault("exif", FaultKind::Malformed);
    }
}

/// Reads a TIFF structure, which may be a file; `false` where there is none.
pub(super) fn read<B: Octets>(bytes: B, found: &mut Collector) -> bool {
    let Some((tiff, first)) = Tiff::new(bytes) else { return false };
    let (main, next) = tiff.directory(first);
    if main.is_empty() {
        return false;
    }
    fields(&tiff, &main, found);
    if let Some(at) = ifd::find(&main, EXIF_DIRECTORY).and_then(|entry| tiff.number(entry, 0)) {
        // A directory that is its own parent is read once.
        match usize::try_from(at) {
            Ok(at) if at != first => {
                let (entries, _) = tiff.directory(at);
                if entries.is_empty() {
                    found.fault("exif", FaultKind::Malformed);
                }
                fields(&tiff, &entries, found);
            }
            _ => found.fault("exif", FaultKind::Malformed),
        }
    }
    if next == first {
        found.fault("exif", FaultKind::Malformed);
    } else if next != 0 {
        thumbnail(bytes, &tiff, &tiff.directory(next).0, found);
    }
    true
}

fn fields<B: Octets>(tiff: &Tiff<B>, entries: &[Entry], found: &mut Collector) {
    for entry in entries {
        match entry.tag {
            ORIENTATION => {
                if let Some(value) = tiff.number(entry, 0) {
                    found.add("exif.Orientation", value.to_string());
                }
            }
            USER_COMMENT => {
                if let Some(bytes) = value(tiff, entry, "exif.UserComment", found) {
                    found.add("exif.UserComment", comment(&bytes, tiff.is_little_endian()));
                }
            }
            XMP => {
                if let Some(bytes) = value(tiff, entry, "xmp", found) {
                    xmp::read(&bytes, found);
                }
            }
            IPTC => {
                // Often declared as numbers of 32 bits, though it is a stream of bytes.
                if let Some(bytes) = tiff.octets(entry).or_else(|| tiff.stream(entry)) {
                    iptc::read(&bytes, found);
                }
            }
            PHOTOSHOP => {
                if let Some(bytes) = value(tiff, entry, "photoshop", found) {
                    iptc::read_resources(&bytes, found);
                }
            }
            tag => {
                if let Some((_, name)) = TEXTS.iter().find(|(known, _)| *known == tag) {
                    let name = format!("exif.{name}");
                    if let Some(bytes) = value(tiff, entry, &name, found) {
                        found.add(name, text::from_bytes(text::terminated(&bytes)));
                    }
                } else if let Some((_, name)) = WINDOWS_TEXTS.iter().find(|(known, _)| *known == tag) {
                    let name = format!("exif.{name}");
                    if let Some(bytes) = value(tiff, entry, &name, found) {
                        found.add(name, text::utf16(&bytes, true));
                    }
                }
            }
        }
    }
}

/// The bytes of an entry; what is too long or not there is a fault.
fn value<B: Octets>(tiff: &Tiff<B>, entry: &Entry, name: &str, found: &mut Collector) -> Option<Vec<u8>> {
    if entry.count > LONGEST {
        found.fault(name, FaultKind::TooLarge);
        return None;
    }
    let bytes = tiff.octets(entry);
    if bytes.is_none() {
        found.fault(name, FaultKind::Malformed);
    }
    bytes
}

/// A user comment: eight bytes that name the encoding, then the text.
fn comment(bytes: &[u8], little: bool) -> String {
    match bytes.split_at_checked(8) {
        Some((b"UNICODE\0", rest)) => text::utf16(rest, little),
        Some((b"ASCII\0\0\0" | b"\0\0\0\0\0\0\0\0" | b"        ", rest)) => {
            text::from_bytes(text::terminated(rest))
        }
        // Some writers leave the encoding out.
        _ => text::from_bytes(text::terminated(bytes)),
    }
}

fn thumbnail<B: Octets>(bytes: B, tiff: &Tiff<B>, entries: &[Entry], found: &mut Collector) {
    let number = |tag| tiff.number(ifd::find(entries, tag)?, 0);
    let (Some(at), Some(length)) = (number(THUMBNAIL_OFFSET), number(THUMBNAIL_LENGTH)) else { return };
    if length > LARGEST_THUMBNAIL {
        return;
    }
    let jpeg = usize::try_from(at).ok().and_then(|at| bytes.bytes(at, length as usize));
    match jpeg {
        Some(jpeg) if jpeg.starts_with(&[0xFF, 0xD8]) => found.thumbnail(jpeg),
        Some(_) => {}
        None => found.fault("exif.thumbnail", FaultKind::Truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_read_in_the_encoding_that_it_names() {
        for (bytes, expected) in [
            (&b"ASCII\0\0\0Steps: 20"[..], "Steps: 20"),
            (b"UNICODE\0\0S\0t", "St"),
            (b"UNICODE\0S\0t\0", "St"),
            (b"\0\0\0\0\0\0\0\0St\0\0", "St"),
            (b"Steps: 20, no code", "Steps: 20, no code"),
            (b"", ""),
        ] {
            assert_eq!(comment(bytes, false), expected);
        }
    }

    #[test]
    fn directories_that_loop_are_read_once_and_reported() {
        // One entry, whose EXIF directory is the directory itself, and a next directory that is it too.
        let block = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0";
        let mut found = Collector::default();
        read_block(block, &mut found);
        assert_eq!(found.faults.len(), 1);
        assert!(found.fields.is_empty());
    }

    #[test]
    fn what_is_no_directory_is_a_fault_and_no_field() {
        for block in [&b"Exif\0\0"[..], b"nothing", b"II*\0\xFF\xFF\xFF\xFF", b"MM\0*\0\0\0\x08\0\0"] {
            let mut found = Collector::default();
            read_block(block, &mut found);
            assert_eq!((found.fields.len(), found.faults.len()), (0, 1), "{block:?}");
        }
    }
}
