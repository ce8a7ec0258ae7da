//! Bytes in, [`Format`] out, by magic numbers and container structure; never by a name.

use super::format::{Format, OtherFormat, RawFormat};
use crate::error::{Error, ErrorKind, Result};

impl Format {
    /// Sniffs the format; an error of kind `NotAnImage` says what the bytes look like where that is cheap.
    pub(crate) fn sniff(bytes: &[u8]) -> Result<Self> {
        if let Some(format) = by_magic(bytes).or_else(|| by_structure(bytes)) {
            return Ok(format);
        }
        let message = match looks_like(bytes) {
            Some(what) => format!("no picture: looks like {what}"),
            None => "no picture format that is known".to_owned(),
        };
        Err(Error::new(ErrorKind::NotAnImage, message))
    }
}

fn by_magic(bytes: &[u8]) -> Option<Format> {
    use Format::*;
    const MAGIC: &[(&[u8], Format)] = &[
        (b"\x89PNG\r\n\x1a\n", Png),
        (b"GIF87a", Gif),
        (b"GIF89a", Gif),
        (b"\xFF\x0A", Jxl),
        (b"\x00\x00\x00\x0CJXL \x0D\x0A\x87\x0A", Jxl),
        (b"#?RADIANCE", Hdr),
        (b"#?RGBE", Hdr),
        (b"\x76\x2F\x31\x01", Exr),
        (b"qoif", Qoi),
        (b"farbfeld", Farbfeld),
        (b"FUJIFILMCCD-RAW", Raw(RawFormat::Raf)),
        (b"IIRO", Raw(RawFormat::Orf)),
        (b"IIRS", Raw(RawFormat::Orf)),
        (b"MMOR", Raw(RawFormat::Orf)),
        (b"IIU\0", Raw(RawFormat::Rw2)),
        (b"8BPS\0\x01", Other(OtherFormat::Psd)),
        (b"8BPS\0\x02", Other(OtherFormat::Psd)),
        (b"\x00\x00\x00\x0CjP  \x0D\x0A\x87\x0A", Other(OtherFormat::Jp2)),
        (b"\xFF\x4F\xFF\x51\x00", Other(OtherFormat::Jp2)),
        (b"II\xBC\x01", Other(OtherFormat::Jxr)),
        (b"\xFF\xD8\xFF\xF7", Other(OtherFormat::Jls)),
        (b"DDS \x7C\0\0\0", Other(OtherFormat::Dds)),
        (b"\xD7\xCD\xC6\x9A", Other(OtherFormat::Wmf)),
        (b"\x01\0\x09\0\0\x03", Other(OtherFormat::Wmf)),
        (b"gimp xcf ", Other(OtherFormat::Xcf)),
        (b"AT&TFORM", Other(OtherFormat::Djvu)),
        (b"BPG\xFB", Other(OtherFormat::Bpg)),
        (b"FLIF", Other(OtherFormat::Flif)),
        (b"icns", Other(OtherFormat::Icns)),
        (b"\x8AMNG\r\n\x1a\n", Other(OtherFormat::Mng)),
        (b"\xABKTX ", Other(OtherFormat::Ktx)),
    ];
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(*format);
    }
    if bytes.starts_with(&[0xFF, 0xD8]) && bytes.get(2).is_none_or(|&byte| byte == 0xFF) {
        return Some(Jpeg);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(Webp);
    }
    None
}

fn by_structure(bytes: &[u8]) -> Option<Format> {
    iso_media(bytes)
        .or_else(|| tiff(bytes))
        .or_else(|| bmp(bytes))
        .or_else(|| pnm(bytes))
        .or_else(|| ico(bytes))
        .or_else(|| emf(bytes))
        .or_else(|| svg(bytes))
        .or_else(|| pcx(bytes))
        .or_else(|| tga(bytes))
}

/// HEIF, AVIF and CR3: a first box `ftyp` whose brands say what is inside.
fn iso_media(bytes: &[u8]) -> Option<Format> {
    let brands = brands(bytes)?;
    // `mif1` and `msf1` only say "HEIF"; the compatible brands then name the codec.
    brands
        .iter()
        .find_map(|brand| match *brand {
            b"avif" | b"avis" => Some(Format::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Format::Heic),
            b"crx " => Some(Format::Raw(RawFormat::Cr3)),
            b"jxl " => Some(Format::Jxl),
            _ => None,
        })
        .or_else(|| {
            let heif = brands.iter().any(|brand| matches!(*brand, b"mif1" | b"msf1" | b"mif2" | b"miaf"));
            // Without a brand of a codec the kind of the items decides.
            let head = &bytes[..bytes.len().min(4096)];
            let has = |code: &[u8; 4]| head.windows(4).any(|window| window == code);
            match (heif, has(b"hvc1"), has(b"av01")) {
                (true, true, _) => Some(Format::Heic),
                (true, false, true) => Some(Format::Avif),
                (true, false, false) => Some(Format::Other(OtherFormat::Heif)),
                (false, ..) => None,
            }
        })
}

/// The brands of a leading `ftyp` box, the major one first.
fn brands(bytes: &[u8]) -> Option<Vec<&[u8; 4]>> {
    let size = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    if bytes.get(4..8)? != b"ftyp" || !(12..=1024).contains(&size) {
        return None;
    }
    let body = bytes.get(8..size.min(bytes.len()))?;
    let (codes, _) = body.as_chunks::<4>();
    // The second code is the minor version, a number.
    Some(codes.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, code)| code).collect())
}

fn tiff(bytes: &[u8]) -> Option<Format> {
    let little = match bytes.get(..4)? {
        b"II\x2A\0" | b"II\x2B\0" => true,
        b"MM\0\x2A" | b"MM\0\x2B" => false,
        _ => return None,
    };
    if little && bytes.get(8..10) == Some(b"CR") {
        return Some(Format::Raw(RawFormat::Cr2));
    }
    Some(super::decode::raw_kind(bytes).map_or(Format::Tiff, Format::Raw))
}

fn bmp(bytes: &[u8]) -> Option<Format> {
    // "BM" opens many a text, and a header of another size than those that exist is a broken one.
    let header = u32::from_le_bytes(bytes.get(14..18)?.try_into().ok()?);
    let known = matches!(header, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124);
    (bytes.starts_with(b"BM") && (known || !is_text(bytes))).then_some(Format::Bmp)
}

fn pnm(bytes: &[u8]) -> Option<Format> {
    let [b'P', kind @ b'1'..=b'7', space, next] = bytes.first_chunk()? else { return None };
    let starts = next.is_ascii_digit() || next.is_ascii_whitespace() || *next == b'#';
    let named = *kind == b'7' && next.is_ascii_uppercase();
    (space.is_ascii_whitespace() && (starts || named)).then_some(Format::Pnm)
}

fn ico(bytes: &[u8]) -> Option<Format> {
    let [0, 0, 1 | 2, 0, low, high] = bytes.first_chunk()? else { return None };
    let count = u16::from_le_bytes([*low, *high]);
    // Reserved byte 0, and a data offset behind the directory: no other file starts like this by chance.
    let entry = bytes.get(6..22)?;
    let offset = u32::from_le_bytes([entry[12], entry[13], entry[14], entry[15]]);
    let size = u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]]);
    let directory = 6 + 16 * u32::from(count);
    (count > 0 && entry[3] == 0 && offset >= directory && size > 0).then_some(Format::Ico)
}

fn emf(bytes: &[u8]) -> Option<Format> {
    (bytes.starts_with(&[1, 0, 0, 0]) && bytes.get(40..44) == Some(b" EMF"))
        .then_some(Format::Other(OtherFormat::Emf))
}

fn pcx(bytes: &[u8]) -> Option<Format> {
    let [0x0A, 0 | 2..=5, 0 | 1, 1 | 2 | 4 | 8] = bytes.first_chunk()? else { return None };
    // Byte 64 is reserved and 0, and there are 1 to 4 planes.
    (bytes.get(64) == Some(&0) && matches!(bytes.get(65), Some(1..=4)) && bytes.len() > 128)
        .then_some(Format::Other(OtherFormat::Pcx))
}

fn svg(bytes: &[u8]) -> Option<Format> {
    let text = xml_text(bytes)?;
    let root = text.find("<svg").map(|at| &text[at + 4..])?;
    let is_html =
        text.get(..64.min(text.len())).is_some_and(|head| head.to_ascii_lowercase().contains("<html"));
    (!is_html && root.starts_with(|next: char| next.is_ascii_whitespace() || next == '>'))
        .then_some(Format::Other(OtherFormat::Svg))
}

/// The first bytes as text, where they open like XML.
fn xml_text(bytes: &[u8]) -> Option<&str> {
    let head = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let head = &head[..head.len().min(4096)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let text = text.trim_start();
    text.starts_with('<').then_some(text)
}

/// TGA has no magic number: the footer of version 2, a header whose every field is plausible and whose size agrees
/// with the file's, or, for pictures that are cut or lie, a header as the common writers make it.
fn tga(bytes: &[u8]) -> Option<Format> {
    let header: &[u8; 18] = bytes.first_chunk()?;
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let (map_type, kind, map_length, map_bits) = (header[1], header[2], word(5), header[7]);
    let (width, height, bits, descriptor) = (word(12), word(14), header[16], header[17]);
    if width == 0 || height == 0 || descriptor & 0xC0 != 0 {
        return None;
    }
    let map_fits = match map_type {
        0 => map_length == 0 && map_bits == 0,
        1 => map_length > 0 && matches!(map_bits, 15 | 16 | 24 | 32),
        _ => false,
    };
    let bits_fit = match kind {
        1 | 9 => map_type == 1 && matches!(bits, 8 | 16),
        2 | 10 => matches!(bits, 15 | 16 | 24 | 32),
        3 | 11 => matches!(bits, 8 | 16),
        _ => false,
    };
    let alpha_fits = match bits {
        32 => matches!(descriptor & 15, 0 | 8),
        15 | 16 => matches!(descriptor & 15, 0 | 1 | 8),
        _ => matches!(descriptor & 15, 0 | 8),
    };
    if !(map_fits && bits_fit && alpha_fits) {
        return None;
    }
    let footer = bytes.len() >= 44 && bytes.ends_with(b"TRUEVISION-XFILE.\0");
    let map_bytes = usize::from(map_length) * usize::from(map_bits).div_ceil(8);
    let start = 18 + usize::from(header[0]) + map_bytes;
    let pixel = usize::from(bits).div_ceil(8);
    let full = usize::from(width) * usize::from(height) * pixel;
    let data = bytes.len().checked_sub(start)?;
    let size_fits = if kind < 9 {
        // A footer of version 2 and its areas may follow; a lot more than that is another kind of file.
        data >= full && data <= full + full / 2 + 4096
    } else {
        // Run lengths: a packet of 1 + pixel bytes makes at most 128 pixels; the worst case adds 1 byte in 128.
        rle_fits(&bytes[start..], usize::from(width) * usize::from(height), pixel)
    };
    // Nothing but true colour or gray at the origin: 11 bytes of 18 then have one or two values.
    let plain = header[0] == 0
        && header[1] == 0
        && word(3) == 0
        && word(8) == 0
        && word(10) == 0
        && matches!(kind, 2 | 3 | 10 | 11)
        && matches!(bits, 8 | 24 | 32)
        && (bits == 8) == matches!(kind, 3 | 11)
        && descriptor & 0x1F == if bits == 32 { descriptor & 8 } else { 0 }
        && width > 1
        && height > 1
        && data > 0;
    (footer || size_fits || plain).then_some(Format::Tga)
}

/// Walks the run lengths of a TGA picture and says whether they end about where the file does.
fn rle_fits(data: &[u8], pixels: usize, pixel: usize) -> bool {
    let (mut at, mut seen) = (0, 0);
    while seen < pixels {
        let Some(&packet) = data.get(at) else { return false };
        let count = usize::from(packet & 0x7F) + 1;
        at += 1 + if packet & 0x80 != 0 { pixel } else { pixel * count };
        seen += count;
    }
    at <= data.len() && data.len() - at <= 4096 + pixels * pixel / 2
}

/// What bytes that are no picture look like, for a person.
fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    const OTHERS: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a ZIP archive"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xFD7zXZ", "an xz archive"),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x28\xB5\x2F\xFD", "a Zstandard archive"),
        (b"\xD0\xCF\x11\xE0", "an old Microsoft Office document"),
        (b"\x7FELF", "a program"),
        (b"MZ", "a Windows program"),
        (b"\xCF\xFA\xED\xFE", "a program"),
        (b"%!PS", "a PostScript document"),
        (b"{\\rtf", "an RTF document"),
        (b"ID3", "MP3 audio"),
        (b"fLaC", "FLAC audio"),
        (b"OggS", "an Ogg file"),
        (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
        (b"\0\0\x01\xBA", "an MPEG video"),
        (b"\0\0\x01\xB3", "an MPEG video"),
        (b"FLV\x01", "a Flash video"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\0asm", "a WebAssembly module"),
        (b"wOFF", "a font"),
        (b"wOF2", "a font"),
        (b"\0\x01\0\0\0", "a font"),
        (b"OTTO", "a font"),
    ];
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(what);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some("a video (ISO media)");
    }
    if bytes.starts_with(b"RIFF") {
        return Some(match bytes.get(8..12) {
            Some(b"AVI ") => "an AVI video",
            Some(b"WAVE") => "WAV audio",
            _ => "a RIFF file that is no picture",
        });
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    if bytes.len() > 2 && bytes[0] == 0xFF && bytes[1] & 0xE6 == 0xE2 {
        return Some("MP3 audio");
    }
    let head = &bytes[..bytes.len().min(1024)];
    if xml_text(head).is_some() {
        return Some("HTML or XML text");
    }
    if is_text(bytes) {
        return Some("text");
    }
    head.iter().all(|&byte| byte == 0).then_some("nothing but zero bytes")
}

/// Whether the first bytes are UTF-8 without control characters.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    let end = std::str::from_utf8(head).map_or_else(|error| error.valid_up_to(), str::len);
    // A character that the cut splits is no reason to call text binary.
    end > 0
        && end + 4 > head.len()
        && head[..end].iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\n' | b'\r' | b'\t' | 0x0C))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_bytes() {
        let mut bmp = vec![0; 64];
        bmp[..2].copy_from_slice(b"BM");
        bmp[14] = 40;
        let mut tga = vec![0; 18 + 4 * 4 * 3];
        (tga[2], tga[12], tga[14], tga[16]) = (2, 4, 4, 24);
        let cases: &[(&[u8], &str)] = &[
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "jpeg"),
            (b"\x89PNG\r\n\x1a\n", "png"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
            (b"GIF89a", "gif"),
            (&bmp, "bmp"),
            (b"II*\0\x08\0\0\0\0\0", "tiff"),
            (b"MM\0*\0\0\0\x08\0\0", "tiff"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "heic"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "avif"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "cr3"),
            (b"\xFF\x0A\0\0", "jxl"),
            (b"\0\0\0\x0CJXL \r\n\x87\n", "jxl"),
            (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x40\0\0\0\x16\0\0\0", "ico"),
            (&tga, "tga"),
            (b"#?RADIANCE\n", "hdr"),
            (b"\x76\x2F\x31\x01\x02", "exr"),
            (b"qoif\0\0\0\x01", "qoi"),
            (b"P6\n2 2\n255\n", "pnm"),
            (b"P7\nWIDTH 2\n", "pnm"),
            (b"farbfeld\0\0\0\x01", "farbfeld"),
            (b"II*\0\x10\0\0\0CR\x02\0\0\0\0\0\0\0", "cr2"),
            (b"FUJIFILMCCD-RAW 0201", "raf"),
            (b"8BPS\0\x01", "psd"),
            (b"\0\0\0\x0CjP  \r\n\x87\n", "jp2"),
            (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">", "svg"),
            (b"DDS \x7C\0\0\0", "dds"),
        ];
        for (bytes, name) in cases {
            let found = Format::sniff(bytes).map(Format::name);
            assert_eq!(found.ok(), Some(*name), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn other_files_say_what_they_look_like() {
        let cases: &[(&[u8], &str)] = &[
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (b"%PDF-1.7", "a PDF document"),
            (b"Hello, world. This is BM and P6 but text.\n", "text"),
            (b"BM is how this text begins, and it goes on for a while.", "text"),
            ("Xin chào thế giới".as_bytes(), "text"),
            (b"<!doctype html><html><svg ></svg>", "HTML or XML text"),
            (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "a video (ISO media)"),
            (b"RIFF\0\0\0\0WAVEfmt ", "WAV audio"),
            (&[0; 4096], "nothing but zero bytes"),
        ];
        for (bytes, what) in cases {
            let error = Format::sniff(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotAnImage);
            assert!(error.to_string().contains(what), "{error} for {what}");
        }
    }

    #[test]
    fn random_bytes_are_never_a_picture_without_a_magic_number() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut called = 0;
        for length in 0..20_000_usize {
            let mut bytes = vec![0; 64 + length % 512];
            for byte in &mut bytes {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = (state >> 32) as u8;
            }
            called += usize::from(tga(&bytes).or_else(|| ico(&bytes)).or_else(|| pcx(&bytes)).is_some());
        }
        assert_eq!(called, 0);
    }

    #[test]
    fn a_tga_needs_its_data_or_a_plain_header_or_a_footer() {
        let mut bytes = vec![0; 18 + 100];
        (bytes[2], bytes[13], bytes[15], bytes[16]) = (2, 4, 4, 24);
        assert_eq!(Format::sniff(&bytes).unwrap(), Format::Tga);
        // An origin elsewhere is rare: then the size has to agree.
        bytes[8] = 7;
        assert!(Format::sniff(&bytes).is_err());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(b"TRUEVISION-XFILE.\0");
        assert_eq!(Format::sniff(&bytes).unwrap(), Format::Tga);
    }
}
