//! Samples as a decoder delivers them in, upright 8-bit sRGB out: depth, colour profile, transparency, turning.

use std::sync::LazyLock;

use moxcms::{ColorProfile, DataColorSpace, Layout, ParsingOptions, TransformOptions};

use super::orientation::Orientation;
use super::{Decoded, Grey, Luma, Note, Pixels, luma, malformed};
use crate::error::Result;

/// What the bytes of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// Amounts of ink: 255 is full.
    Cmyk,
}

impl Channels {
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

/// A decoded picture before its colours are converted: 8 bits a channel, rows from the top.
pub(super) struct Raster {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: Channels,
    pub(super) data: Vec<u8>,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) orientation: Orientation,
    pub(super) notes: Vec<Note>,
}

impl Raster {
    pub(super) fn new(width: u32, height: u32, channels: Channels, data: Vec<u8>) -> Self {
        Self {
            width,
            height,
            channels,
            data,
            icc: None,
            orientation: Orientation::default(),
            notes: Vec::new(),
        }
    }

    /// The brightness alone: reduced first, so that the rest is done on few pixels. Transparent pixels have colours
    /// of their own that must not run into their neighbours.
    pub(super) fn finish_luma(mut self) -> Result<Grey> {
        let size = self.orientation.size(self.width, self.height);
        let factor = luma::factor(self.width, self.height);
        let (data, width) = (&self.data, self.width as usize);
        let reduced = match self.channels {
            _ if self.data.len() != width * self.height as usize * self.channels.count() => None,
            Channels::Gray => Some(luma::averaged::<1>(data, width, factor)),
            Channels::Rgb => Some(luma::averaged::<3>(data, width, factor)),
            Channels::Cmyk => Some(luma::averaged::<4>(data, width, factor)),
            Channels::GrayAlpha | Channels::Rgba => None,
        };
        let is_reduced = reduced.is_some();
        if let Some(data) = reduced {
            let side = |side: u32| side.div_ceil(factor as u32);
            (self.width, self.height, self.data) = (side(self.width), side(self.height), data);
        }
        let Decoded { pixels, notes } = self.finish()?;
        let luma = Luma::of(&pixels);
        Ok(Grey { luma: if is_reduced { luma.of_whole(size, factor) } else { luma }, size, notes })
    }

    /// Converts to upright sRGB over white.
    pub(super) fn finish(mut self) -> Result<Decoded> {
        let pixels = self.width as usize * self.height as usize;
        if self.data.len() != pixels * self.channels.count() {
            return Err(malformed("the decoder delivered another size than it announced"));
        }
        if let Some(icc) = self.icc.take() {
            self.convert(&icc);
        }
        let rgb = match self.channels {
            Channels::Rgb => self.data,
            Channels::Gray => self.data.iter().flat_map(|&gray| [gray; 3]).collect(),
            Channels::GrayAlpha => {
                let (pairs, _) = self.data.as_chunks::<2>();
                pairs.iter().flat_map(|&[gray, alpha]| [over_white(gray, alpha); 3]).collect()
            }
            Channels::Rgba => {
                let (quads, _) = self.data.as_chunks::<4>();
                quads
                    .iter()
                    .flat_map(|&[r, g, b, alpha]| [r, g, b].map(|value| over_white(value, alpha)))
                    .collect()
            }
            Channels::Cmyk => {
                let (quads, _) = self.data.as_chunks::<4>();
                quads
                    .iter()
                    .flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| times(255 - ink, 255 - k)))
                    .collect()
            }
        };
        let (width, height, rgb) = self.orientation.apply::<3>(self.width, self.height, rgb);
        let pixels = Pixels::from_rgb8(width, height, rgb).ok_or_else(|| malformed("no pixels"))?;
        Ok(Decoded { pixels, notes: self.notes })
    }

    /// Divides the colours by alpha, where they were multiplied by it.
    pub(super) fn unmultiply(&mut self) {
        if !matches!(self.channels, Channels::GrayAlpha | Channels::Rgba) {
            return;
        }
        let count = self.channels.count();
        for pixel in self.data.chunks_exact_mut(count) {
            let (colors, alpha) = pixel.split_at_mut(count - 1);
            let alpha = u32::from(alpha[0]);
            for color in colors {
                let divided = (u32::from(*color) * 255 + alpha / 2).checked_div(alpha);
                *color = divided.unwrap_or(0).min(255) as u8;
            }
        }
    }

    /// Makes RGBA of RGB.
    #[cfg(any(feature = "heic", feature = "avif"))]
    pub(super) fn add_alpha(&mut self, alpha: &[u8]) {
        let (pixels, _) = self.data.as_chunks::<3>();
        self.data = pixels.iter().zip(alpha).flat_map(|(&[r, g, b], &alpha)| [r, g, b, alpha]).collect();
        self.channels = Channels::Rgba;
    }

    /// Cuts a rectangle out, which the caller knows to lie inside.
    #[cfg(any(feature = "heic", feature = "avif"))]
    pub(super) fn crop(&mut self, left: usize, top: usize, width: usize, height: usize) {
        let channels = self.channels.count();
        let row = self.width as usize * channels;
        let rows = self.data.chunks_exact(row).skip(top).take(height);
        self.data = rows.flat_map(|row| &row[left * channels..(left + width) * channels]).copied().collect();
        (self.width, self.height) = (width as u32, height as u32);
    }

    /// Converts by the profile; one that cannot be used is noted and ignored.
    fn convert(&mut self, icc: &[u8]) {
        match Conversion::new(icc, self.channels) {
            Some(Conversion::Srgb) => {}
            Some(Conversion::To(transform, channels)) => {
                let pixels = self.width as usize * self.height as usize;
                let mut converted = vec![0; pixels * channels.count()];
                if transform.transform(&self.data, &mut converted).is_ok() {
                    (self.data, self.channels) = (converted, channels);
                } else {
                    self.notes.push(Note::ProfileIgnored);
                }
            }
            None => self.notes.push(Note::ProfileIgnored),
        }
    }
}

/// Whether a profile of red, green and blue hardly touches brightness (2 in 255 on average over all colours): then the
/// luma that is stored is as good as that of the converted colours.
pub(super) fn keeps_luma(icc: &[u8]) -> bool {
    let transform = match Conversion::new(icc, Channels::Rgb) {
        Some(Conversion::Srgb) => return true,
        Some(Conversion::To(transform, Channels::Rgb)) => transform,
        _ => return false,
    };
    let steps = || (0..=4u8).map(|step| step * 63);
    let colors: Vec<u8> =
        steps().flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b]))).collect();
    let mut converted = vec![0; colors.len()];
    if transform.transform(&colors, &mut converted).is_err() {
        return false;
    }
    let luma = |colors: Vec<u8>| Pixels::from_rgb8(125, 1, colors).map(|pixels| Luma::of(&pixels));
    let (Some(before), Some(after)) = (luma(colors), luma(converted)) else { return false };
    let differences = before.as_gray8().iter().zip(after.as_gray8()).map(|(a, b)| u32::from(a.abs_diff(*b)));
    differences.sum::<u32>() <= 2 * 125
}

enum Conversion {
    /// The profile is sRGB as far as 8 bits can tell.
    Srgb,
    To(std::sync::Arc<moxcms::Transform8BitExecutor>, Channels),
}

impl Conversion {
    fn new(icc: &[u8], channels: Channels) -> Option<Self> {
        // The default bound of the crate is 10 MB; a profile of a printer has 0.5 to 3.
        let options = ParsingOptions { max_profile_size: 8 << 20, ..ParsingOptions::default() };
        let profile = ColorProfile::new_from_slice_with_options(icc, options).ok()?;
        let (source, target, converted) = match (profile.color_space, channels) {
            (DataColorSpace::Rgb, Channels::Rgb) => (Layout::Rgb, Layout::Rgb, Channels::Rgb),
            (DataColorSpace::Rgb, Channels::Rgba) => (Layout::Rgba, Layout::Rgba, Channels::Rgba),
            (DataColorSpace::Gray, Channels::Gray) => (Layout::Gray, Layout::Rgb, Channels::Rgb),
            (DataColorSpace::Gray, Channels::GrayAlpha) => (Layout::GrayAlpha, Layout::Rgba, Channels::Rgba),
            // moxcms takes the four inks in the layout of RGBA.
            (DataColorSpace::Cmyk, Channels::Cmyk) => (Layout::Rgba, Layout::Rgb, Channels::Rgb),
            _ => return None,
        };
        let srgb = ColorProfile::new_srgb();
        if profile.color_space == DataColorSpace::Rgb && is_srgb(&profile, &srgb) {
            return Some(Self::Srgb);
        }
        let transform =
            profile.create_transform_8bit(source, &srgb, target, TransformOptions::default()).ok()?;
        Some(Self::To(transform, converted))
    }
}

/// A profile for the colour primaries that are wider than sRGB's, by the codes of ITU-T H.273; `None` for others.
///
/// The transfer curves of PQ and HLG are left as they are: a picture in them has no one right look in sRGB.
#[cfg(any(feature = "heic", feature = "avif"))]
pub(super) fn profile_of(primaries: u16, transfer: u16) -> Option<Vec<u8>> {
    let profile = match (primaries, transfer) {
        (_, 8 | 16 | 18) => return None,
        (9, _) => ColorProfile::new_bt2020(),
        (12, _) => ColorProfile::new_display_p3(),
        _ => return None,
    };
    profile.encode().ok()
}

/// Whether a profile changes no colour of a lattice by more than 1: there are dozens of files that say "sRGB",
/// and to convert by one costs 10 times what this does.
fn is_srgb(profile: &ColorProfile, srgb: &ColorProfile) -> bool {
    let lattice: Vec<u8> = (0..216_u32)
        .flat_map(|at| [at % 6, at / 6 % 6, at / 36].map(|step| (step * 51) as u8))
        .chain((0..=255).step_by(5).flat_map(|gray| [gray; 3]))
        .collect();
    let mut converted = vec![0; lattice.len()];
    profile
        .create_transform_8bit(Layout::Rgb, srgb, Layout::Rgb, TransformOptions::default())
        .and_then(|transform| transform.transform(&lattice, &mut converted))
        .is_ok_and(|()| lattice.iter().zip(&converted).all(|(before, after)| before.abs_diff(*after) <= 1))
}

/// `a * b / 255`, rounded.
const fn times(a: u8, b: u8) -> u8 {
    let product = a as u32 * b as u32 + 128;
    ((product + (product >> 8)) >> 8) as u8
}

const fn over_white(value: u8, alpha: u8) -> u8 {
    // The sum cannot pass 255: times(255, a) is a.
    times(value, alpha) + (255 - alpha)
}

/// 16 bits to 8, rounded: 257 steps of 16 bits make one of 8.
pub(super) const fn to_8_bits(value: u16) -> u8 {
    ((value as u32 + 128) / 257) as u8
}

/// Linear light, 0 to 1 and beyond, to the transfer curve of sRGB in 8 bits; NaN is black.
pub(super) fn srgb_from_linear(value: f32) -> u8 {
    /// sRGB of 4,096 linear steps is off by up to 6 near black, where the curve is steep: so thresholds instead.
    static THRESHOLDS: LazyLock<[f32; 255]> = LazyLock::new(|| {
        std::array::from_fn(|step| {
            let encoded = (step as f32 + 0.5) / 255.0;
            if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
        })
    });
    THRESHOLDS.partition_point(|&threshold| threshold <= value) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_pixel(channels: Channels, data: &[u8]) -> [u8; 3] {
        let decoded = Raster::new(1, 1, channels, data.to_vec()).finish().unwrap();
        decoded.pixels.get(0, 0).unwrap()
    }

    #[test]
    fn channels_become_rgb_over_white() {
        let cases: [(Channels, &[u8], [u8; 3]); 8] = [
            (Channels::Gray, &[7], [7, 7, 7]),
            (Channels::GrayAlpha, &[0, 0], [255, 255, 255]),
            (Channels::GrayAlpha, &[10, 255], [10, 10, 10]),
            (Channels::Rgba, &[200, 100, 0, 128], [227, 177, 127]),
            (Channels::Rgba, &[1, 2, 3, 0], [255, 255, 255]),
            (Channels::Cmyk, &[0, 0, 0, 0], [255, 255, 255]),
            (Channels::Cmyk, &[255, 0, 0, 0], [0, 255, 255]),
            (Channels::Cmyk, &[0, 0, 0, 255], [0, 0, 0]),
        ];
        for (channels, data, expected) in cases {
            assert_eq!(first_pixel(channels, data), expected, "{channels:?} {data:?}");
        }
    }

    #[test]
    fn depth_is_rounded_not_cut() {
        for (wide, narrow) in [(0, 0), (127, 0), (129, 1), (257, 1), (0x80FF, 0x80), (u16::MAX, 255)] {
            assert_eq!(to_8_bits(wide), narrow, "{wide}");
        }
        for value in 0..=255_u8 {
            assert_eq!(to_8_bits(u16::from(value) * 257), value);
        }
    }

    #[test]
    fn linear_light_takes_the_srgb_curve() {
        let cases = [
            (0.0, 0),
            (1.0, 255),
            (7.5, 255),
            (-1.0, 0),
            (f32::NAN, 0),
            (0.214_04, 127),
            (0.002, 7),
            (0.5, 188),
        ];
        for (linear, encoded) in cases {
            assert_eq!(srgb_from_linear(linear), encoded, "{linear}");
        }
    }

    #[test]
    fn a_profile_that_is_no_profile_is_noted() {
        let mut raster = Raster::new(1, 1, Channels::Rgb, vec![1, 2, 3]);
        raster.icc = Some(vec![0; 200]);
        let decoded = raster.finish().unwrap();
        assert_eq!(decoded.notes, [Note::ProfileIgnored]);
        assert_eq!(decoded.pixels.as_rgb8(), [1, 2, 3]);
    }

    #[test]
    fn a_wide_gamut_profile_changes_colours_and_srgb_does_not() {
        for (profile, changes) in [(ColorProfile::new_srgb(), false), (ColorProfile::new_display_p3(), true)]
        {
            let mut raster = Raster::new(1, 1, Channels::Rgb, vec![200, 50, 50]);
            raster.icc = Some(profile.encode().unwrap());
            let decoded = raster.finish().unwrap();
            assert_eq!(decoded.pixels.as_rgb8() != [200, 50, 50], changes);
            assert!(decoded.notes.is_empty());
        }
    }
}
