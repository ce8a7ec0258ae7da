//! JPEG XL, bare and in its container, by `jxl-oxide`.

use jxl_oxide::{
    AllocTracker, EnumColourEncoding, ExtraChannelType, InitializeResult, JxlImage, JxlThreadPool,
    RenderingIntent,
};

use super::color::{Channels, Raster};
use super::{Limits, Note, check_size, malformed, truncated};
use crate::error::{Error, Result};

/// What is fed at a time: reading stops behind the first frame.
const CHUNK: usize = 64 << 10;

/// Three channels as 32-bit floats and the samples made of them. The crate's own tracker counts the rest.
const BYTES_PER_PIXEL: u64 = 12 + 4;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster> {
    let budget = usize::try_from(limits.max_decoder_bytes).unwrap_or(usize::MAX);
    let mut uninitialised = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(budget))
        .build_uninit();
    // The crate reads on into the first frame before it tells a size.
    if let Some((width, height)) = size(bytes) {
        check_size(width, height, BYTES_PER_PIXEL, limits)?;
    }
    let failed = |error| from_jxl(error, bytes.len());
    let mut feed = Feed { bytes, at: 0, size: CHUNK };
    let mut image = loop {
        let chunk = feed.next().ok_or_else(|| truncated(bytes.len(), None))?;
        let taken = uninitialised.feed_bytes(chunk).map_err(failed)?;
        feed.took(taken);
        match uninitialised.try_init().map_err(failed)? {
            InitializeResult::NeedMoreData(more) => uninitialised = more,
            InitializeResult::Initialized(image) => break image,
        }
    };
    check_size(image.width(), image.height(), BYTES_PER_PIXEL, limits)?;

    let format = image.pixel_format();
    let is_enumerated = image.original_icc().is_none();
    if is_enumerated && !format.has_black() {
        let intent = RenderingIntent::Relative;
        image.request_color_encoding(if format.is_grayscale() {
            EnumColourEncoding::gray_srgb(intent)
        } else {
            EnumColourEncoding::srgb(intent)
        });
    }
    while image.num_loaded_keyframes() == 0 {
        let chunk = feed.next().ok_or_else(|| truncated(bytes.len(), None))?;
        let taken = image.feed_bytes(chunk).map_err(failed)?;
        feed.took(taken);
    }
    let render = image.render_frame(0).map_err(failed)?;
    let mut stream = render.stream();
    let (width, height, count) = (stream.width(), stream.height(), stream.channels() as usize);
    check_size(width, height, BYTES_PER_PIXEL, limits)?;
    let mut data = vec![0_u8; width as usize * height as usize * count];
    stream.write_to_buffer(&mut data);

    let (channels, data) = match (count, format.has_black()) {
        (1, _) => (Channels::Gray, data),
        (2, _) => (Channels::GrayAlpha, data),
        (3, _) => (Channels::Rgb, data),
        (4, false) => (Channels::Rgba, data),
        // 0 is full ink in JPEG XL; transparency of inks is left out.
        (4 | 5, true) => (
            Channels::Cmyk,
            data.chunks_exact(count).flat_map(|ink| ink[..4].iter().map(|value| 255 - value)).collect(),
        ),
        _ => return Err(malformed(format!("{count} channels"))),
    };
    let mut raster = Raster::new(width, height, channels, data);
    if !is_enumerated || format.has_black() {
        raster.icc = Some(image.rendered_icc());
    }
    let metadata = &image.image_header().metadata;
    let associated = metadata
        .ec_info
        .iter()
        .any(|channel| matches!(channel.ty, ExtraChannelType::Alpha { alpha_associated: true }));
    if associated {
        raster.unmultiply();
    }
    if metadata.animation.is_some() {
        raster.notes.push(Note::FirstFrame(None));
    }
    Ok(raster)
}

/// Width and height of the codestream's header (ISO/IEC 18181-1, SizeHeader), before orientation.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let stream = if bytes.starts_with(b"\xFF\x0A") { bytes } else { codestream(bytes)? };
    let head: [u8; 16] = std::array::from_fn(|at| stream.get(2 + at).copied().unwrap_or(0));
    let mut bits = u128::from_le_bytes(head);
    let mut take = |count: u32| {
        let value = bits & ((1 << count) - 1);
        bits >>= count;
        value as u32
    };
    let small = take(1) == 1;
    let side = |take: &mut dyn FnMut(u32) -> u32| {
        if small {
            return 8 * (take(5) + 1);
        }
        let bits = [9, 13, 18, 30][take(2) as usize];
        take(bits) + 1
    };
    let height = side(&mut take);
    let wide = u64::from(height);
    let width = match take(3) {
        0 => side(&mut take),
        ratio => {
            let (numerator, denominator) =
                [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)][ratio as usize - 1];
            u32::try_from(wide * numerator / denominator).ok()?
        }
    };
    Some((width, height))
}

/// The start of the codestream in a container: in a box `jxlc`, or in parts behind their number.
fn codestream(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0_usize;
    loop {
        let head = bytes.get(at..at.checked_add(8)?)?;
        let size = u32::from_be_bytes(*head.first_chunk()?) as usize;
        match &head[4..] {
            b"jxlc" => return bytes.get(at + if size == 1 { 16 } else { 8 }..),
            b"jxlp" => return bytes.get(at + if size == 1 { 20 } else { 12 }..),
            _ if size < 8 => return None,
            _ => at = at.checked_add(size)?,
        }
    }
}

/// Hands out the file piece by piece, and again what was not taken.
struct Feed<'a> {
    bytes: &'a [u8],
    at: usize,
    size: usize,
}

impl<'a> Feed<'a> {
    fn next(&self) -> Option<&'a [u8]> {
        let end = self.at.saturating_add(self.size).min(self.bytes.len());
        // A larger piece than the one before that was not taken, or nothing is left.
        (self.at < self.bytes.len() && self.size <= self.bytes.len().max(CHUNK) * 2)
            .then(|| &self.bytes[self.at..end])
    }

    fn took(&mut self, count: usize) {
        self.at += count;
        self.size = if count == 0 { self.size * 2 } else { CHUNK };
    }
}

fn from_jxl(error: Box<dyn std::error::Error + Send + Sync>, have: usize) -> Error {
    if super::ends_early(&*error) {
        truncated(have, None)
    } else {
        malformed("the picture contradicts its format").because(error)
    }
}
