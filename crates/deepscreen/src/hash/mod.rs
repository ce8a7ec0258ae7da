//! Pixels in, perceptual hashes out: PDQ with its quality, and the img_hash family.
//!
//! A perceptual hash changes little when a picture is scaled or compressed again, so near copies are found by
//! Hamming distance. Nothing here reads files or compares against a bank.

mod analyzer;
mod groups;
mod index;
mod pdq;

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use image::GrayImage;
use img_hash::{BitOrder, HashAlg, Hasher, HasherConfig};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::language::Language;
use crate::media::Luma;

pub use analyzer::HashAnalyzer;
pub use groups::{InGroup, groups};
pub use index::{Index, Near};

/// The distance up to which PDQ hashes match unless a bank says otherwise: that of facebook/ThreatExchange.
pub const PDQ_DISTANCE: u32 = 31;

/// Hashes of pictures of less PDQ quality mean little, and match nothing: as in facebook/ThreatExchange.
pub const PDQ_QUALITY: u8 = 50;

/// The perceptual hashes of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// PDQ, 256 bits. Within 10 bits of the reference wherever both qualities are 80 or more
    /// (facebook/ThreatExchange, `pdq/`).
    pub pdq: Pdq,
    /// The image's quality as PDQ measures it, 0 to 100: how much detail it has. Below 50 a hash means little.
    pub pdq_quality: u8,
    /// DCT hash (this and the next two by image_hasher 3, of BT.601 luma): the median of the lowest 8x8 frequencies.
    pub phash: Hash64,
    /// Gradient hash: whether each of 8x8 cells is brighter than its left neighbour.
    pub dhash: Hash64,
    /// Average hash: whether each of 8x8 cells is brighter than the mean.
    pub ahash: Hash64,
}

impl Hashes {
    /// Hashes a picture of any size: [`Media::luma`](crate::Media::luma), or [`Luma::of`] pixels of your own.
    pub fn of(luma: &Luma) -> Self {
        let (pdq, pdq_quality) = pdq::hash(luma);
        let thumbnail = thumbnail(luma);
        let [phash, dhash, ahash] = HASHERS.each_ref().map(|hasher| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(hasher.hash_image(&thumbnail).as_bytes());
            Hash64(u64::from_be_bytes(bytes))
        });
        Self { pdq, pdq_quality, phash, dhash, ahash }
    }
}

/// pHash, dHash and aHash, 8x8 bits each.
static HASHERS: LazyLock<[Hasher<[u8; 8]>; 3]> = LazyLock::new(|| {
    let config = || HasherConfig::with_bytes_type().bit_order(BitOrder::MsbFirst).hash_size(8, 8);
    [
        config().hash_alg(HashAlg::Median).preproc_dct().to_hasher(),
        config().hash_alg(HashAlg::Gradient).to_hasher(),
        config().hash_alg(HashAlg::Mean).to_hasher(),
    ]
});

/// Side in pixels of the picture that the img_hash family is computed from: within 4 bits of what it gives for the
/// whole picture (`tests/hashes.rs`), without filtering that, which takes milliseconds.
const THUMBNAIL: u32 = 64;

/// The picture small, each pixel the mean of what it covers. One that is small already stays as it is.
fn thumbnail(luma: &Luma) -> GrayImage {
    let (width, height) = (luma.width(), luma.height());
    let grey = GrayImage::from_raw(width, height, luma.as_gray8().to_vec()).unwrap_or_default();
    debug_assert_eq!(grey.dimensions(), (width, height));
    if width.min(height) <= THUMBNAIL {
        return grey;
    }
    image::imageops::thumbnail(&grey, THUMBNAIL, THUMBNAIL)
}

/// A PDQ hash: 256 bits, printed as 64 hexadecimal digits in the reference's order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pdq([u8; 32]);

impl Pdq {
    /// Takes the 32 bytes that the hexadecimal form spells, the first digits first.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes that the hexadecimal form spells.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In how many of 256 bits two hashes differ. Unrelated pictures differ in about 128; the reference calls
    /// 31 or fewer a match.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl fmt::Display for Pdq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pdq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pdq({self})")
    }
}

impl FromStr for Pdq {
    type Err = Error;

    /// Reads 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::new(ErrorKind::InvalidConfig, "not a PDQ hash: 64 hexadecimal digits expected").about(text)
        };
        crate::unhex(text).map(Self).ok_or_else(invalid)
    }
}

impl Pdq {
    /// The hash of a picture and its quality, 0 to 100.
    pub fn of(luma: &Luma) -> (Self, u8) {
        pdq::hash(luma)
    }

    /// The hash of a picture under each [`Transform`], in the order of [`Transform::ALL`], at little more than the cost of
    /// one, and the quality: as the reference's `pdqDihedralHash256esFromFloatLuma`.
    pub fn transformed(luma: &Luma) -> ([Self; 8], u8) {
        pdq::transformed(luma)
    }
}

/// A turn or a reflection of a picture. There are eight, and none of them moves a pixel off the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transform {
    /// The picture as it is.
    None,
    /// Left and right change places.
    Mirrored,
    /// A half turn.
    Turned180,
    /// Above and below change places.
    Flipped,
    /// Rows become columns.
    Transposed,
    /// A quarter turn clockwise.
    Turned90,
    /// Rows become columns, from the other end.
    Transversed,
    /// A quarter turn anticlockwise.
    Turned270,
}

impl Transform {
    /// All of them, the picture as it is first.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Mirrored,
        Self::Turned180,
        Self::Flipped,
        Self::Transposed,
        Self::Turned90,
        Self::Transversed,
        Self::Turned270,
    ];

    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mirrored => "mirrored",
            Self::Turned180 => "turned_180",
            Self::Flipped => "flipped",
            Self::Transposed => "transposed",
            Self::Turned90 => "turned_90",
            Self::Transversed => "transversed",
            Self::Turned270 => "turned_270",
        }
    }

    /// It in words: `mirrored`, `turned`, `turned and mirrored`; empty where nothing was done.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::None, _) => "",
            (Self::Mirrored | Self::Flipped, Language::English) => "mirrored",
            (Self::Mirrored | Self::Flipped, Language::Vietnamese) => "bị lật gương",
            (Self::Turned90 | Self::Turned180 | Self::Turned270, Language::English) => "turned",
            (Self::Turned90 | Self::Turned180 | Self::Turned270, Language::Vietnamese) => "bị xoay",
            (_, Language::English) => "turned and mirrored",
            (_, Language::Vietnamese) => "bị xoay và lật gương",
        }
    }

    /// The one that undoes it.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Turned90 => Self::Turned270,
            Self::Turned270 => Self::Turned90,
            other => other,
        }
    }

    /// Whether rows become columns, and whether after that left and right, above and below change places.
    pub(crate) const fn steps(self) -> (bool, bool, bool) {
        match self {
            Self::None => (false, false, false),
            Self::Mirrored => (false, true, false),
            Self::Turned180 => (false, true, true),
            Self::Flipped => (false, false, true),
            Self::Transposed => (true, false, false),
            Self::Turned90 => (true, true, false),
            Self::Transversed => (true, true, true),
            Self::Turned270 => (true, false, true),
        }
    }
}

/// A 64-bit hash of the img_hash family, printed as 16 hexadecimal digits: the top left cell is the highest bit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hash64(pub u64);

impl Hash64 {
    /// In how many of 64 bits two hashes differ.
    pub fn distance(&self, other: &Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Display for Hash64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Hash64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash64({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Pixels;

    /// Smooth blobs: every hash has something to say about them.
    fn scene(width: u32, height: u32) -> Pixels {
        let mut data = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
                let wave = (7.0 * u).sin() * (5.0 * v + 2.0 * u).cos() + (23.0 * u * v).sin();
                data.extend([
                    (128.0 + 60.0 * wave) as u8,
                    (128.0 + 50.0 * (9.0 * v).sin()) as u8,
                    (255.0 * u) as u8,
                ]);
            }
        }
        Pixels::from_rgb8(width, height, data).unwrap()
    }

    fn of(pixels: &Pixels) -> Hashes {
        Hashes::of(&Luma::of(pixels))
    }

    #[test]
    fn hashes_survive_scaling() {
        let (small, large) = (of(&scene(300, 200)), of(&scene(1500, 1000)));
        assert!(small.pdq.distance(&large.pdq) <= 10, "{}", small.pdq.distance(&large.pdq));
        for (a, b) in [(small.phash, large.phash), (small.dhash, large.dhash), (small.ahash, large.ahash)] {
            assert!(a.distance(&b) <= 3, "{a} {b}");
        }
        assert!(small.pdq_quality > 20);
    }

    /// Fine texture beside a scene, so that the width of the filter matters.
    #[test]
    fn a_reduced_picture_has_the_pdq_of_the_whole() {
        for (width, height) in [(2592, 2100), (1100, 1300)] {
            let scene = scene(width, height);
            let texture = |(at, rgb): (usize, &[u8; 3])| {
                let noise = (at as u32).wrapping_mul(2_654_435_761) >> 24;
                rgb.map(|sample| (u32::from(sample) / 4 + noise / 2 + 40) as u8)
            };
            let data = scene.as_rgb8().as_chunks::<3>().0.iter().enumerate().flat_map(texture).collect();
            let pixels = Pixels::from_rgb8(width, height, data).unwrap();
            let grey = pixels.as_rgb8().as_chunks::<3>().0.iter();
            let grey = grey.map(|[r, g, b]| {
                (f32::from(*r) * 0.299 + f32::from(*g) * 0.587 + f32::from(*b) * 0.114 + 0.5) as u8
            });
            let whole = Hashes::of(&Luma::from_gray8(width, height, grey.collect()).unwrap());
            let reduced = of(&pixels);
            let distance = whole.pdq.distance(&reduced.pdq);
            assert!(distance <= 6, "{width}x{height}: {distance} bits");
            assert!(whole.pdq_quality.abs_diff(reduced.pdq_quality) <= 1);
        }
    }

    /// Each of the hashes is that of the picture whose pixels were moved.
    #[test]
    fn transformed_hashes_are_those_of_the_moved_pixels() {
        // Blotches without any symmetry.
        let blotch =
            |x: u32, y: u32| image::Rgb([((x * 31 + y * y * 57 + x * x * y * 13) * 97 % 251) as u8; 3]);
        let blotches = image::RgbImage::from_fn(40, 30, blotch);
        let filter = image::imageops::FilterType::CatmullRom;
        let picture = image::imageops::resize(&blotches, 1280, 1024, filter);
        let scene = Pixels::from_rgb8(1280, 1024, picture.to_vec()).unwrap();
        let (hashes, quality) = Pdq::transformed(&Luma::of(&scene));
        assert_eq!((hashes[0], quality), Pdq::of(&Luma::of(&scene)));
        for (transform, hash) in Transform::ALL.into_iter().zip(hashes) {
            use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
            let moved = match transform {
                Transform::None => picture.clone(),
                Transform::Mirrored => flip_horizontal(&picture),
                Transform::Turned180 => rotate180(&picture),
                Transform::Flipped => flip_vertical(&picture),
                Transform::Transposed => flip_horizontal(&rotate90(&picture)),
                Transform::Turned90 => rotate90(&picture),
                Transform::Transversed => flip_vertical(&rotate90(&picture)),
                Transform::Turned270 => rotate270(&picture),
            };
            let (width, height) = moved.dimensions();
            let pixels = Pixels::from_rgb8(width, height, moved.into_raw()).unwrap();
            let distance = of(&pixels).pdq.distance(&hash);
            // The filter reaches one pixel further to the right than to the left, as the reference does.
            assert!(distance <= 20, "{transform:?}: {distance} bits");
        }
        for (i, hash) in hashes.iter().enumerate() {
            let nearest = hashes[..i].iter().map(|other| other.distance(hash)).min();
            assert!(nearest.is_none_or(|nearest| nearest > 31), "{i}: {nearest:?}");
        }
    }

    #[test]
    fn a_flat_picture_has_no_quality() {
        let flat = Pixels::from_rgb8(100, 80, vec![90; 24_000]).unwrap();
        assert_eq!(of(&flat).pdq_quality, 0);
    }

    #[test]
    fn one_pixel_is_hashed_without_panic() {
        for (width, height) in [(1, 1), (1, 5000), (5000, 1), (3, 2), (64, 64), (513, 511)] {
            let pixels = Pixels::from_rgb8(width, height, vec![7; (width * height * 3) as usize]).unwrap();
            of(&pixels);
        }
    }

    #[test]
    fn pdq_text_round_trips_and_rejects_others() {
        let text = "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22";
        assert_eq!(text.parse::<Pdq>().unwrap().to_string(), text);
        for wrong in ["", "d8", &text[1..], &text.replace('d', "g"), &"é".repeat(32)] {
            assert!(wrong.parse::<Pdq>().is_err(), "{wrong}");
        }
    }
}
