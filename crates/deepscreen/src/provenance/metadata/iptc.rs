//! IPTC's older records (IIM) and Photoshop's resource blocks in, fields out.

use super::{Collector, FaultKind, exif, text, xmp};

/// Data sets of record 2, by their number (IPTC-NAA IIM 4.2).
const DATA_SETS: [(u8, &str); 15] = [
    (5, "ObjectName"),
    (25, "Keywords"),
    (40, "SpecialInstructions"),
    (55, "DateCreated"),
    (65, "OriginatingProgram"),
    (70, "ProgramVersion"),
    (80, "By-line"),
    (85, "By-lineTitle"),
    (105, "Headline"),
    (110, "Credit"),
    (115, "Source"),
    (116, "CopyrightNotice"),
    (118, "Contact"),
    (120, "Caption-Abstract"),
    (122, "Writer-Editor"),
];

/// Photoshop's resources that hold metadata of other standards.
const RESOURCE_IPTC: u16 = 0x0404;
const RESOURCE_EXIF: u16 = 0x0422;
const RESOURCE_XMP: u16 = 0x0424;

/// Reads a stream of data sets.
pub(super) fn read(bytes: &[u8], found: &mut Collector) {
    let mut rest = bytes;
    while let [0x1C, record, set, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // The top bit says that the length itself is longer: nobody writes texts of 32 KiB here.
        if length & 0x8000 != 0 {
            found.fault("iptc", FaultKind::TooLarge);
            return;
        }
        let Some((value, next)) = tail.split_at_checked(length) else {
            found.fault("iptc", FaultKind::Truncated);
            return;
        };
        if let (2, Some((_, name))) = (*record, DATA_SETS.iter().find(|(known, _)| known == set)) {
            found.add(format!("iptc.{name}"), text::from_bytes(text::terminated(value)));
        }
        rest = next;
    }
}

/// Reads Photoshop's resource blocks, as JPEG's APP13, TIFF and Photoshop documents hold them.
pub(super) fn read_resources(bytes: &[u8], found: &mut Collector) {
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_at_checked(7) {
        // Other signatures than Adobe's own are old plug-ins' ones.
        if !matches!(&head[..4], b"8BIM" | b"PHUT" | b"AgHg" | b"DCSR" | b"MeSa") {
            return;
        }
        let id = u16::from_be_bytes([head[4], head[5]]);
        // A name that is padded, with its length, to an even number of bytes.
        let name = usize::from(head[6]);
        let Some(tail) = tail.get(name + usize::from(name % 2 == 0)..) else { return };
        let Some((size, tail)) = tail.split_first_chunk::<4>() else { return };
        let size = u32::from_be_bytes(*size) as usize;
        let Some((body, next)) = tail.split_at_checked(size) else {
            found.fault("photoshop", FaultKind::Truncated);
            return;
        };
        match id {
            RESOURCE_IPTC => read(body, found),
            RESOURCE_EXIF => exif::read_block(body, found),
            RESOURCE_XMP => xmp::read(body, found),
            _ => {}
        }
        rest = next.get(size % 2..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_are_read_until_they_make_no_sense() {
        let mut found = Collector::default();
        read(
            b"\x1C\x01\x5A\0\x03\x1B%G\x1C\x02\x6E\0\x13Made with Google AI\x1C\x02\x50\0\xFFshort",
            &mut found,
        );
        assert_eq!(found.fields, [("iptc.Credit".to_owned(), "Made with Google AI".to_owned())]);
        assert_eq!(found.faults.len(), 1);
    }

    #[test]
    fn resources_lead_to_data_sets() {
        let mut found = Collector::default();
        let records = b"\x1C\x02\x41\0\x03abc";
        let block = [&b"8BIM\x03\xED\0\0\0\0\0\x01x\0"[..], b"8BIM\x04\x04\0\0\0\0\0\x08", records].concat();
        read_resources(&block, &mut found);
        assert_eq!(found.fields, [("iptc.OriginatingProgram".to_owned(), "abc".to_owned())]);
        assert!(found.faults.is_empty());
    }
}
