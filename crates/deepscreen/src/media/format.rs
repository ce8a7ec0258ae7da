//! The picture formats that are known, with their names.
//!
//! Formats that are pictures but that nothing here decodes are among them, so that they fail as `unsupported` and
//! not as "no picture".

use serde::{Deserialize, Serialize};

/// A picture format, sniffed from the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Format {
    /// JPEG, also of several pictures (MPO).
    Jpeg,
    /// PNG, also animated.
    Png,
    /// WebP, lossy, lossless or animated.
    Webp,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF and BigTIFF that is no camera raw file.
    Tiff,
    /// HEIF with HEVC pictures: what phones write.
    Heic,
    /// AVIF: HEIF with AV1 pictures.
    Avif,
    /// JPEG XL, bare codestream or container.
    Jxl,
    /// Windows icon or cursor.
    Ico,
    /// Truevision TGA.
    Tga,
    /// Radiance HDR.
    Hdr,
    /// OpenEXR.
    Exr,
    /// Quite OK Image.
    Qoi,
    /// PBM, PGM, PPM and PAM.
    Pnm,
    /// farbfeld.
    Farbfeld,
    /// No file: pixels that were decoded before they came here.
    Pixels,
    /// A camera raw file.
    Raw(RawFormat),
    /// A picture in a format that is recognised but not decoded.
    Other(OtherFormat),
}

/// The kind of a camera raw file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RawFormat {
    /// Adobe Digital Negative.
    Dng,
    /// Canon, built on TIFF.
    Cr2,
    /// Canon, built on ISO media boxes.
    Cr3,
    /// Nikon.
    Nef,
    /// Sony.
    Arw,
    /// Olympus.
    Orf,
    /// Panasonic.
    Rw2,
    /// Pentax.
    Pef,
    /// Fujifilm.
    Raf,
    /// A sensor's data in TIFF, by another maker.
    Other,
}

/// A picture format that is recognised but not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OtherFormat {
    /// Photoshop document.
    Psd,
    /// JPEG 2000.
    Jp2,
    /// JPEG XR.
    Jxr,
    /// JPEG-LS.
    Jls,
    /// Scalable Vector Graphics.
    Svg,
    /// DirectDraw surface.
    Dds,
    /// Windows metafile.
    Wmf,
    /// Enhanced metafile.
    Emf,
    /// GIMP document.
    Xcf,
    /// DjVu.
    Djvu,
    /// Better Portable Graphics.
    Bpg,
    /// Free Lossless Image Format.
    Flif,
    /// Apple icon.
    Icns,
    /// Multiple-image Network Graphics.
    Mng,
    /// ZSoft Paintbrush.
    Pcx,
    /// Khronos texture.
    Ktx,
    /// HEIF with another codec than HEVC and AV1.
    Heif,
}

impl Format {
    /// All formats of files, those that are decoded first.
    pub const ALL: [Self; 43] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Gif,
        Self::Bmp,
        Self::Tiff,
        Self::Heic,
        Self::Avif,
        Self::Jxl,
        Self::Ico,
        Self::Tga,
        Self::Hdr,
        Self::Exr,
        Self::Qoi,
        Self::Pnm,
        Self::Farbfeld,
        Self::Raw(RawFormat::Dng),
        Self::Raw(RawFormat::Cr2),
        Self::Raw(RawFormat::Cr3),
        Self::Raw(RawFormat::Nef),
        Self::Raw(RawFormat::Arw),
        Self::Raw(RawFormat::Orf),
        Self::Raw(RawFormat::Rw2),
        Self::Raw(RawFormat::Pef),
        Self::Raw(RawFormat::Raf),
        Self::Raw(RawFormat::Other),
        Self::Other(OtherFormat::Psd),
        Self::Other(OtherFormat::Jp2),
        Self::Other(OtherFormat::Jxr),
        Self::Other(OtherFormat::Jls),
        Self::Other(OtherFormat::Svg),
        Self::Other(OtherFormat::Dds),
        Self::Other(OtherFormat::Wmf),
        Self::Other(OtherFormat::Emf),
        Self::Other(OtherFormat::Xcf),
        Self::Other(OtherFormat::Djvu),
        Self::Other(OtherFormat::Bpg),
        Self::Other(OtherFormat::Flif),
        Self::Other(OtherFormat::Icns),
        Self::Other(OtherFormat::Mng),
        Self::Other(OtherFormat::Pcx),
        Self::Other(OtherFormat::Ktx),
        Self::Other(OtherFormat::Heif),
    ];

    /// Whether this build decodes the format (of camera raw files, their embedded preview).
    pub const fn is_decoded(self) -> bool {
        let left_out = (matches!(self, Self::Heic) && !cfg!(feature = "heic"))
            || (matches!(self, Self::Avif) && !cfg!(feature = "avif"))
            || (matches!(self, Self::Jxl) && !cfg!(feature = "jxl"))
            || (matches!(self, Self::Raw(_)) && !cfg!(feature = "raw"));
        !left_out && !matches!(self, Self::Other(_))
    }

    /// The lower-case name that records carry: `jpeg`, `png`, `heic`, `dng`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Jxl => "jxl",
            Self::Ico => "ico",
            Self::Tga => "tga",
            Self::Hdr => "hdr",
            Self::Exr => "exr",
            Self::Qoi => "qoi",
            Self::Pnm => "pnm",
            Self::Farbfeld => "farbfeld",
            Self::Pixels => "pixels",
            Self::Raw(raw) => match raw {
                RawFormat::Dng => "dng",
                RawFormat::Cr2 => "cr2",
                RawFormat::Cr3 => "cr3",
                RawFormat::Nef => "nef",
                RawFormat::Arw => "arw",
                RawFormat::Orf => "orf",
                RawFormat::Rw2 => "rw2",
                RawFormat::Pef => "pef",
                RawFormat::Raf => "raf",
                RawFormat::Other => "raw",
            },
            Self::Other(other) => match other {
                OtherFormat::Psd => "psd",
                OtherFormat::Jp2 => "jp2",
                OtherFormat::Jxr => "jxr",
                OtherFormat::Jls => "jls",
                OtherFormat::Svg => "svg",
                OtherFormat::Dds => "dds",
                OtherFormat::Wmf => "wmf",
                OtherFormat::Emf => "emf",
                OtherFormat::Xcf => "xcf",
                OtherFormat::Djvu => "djvu",
                OtherFormat::Bpg => "bpg",
                OtherFormat::Flif => "flif",
                OtherFormat::Icns => "icns",
                OtherFormat::Mng => "mng",
                OtherFormat::Pcx => "pcx",
                OtherFormat::Ktx => "ktx",
                OtherFormat::Heif => "heif",
            },
        }
    }
}
