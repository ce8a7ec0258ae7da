//! Pictures for the benches: photographs as a camera would deliver them, as far as size and noise go.
#![forbid(unsafe_code)]

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

/// A JPEG of quality 90 with smooth parts, edges and sensor noise: about 2.5 bits a pixel.
///
/// # Panics
/// Where the encoder fails, which it does only without memory.
#[allow(clippy::expect_used)]
pub fn photograph(width: u32, height: u32) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state % 13) as f32 - 6.0
    };
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let hills = 0.5 + 0.12 * (9.0 * u).sin() + 0.05 * (31.0 * u).sin();
        let texture = 18.0 * (u * 190.0).sin() * (v * 140.0).cos();
        let [r, g, b] = if v < hills {
            [120.0 + 80.0 * v, 150.0 + 60.0 * v, 220.0 - 30.0 * v]
        } else {
            [70.0 + texture, 95.0 + texture, 40.0 + 0.5 * texture]
        };
        let grain = noise();
        Rgb([r, g, b].map(|channel| (channel + grain).clamp(0.0, 255.0) as u8))
    });
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&picture).expect("a picture in memory");
    bytes.into_inner()
}
