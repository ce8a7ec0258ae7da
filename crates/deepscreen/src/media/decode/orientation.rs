//! The eight EXIF orientations: read from EXIF, applied to rows of bytes.

use super::ifd::{self, Tiff};

/// How the stored picture has to be turned to stand upright: the EXIF values 1 to 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// The rows become columns, before anything is flipped.
    transpose: bool,
    flip_x: bool,
    flip_y: bool,
}

impl Orientation {
    /// The EXIF value 1 to 8; anything else is upright.
    pub(super) const fn from_exif(value: u64) -> Self {
        let (transpose, flip_x, flip_y) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transpose, flip_x, flip_y }
    }

    /// Reads tag 274 of an EXIF block, with or without its `Exif\0\0` prefix.
    pub(super) fn from_exif_block(block: &[u8]) -> Self {
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let value = || {
            let (tiff, first) = Tiff::new(block)?;
            let (entries, _) = tiff.directory(first);
            tiff.number(ifd::find(&entries, 274)?, 0)
        };
        Self::from_exif(value().unwrap_or(1))
    }

    /// A quarter turn against the clock, `turns` times, as HEIF's `irot` counts.
    #[cfg(any(feature = "heic", feature = "avif"))]
    pub(super) const fn turned_left(self, turns: u8) -> Self {
        let mut turned = self;
        let mut left = turns & 3;
        while left > 0 {
            // One turn: transpose, then flip top to bottom. Flips swap axes when a transposition passes them.
            turned = Self { transpose: !turned.transpose, flip_x: turned.flip_y, flip_y: !turned.flip_x };
            left -= 1;
        }
        turned
    }

    /// A mirror after all else: left to right, or top to bottom.
    #[cfg(any(feature = "heic", feature = "avif"))]
    pub(super) const fn mirrored(self, left_to_right: bool) -> Self {
        if left_to_right {
            Self { flip_x: !self.flip_x, ..self }
        } else {
            Self { flip_y: !self.flip_y, ..self }
        }
    }

    /// Width and height of a picture once it is turned.
    pub(super) const fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.transpose { (height, width) } else { (width, height) }
    }

    /// Turns a picture of `N` bytes a pixel; returns its new width, height and bytes.
    pub(super) fn apply<const N: usize>(self, width: u32, height: u32, data: Vec<u8>) -> (u32, u32, Vec<u8>) {
        if self == Self::default() {
            return (width, height, data);
        }
        let (from_width, from_height) = (width as usize, height as usize);
        let (to_width, to_height) =
            if self.transpose { (from_height, from_width) } else { (from_width, from_height) };
        let (pixels, _) = data.as_chunks::<N>();
        let mut turned = vec![[0; N]; pixels.len()];
        // Tiles that fit the nearest cache: a transposition by whole rows misses it once a pixel.
        const TILE: usize = 32;
        for tile_y in (0..to_height).step_by(TILE) {
            for tile_x in (0..to_width).step_by(TILE) {
                for y in tile_y..(tile_y + TILE).min(to_height) {
                    let source_y = if self.flip_y { to_height - 1 - y } else { y };
                    for x in tile_x..(tile_x + TILE).min(to_width) {
                        let source_x = if self.flip_x { to_width - 1 - x } else { x };
                        let from = if self.transpose {
                            source_x * from_width + source_y
                        } else {
                            source_y * from_width + source_x
                        };
                        turned[y * to_width + x] = pixels[from];
                    }
                }
            }
        }
        (to_width as u32, to_height as u32, turned.into_flattened())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_orientation_moves_the_pixels_as_exif_says() {
        // a b c
        // d e f
        let cases: [(u64, u32, &[u8]); 9] = [
            (1, 3, b"abcdef"),
            (2, 3, b"cbafed"),
            (3, 3, b"fedcba"),
            (4, 3, b"defabc"),
            (5, 2, b"adbecf"),
            (6, 2, b"daebfc"),
            (7, 2, b"fcebda"),
            (8, 2, b"cfbead"),
            (9, 3, b"abcdef"),
        ];
        for (value, width, expected) in cases {
            let turned = Orientation::from_exif(value).apply::<1>(3, 2, b"abcdef".to_vec());
            assert_eq!(turned, (width, 6 / width, expected.to_vec()), "orientation {value}");
        }
    }

    #[cfg(any(feature = "heic", feature = "avif"))]
    #[test]
    fn turns_and_mirrors_compose() {
        let upright = Orientation::default();
        let cases: [(Orientation, u64); 7] = [
            (upright.turned_left(1), 8),
            (upright.turned_left(2), 3),
            (upright.turned_left(3), 6),
            (upright.mirrored(true), 2),
            (upright.mirrored(false), 4),
            (upright.turned_left(1).mirrored(true), 7),
            (upright.mirrored(true).turned_left(1), 5),
        ];
        for (composed, value) in cases {
            assert_eq!(composed, Orientation::from_exif(value), "{value}");
        }
    }
}
