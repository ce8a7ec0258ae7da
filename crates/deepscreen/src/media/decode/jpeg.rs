//! JPEG: baseline and progressive, gray, YCbCr, RGB, CMYK and YCCK, by `zune-jpeg`.
//!
//! `zune-jpeg` paints what is missing gray and succeeds; so the structure is walked here first, and data that end
//! early are an error. Arithmetic coding, lossless and 12-bit JPEG are not decoded.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::color::{Channels, Raster, keeps_luma};
use super::jpeg_reduced::{self, Outcome, next_marker};
use super::orientation::Orientation;
use super::{Decoded, Grey, Limits, Luma, Note, check_size, luma, malformed, truncated, unsupported};
use crate::error::{Error, Result};

/// What the segments of a JPEG say, read without decoding anything.
#[derive(Default)]
struct Header<'a> {
    /// Which of the frame markers SOF0 to SOF15.
    process: u8,
    bits: u8,
    width: u16,
    height: u16,
    components: u8,
    /// The components are called R, G and B.
    is_named_rgb: bool,
    /// The transform of Adobe's APP14 segment: 0 none, 1 YCbCr, 2 YCCK.
    adobe: Option<u8>,
    exif: Option<&'a [u8]>,
    /// The pieces of the colour profile: number and bytes.
    profile: Vec<(u8, &'a [u8])>,
    /// Where the end-of-image marker is, if it was found behind a scan.
    end: Option<usize>,
    scans: u32,
    /// The components do not all have as many rows.
    rows_differ: bool,
    /// The first scan holds all components: the rows are complete one after another.
    interleaved: bool,
    /// The scans of a progressive picture bring every coefficient to its full precision.
    covered: bool,
}

impl Header<'_> {
    fn is_progressive(&self) -> bool {
        self.process == 2
    }
}

/// Bits of the 64 coefficients that each component still misses.
type Missing = [u64; 4];

fn walk(bytes: &[u8]) -> Result<Header<'_>> {
    let mut header = Header::default();
    let mut identifiers = Vec::new();
    let mut missing: Missing = [0; 4];
    let mut at = 2;
    // Segments may have fill bytes or, in files of careless writers, garbage between them.
    while let Some(found) = next_marker(bytes, at) {
        let code = bytes[found + 1];
        at = found + 2;
        match code {
            0xD8 | 0x01 | 0xD0..=0xD7 => continue,
            0xD9 if header.scans > 0 => {
                header.end = Some(found);
                break;
            }
            0xD9 => continue,
            _ => {}
        }
        let Some(length) =
            bytes.get(at..at + 2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])))
        else {
            break;
        };
        let Some(segment) = bytes.get(at + 2..at + length.max(2)) else { break };
        at += length.max(2);
        match code {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if header.components == 0 => {
                let [bits, h1, h0, w1, w0, components, _, _, _, ..] = *segment else {
                    return Err(malformed("a frame header that is too short"));
                };
                header.process = code - 0xC0;
                header.bits = bits;
                header.height = u16::from_be_bytes([h1, h0]);
                header.width = u16::from_be_bytes([w1, w0]);
                header.components = components;
                identifiers = segment[6..].iter().step_by(3).copied().take(4).collect();
                let mut rows = segment[7..].iter().step_by(3).map(|sampling| sampling & 15);
                let first = rows.next();
                header.rows_differ = rows.any(|rows| Some(rows) != first);
                header.is_named_rgb = identifiers == *b"RGB";
                missing[..identifiers.len()].fill(u64::MAX);
            }
            0xDA => {
                header.scans += 1;
                let count = segment.first().copied().unwrap_or(0);
                if header.scans == 1 {
                    header.interleaved = count >= header.components;
                }
                cover(segment, &identifiers, &mut missing);
                header.covered = missing.iter().all(|&bits| bits == 0);
            }
            0xE1 if segment.starts_with(b"Exif\0") && header.exif.is_none() => header.exif = Some(segment),
            0xE2 if segment.starts_with(b"ICC_PROFILE\0") && segment.len() > 14 => {
                header.profile.push((segment[12], &segment[14..]));
            }
            0xEE if segment.starts_with(b"Adobe") => header.adobe = segment.get(11).copied(),
            _ => {}
        }
    }
    if header.components == 0 {
        return Err(truncated(bytes.len(), None));
    }
    Ok(header)
}

/// Takes what a scan completes off what is missing: only a scan of the last bit does.
fn cover(scan: &[u8], identifiers: &[u8], missing: &mut Missing) {
    let count = usize::from(scan.first().copied().unwrap_or(0));
    let Some([start, end, approximation]) = scan.get(1 + 2 * count..4 + 2 * count) else { return };
    if approximation & 15 != 0 || start > end || *end > 63 {
        return;
    }
    let band = (u64::MAX >> (63 - (end - start))) << start;
    for component in scan[1..].chunks_exact(2).take(count) {
        if let Some(index) = identifiers.iter().position(|&identifier| identifier == component[0]) {
            missing[index] &= !band;
        }
    }
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let header = walk(bytes)?;
    check(&header, limits)?;
    let color = match (header.components, header.adobe) {
        (1, _) => ColorSpace::Luma,
        (3, _) => ColorSpace::RGB,
        (_, Some(2)) => ColorSpace::YCCK,
        _ => ColorSpace::CMYK,
    };
    let data = samples(bytes, &header, color)?;
    raster(&header, data)
}

/// The brightness of gray and YCbCr, reduced; `None` where the whole has to be decoded and converted. Where no profile
/// changes it, it is the first component, the luma of ITU-R BT.601, and the chroma is passed over.
pub(super) fn luma(bytes: &[u8], limits: &Limits) -> Result<Option<Grey>> {
    let header = walk(bytes)?;
    // RGB without a transform has letters for numbers, or Adobe's word for it.
    let is_ycbcr = header.components == 3 && header.adobe != Some(0) && !header.is_named_rgb;
    if !is_ycbcr && header.components != 1 {
        return Ok(None);
    }
    check(&header, limits)?;
    let profile = profile(&header).filter(|icc| !(is_ycbcr && keeps_luma(icc)));
    let (width, height) = (u32::from(header.width), u32::from(header.height));
    let factor = luma::factor(width, height);
    let is_read =
        if header.is_progressive() { header.covered && header.end.is_some() } else { header.interleaved };
    if factor > 1 && is_read {
        let wanted = if profile.is_some() { usize::from(header.components) } else { 1 };
        match jpeg_reduced::decode(bytes, factor, wanted) {
            Outcome::Planes(planes) => {
                let side = |side: u32| side.div_ceil(factor as u32);
                let size = orientation(&header).size(width, height);
                return reduced(&header, side(width), side(height), planes, profile)
                    .map(|(luma, notes)| Some(Grey { luma: luma.of_whole(size, factor), size, notes }));
            }
            Outcome::Truncated => return Err(truncated(bytes.len(), None)),
            Outcome::Left => {}
        }
    }
    if profile.is_some() {
        return Ok(None);
    }
    let data = samples(bytes, &header, ColorSpace::Luma)?;
    let mut raster = Raster::new(width, height, Channels::Gray, data);
    raster.orientation = orientation(&header);
    raster.finish_luma().map(Some)
}

/// The brightness of planes of luma, or of luma and chroma, by the profile.
fn reduced(
    header: &Header<'_>,
    width: u32,
    height: u32,
    mut planes: Vec<Vec<u8>>,
    profile: Option<Vec<u8>>,
) -> Result<(Luma, Vec<Note>)> {
    let upright = orientation(header);
    if profile.is_none() {
        let (width, height, data) = upright.apply::<1>(width, height, planes.swap_remove(0));
        let luma = Luma::from_gray8(width, height, data).ok_or_else(|| malformed("no pixels"))?;
        return Ok((luma, Vec::new()));
    }
    let (channels, data) = match &planes[..] {
        [y, cb, cr] => {
            let pixels = y.iter().zip(cb).zip(cr);
            (Channels::Rgb, pixels.flat_map(|((y, cb), cr)| rgb(*y, *cb, *cr)).collect())
        }
        _ => (Channels::Gray, planes.swap_remove(0)),
    };
    let mut raster = Raster::new(width, height, channels, data);
    (raster.icc, raster.orientation) = (profile, upright);
    let Decoded { pixels, notes } = raster.finish()?;
    Ok((Luma::of(&pixels), notes))
}

fn check(header: &Header<'_>, limits: &Limits) -> Result<()> {
    match header.process {
        0..=2 => {}
        3 => return Err(unsupported("lossless JPEG is not decoded")),
        9..=11 => return Err(unsupported("JPEG with arithmetic coding is not decoded")),
        _ => return Err(unsupported("hierarchical JPEG is not decoded")),
    }
    if header.bits != 8 {
        return Err(unsupported(format!("JPEG of {} bits is not decoded", header.bits)));
    }
    if !matches!(header.components, 1 | 3 | 4) {
        return Err(unsupported(format!("JPEG of {} components is not decoded", header.components)));
    }
    if header.process < 2 && header.scans > 0 && !header.interleaved && header.rows_differ {
        // zune-jpeg 0.5.15 mixes the rows up, without an error.
        return Err(unsupported(
            "baseline JPEG with a scan for each colour and fewer rows of chroma is not decoded",
        ));
    }
    // A progressive picture holds all coefficients, 2 bytes each, beside the samples; then the turned copy.
    let components = u64::from(header.components);
    let coefficients = if header.is_progressive() { 2 * components } else { 0 };
    check_size(u32::from(header.width), u32::from(header.height), coefficients + components + 3, limits)
}

fn samples(bytes: &[u8], header: &Header<'_>, color: ColorSpace) -> Result<Vec<u8>> {
    // Behind the end of the data, so that reading ahead, 8 bytes at most, is no early end. Only ones are no code
    // of any table: to decode them fails at once. Zeros are a code of most.
    const ONES: [u8; 16] = [0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0];
    const ZEROS: [u8; 8] = [0; 8];
    let data = &bytes[..header.end.unwrap_or(bytes.len())];
    let early = || truncated(bytes.len(), None);
    if header.scans == 0 {
        return Err(early());
    }
    let run = |data: &[u8], strict| run(data, color, strict);
    if header.interleaved && !header.is_progressive() {
        match run(&[data, &ONES].concat(), true) {
            Ok(samples) => return Ok(samples),
            Err(_) if header.end.is_none() => return Err(early()),
            Err(_) => {}
        }
        // An end marker that came too early, or a fault that browsers forgive?
        if run(&[data, &ZEROS].concat(), true).is_err_and(|error| is_early_end(&error)) {
            return Err(early());
        }
    } else if header.end.is_none() {
        let outcome = run(&[data, &ZEROS].concat(), true);
        if !header.covered || outcome.is_err_and(|error| is_early_end(&error)) {
            return Err(early());
        }
        return run(&[bytes, b"\xFF\xD9"].concat(), false);
    }
    run(bytes, false)
}

/// The errors of `zune-jpeg` for data that end before the picture does.
fn is_early_end(error: &Error) -> bool {
    let text = error.message();
    ["Premature end", "Exhausted", "more than bits left"].iter().any(|sign| text.contains(sign))
}

fn run(data: &[u8], color: ColorSpace, strict: bool) -> Result<Vec<u8>> {
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(color);
    // Its errors print by `Debug` alone.
    JpegDecoder::new_with_options(ZCursor::new(data), options)
        .decode()
        .map_err(|error| malformed("the picture contradicts its format").because(format!("{error:?}")))
}

fn raster(header: &Header<'_>, mut data: Vec<u8>) -> Result<Raster> {
    let channels = match header.components {
        1 => Channels::Gray,
        3 => Channels::Rgb,
        _ => Channels::Cmyk,
    };
    if channels == Channels::Cmyk {
        if header.adobe == Some(2) {
            ycck_to_cmyk(&mut data);
        }
        // Adobe writes ink inverted, and so does everybody who wants Photoshop to read it: browsers and Pillow
        // take every CMYK JPEG as such, with or without Adobe's segment.
        for value in &mut data {
            *value = 255 - *value;
        }
    }
    let mut raster = Raster::new(u32::from(header.width), u32::from(header.height), channels, data);
    raster.orientation = orientation(header);
    raster.icc = profile(header);
    Ok(raster)
}

/// YCbCr of the first three channels to RGB and that to what Adobe stores in CMYK: 255 less it. The black stays.
fn ycck_to_cmyk(data: &mut [u8]) {
    let (pixels, _) = data.as_chunks_mut::<4>();
    for [y, cb, cr, _] in pixels {
        [*y, *cb, *cr] = rgb(*y, *cb, *cr).map(|value| 255 - value);
    }
}

/// The conversion of JFIF.
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (luma, blue, red) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    // `as` saturates.
    [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue]
        .map(|value| (value + 0.5) as u8)
}

fn orientation(header: &Header<'_>) -> Orientation {
    header.exif.map(Orientation::from_exif_block).unwrap_or_default()
}

/// Joins the pieces of the profile in the order of their numbers.
fn profile(header: &Header<'_>) -> Option<Vec<u8>> {
    let mut pieces = header.profile.clone();
    pieces.sort_by_key(|&(number, _)| number);
    pieces.dedup_by_key(|&mut (number, _)| number);
    (!pieces.is_empty()).then(|| pieces.into_iter().flat_map(|(_, piece)| piece).copied().collect())
}

/// The pixels of a JPEG that can be decoded; `None` for anything else.
pub(super) fn area(bytes: &[u8]) -> Option<u64> {
    let header = walk(bytes).ok()?;
    let decodable = header.process <= 2 && header.bits == 8 && header.scans > 0;
    decodable.then_some(u64::from(header.width) * u64::from(header.height)).filter(|&area| area > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn encoded(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([x * 3, y * 4, x * y].map(|value| value as u8))
        });
        picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
        bytes
    }

    fn kind(bytes: &[u8]) -> Option<ErrorKind> {
        decode(bytes, &Limits::default()).and_then(Raster::finish).err().map(|error| error.kind())
    }

    #[test]
    fn data_that_end_early_are_truncated_and_the_rest_decodes() {
        let whole = encoded(80, 64);
        let data = whole.len() - 2;
        let cases: [(&str, Vec<u8>, Option<ErrorKind>); 8] = [
            ("whole", whole.clone(), None),
            ("without its end marker", whole[..data].to_vec(), None),
            ("garbage behind", [&whole[..], &[7; 999]].concat(), None),
            ("another picture behind", [&whole[..], &whole[..]].concat(), None),
            ("half", whole[..data / 2].to_vec(), Some(ErrorKind::Truncated)),
            (
                "half, with an end marker",
                [&whole[..data / 2], b"\xFF\xD9"].concat(),
                Some(ErrorKind::Truncated),
            ),
            ("tables only", whole[..160].to_vec(), Some(ErrorKind::Truncated)),
            ("two bytes", whole[..2].to_vec(), Some(ErrorKind::Truncated)),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(kind(&bytes), expected, "{name}");
        }
    }

    #[test]
    fn every_cut_is_an_error_and_none_panics() {
        let whole = encoded(40, 32);
        for length in 0..whole.len() - 2 {
            let found = kind(&whole[..length]);
            // The last bytes may hold nothing but padding bits.
            assert!(found.is_some() || length + 4 > whole.len(), "{length} of {}", whole.len());
        }
    }

    #[test]
    fn the_size_is_checked_before_anything_is_decoded() {
        let mut bytes = encoded(16, 16);
        let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        for (height, width, expected) in
            [(65_500_u16, 65_500_u16, ErrorKind::TooLarge), (16, 0, ErrorKind::Malformed)]
        {
            bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
            bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
            assert_eq!(kind(&bytes), Some(expected));
        }
    }

    #[test]
    fn other_processes_are_unsupported() {
        let mut bytes = encoded(16, 16);
        let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        for process in [3, 5, 9, 10] {
            bytes[frame + 1] = 0xC0 + process;
            assert_eq!(kind(&bytes), Some(ErrorKind::Unsupported), "{process}");
        }
    }

    #[test]
    fn luma_alone_is_that_of_the_whole() {
        let picture = image::RgbImage::from_fn(600, 520, |x, y| {
            let wave = (x as f32 / 40.0).sin() * (y as f32 / 60.0).cos();
            image::Rgb(
                [120.0 + 60.0 * wave, 130.0 - 50.0 * wave, 90.0 + 40.0 * wave].map(|value| value as u8),
            )
        });
        let mut bytes = Vec::new();
        picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
        let limits = Limits::default();
        let alone = super::luma(&bytes, &limits).unwrap().unwrap();
        let whole = Luma::of(&decode(&bytes, &limits).unwrap().finish().unwrap().pixels);
        assert_eq!((alone.size, alone.luma.width(), alone.luma.height()), ((600, 520), 300, 260));
        let differences = alone.luma.as_gray8().iter().zip(whole.as_gray8()).map(|(a, b)| a.abs_diff(*b));
        assert!(differences.map(u64::from).sum::<u64>() < 300 * 260, "more than 1 in 255 on average");
        let error = super::luma(&bytes[..bytes.len() / 2], &limits).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
    }

    fn waves(width: u32, height: u32, icc: Option<Vec<u8>>) -> Vec<u8> {
        use image::ImageEncoder;
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            let wave = (x as f32 / 40.0).sin() * (y as f32 / 60.0).cos();
            image::Rgb([130.0 + 100.0 * wave, 130.0 - 50.0 * wave, 60.0].map(|value| value as u8))
        });
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
        if let Some(icc) = icc {
            encoder.set_icc_profile(icc).unwrap();
        }
        encoder.write_image(&picture, width, height, image::ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    /// The mean difference between the luma alone, which has to be read reduced, and that of the whole.
    fn difference(bytes: &[u8], factor: usize, wanted: usize) -> f64 {
        assert!(matches!(jpeg_reduced::decode(bytes, factor, wanted), Outcome::Planes(_)));
        let limits = Limits::default();
        let alone = super::luma(bytes, &limits).unwrap().unwrap();
        let whole = decode(bytes, &limits).unwrap().finish().unwrap().pixels;
        assert_eq!(alone.size, (whole.width(), whole.height()));
        let (alone, whole) = (alone.luma, Luma::of(&whole));
        assert_eq!((alone.width(), alone.height()), (whole.width(), whole.height()));
        let pairs = alone.as_gray8().iter().zip(whole.as_gray8());
        let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / alone.as_gray8().len() as f64
    }

    #[test]
    fn a_profile_that_moves_luma_is_applied_to_the_reduced_picture() {
        let wide = moxcms::ColorProfile::new_display_p3().encode().unwrap();
        for (width, height, factor) in [(600, 520, 2), (1030, 1025, 4), (2050, 2043, 8)] {
            let bytes = waves(width, height, Some(wide.clone()));
            let found = difference(&bytes, factor, 3);
            assert!(found < 1.0, "{found} at 1/{factor}");
            let plain = super::luma(&waves(width, height, None), &Limits::default()).unwrap().unwrap().luma;
            let wide = super::luma(&bytes, &Limits::default()).unwrap().unwrap().luma;
            assert!(plain != wide, "the profile changes nothing at 1/{factor}");
        }
    }

    /// Writes bits, the highest first, with the stuffing.
    #[derive(Default)]
    struct Writer {
        bytes: Vec<u8>,
        buffer: u64,
        count: u32,
    }

    impl Writer {
        /// Ones up to the next byte.
        fn pad(&mut self) {
            let count = (8 - self.count) % 8;
            self.put((1 << count) - 1, count);
        }

        fn put(&mut self, value: u32, count: u32) {
            self.buffer = self.buffer << count | u64::from(value);
            self.count += count;
            while self.count >= 8 {
                self.count -= 8;
                let byte = (self.buffer >> self.count) as u8;
                self.bytes.extend_from_slice(if byte == 0xFF {
                    &[0xFF, 0]
                } else {
                    std::slice::from_ref(&byte)
                });
            }
        }
    }

    fn segment(code: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[0xFF, code][..], &(content.len() as u16 + 2).to_be_bytes(), &content].concat()
    }

    /// A progressive picture of flat blocks, 4:2:0, in scans of all components or of one each: the first
    /// coefficients but their last bit, that bit, and the other coefficients, all zero.
    fn progressive(width: u16, height: u16, together: bool) -> Vec<u8> {
        let mean = |component: u8, x: usize, y: usize| match component {
            0 => ((x * 7 + y * 3) % 201) as i32 - 100,
            1 => (x % 60) as i32 - 30,
            _ => 30 - (y % 60) as i32,
        };
        let mut file = [
            vec![0xFF, 0xD8],
            segment(0xDB, &[&[0], &[8; 64]]),
            segment(
                0xC2,
                &[
                    &[8],
                    &height.to_be_bytes(),
                    &width.to_be_bytes(),
                    &[3, 0, 0x22, 0, 1, 0x11, 0, 2, 0x11, 0],
                ],
            ),
            // 12 lengths of 4 bits each, and the end of the block in one bit.
            segment(0xC4, &[&[0, 0, 0, 0, 12], &[0; 12], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]),
            segment(0xC4, &[&[0x10, 1], &[0; 15], &[0]]),
            // A restart marker after each 100 units.
            segment(0xDD, &[&[0, 100]]),
        ]
        .concat();
        let all: &[&[u8]] = if together { &[&[0, 1, 2]] } else { &[&[0], &[1], &[2]] };
        let scans = [(0, 0, 0x01), (0, 0, 0x10)]
            .into_iter()
            .flat_map(|band| all.iter().map(move |components| (band, *components)))
            .chain([&[0][..], &[1], &[2]].map(|components| ((1, 63, 0), components)));
        for ((start, end, approximation), components) in scans {
            let named: Vec<u8> = components.iter().flat_map(|&component| [component, 0]).collect();
            let head: [&[u8]; 3] = [&[components.len() as u8], &named, &[start, end, approximation]];
            file.extend(segment(0xDA, &head));
            let blocks = |side: u16, size: usize| usize::from(side).div_ceil(size);
            let unit = if components == [0] { 8 } else { 16 };
            let (across, down) = (blocks(width, unit), blocks(height, unit));
            let mut writer = Writer::default();
            let mut before = [0; 3];
            for at in 0..across * down {
                if at > 0 && at % 100 == 0 {
                    writer.pad();
                    writer.bytes.extend([0xFF, 0xD0 + (at / 100 - 1) as u8 % 8]);
                    (writer.buffer, writer.count, before) = (0, 0, [0; 3]);
                }
                for &component in components {
                    let side = if components.len() > 1 && component == 0 { 2 } else { 1 };
                    for block in 0..side * side {
                        let (x, y) = (at % across * side + block % side, at / across * side + block / side);
                        let mean = mean(component, x, y);
                        match (start, approximation) {
                            (0, 1) => {
                                let before = &mut before[usize::from(component)];
                                let difference = (mean >> 1) - std::mem::replace(before, mean >> 1);
                                let length = 32 - difference.unsigned_abs().leading_zeros();
                                let value = difference - i32::from(difference < 0);
                                writer.put(length, 4);
                                writer.put(value as u32 & ((1 << length) - 1), length);
                            }
                            (0, _) => writer.put(mean as u32 & 1, 1),
                            _ => writer.put(0, 1),
                        }
                    }
                }
            }
            writer.pad();
            file.extend(writer.bytes);
        }
        [file, vec![0xFF, 0xD9]].concat()
    }

    #[test]
    fn the_means_of_a_progressive_picture_are_read_alone() {
        for together in [true, false] {
            let bytes = progressive(2050, 2043, together);
            let found = difference(&bytes, 8, 1);
            assert!(found < 0.1, "{found}, together: {together}");
            assert!(
                matches!(jpeg_reduced::decode(&bytes, 8, 3), Outcome::Planes(planes) if planes.len() == 3)
            );
            let scan = bytes.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
            for cut in [&bytes[..bytes.len() / 2], &bytes[..scan], &bytes[..bytes.len() / 9]] {
                let error = super::luma(cut, &Limits::default()).map(drop).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Truncated);
            }
        }
    }

    #[test]
    fn mutated_bytes_never_panic() {
        let wide = moxcms::ColorProfile::new_display_p3().encode().unwrap();
        let pictures = [
            waves(200, 190, Some(wide)),
            waves(330, 70, None),
            progressive(90, 75, true),
            progressive(90, 75, false),
        ];
        let mut random = 1_u64;
        for (round, whole) in (0..4000).zip(pictures.iter().cycle()) {
            let mut bytes = whole.clone();
            for _ in 0..=round % 5 {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Half of them in the headers.
                let reach = if random >> 63 == 0 { 250 } else { bytes.len() };
                let at = (random >> 20) as usize % reach;
                bytes[at] = (random >> 12) as u8;
            }
            for (factor, wanted) in [(8, 1), (8, 3), (4, 3), (2, 1)] {
                jpeg_reduced::decode(&bytes, factor, wanted);
            }
        }
    }
}
