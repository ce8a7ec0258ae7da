//! A detector's map and a mask file in, how well they agree out.

use std::path::Path;

use deepscreen::media::Limits;
use deepscreen::{HeatMap, Media, Result};

use crate::metrics::Mask;

/// What is at least this bright in a mask is manipulated.
const MANIPULATED: u8 = 128;

/// Compares at the size of the mask: the map's cells are enlarged (bilinear), and what it does not cover counts as
/// untouched.
///
/// # Errors
/// Those of opening and decoding the mask; they name it.
pub(super) fn compare(map: &HeatMap, mask: &Path, limits: &Limits) -> Result<Mask> {
    let media = Media::open(mask, limits)?;
    let pixels = media.pixels().map_err(|error| error.about(mask.display()))?;
    let manipulated: Vec<bool> =
        pixels.as_rgb8().chunks_exact(3).map(|rgb| rgb.iter().any(|sample| *sample >= MANIPULATED)).collect();
    Mask::new(&enlarged(map, pixels.width(), pixels.height()), &manipulated)
        .map_err(|error| error.about(mask.display()))
}

fn enlarged(map: &HeatMap, width: u32, height: u32) -> Vec<f32> {
    let area = map.area();
    let columns = places(width, area.x, area.width, map.columns());
    let rows = places(height, area.y, area.height, map.rows());
    let cell = |row: u32, column: u32| map.cells()[(row * map.columns() + column) as usize];
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for row in &rows {
        for column in &columns {
            let (Some(row), Some(column)) = (row, column) else {
                pixels.push(0.0);
                continue;
            };
            let across = |at| {
                let (left, right) = (cell(at, column.first), cell(at, column.second));
                left + (right - left) * column.share
            };
            let (above, below) = (across(row.first), across(row.second));
            pixels.push((above + (below - above) * row.share).clamp(0.0, 1.0));
        }
    }
    pixels
}

/// Between which two cells a pixel lies.
#[derive(Clone, Copy)]
struct Between {
    first: u32,
    second: u32,
    /// How far it is from the first to the second, 0 to 1.
    share: f32,
}

/// For each pixel of a side; `None` outside of what the cells cover.
fn places(pixels: u32, start: f64, length: f64, cells: u32) -> Vec<Option<Between>> {
    let place = |pixel: u32| {
        let within = ((f64::from(pixel) + 0.5) / f64::from(pixels) - start) / length;
        (0.0..=1.0).contains(&within).then(|| {
            let last = f64::from(cells - 1);
            let at = (within * f64::from(cells) - 0.5).clamp(0.0, last);
            let first = at.floor();
            Between {
                first: first as u32,
                second: (first + 1.0).min(last) as u32,
                share: (at - first) as f32,
            }
        })
    };
    (0..pixels).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepscreen::Region;

    #[test]
    fn cells_are_enlarged_as_pillow_enlarges() {
        let whole = Region { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        let map = HeatMap::new(2, 1, vec![0.0, 1.0], whole).unwrap();
        // Pillow 13.0.0: Image.fromarray(numpy.float32([[0, 1]])).resize((8, 2), Image.BILINEAR).
        let row = [0.0, 0.0, 0.125, 0.375, 0.625, 0.875, 1.0, 1.0];
        assert_eq!(enlarged(&map, 8, 2), [row, row].concat());
    }

    #[test]
    fn what_a_map_does_not_cover_is_untouched() {
        let right = Region { x: 0.5, y: 0.0, width: 0.5, height: 1.0 };
        let map = HeatMap::new(1, 1, vec![0.75], right).unwrap();
        assert_eq!(enlarged(&map, 4, 1), [0.0, 0.0, 0.75, 0.75]);
    }
}
