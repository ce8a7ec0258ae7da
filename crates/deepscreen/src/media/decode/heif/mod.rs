//! HEIF: the container that HEIC and AVIF share. Single pictures and grids, alpha, turning, colours.
//!
//! The container and the conversion of colours are read here for both codecs: what a phone writes tells its range
//! and matrix in the codec's own headers, which the file-level decoders on offer leave out.

#[cfg(feature = "avif")]
mod av1;
mod container;
#[cfg(feature = "heic")]
mod hevc;
mod yuv;

use super::color::{Channels, Raster};
use super::{Limits, Note, check_size, malformed, unsupported};
use crate::error::Result;
use container::{Container, Property, Reader};
use yuv::{Coding, Planes};

/// The codec of the pictures in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    #[cfg(feature = "heic")]
    Hevc,
    #[cfg(feature = "avif")]
    Av1,
}

impl Codec {
    /// Whether an item of the type `kind` is coded with this codec.
    const fn codes(self, kind: [u8; 4]) -> bool {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => matches!(&kind, b"hvc1" | b"hev1"),
            #[cfg(feature = "avif")]
            Self::Av1 => matches!(&kind, b"av01"),
        }
    }
}

/// Bytes a pixel at the peak: the planes at 16 bits with the codec's own copies, then RGBA, RGB and the turned.
const BYTES_PER_PIXEL: u64 = 10;

pub(super) fn decode(bytes: &[u8], limits: &Limits, codec: Codec) -> Result<Raster> {
    let container = Container::new(bytes)?;
    let source = Source { container: &container, limits, codec };
    source.primary().map_err(|error| match container.ends_early() {
        // A cut file makes the codec stumble in many ways.
        Some(early) if error.kind() == crate::ErrorKind::Malformed => early,
        _ => error,
    })
}

struct Source<'a> {
    container: &'a Container<'a>,
    limits: &'a Limits,
    codec: Codec,
}

/// A picture in RGB, with the codec's word on its colours.
struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    coding: Coding,
}

impl Source<'_> {
    fn primary(&self) -> Result<Raster> {
        let id = self.container.primary;
        let properties = self.container.properties(id);
        if let Some((width, height)) = size(&properties) {
            check_size(width, height, BYTES_PER_PIXEL, self.limits)?;
        }
        let picture = self.picture(id, &properties)?;
        let (width, height) = (picture.width, picture.height);
        let mut raster = Raster::new(width as u32, height as u32, Channels::Rgb, picture.rgb);
        if let Some(alpha) = self.alpha(id, width, height)? {
            let premultiplied = !self.container.targets(b"prem", id).is_empty();
            raster.add_alpha(&alpha);
            if premultiplied {
                raster.unmultiply();
            }
        }
        raster.icc = icc(&properties)
            .map(<[u8]>::to_vec)
            .or_else(|| super::color::profile_of(picture.coding.primaries, picture.coding.transfer));
        // `irot` and `imir` are all there is to turn: the orientation in EXIF only repeats them.
        for (kind, body) in properties {
            match (&kind, body.first()) {
                (b"clap", _) => crop(&mut raster, body)?,
                (b"irot", Some(turns)) => raster.orientation = raster.orientation.turned_left(*turns),
                // Axis 0 exchanges top and bottom, axis 1 left and right.
                (b"imir", Some(axis)) => raster.orientation = raster.orientation.mirrored(axis & 1 == 1),
                _ => {}
            }
        }
        if let Some(frames) = self.container.frames().filter(|&frames| frames > 1) {
            raster.notes.push(Note::FirstFrame(Some(frames)));
        }
        Ok(raster)
    }

    /// A coded item or a grid of them.
    fn picture(&self, id: u32, properties: &[Property<'_>]) -> Result<Picture> {
        if self.container.kind(id)? == *b"grid" {
            return self.grid(id, properties);
        }
        let planes = self.coded(id, properties)?;
        let coding = coding(properties).unwrap_or(planes.coding);
        let mut rgb = Vec::with_capacity(planes.width * planes.height * 3);
        planes.rows(coding, |_, row| rgb.extend_from_slice(row));
        Ok(Picture { width: planes.width, height: planes.height, rgb, coding })
    }

    fn grid(&self, id: u32, properties: &[Property<'_>]) -> Result<Picture> {
        let (grid, tiles) = self.layout(id)?;
        let (width, height) = (grid.width as usize, grid.height as usize);
        let mut rgb = vec![0; width * height * 3];
        let mut found = None;
        let mut tile_size = None;
        for (index, &tile) in tiles.iter().enumerate() {
            let own = self.container.properties(tile);
            let planes = self.coded(tile, &own)?;
            let (tile_width, tile_height) = grid.check(&planes, &mut tile_size)?;
            let coding = coding(properties).or_else(|| coding(&own)).unwrap_or(planes.coding);
            found.get_or_insert(coding);
            let left = index % grid.columns * tile_width;
            let top = index / grid.columns * tile_height;
            let count = tile_width.min(width.saturating_sub(left)) * 3;
            planes.rows(coding, |y, row| {
                if top + y < height && count > 0 {
                    let at = ((top + y) * width + left) * 3;
                    rgb[at..at + count].copy_from_slice(&row[..count]);
                }
            });
        }
        Ok(Picture { width, height, rgb, coding: found.unwrap_or(Coding::UNSPECIFIED) })
    }

    fn layout(&self, id: u32) -> Result<(Grid, &[u32])> {
        let data = self.container.data(id)?;
        let mut reader = Reader(&data);
        reader.u8()?;
        let wide = if reader.u8()? & 1 != 0 { 4 } else { 2 };
        let rows = usize::from(reader.u8()?) + 1;
        let columns = usize::from(reader.u8()?) + 1;
        let (width, height) = (reader.number(wide)? as u32, reader.number(wide)? as u32);
        check_size(width, height, BYTES_PER_PIXEL, self.limits)?;
        let tiles = self.container.targets(b"dimg", id);
        if tiles.len() != rows * columns {
            return Err(malformed(format!("a grid of {rows}x{columns} with {} tiles", tiles.len())));
        }
        Ok((Grid { rows, columns, width, height }, tiles))
    }

    /// Decodes one coded item.
    fn coded(&self, id: u32, properties: &[Property<'_>]) -> Result<Planes> {
        let kind = self.container.kind(id)?;
        if !self.codec.codes(kind) {
            let name = String::from_utf8_lossy(&kind).into_owned();
            return Err(unsupported(format!("HEIF with an item of the type `{name}` is not decoded")));
        }
        if let Some((width, height)) = size(properties) {
            check_size(width, height, BYTES_PER_PIXEL, self.limits)?;
        }
        let data = self.container.data(id)?;
        let planes = match self.codec {
            #[cfg(feature = "heic")]
            Codec::Hevc => {
                let config = properties.iter().find(|(kind, _)| kind == b"hvcC").map(|(_, body)| *body);
                hevc::decode(config.ok_or_else(|| malformed("no `hvcC` box"))?, &data, self.limits)?
            }
            #[cfg(feature = "avif")]
            Codec::Av1 => av1::decode(&data, coding(properties), self.limits)?,
        };
        if planes.is_whole() { Ok(planes) } else { Err(malformed("the codec delivered too few samples")) }
    }

    /// The alpha of the picture, one byte a pixel.
    fn alpha(&self, id: u32, width: usize, height: usize) -> Result<Option<Vec<u8>>> {
        let is_alpha = |item: &u32| {
            self.container.properties(*item).iter().any(|(kind, body)| {
                let name = body.get(4..).unwrap_or_default();
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                kind == b"auxC"
                    && matches!(
                        name,
                        b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" | b"urn:mpeg:hevc:2015:auxid:1"
                    )
            })
        };
        let Some(item) = self.container.sources(b"auxl", id).find(is_alpha) else { return Ok(None) };
        let (from_width, from_height, levels) = if self.container.kind(item)? == *b"grid" {
            // Gray, so any of the three channels is the level.
            let picture = self.grid(item, &self.container.properties(item))?;
            (picture.width, picture.height, picture.rgb.iter().step_by(3).copied().collect())
        } else {
            let properties = self.container.properties(item);
            let planes = self.coded(item, &properties)?;
            let coding = coding(&properties).unwrap_or(planes.coding);
            (planes.width, planes.height, planes.levels(coding))
        };
        if (from_width, from_height) == (width, height) {
            return Ok(Some(levels));
        }
        // An alpha of another size is stretched.
        let stretched = (0..height).flat_map(|y| {
            let row = &levels[y * from_height / height * from_width..][..from_width];
            (0..width).map(move |x| row[x * from_width / width])
        });
        Ok(Some(stretched.collect()))
    }
}

struct Grid {
    rows: usize,
    columns: usize,
    width: u32,
    height: u32,
}

impl Grid {
    /// All tiles have one size and cover the picture, and none lies outside of it altogether.
    fn check(&self, planes: &Planes, known: &mut Option<(usize, usize)>) -> Result<(usize, usize)> {
        let (width, height) = *known.get_or_insert((planes.width, planes.height));
        let covers = |tile: usize, count: usize, whole: u32| {
            tile * count >= whole as usize && tile * (count - 1) < whole as usize
        };
        if (planes.width, planes.height) != (width, height)
            || !covers(width, self.columns, self.width)
            || !covers(height, self.rows, self.height)
        {
            return Err(malformed("the tiles do not fit the picture"));
        }
        Ok((width, height))
    }
}

/// Width and height of `ispe`.
fn size(properties: &[Property<'_>]) -> Option<(u32, u32)> {
    let (_, body) = properties.iter().find(|(kind, _)| kind == b"ispe")?;
    let mut reader = Reader(body.get(4..)?);
    Some((reader.u32().ok()?, reader.u32().ok()?))
}

/// The coded description of the colours, which overrides the codec's.
fn coding(properties: &[Property<'_>]) -> Option<Coding> {
    let nclx = |(kind, body): &Property<'_>| {
        let mut reader = Reader(body.strip_prefix(b"nclx").filter(|_| kind == b"colr")?);
        Some(Coding {
            primaries: reader.u16().ok()?,
            transfer: reader.u16().ok()?,
            matrix: reader.u16().ok()?,
            full_range: reader.u8().ok()? & 0x80 != 0,
        })
    };
    properties.iter().find_map(nclx)
}

fn icc<'a>(properties: &[Property<'a>]) -> Option<&'a [u8]> {
    let profile = |(kind, body): &Property<'a>| {
        let profile = body.strip_prefix(b"prof").or_else(|| body.strip_prefix(b"rICC"));
        profile.filter(|_| kind == b"colr")
    };
    properties.iter().find_map(profile)
}

/// Cuts to the clean aperture: width, height and the centre's offset, each a fraction.
fn crop(raster: &mut Raster, body: &[u8]) -> Result<()> {
    let mut reader = Reader(body);
    let mut fraction = || -> Result<f64> {
        let (numerator, denominator) = (reader.u32()?.cast_signed(), reader.u32()?);
        Ok(f64::from(numerator) / f64::from(denominator))
    };
    let (width, height) = (fraction()?, fraction()?);
    let (x, y) = (fraction()?, fraction()?);
    let left = (f64::from(raster.width) - width) / 2.0 + x;
    let top = (f64::from(raster.height) - height) / 2.0 + y;
    let inside = left >= 0.0
        && top >= 0.0
        && width >= 1.0
        && height >= 1.0
        && left + width <= f64::from(raster.width)
        && top + height <= f64::from(raster.height);
    if !inside {
        return Err(malformed("a clean aperture outside of the picture"));
    }
    raster.crop(left as usize, top as usize, width as usize, height as usize);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_boxes_are_errors() {
        let cases: [&[u8]; 5] = [
            b"",
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\x0Cmeta\0\0\0\0",
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\x1Cmeta\0\0\0\0\0\0\0\x10iloc\x01\0\0\0\xFF\xFF\xFF\xFF",
            b"\0\0\0\x01meta\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        ];
        for bytes in cases {
            #[cfg(feature = "avif")]
            assert!(decode(bytes, &Limits::default(), Codec::Av1).is_err());
            #[cfg(feature = "heic")]
            assert!(decode(bytes, &Limits::default(), Codec::Hevc).is_err());
        }
    }

    #[test]
    fn the_aperture_cuts_the_picture() {
        let mut raster = Raster::new(4, 2, Channels::Gray, vec![1, 2, 3, 4, 5, 6, 7, 8]);
        let body: Vec<u8> =
            [2_u32, 1, 2, 1, 1, 1, 0, 1].iter().flat_map(|value| value.to_be_bytes()).collect();
        crop(&mut raster, &body).unwrap();
        assert_eq!((raster.width, raster.height, raster.data.as_slice()), (2, 2, &[3, 4, 7, 8][..]));
        let body: Vec<u8> =
            [9_u32, 1, 2, 1, 0, 1, 0, 0].iter().flat_map(|value| value.to_be_bytes()).collect();
        assert!(crop(&mut raster, &body).is_err());
    }
}
