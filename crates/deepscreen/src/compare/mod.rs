//! A picture and the original that it is thought to be a copy of in, what was done to it out.
//!
//! Perceptual hashes find the original; this tells a copy from a forgery. The picture is registered to the original
//! (scale and shift for each axis, so any crop and any size), a change of tone of the whole is allowed for, and what then
//! differs by more than compression explains is a region that was altered. Never reads files, and never looks for an original.
//!
//! ```
//! use deepscreen::compare::{Relation, compare};
//! use deepscreen::media::Pixels;
//!
//! let original = Pixels::from_rgb8(2, 2, vec![90; 12]).unwrap();
//! assert_eq!(compare(&original, &original.clone()).relation, Relation::Same);
//! ```

mod corners;
mod difference;
mod mapping;
mod plane;
mod regions;
mod register;
mod tone;
mod turn;

use crate::evidence::{HeatMap, Region};
use crate::media::Pixels;

use plane::Reduced;
pub use turn::Turn;

/// Long side in pixels that pictures keep at least, where they have it: a crop of half the original is still compared at
/// the full size of the grid.
const LONG_SIDE: usize = 700;
/// Shorter sides, in pixels of either picture, show too little to be compared.
const SHORTEST: u32 = 48;
/// Levels of 255 by which samples of the same picture differ at most: what a conversion of colours rounds.
const ROUNDING: u8 = 2;

/// What a picture is to the original that it was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Relation {
    /// The same size, and no sample differs by more than 2 of 255.
    Same,
    /// Nothing was found but compression, scaling, a crop, a turn, a change of tone of the whole picture.
    Recompressed,
    /// Parts show something else than the original, or something was added around it.
    Altered,
    /// The picture could not be registered to the original, so nothing is claimed: it may show something else, or too
    /// little that can be recognised.
    Unlike,
}

impl Relation {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same => "same_picture",
            Self::Recompressed => "recompressed_or_resized",
            Self::Altered => "altered",
            Self::Unlike => "not_comparable",
        }
    }
}

/// A picture, compared with the original that it is thought to be a copy of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// What the picture is to the original.
    pub relation: Relation,
    /// Rectangles around what was altered or added, in pixels of the picture; the largest first. Empty unless
    /// [`Altered`](Relation::Altered).
    pub regions: Vec<Region>,
    /// How much each part of the picture differs, from 0 over 0.5, where a region may begin, to 1; not a probability.
    /// `None` for the same picture and where nothing was compared.
    pub heat_map: Option<HeatMap>,
    /// The part of the original that the picture shows, in pixels of the original. `None` where nothing was compared.
    pub shown: Option<Region>,
}

/// Compares a picture with the original. Any sizes; about 50 ms for two pictures of 2 megapixels.
pub fn compare(original: &Pixels, picture: &Pixels) -> Comparison {
    compare_turned(original, picture, Turn::NONE)
}

/// Compares a picture with the original, of which it is thought to be a copy that was mirrored or turned in this way.
/// Such a copy is never [`Same`](Relation::Same).
pub fn compare_turned(original: &Pixels, picture: &Pixels, turn: Turn) -> Comparison {
    if turn.is_none() {
        return if is_same(original, picture) { same(original) } else { copied(original, picture) };
    }
    let upright = turn.undone().applied(picture);
    let comparison = copied(original, &upright);
    let size = [f64::from(upright.width()), f64::from(upright.height())];
    let regions = comparison.regions.iter().map(|region| turn.region(*region, size)).collect();
    let heat_map = comparison.heat_map.and_then(|map| {
        let (columns, rows, cells) = turn.cells(map.cells(), map.columns());
        regions::map(columns, rows, cells, [f64::from(picture.width()), f64::from(picture.height())])
    });
    Comparison { regions, heat_map, ..comparison }
}

fn is_same(original: &Pixels, picture: &Pixels) -> bool {
    let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= ROUNDING;
    (original.width(), original.height()) == (picture.width(), picture.height())
        && original.as_rgb8().iter().zip(picture.as_rgb8()).all(near)
}

fn same(original: &Pixels) -> Comparison {
    let (width, height) = (f64::from(original.width()), f64::from(original.height()));
    let shown = Some(Region { x: 0.0, y: 0.0, width, height });
    Comparison { relation: Relation::Same, regions: Vec::new(), heat_map: None, shown }
}

/// The comparison of two upright pictures that are not the same.
fn copied(original: &Pixels, picture: &Pixels) -> Comparison {
    let unlike = Comparison { relation: Relation::Unlike, regions: Vec::new(), heat_map: None, shown: None };
    if [original, picture].iter().any(|pixels| pixels.width().min(pixels.height()) < SHORTEST) {
        return unlike;
    }
    let (original, picture) = (Reduced::of(original, LONG_SIDE), Reduced::of(picture, LONG_SIDE));
    let Some(mapping) = register::register(&original, &picture) else { return unlike };
    let differences = difference::differences(&original, &picture, &mapping);
    let mut regions = regions::added(&mapping, picture.whole, original.whole);
    regions.extend(regions::altered(&differences, picture.whole));
    let relation = if regions.is_empty() { Relation::Recompressed } else { Relation::Altered };
    let (columns, rows) = (differences.columns as u32, differences.rows as u32);
    let heat_map = regions::map(columns, rows, regions::heat(&differences), picture.whole);
    Comparison { relation, regions, heat_map, shown: Some(mapping.shown(picture.whole, original.whole)) }
}

#[cfg(test)]
mod tests;
