//! WebP, GIF, BMP, ICO, TGA, HDR, EXR, QOI, PNM and farbfeld, by `image`.

use std::io::Cursor;

use image::codecs::{
    bmp::BmpDecoder, farbfeld::FarbfeldDecoder, gif::GifDecoder, hdr::HdrDecoder, ico::IcoDecoder,
    openexr::OpenExrDecoder, pnm::PnmDecoder, qoi::QoiDecoder, tga::TgaDecoder, webp::WebPDecoder,
};
use image::{ColorType, ImageDecoder, ImageError};

use super::color::{Channels, Raster, srgb_from_linear, to_8_bits};
use super::orientation::Orientation;
use super::{Format, Limits, Note, check_size, from_decoder, malformed, truncated, unsupported};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Raster> {
    let reader = Cursor::new(bytes);
    let failed = |error| from_image(error, bytes, format);
    match format {
        Format::Webp => webp(bytes, limits),
        Format::Gif => gif(bytes, limits),
        Format::Bmp => bmp(bytes, limits),
        Format::Ico => ico(bytes, limits),
        Format::Tga => read(TgaDecoder::new(reader).map_err(failed)?, bytes, format, limits),
        Format::Hdr => hdr(bytes, limits),
        Format::Exr => exr(bytes, limits),
        Format::Qoi => qoi(bytes, limits),
        Format::Pnm => read(PnmDecoder::new(reader).map_err(failed)?, bytes, format, limits),
        Format::Farbfeld => read(FarbfeldDecoder::new(reader).map_err(failed)?, bytes, format, limits),
        _ => Err(unsupported(format!("{} is not decoded", format.name()))),
    }
}

/// Checks the size that a decoder read from the header, then decodes.
fn read(mut decoder: impl ImageDecoder, bytes: &[u8], format: Format, limits: &Limits) -> Result<Raster> {
    let failed = |error| from_image(error, bytes, format);
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    check_size(width, height, u64::from(color.bytes_per_pixel()) + 7, limits)?;
    let mut own = image::Limits::no_limits();
    own.max_alloc = Some(limits.max_decoder_bytes);
    decoder.set_limits(own).map_err(failed)?;
    let icc = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let mut data = vec![0; usize::try_from(decoder.total_bytes()).map_err(|_| malformed("no such size"))?];
    decoder.read_image(&mut data).map_err(failed)?;
    let (channels, data) = to_bytes(color, data)?;
    let mut raster = Raster::new(width, height, channels, data);
    raster.icc = icc;
    raster.orientation = exif.as_deref().map(Orientation::from_exif_block).unwrap_or_default();
    Ok(raster)
}

/// Brings samples of any depth to 8 bits.
fn to_bytes(color: ColorType, data: Vec<u8>) -> Result<(Channels, Vec<u8>)> {
    let wide = |data: Vec<u8>| -> Vec<u8> {
        data.as_chunks::<2>().0.iter().map(|&pair| to_8_bits(u16::from_ne_bytes(pair))).collect()
    };
    let float = |data: Vec<u8>| -> Vec<f32> {
        data.as_chunks::<4>().0.iter().map(|&quad| f32::from_ne_bytes(quad)).collect()
    };
    Ok(match color {
        ColorType::L8 => (Channels::Gray, data),
        ColorType::La8 => (Channels::GrayAlpha, data),
        ColorType::Rgb8 => (Channels::Rgb, data),
        ColorType::Rgba8 => (Channels::Rgba, data),
        ColorType::L16 => (Channels::Gray, wide(data)),
        ColorType::La16 => (Channels::GrayAlpha, wide(data)),
        ColorType::Rgb16 => (Channels::Rgb, wide(data)),
        ColorType::Rgba16 => (Channels::Rgba, wide(data)),
        ColorType::Rgb32F => (Channels::Rgb, float(data).into_iter().map(srgb_from_linear).collect()),
        ColorType::Rgba32F => {
            let samples = float(data);
            let (pixels, _) = samples.as_chunks::<4>();
            let encode = |&[r, g, b, alpha]: &[f32; 4]| {
                [srgb_from_linear(r), srgb_from_linear(g), srgb_from_linear(b), (alpha * 255.0 + 0.5) as u8]
            };
            (Channels::Rgba, pixels.iter().flat_map(encode).collect())
        }
        _ => return Err(unsupported(format!("samples of the kind {color:?} are not decoded"))),
    })
}

fn webp(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    // RIFF tells its size, so a cut file is known as such before it is decoded.
    let expected = bytes.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes).unwrap_or(0);
    let expected = u64::from(expected) + 8;
    if (bytes.len() as u64) < expected & !1 {
        return Err(truncated(bytes.len(), Some(expected)));
    }
    let decoder =
        WebPDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(error, bytes, Format::Webp))?;
    let animated = decoder.has_animation();
    let mut raster = read(decoder, bytes, Format::Webp, limits)?;
    if animated {
        raster.notes.push(Note::FirstFrame(Some(webp_frames(bytes))));
    }
    Ok(raster)
}

/// Counts the `ANMF` chunks.
fn webp_frames(bytes: &[u8]) -> u32 {
    let (mut at, mut frames) = (12, 0);
    while let Some(head) = bytes.get(at..at + 8) {
        frames += u32::from(head.starts_with(b"ANMF"));
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        at = at.saturating_add(8).saturating_add(length).saturating_add(length & 1);
    }
    frames
}

fn gif(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let failed = |error| from_image(error, bytes, Format::Gif);
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    let mut raster = read(decoder, bytes, Format::Gif, limits)?;
    let frames = gif_frames(bytes);
    if frames > 1 {
        raster.notes.push(Note::FirstFrame(Some(frames)));
    }
    Ok(raster)
}

/// Counts the image descriptors by walking the blocks.
fn gif_frames(bytes: &[u8]) -> u32 {
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let skip_blocks = |mut at: usize| {
        while let Some(&length) = bytes.get(at) {
            at += usize::from(length) + 1;
            if length == 0 {
                break;
            }
        }
        at
    };
    let Some(&flags) = bytes.get(10) else { return 0 };
    let (mut at, mut frames) = (13 + table(flags), 0);
    loop {
        match bytes.get(at) {
            Some(0x21) => at = skip_blocks(at + 2),
            Some(0x2C) => {
                let Some(&flags) = bytes.get(at + 9) else { return frames };
                frames += 1;
                // Behind the descriptor and its table, one byte of code size, then the data.
                at = skip_blocks(at + 10 + table(flags) + 1);
            }
            _ => return frames,
        }
    }
}

/// The crate refuses a size that is beyond its own bound as malformed: so the header is read here.
fn bmp(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let size = match word(14) {
        Some(12) => word(18).map(|both| (both & 0xFFFF, both >> 16)),
        // A negative height stands for rows from the top.
        _ => word(18).zip(word(22).map(|height| height.cast_signed().unsigned_abs())),
    };
    let (width, height) = size.ok_or_else(|| truncated(bytes.len(), None))?;
    check_size(width, height, 4 + 7, limits)?;
    let decoder =
        BmpDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(error, bytes, Format::Bmp))?;
    read(decoder, bytes, Format::Bmp, limits)
}

/// The crate refuses a size that is beyond its own bound as malformed: so the header is read here.
fn qoi(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (width, height) = word(4).zip(word(8)).ok_or_else(|| truncated(bytes.len(), None))?;
    check_size(width, height, 4 + 7, limits)?;
    let decoder =
        QoiDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(error, bytes, Format::Qoi))?;
    read(decoder, bytes, Format::Qoi, limits)
}

/// The picture of an icon with the most bits, and among those the largest. Those in PNG may be of any colour type, which the crate does not take.
fn ico(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let count = bytes.get(4..6).map_or(0, |pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])));
    let (entries, _) = bytes.get(6..).unwrap_or_default().as_chunks::<16>();
    // A side of 0 means 256.
    let area = |entry: &&[u8; 16]| {
        let side = |value: u8| if value == 0 { 256 } else { u32::from(value) };
        (u16::from_le_bytes([entry[6], entry[7]]), side(entry[0]) * side(entry[1]))
    };
    if let Some(entry) = entries.iter().take(count).max_by_key(area) {
        let number =
            |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]) as usize;
        let start = number(12);
        let end = start.saturating_add(number(8)).min(bytes.len());
        if let Some(picture) = bytes.get(start..end).filter(|picture| picture.starts_with(b"\x89PNG")) {
            return super::png::decode(picture, limits);
        }
    }
    let decoder =
        IcoDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(error, bytes, Format::Ico))?;
    read(decoder, bytes, Format::Ico, limits)
}

/// Radiance itself writes `#?RADIANCE`; the crate does not know the `#?RGBE` of others.
fn hdr(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let renamed = bytes.strip_prefix(b"#?RGBE").map(|rest| [b"#?RADIANCE", rest].concat());
    let bytes = renamed.as_deref().unwrap_or(bytes);
    let decoder =
        HdrDecoder::new(Cursor::new(bytes)).map_err(|error| from_image(error, bytes, Format::Hdr))?;
    read(decoder, bytes, Format::Hdr, limits)
}

fn exr(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let failed = |error| from_image(error, bytes, Format::Exr);
    // The crate tells the size of the window that is shown, but takes memory for all data: 16 bytes a pixel, as
    // 32-bit floats, and blocks beside them.
    for (width, height) in exr_windows(bytes) {
        check_size(width, height, 24, limits)?;
    }
    let decoder = OpenExrDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    read(decoder, bytes, Format::Exr, limits)
}

/// The sizes of the data windows and tiles that the headers of an EXR file announce.
fn exr_windows(bytes: &[u8]) -> Vec<(u32, u32)> {
    let mut windows = Vec::new();
    let mut rest = bytes.get(8..).unwrap_or_default();
    let text = |rest: &mut &[u8]| -> Option<Vec<u8>> {
        let end = rest.iter().take(256).position(|&byte| byte == 0)?;
        let (text, behind) = rest.split_at(end);
        let text = text.to_vec();
        *rest = &behind[1..];
        Some(text)
    };
    let mut headers_may_follow = true;
    // An attribute: its name, its type, its size, its value. An empty name ends a header, two of them the headers.
    while let Some(name) = text(&mut rest) {
        if name.is_empty() {
            if !headers_may_follow {
                break;
            }
            headers_may_follow = false;
            continue;
        }
        headers_may_follow = true;
        let Some(kind) = text(&mut rest) else { break };
        let Some((size, value)) = rest.split_first_chunk::<4>() else { break };
        let Some((value, behind)) = value.split_at_checked(u32::from_le_bytes(*size) as usize) else { break };
        rest = behind;
        let (words, _) = value.as_chunks::<4>();
        let words: Vec<i64> = words.iter().take(4).map(|&word| i64::from(i32::from_le_bytes(word))).collect();
        let side = |from: i64, to: i64| u32::try_from(to - from + 1).unwrap_or(u32::MAX);
        match (kind.as_slice(), words.as_slice()) {
            (b"box2i", [left, top, right, bottom]) => {
                windows.push((side(*left, *right), side(*top, *bottom)))
            }
            (b"tiledesc", [width, height, ..]) => windows.push((side(1, *width), side(1, *height))),
            _ => {}
        }
    }
    windows
}

fn from_image(error: ImageError, bytes: &[u8], format: Format) -> Error {
    match error {
        ImageError::Limits(error) => {
            Error::new(ErrorKind::TooLarge, "the picture takes more memory than it may").because(error)
        }
        ImageError::Unsupported(error) => {
            unsupported(format!("this variant of {} is not decoded", format.name())).because(error)
        }
        ImageError::IoError(error) => from_decoder(error, bytes.len()),
        ImageError::Decoding(error) => from_decoder(error, bytes.len()),
        error => malformed("the picture contradicts its format").because(error),
    }
}

#[cfg(test)]
mod tests {
    use image::ImageFormat;

    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbaImage::from_fn(24, 16, |x, y| {
            image::Rgba([if x < 9 { 0 } else { 200 }, if y < 5 { 0 } else { 150 }, 77, 255])
        });
        let picture = image::DynamicImage::from(picture);
        let picture = match format {
            ImageFormat::Hdr => picture.to_rgb32f().into(),
            ImageFormat::OpenExr => picture.to_rgba32f().into(),
            ImageFormat::Farbfeld => picture.to_rgba16().into(),
            ImageFormat::Pnm => picture.to_rgb8().into(),
            _ => picture,
        };
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    const FORMATS: [(ImageFormat, Format); 10] = [
        (ImageFormat::WebP, Format::Webp),
        (ImageFormat::Gif, Format::Gif),
        (ImageFormat::Bmp, Format::Bmp),
        (ImageFormat::Ico, Format::Ico),
        (ImageFormat::Tga, Format::Tga),
        (ImageFormat::Hdr, Format::Hdr),
        (ImageFormat::OpenExr, Format::Exr),
        (ImageFormat::Qoi, Format::Qoi),
        (ImageFormat::Pnm, Format::Pnm),
        (ImageFormat::Farbfeld, Format::Farbfeld),
    ];

    #[test]
    fn each_format_is_sniffed_and_decoded() {
        for (encoder, format) in FORMATS {
            let bytes = encoded(encoder);
            assert_eq!(Format::sniff(&bytes).unwrap(), format);
            let pixels = decode(&bytes, format, &Limits::default()).unwrap().finish().unwrap().pixels;
            assert_eq!((pixels.width(), pixels.height()), (24, 16), "{format:?}");
            let [_, green, blue] = pixels.get(0, 0).unwrap();
            assert_eq!(green, 0, "{format:?}");
            // Linear light 77 / 255 for the two formats that hold it; the palette of GIF and RGBE round.
            let expected = if matches!(format, Format::Hdr | Format::Exr) { 149 } else { 77 };
            assert!(blue.abs_diff(expected) < 3, "{format:?}: {blue}");
        }
    }

    #[test]
    fn each_cut_file_is_an_error_and_none_panics() {
        for (encoder, format) in FORMATS {
            let bytes = encoded(encoder);
            for part in 1..8 {
                let cut = &bytes[..bytes.len() * part / 8];
                let error = decode(cut, format, &Limits::default()).err();
                let kind = error.map(|error| error.kind());
                assert!(!matches!(kind, None | Some(ErrorKind::Panic)), "{format:?} {part}/8: {kind:?}");
            }
        }
    }

    #[test]
    fn the_data_of_an_exr_file_are_checked_not_only_what_is_shown() {
        let mut bytes = encoded(ImageFormat::OpenExr);
        let window = bytes.windows(10).position(|name| name == b"dataWindow").unwrap();
        // Name and type with their zeros, then the size: the first number is the left edge.
        let left = window + 11 + 6 + 4;
        bytes[left..left + 4].copy_from_slice(&(-973_078_528_i32).to_le_bytes());
        let error = decode(&bytes, Format::Exr, &Limits::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn frames_are_counted() {
        let mut bytes = Vec::new();
        {
            let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
            for level in [10, 20, 30] {
                encoder
                    .encode_frame(image::Frame::new(image::RgbaImage::from_pixel(
                        4,
                        4,
                        image::Rgba([level, 0, 0, 255]),
                    )))
                    .unwrap();
            }
        }
        let raster = decode(&bytes, Format::Gif, &Limits::default()).unwrap();
        assert_eq!(raster.notes, [Note::FirstFrame(Some(3))]);
    }
}
