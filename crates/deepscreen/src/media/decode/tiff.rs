//! TIFF: the first page, by `tiff`; gray, palette, RGB, CMYK and YCbCr of 1 to 64 bits, strips and tiles,
//! interleaved or planar.

use std::borrow::Cow;
use std::io::Cursor;

use tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::color::{Channels, Raster, srgb_from_linear, to_8_bits};
use super::ifd::{self, Tiff};
use super::orientation::Orientation;
use super::{Limits, Note, check_size, from_decoder, malformed, truncated, unsupported};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let failed = |error| from_tiff(error, bytes.len());
    let (bytes, palette) = prepared(bytes);
    let mut decoder = Decoder::new(Cursor::new(&*bytes)).map_err(failed)?;
    let (width, height) = decoder.dimensions().map_err(failed)?;
    let color = decoder.colortype().map_err(failed)?;
    let layout = decoder.image_buffer_layout().map_err(failed)?;
    let pixels = u64::from(width).max(1) * u64::from(height).max(1);
    // The samples as stored, at 8 bits, as RGB and turned.
    check_size(width, height, (layout.complete_len as u64).div_ceil(pixels).saturating_mul(2) + 7, limits)?;
    let budget = usize::try_from(limits.max_decoder_bytes).unwrap_or(usize::MAX);
    let mut own = tiff::decoder::Limits::default();
    own.decoding_buffer_size = budget;
    own.intermediate_buffer_size = budget;
    own.ifd_value_size = 16 << 20;
    decoder = decoder.with_limits(own);

    let orientation = decoder.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten().unwrap_or(1);
    let icc = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
    // Extra samples of kind 1 have the colours multiplied by alpha already.
    let premultiplied =
        decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).ok().flatten() == Some(vec![1]);
    let mut buffer = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut buffer).map_err(failed)?;
    let samples = to_bytes(buffer, color, width, height, &layout)?;
    let mut raster = to_raster(width, height, color, samples, palette.as_deref())?;
    if premultiplied {
        raster.unmultiply();
    }
    raster.icc = icc;
    raster.orientation = Orientation::from_exif(u64::from(orientation));
    let pages = pages(&bytes);
    if pages > 1 {
        raster.notes.push(Note::FirstFrame(Some(pages)));
    }
    Ok(raster)
}

fn pages(bytes: &[u8]) -> u32 {
    Tiff::new(bytes).map_or(0, |(tiff, first)| tiff.chain(first).len() as u32)
}

const PHOTOMETRIC: u16 = 262;
const COLOR_MAP: u16 = 320;

/// The file as the crate takes it, and the palette of its first page.
///
/// The crate reads no palettes: such a picture is handed over as a gray one, whose levels are the indices. And it
/// refuses a file whose pages follow each other in a circle: they are made to end behind the first.
fn prepared(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<Vec<u16>>) {
    let unchanged = (Cow::Borrowed(bytes), None);
    let Some((tiff, first)) = Tiff::new(bytes) else { return unchanged };
    let chain = tiff.chain(first);
    let Some((_, entries)) = chain.first() else { return unchanged };
    let photometric = ifd::find(entries, PHOTOMETRIC).filter(|entry| tiff.number(entry, 0) == Some(3));
    let palette = photometric
        .and_then(|_| ifd::find(entries, COLOR_MAP))
        .map(|map| tiff.numbers(map, 3 << 16).into_iter().map(|value| value as u16).collect::<Vec<_>>());
    let circle = chain.last().is_some_and(|(at, _)| {
        let (_, next) = tiff.directory(*at);
        chain.iter().any(|(seen, _)| *seen == next)
    });
    if palette.is_none() && !circle {
        return unchanged;
    }
    let mut changed = bytes.to_vec();
    if let (Some(_), Some(photometric)) = (&palette, photometric) {
        tiff.set(&mut changed, photometric, 1);
    }
    if circle {
        tiff.end_chain(&mut changed, first);
    }
    (Cow::Owned(changed), palette)
}

/// Samples of any depth at 8 bits, interleaved.
fn to_bytes(
    buffer: DecodingResult,
    color: ColorType,
    width: u32,
    height: u32,
    layout: &BufferLayoutPreference,
) -> Result<Vec<u8>> {
    let bits = color.bit_depth();
    let whole = |value: f64, most: f64| (value / most * 255.0 + 0.5) as u8;
    let mut samples: Vec<u8> = match buffer {
        DecodingResult::U8(data) if bits < 8 => {
            let in_row = width as usize * usize::from(color.num_samples()) / layout.planes.max(1);
            unpack(&data, bits, in_row, height as usize * layout.planes)?
        }
        DecodingResult::U8(data) => data,
        DecodingResult::U16(data) if (9..16).contains(&bits) => {
            let most = (1_u32 << bits) - 1;
            data.into_iter().map(|value| ((u32::from(value) * 255 + most / 2) / most) as u8).collect()
        }
        DecodingResult::U16(data) => data.into_iter().map(to_8_bits).collect(),
        DecodingResult::U32(data) => data.into_iter().map(|value| (value >> 24) as u8).collect(),
        DecodingResult::U64(data) => data.into_iter().map(|value| (value >> 56) as u8).collect(),
        DecodingResult::I8(data) => data.into_iter().map(|value| value.cast_unsigned() ^ 0x80).collect(),
        DecodingResult::I16(data) => {
            data.into_iter().map(|value| to_8_bits(value.cast_unsigned() ^ 0x8000)).collect()
        }
        DecodingResult::I32(data) => {
            data.into_iter().map(|value| whole(f64::from(value) + 2_147_483_648.0, 4_294_967_295.0)).collect()
        }
        DecodingResult::I64(data) => data.into_iter().map(|value| ((value >> 56) + 128) as u8).collect(),
        DecodingResult::F16(data) => data.into_iter().map(|value| srgb_from_linear(value.to_f32())).collect(),
        DecodingResult::F32(data) => data.into_iter().map(srgb_from_linear).collect(),
        DecodingResult::F64(data) => data.into_iter().map(|value| srgb_from_linear(value as f32)).collect(),
    };
    if layout.planes > 1 {
        let plane = width as usize * height as usize;
        let mut interleaved = vec![0; samples.len()];
        for (index, values) in samples.chunks_exact(plane).enumerate() {
            for (value, to) in values.iter().zip(interleaved[index..].iter_mut().step_by(layout.planes)) {
                *to = *value;
            }
        }
        samples = interleaved;
    }
    Ok(samples)
}

/// One sample of 1, 2 or 4 bits a byte, as stored; rows begin at whole bytes.
fn unpack(data: &[u8], bits: u8, in_row: usize, rows: usize) -> Result<Vec<u8>> {
    if !matches!(bits, 1 | 2 | 4) || rows == 0 {
        return Err(unsupported(format!("TIFF of {bits} bits is not decoded")));
    }
    let row_bytes = data.len() / rows;
    let mask = (1_u8 << bits) - 1;
    if row_bytes * 8 < in_row * usize::from(bits) {
        return Err(malformed("the strips hold less than the header announces"));
    }
    let mut samples = Vec::with_capacity(rows * in_row);
    for row in data.chunks_exact(row_bytes.max(1)).take(rows) {
        samples.extend((0..in_row).map(|index| {
            let at = index * usize::from(bits);
            row[at / 8] >> (8 - usize::from(bits) - at % 8) & mask
        }));
    }
    Ok(samples)
}

fn to_raster(
    width: u32,
    height: u32,
    color: ColorType,
    samples: Vec<u8>,
    palette: Option<&[u16]>,
) -> Result<Raster> {
    let pixels = width as usize * height as usize;
    // Levels of fewer than 8 bits come as they are stored.
    let spread = |samples: Vec<u8>, bits: u8| -> Vec<u8> {
        if bits < 8 {
            let most = (1_u16 << bits) - 1;
            samples.into_iter().map(|value| (u16::from(value) * 255 / most) as u8).collect()
        } else {
            samples
        }
    };
    let keep = |samples: Vec<u8>, from: usize, to: usize| -> Vec<u8> {
        samples.chunks_exact(from).flat_map(|pixel| pixel[..to].iter().copied()).collect()
    };
    let (channels, data) = match color {
        ColorType::Gray(bits) if bits <= 8 && palette.is_some() => {
            let palette = palette.unwrap_or_default();
            let colors = palette.len() / 3;
            if colors == 0 {
                return Err(malformed("a picture with a palette, without its palette"));
            }
            let lookup = |index: u8| {
                let index = usize::from(index).min(colors - 1);
                [index, colors + index, 2 * colors + index].map(|at| to_8_bits(palette[at]))
            };
            (Channels::Rgb, samples.into_iter().flat_map(lookup).collect())
        }
        ColorType::Gray(bits) => (Channels::Gray, spread(samples, bits)),
        ColorType::GrayA(bits) => (Channels::GrayAlpha, spread(samples, bits)),
        ColorType::RGB(bits) => (Channels::Rgb, spread(samples, bits)),
        ColorType::RGBA(bits) => (Channels::Rgba, spread(samples, bits)),
        ColorType::CMYK(bits) => (Channels::Cmyk, spread(samples, bits)),
        ColorType::CMYKA(8 | 16) => (Channels::Cmyk, keep(samples, 5, 4)),
        ColorType::YCbCr(8) => {
            let (pixels, _) = samples.as_chunks::<3>();
            let convert = |&[y, cb, cr]: &[u8; 3]| {
                let (luma, blue, red) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
                [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue]
                    .map(|value| (value + 0.5) as u8)
            };
            (Channels::Rgb, pixels.iter().flat_map(convert).collect())
        }
        // Extra samples without a meaning, beside gray or RGB.
        ColorType::Multiband { bit_depth: 8 | 16, num_samples } if num_samples > 4 => {
            (Channels::Rgb, keep(samples, usize::from(num_samples), 3))
        }
        ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 } => (Channels::Gray, keep(samples, 2, 1)),
        other => return Err(unsupported(format!("TIFF of the kind {other:?} is not decoded"))),
    };
    if data.len() != pixels * channels.count() {
        return Err(malformed("the strips hold another size than the header announces"));
    }
    Ok(Raster::new(width, height, channels, data))
}

fn from_tiff(error: TiffError, have: usize) -> Error {
    match error {
        TiffError::LimitsExceeded => {
            Error::new(ErrorKind::TooLarge, "the picture takes more memory than it may")
        }
        TiffError::UnsupportedError(error) => {
            unsupported("this variant of TIFF is not decoded").because(error)
        }
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated(have, None)
        }
        error => from_decoder(error, have),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF of one strip of 2x1 pixels.
    fn written(entries: &[(u16, u16, u32, u32)], data: &[u8]) -> Vec<u8> {
        let mut all = vec![(256, 3, 1, 2), (257, 3, 1, 1), (259, 3, 1, 1), (278, 3, 1, 1)];
        let at = 8 + 2 + (entries.len() as u32 + 6) * 12 + 4;
        all.extend([(273, 4, 1, at), (279, 4, 1, data.len() as u32)]);
        // An offset is counted from the end of the directory.
        all.extend(entries.iter().map(|&(tag, kind, count, value)| {
            (tag, kind, count, if count > 2 { at + value } else { value })
        }));
        all.sort_unstable();
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend((all.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in all {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 4]);
        bytes.extend(data);
        bytes
    }

    #[test]
    fn kinds_of_pixels_become_rgb() {
        let palette: Vec<u8> = [[0_u16, 200], [0, 100], [0, 50]]
            .concat()
            .iter()
            .flat_map(|level| (level * 257).to_le_bytes())
            .collect();
        let cases: [(&str, Vec<u8>, [u8; 6]); 5] = [
            ("gray", written(&[(258, 3, 1, 8), (262, 3, 1, 1)], &[9, 200]), [9, 9, 9, 200, 200, 200]),
            (
                "white is 0",
                written(&[(258, 3, 1, 8), (262, 3, 1, 0)], &[9, 200]),
                [246, 246, 246, 55, 55, 55],
            ),
            ("1 bit", written(&[(258, 3, 1, 1), (262, 3, 1, 1)], &[0b0100_0000]), [0, 0, 0, 255, 255, 255]),
            (
                "a palette",
                written(
                    &[(258, 3, 1, 1), (262, 3, 1, 3), (320, 3, 6, 2)],
                    &[&[0b0100_0000, 0][..], &palette].concat(),
                ),
                [0, 0, 0, 200, 100, 50],
            ),
            (
                "ink",
                written(
                    &[(258, 3, 4, 8), (262, 3, 1, 5), (277, 3, 1, 4)],
                    &[0, 255, 0, 0, 0, 0, 0, 255, 8, 0, 8, 0, 8, 0, 8, 0],
                ),
                [255, 0, 255, 0, 0, 0],
            ),
        ];
        for (name, bytes, expected) in cases {
            let decoded = decode(&bytes, &Limits::default()).and_then(Raster::finish);
            assert_eq!(decoded.unwrap().pixels.as_rgb8(), expected, "{name}");
        }
    }
}
