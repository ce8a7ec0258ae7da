//! The chunks of PNG: texts (plain, deflated, international), EXIF, XMP, ImageMagick's profiles, the time.

use std::io::{Read, Seek};

use flate2::Crc;
use flate2::read::ZlibDecoder;

use super::super::source::Source;
use super::super::{Collector, FaultKind, exif, iptc, text, xmp};

/// The longest text that is read, and the longest that one is inflated to: a ComfyUI workflow has some 100 KB.
const LONGEST_TEXT: u64 = 1 << 20;
/// A keyword has 79 bytes at most.
const LONGEST_KEYWORD: usize = 79;
const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
const PROFILE_KEYWORD: &str = "Raw profile type ";

pub(super) fn read<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    let mut at = 8;
    loop {
        let Some(head) = source.header::<8>(at) else {
            let kind = if source.is_exhausted() { FaultKind::TooLarge } else { FaultKind::Truncated };
            return found.fault("png", kind);
        };
        let length = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let kind = [head[4], head[5], head[6], head[7]];
        if &kind == b"IEND" {
            // What follows is none of the picture's.
            return;
        }
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return found.fault("png", FaultKind::Malformed);
        }
        if found.is_full() {
            return found.fault("png", FaultKind::TooLarge);
        }
        if at + 12 + length > source.length() {
            return found.fault("png", FaultKind::Truncated);
        }
        if matches!(&kind, b"tEXt" | b"zTXt" | b"iTXt" | b"eXIf" | b"tIME") {
            let body = source.take_up_to(at + 8, length, LONGEST_TEXT);
            let is_whole = body.len() as u64 == length;
            let sum = is_whole.then(|| source.header::<4>(at + 8 + length).map(u32::from_be_bytes)).flatten();
            let chunk = Chunk {
                kind,
                body: &body,
                is_whole,
                is_sound: sum.is_none_or(|sum| sum == crc(&kind, &body)),
            };
            chunk.read(source, found);
        }
        at += 12 + length;
    }
}

fn crc(kind: &[u8; 4], body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(body);
    crc.sum()
}

struct Chunk<'a> {
    kind: [u8; 4],
    body: &'a [u8],
    /// Nothing of it was left out.
    is_whole: bool,
    /// Its checksum is right, as far as that could be checked.
    is_sound: bool,
}

impl Chunk<'_> {
    fn read<R: Read + Seek>(&self, source: &Source<R>, found: &mut Collector) {
        let place = match &self.kind {
            b"eXIf" => "exif".to_owned(),
            b"tIME" => "png.time".to_owned(),
            _ => match self.body.iter().take(LONGEST_KEYWORD + 1).position(|&byte| byte == 0) {
                Some(end) => format!("png.text.{}", text::latin1(&self.body[..end])),
                None if !self.is_whole => return found.fault("png.text", FaultKind::TooLarge),
                None => return found.fault("png.text", FaultKind::Malformed),
            },
        };
        if !self.is_sound {
            found.fault(&place, FaultKind::WrongChecksum);
        }
        if !self.is_whole {
            found.fault(&place, FaultKind::TooLarge);
        }
        match &self.kind {
            b"eXIf" => exif::read_block(self.body, found),
            b"tIME" => match self.body {
                [high, low, month, day, hour, minute, second] => {
                    let year = u16::from_be_bytes([*high, *low]);
                    let time = format!("{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}");
                    found.add(place, time);
                }
                _ => found.fault(&place, FaultKind::Malformed),
            },
            _ => match self.text(source, &place, found) {
                Some(value) => self.keep(&place, &value, found),
                None => found.fault(&place, FaultKind::Malformed),
            },
        }
    }

    /// The text behind the keyword, inflated where it is deflated.
    fn text<R: Read + Seek>(
        &self,
        source: &Source<R>,
        place: &str,
        found: &mut Collector,
    ) -> Option<Vec<u8>> {
        let end = self.body.iter().position(|&byte| byte == 0)?;
        let rest = &self.body[end + 1..];
        let (is_deflated, text) = match &self.kind {
            b"tEXt" => (false, rest),
            b"zTXt" => match rest {
                [0, text @ ..] => (true, text),
                _ => return None,
            },
            _ => {
                let [flag @ (0 | 1), 0, rest @ ..] = rest else { return None };
                // A language and the keyword in that language stand before the text.
                let mut parts = rest.splitn(3, |&byte| byte == 0);
                (*flag == 1, parts.nth(2)?)
            }
        };
        if !is_deflated {
            return Some(text.to_vec());
        }
        let most = LONGEST_TEXT.min(source.left());
        let mut inflated = Vec::new();
        let outcome = ZlibDecoder::new(text).take(most).read_to_end(&mut inflated);
        source.spend(inflated.len() as u64);
        if inflated.len() as u64 == most {
            found.fault(place, FaultKind::TooLarge);
        } else if outcome.is_err() && self.is_whole {
            found.fault(place, FaultKind::Malformed);
        }
        Some(inflated)
    }

    fn keep(&self, place: &str, value: &[u8], found: &mut Collector) {
        let keyword = place.strip_prefix("png.text.").unwrap_or(place);
        if keyword == XMP_KEYWORD {
            xmp::read(value, found);
        } else if let Some(kind) = keyword.strip_prefix(PROFILE_KEYWORD) {
            let Some(bytes) = profile(value) else { return found.fault(place, FaultKind::Malformed) };
            match kind {
                "exif" | "EXIF" => exif::read_block(&bytes, found),
                "APP1" | "app1" => match bytes.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    Some(packet) => xmp::read(packet, found),
                    None => exif::read_block(&bytes, found),
                },
                "xmp" | "XMP" => xmp::read(&bytes, found),
                "iptc" | "8bim" if bytes.starts_with(b"8BIM") => iptc::read_resources(&bytes, found),
                "iptc" => iptc::read(&bytes, found),
                _ => {}
            }
        } else {
            found.add(place, text::from_bytes(text::terminated(value)));
        }
    }
}

/// ImageMagick's way to keep a profile in a text: a line with its name, one with its length, then hexadecimal digits.
fn profile(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?.trim_start();
    let (_, text) = text.split_once('\n')?;
    let (length, digits) = text.trim_start().split_once('\n')?;
    let length: usize = length.trim().parse().ok()?;
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> =
        digits.as_chunks::<2>().0.iter().map(|pair| value(pair[0]) << 4 | value(pair[1])).collect();
    (bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_as_long_as_it_says() {
        assert_eq!(profile(b"\nexif\n       3\n49492a\n"), Some(b"II*".to_vec()));
        assert_eq!(profile(b"\nexif\n       4\n49492a\n"), None);
        assert_eq!(profile(b"exif"), None);
    }
}
