//! HEVC pictures, by `heic-rs`; its parameter sets are read here for their true size and their colours, which
//! `heic-rs` skips.

use heic_rs::Error as HeicError;
use heic_rs::boxes::BoxIter;
use heic_rs::hevc::{self, ChromaFormat};

use super::super::{check_size, malformed, truncated, unsupported};
use super::BYTES_PER_PIXEL;
use super::yuv::{Coding, Planes};
use crate::error::{Error, ErrorKind, Result};
use crate::media::Limits;

/// Decodes one item by its `hvcC` box.
pub(super) fn decode(config: &[u8], data: &[u8], limits: &Limits) -> Result<Planes> {
    let failed = |error| from_heic(error, data.len());
    // `heic-rs` parses the box with its head.
    let mut boxed =
        u32::try_from(config.len() + 8).map_err(|_| malformed("no such box"))?.to_be_bytes().to_vec();
    boxed.extend_from_slice(b"hvcC");
    boxed.extend_from_slice(config);
    let head = BoxIter::new(&boxed).next().ok_or_else(|| malformed("no `hvcC` box"))?.map_err(failed)?;
    let config = heic_rs::props::hvcc::parse(&head).map_err(failed)?;
    let parameters = config.parameter_sets();
    let mut coding = Coding::UNSPECIFIED;
    for set in parameters.iter().filter(|set| set.first().is_some_and(|head| head >> 1 & 63 == 33)) {
        let sequence =
            Sequence::parse(set).ok_or_else(|| malformed("a sequence parameter set that ends early"))?;
        if sequence.chroma > 1 {
            // heic-rs 0.1.4 loses its place in such streams and, at worst, delivers a wrong picture. Phones write 4:2:0.
            return Err(unsupported("HEIC with 4:2:2 or 4:4:4 chroma is not decoded"));
        }
        // The cropped size says nothing about the memory that decoding takes.
        check_size(sequence.width, sequence.height, BYTES_PER_PIXEL, limits)?;
        coding = sequence.coding;
    }
    let units = config.split_nals(data).map_err(failed)?;
    let frame = hevc::decode_still(&parameters, &units).map_err(failed)?;
    frame.validate().map_err(failed)?;
    let halved = match frame.chroma {
        ChromaFormat::Yuv420 => (true, true),
        ChromaFormat::Yuv422 => (true, false),
        ChromaFormat::Yuv444 | ChromaFormat::Monochrome => (false, false),
    };
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut planes = Planes {
        width,
        height,
        bits: frame.bit_depth,
        halved,
        luma: packed(frame.y, frame.y_stride as usize, width),
        chroma: None,
        coding,
    };
    if frame.chroma != ChromaFormat::Monochrome {
        let (columns, _) = planes.chroma_size();
        let stride = frame.c_stride as usize;
        planes.chroma = Some([packed(frame.cb, stride, columns), packed(frame.cr, stride, columns)]);
    }
    Ok(planes)
}

/// Rows without padding.
fn packed(plane: Vec<u16>, stride: usize, width: usize) -> Vec<u16> {
    if stride == width {
        return plane;
    }
    plane.chunks_exact(stride.max(1)).flat_map(|row| row[..width.min(row.len())].iter().copied()).collect()
}

fn from_heic(error: HeicError, have: usize) -> Error {
    match error {
        HeicError::Truncated(_) => truncated(have, None),
        HeicError::Unsupported(_) => unsupported("this variant of HEIC is not decoded").because(error),
        HeicError::PixelLimit { .. } => {
            Error::new(ErrorKind::TooLarge, "more pixels than the limit").because(error)
        }
        error => malformed("the picture contradicts its format").because(error),
    }
}

/// What a sequence parameter set says about size and colours (ITU-T H.265, 7.3.2.2 and E.2.1).
struct Sequence {
    /// 0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    chroma: u32,
    width: u32,
    height: u32,
    coding: Coding,
}

impl Sequence {
    fn parse(unit: &[u8]) -> Option<Self> {
        let payload = without_escapes(unit.get(2..)?);
        let mut bits = Bits { bytes: &payload, at: 0 };
        bits.skip(4);
        let layers = bits.read(3)?;
        bits.skip(1);
        profile_tier_level(&mut bits, layers)?;
        bits.unsigned()?;
        let chroma = bits.unsigned()?;
        if chroma == 3 {
            bits.skip(1);
        }
        let (width, height) = (bits.unsigned()?, bits.unsigned()?);
        let coding = Self::colours(&mut bits, layers).unwrap_or(Coding::UNSPECIFIED);
        Some(Self { chroma, width, height, coding })
    }

    /// Walks the rest up to the colours; `None` where there are none.
    fn colours(bits: &mut Bits<'_>, layers: u32) -> Option<Coding> {
        if bits.flag()? {
            bits.unsigned_times(4)?;
        }
        bits.unsigned_times(2)?;
        let order_bits = bits.unsigned()? + 4;
        let all_layers = bits.flag()?;
        bits.unsigned_times(if all_layers { 3 * (layers + 1) } else { 3 })?;
        bits.unsigned_times(6)?;
        if bits.flag()? && bits.flag()? {
            scaling_lists(bits)?;
        }
        bits.skip(2);
        if bits.flag()? {
            bits.skip(8);
            bits.unsigned_times(2)?;
            bits.skip(1);
        }
        reference_sets(bits)?;
        if bits.flag()? {
            for _ in 0..bits.unsigned()?.min(64) {
                bits.skip(order_bits as usize + 1);
            }
        }
        bits.skip(2);
        if !bits.flag()? {
            return None;
        }
        // The usability information: aspect ratio, overscan, then the video signal.
        if bits.flag()? && bits.read(8)? == 255 {
            bits.skip(32);
        }
        if bits.flag()? {
            bits.skip(1);
        }
        if !bits.flag()? {
            return None;
        }
        bits.skip(3);
        let mut coding = Coding { full_range: bits.flag()?, ..Coding::UNSPECIFIED };
        if bits.flag()? {
            coding.primaries = bits.read(8)? as u16;
            coding.transfer = bits.read(8)? as u16;
            coding.matrix = bits.read(8)? as u16;
        }
        Some(coding)
    }
}

fn profile_tier_level(bits: &mut Bits<'_>, layers: u32) -> Option<()> {
    bits.skip(88 + 8);
    let mut present = Vec::new();
    for _ in 0..layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if layers > 0 {
        bits.skip(2 * (8 - layers as usize));
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 });
    }
    Some(())
}

fn scaling_lists(bits: &mut Bits<'_>) -> Option<()> {
    for size in 0..4_u32 {
        for _ in (0..6).step_by(if size == 3 { 3 } else { 1 }) {
            if bits.flag()? {
                let coefficients = 64.min(1 << (4 + 2 * size));
                bits.unsigned_times(coefficients + u32::from(size > 1))?;
            } else {
                bits.unsigned()?;
            }
        }
    }
    Some(())
}

fn reference_sets(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.unsigned()?.min(64);
    let mut pictures = 0;
    for index in 0..count {
        if index > 0 && bits.flag()? {
            bits.skip(1);
            bits.unsigned()?;
            let mut kept = 0;
            for _ in 0..=pictures {
                if bits.flag()? || bits.flag()? {
                    kept += 1;
                }
            }
            pictures = kept;
        } else {
            let (before, after) = (bits.unsigned()?.min(16), bits.unsigned()?.min(16));
            for _ in 0..before + after {
                bits.unsigned()?;
                bits.skip(1);
            }
            pictures = before + after;
        }
    }
    Some(())
}

/// Removes the bytes that keep start codes out of a unit.
fn without_escapes(unit: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if byte == 3 && zeros >= 2 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

/// Reads bits from the highest on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    fn read(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    const fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// A number in Exp-Golomb code; a signed one takes as many bits.
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some(((1_u64 << zeros) - 1) as u32 + self.read(zeros)?)
    }

    fn unsigned_times(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.unsigned().map(drop))
    }
}
