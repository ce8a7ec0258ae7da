//! PNG of every colour type and depth, by `png`; of an animation, the picture that a viewer without animations
//! shows.

use std::io::Cursor;

use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Transformations};

use super::color::{Channels, Raster, to_8_bits};
use super::orientation::Orientation;
use super::{Limits, Note, check_size, from_decoder, malformed, truncated};
use crate::error::{Error, ErrorKind, Result};

/// Bytes that the chunks beside the picture may take: colour profiles are the largest that are kept.
const MAX_CHUNKS: usize = 16 << 20;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let (width, height, bits, kind) = header(bytes)?;
    let channels = match kind {
        0 => 1,
        4 => 2,
        6 => 4,
        _ => 3,
    };
    // Samples as stored and at 8 bits, then RGB and its turned copy.
    let per_pixel = channels * if bits == 16 { 3 } else { 1 } + 6;
    check_size(width, height, per_pixel, limits)?;

    let mut options = DecodeOptions::default();
    // What text and comments say is of no concern here, and a bomb in them must cost nothing.
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    let row_bytes = usize::try_from(u64::from(width) * 8).unwrap_or(usize::MAX);
    decoder.set_limits(png::Limits { bytes: row_bytes.saturating_mul(4).saturating_add(MAX_CHUNKS) });
    // Palettes to colours, 1, 2 and 4 bits to 8, a transparent colour to alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| from_png(error, bytes))?;
    let size = reader.output_buffer_size().ok_or_else(|| malformed("a picture without a size"))?;
    let mut data = vec![0; size];
    let frame = reader.next_frame(&mut data).map_err(|error| from_png(error, bytes))?;
    data.truncate(frame.buffer_size());

    if frame.bit_depth == BitDepth::Sixteen {
        data = data.as_chunks::<2>().0.iter().map(|&pair| to_8_bits(u16::from_be_bytes(pair))).collect();
    }
    let channels = match frame.color_type {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(malformed("a palette that was not expanded")),
    };
    let info = reader.info();
    let mut raster = Raster::new(frame.width, frame.height, channels, data);
    raster.icc = info.icc_profile.as_deref().map(<[u8]>::to_vec);
    raster.orientation = info.exif_metadata.as_deref().map(Orientation::from_exif_block).unwrap_or_default();
    if let Some(animation) = info.animation_control.filter(|animation| animation.num_frames > 1) {
        raster.notes.push(Note::FirstFrame(Some(animation.num_frames)));
    }
    Ok(raster)
}

/// Width, height, bits and colour type, straight from the first chunk.
fn header(bytes: &[u8]) -> Result<(u32, u32, u8, u8)> {
    let Some(chunk) = bytes.get(8..26) else { return Err(truncated(bytes.len(), None)) };
    let number = |at: usize| u32::from_be_bytes([chunk[at], chunk[at + 1], chunk[at + 2], chunk[at + 3]]);
    if &chunk[4..8] == b"CgBI" {
        return Err(super::unsupported("PNG in Apple's own variant (CgBI) is not decoded"));
    }
    if &chunk[4..8] != b"IHDR" {
        return Err(malformed("the first chunk is not the header"));
    }
    Ok((number(8), number(12), chunk[16], chunk[17]))
}

fn from_png(error: DecodingError, bytes: &[u8]) -> Error {
    if matches!(error, DecodingError::LimitsExceeded) {
        return Error::new(ErrorKind::TooLarge, "the chunks take more memory than they may").because(error);
    }
    // A file without its last chunk ends early whatever the decoder stumbled over first.
    if !bytes.windows(4).rev().take(64).any(|window| window == b"IEND") && chunks_end_early(bytes) {
        return truncated(bytes.len(), None);
    }
    from_decoder(error, bytes.len())
}

/// Whether the last chunk that the file holds reaches beyond its end, or none follows an unfinished picture.
fn chunks_end_early(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if &head[4..] == b"IEND" {
            return false;
        }
        if !head[4..].iter().all(u8::is_ascii_alphabetic) {
            return false;
        }
        at = match at.checked_add(12).and_then(|next| next.checked_add(length)) {
            Some(next) => next,
            None => return true,
        };
    }
    at >= bytes.len() || bytes.len() - at < 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], body: &[u8], sum: u32) -> Vec<u8> {
        [&(body.len() as u32).to_be_bytes()[..], kind, body, &sum.to_be_bytes()].concat()
    }

    fn encoded() -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_fn(32, 32, |x, y| {
            image::Rgb([x * 8, y * 8, x * y].map(|value| value as u8))
        });
        picture.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        bytes
    }

    /// Puts a chunk behind the header.
    fn with(chunk: &[u8]) -> Vec<u8> {
        let mut bytes = encoded();
        bytes.splice(33..33, chunk.iter().copied());
        bytes
    }

    fn kind(bytes: &[u8]) -> Option<ErrorKind> {
        decode(bytes, &Limits::default()).and_then(Raster::finish).err().map(|error| error.kind())
    }

    #[test]
    fn faults_beside_the_picture_do_not_matter_and_those_in_it_do() {
        let whole = encoded();
        let mut huge = whole.clone();
        huge[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
        let cases: [(&str, Vec<u8>, Option<ErrorKind>); 8] = [
            ("whole", whole.clone(), None),
            ("a wrong sum beside the picture", with(&chunk(b"gAMA", &[0, 0, 0xB1, 0x8F], 1)), None),
            ("a broken text", with(&chunk(b"zTXt", b"no end of the keyword", 2)), None),
            ("a profile that is none", with(&chunk(b"iCCP", b"x\0\0not deflated", 3)), None),
            ("half", whole[..whole.len() / 2].to_vec(), Some(ErrorKind::Truncated)),
            ("signature only", whole[..8].to_vec(), Some(ErrorKind::Truncated)),
            (
                "the header is missing",
                whole[..8].iter().chain(&whole[33..]).copied().collect(),
                Some(ErrorKind::Malformed),
            ),
            ("a huge size", huge, Some(ErrorKind::TooLarge)),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(kind(&bytes), expected, "{name}");
        }
    }
}
