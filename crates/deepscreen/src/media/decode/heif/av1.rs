//! AV1 pictures, by `re_rav1d`.
//!
//! Its safe interface is `dav1d`'s. A panic inside of it cannot be caught, since it passes through functions of C:
//! the process would end. Neither dav1d's years of fuzzing nor this project's have found one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use re_rav1d::dav1d::{Decoder, Error as Dav1dError, Picture, PixelLayout, PlanarImageComponent, Settings};

use super::super::{malformed, unsupported};
use super::yuv::{Coding, Planes};
use crate::error::{Error, Result};
use crate::media::Limits;

/// Decodes one item; `known` is what the container says about its colours.
pub(super) fn decode(data: &[u8], known: Option<Coding>, limits: &Limits) -> Result<Planes> {
    if data.is_empty() {
        return Err(malformed("an AV1 picture without data"));
    }
    let mut settings = Settings::new();
    // No threads of its own: the caller decides on those.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(u32::try_from(limits.max_pixels).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(failed)?;
    let mut pending = decoder.send_data(data.to_vec(), None, None, None);
    loop {
        match decoder.get_picture() {
            Ok(picture) => return planes(&picture, known),
            Err(Dav1dError::Again) => {}
            Err(error) => return Err(failed(error)),
        }
        match pending {
            // All is sent and no picture came.
            Ok(()) => return Err(malformed("AV1 data without a picture")),
            Err(Dav1dError::Again) => pending = decoder.send_pending_data(),
            Err(error) => return Err(failed(error)),
        }
    }
}

fn failed(error: Dav1dError) -> Error {
    match error {
        Dav1dError::UnsupportedBitstream => unsupported("this variant of AV1 is not decoded"),
        error => malformed("the picture contradicts its format").because(error),
    }
}

fn planes(picture: &Picture, known: Option<Coding>) -> Result<Planes> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let bits = picture.bits_per_component().map_or(8, |bits| bits.0) as u8;
    let halved = match picture.pixel_layout() {
        PixelLayout::I400 | PixelLayout::I444 => (false, false),
        PixelLayout::I420 => (true, true),
        PixelLayout::I422 => (true, false),
    };
    let mut planes = Planes {
        width,
        height,
        bits,
        halved,
        luma: samples(picture, PlanarImageComponent::Y, width, height, bits),
        chroma: None,
        coding: known.unwrap_or_else(|| coding(picture)),
    };
    // Asking a gray picture for chroma would read where there is nothing.
    if picture.pixel_layout() != PixelLayout::I400 {
        let (columns, rows) = planes.chroma_size();
        let plane = |component| samples(picture, component, columns, rows, bits);
        planes.chroma = Some([plane(PlanarImageComponent::U), plane(PlanarImageComponent::V)]);
    }
    Ok(planes)
}

/// A plane without the padding of its rows. The stride is in bytes, whatever the depth.
fn samples(
    picture: &Picture,
    component: PlanarImageComponent,
    width: usize,
    height: usize,
    bits: u8,
) -> Vec<u16> {
    let stride = picture.stride(component) as usize;
    let plane = picture.plane(component);
    let rows = plane.chunks(stride.max(1)).take(height);
    if bits == 8 {
        rows.flat_map(|row| row.iter().take(width).map(|&value| u16::from(value))).collect()
    } else {
        rows.flat_map(|row| row.as_chunks::<2>().0.iter().take(width).map(|&pair| u16::from_ne_bytes(pair)))
            .collect()
    }
}

/// What the stream says about its colours. The interface panics at codes that it has no name for.
fn coding(picture: &Picture) -> Coding {
    use re_rav1d::dav1d::pixel::{ColorPrimaries, MatrixCoefficients, TransferCharacteristic, YUVRange};
    let code = |read: &dyn Fn() -> u16| catch_unwind(AssertUnwindSafe(read)).unwrap_or(2);
    Coding {
        primaries: code(&|| match picture.color_primaries() {
            ColorPrimaries::BT709 => 1,
            ColorPrimaries::BT2020 => 9,
            ColorPrimaries::P3DCI => 11,
            ColorPrimaries::P3Display => 12,
            _ => 2,
        }),
        transfer: code(&|| match picture.transfer_characteristic() {
            TransferCharacteristic::PerceptualQuantizer => 16,
            TransferCharacteristic::HybridLogGamma => 18,
            TransferCharacteristic::Linear => 8,
            TransferCharacteristic::SRGB => 13,
            _ => 2,
        }),
        matrix: code(&|| match picture.matrix_coefficients() {
            MatrixCoefficients::Identity => 0,
            MatrixCoefficients::BT709 => 1,
            MatrixCoefficients::BT470M => 4,
            MatrixCoefficients::ST240M => 7,
            MatrixCoefficients::YCgCo => 8,
            MatrixCoefficients::BT2020NonConstantLuminance | MatrixCoefficients::BT2020ConstantLuminance => 9,
            _ => 2,
        }),
        full_range: matches!(picture.color_range(), YUVRange::Full),
    }
}
