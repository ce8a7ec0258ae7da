//! Decoded pixels, as a type of our own.

use std::fmt;

/// An 8-bit sRGB picture: three bytes a pixel (red, green, blue), rows from the top, no padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl Pixels {
    /// Takes `width * height * 3` bytes; `None` where the length is another or a side is 0.
    pub fn from_rgb8(width: u32, height: u32, data: Vec<u8>) -> Option<Self> {
        let expected = (width as usize).checked_mul(height as usize)?.checked_mul(3)?;
        (expected > 0 && data.len() == expected).then_some(Self { width, height, data })
    }

    /// Pixels from left to right, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The samples: `width * height * 3` bytes.
    pub fn as_rgb8(&self) -> &[u8] {
        &self.data
    }

    /// Red, green and blue of the pixel at column `x` and row `y`; `None` outside of the picture.
    pub fn get(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y as usize * self.width as usize + x as usize) * 3;
        self.data.get(at..at + 3)?.try_into().ok()
    }
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({}x{})", self.width, self.height)
    }
}
