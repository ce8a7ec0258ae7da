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

use crate::evidence::Region;
pub use crate::evidence::{Comparison, Relation};
use crate::hash::Transform;
use crate::media::Pixels;

use plane::Reduced;
use turn::Turn;

/// Long side in pixels that pictures keep at least, where they have it: a crop of half the original is still compared at
/// the full size of the grid.
const LONG_SIDE: usize = 700;
/// Shorter sides, in pixels of either picture, show too little to be compared.
const SHORTEST: u32 = 48;
/// Levels of 255 by which samples of the same picture differ at most: what a conversion of colours rounds.
const ROUNDING: u8 = 2;

/// Compares a picture with the original. Any sizes; about 70 ms of one core for two pictures of 2 megapixels.
pub fn compare(original: &Pixels, picture: &Pixels) -> Comparison {
    compare_transformed(original, picture, Transform::None)
}

/// Compares a picture with the original, of which it is thought to be a copy that was mirrored or turned in this way.
/// Such a copy is never [`Same`](Relation::Same).
pub fn compare_transformed(original: &Pixels, picture: &Pixels, transform: Transform) -> Comparison {
    let turn = Turn::from(transform);
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
