//! Differences of cells in, regions of the picture that were altered out, and the heat map of all.

use super::difference::Differences;
use super::mapping::Mapping;
use crate::evidence::{HeatMap, Region};

/// How many times what is explained a cell with its neighbours has to differ, for a region to begin there; and how many
/// times a cell alone, to belong to a region. Measured: docs/originals.md.
const BEGINS: f32 = 4.5;
const BELONGS: f32 = 2.5;
/// Cells that a region has at least.
const FEWEST: usize = 4;
/// An added bar or border is at least this share of the side that it narrows, and this many pixels.
const BAR: f64 = 0.015;
const BAR_PIXELS: f64 = 3.0;

/// The rectangles around cells that differ and touch, or have one cell between them, in pixels of the picture; the largest first.
pub(super) fn altered(differences: &Differences, picture: [f64; 2]) -> Vec<Region> {
    let Differences { columns, rows, alone, around, .. } = differences;
    let (columns, rows) = (*columns, *rows);
    let begins = |at: usize| around[at] >= BEGINS && alone[at] >= BELONGS;
    let mut seen = vec![false; alone.len()];
    let mut found = Vec::new();
    for start in (0..alone.len()).filter(|at| begins(*at)) {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let (mut waiting, mut cells) = (vec![start], 0);
        let (mut left, mut right, mut top, mut bottom) = (columns, 0, rows, 0);
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % columns, at / columns);
            cells += 1;
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
            for row in y.saturating_sub(2)..(y + 3).min(rows) {
                for column in x.saturating_sub(2)..(x + 3).min(columns) {
                    let near = row * columns + column;
                    let beside = row.abs_diff(y) <= 1 && column.abs_diff(x) <= 1;
                    if !seen[near] && (begins(near) || beside && alone[near] >= BELONGS) {
                        seen[near] = true;
                        waiting.push(near);
                    }
                }
            }
        }
        if cells >= FEWEST {
            let cell = [picture[0] / columns as f64, picture[1] / rows as f64];
            let region = Region {
                x: left as f64 * cell[0],
                y: top as f64 * cell[1],
                width: (right - left) as f64 * cell[0],
                height: (bottom - top) as f64 * cell[1],
            };
            found.push(region);
        }
    }
    found.sort_by(|a, b| (b.width * b.height).total_cmp(&(a.width * a.height)));
    found
}

/// The parts of the picture that lie beyond the original: bars above, below, left and right of it.
pub(super) fn added(mapping: &Mapping, picture: [f64; 2], original: [f64; 2]) -> Vec<Region> {
    let [from, to] = mapping.overlap(picture, original);
    let [width, height] = picture;
    let bars = [
        (1, Region { x: 0.0, y: 0.0, width, height: from[1] }),
        (1, Region { x: 0.0, y: to[1], width, height: height - to[1] }),
        (0, Region { x: 0.0, y: from[1], width: from[0], height: to[1] - from[1] }),
        (0, Region { x: to[0], y: from[1], width: width - to[0], height: to[1] - from[1] }),
    ];
    let thick = |(axis, bar): &(usize, Region)| {
        let thickness = if *axis == 0 { bar.width } else { bar.height };
        thickness >= (BAR * picture[*axis]).max(BAR_PIXELS)
    };
    bars.into_iter().filter(thick).map(|(_, bar)| bar).collect()
}

/// From 0 where nothing differs, over 0.5 where a region may begin, to 1; 1 where the picture shows none of the original.
pub(super) fn heat(differences: &Differences) -> Vec<f32> {
    let cells = differences.around.iter().zip(&differences.inside);
    cells.map(|(times, inside)| if *inside { (0.5 * times / BEGINS).min(1.0) } else { 1.0 }).collect()
}

/// Cells that cover the picture, as a map.
pub(super) fn map(columns: u32, rows: u32, cells: Vec<f32>, picture: [f64; 2]) -> Option<HeatMap> {
    let area = Region { x: 0.0, y: 0.0, width: picture[0], height: picture[1] };
    HeatMap::new(columns, rows, cells, area)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight times six cells of 10 pixels, of which some differ ten times as much as is explained.
    fn differences(differing: &[(usize, usize)]) -> Differences {
        let mut alone = vec![1.0; 48];
        differing.iter().for_each(|(x, y)| alone[y * 8 + x] = 10.0);
        Differences { columns: 8, rows: 6, around: alone.clone(), alone, inside: vec![true; 48] }
    }

    #[test]
    fn cells_with_one_between_them_are_one_region_and_specks_are_none() {
        let found = |cells: &[(usize, usize)]| altered(&differences(cells), [80.0, 60.0]);
        assert_eq!(found(&[(1, 1), (2, 1), (1, 2)]), []);
        let region = Region { x: 10.0, y: 10.0, width: 40.0, height: 20.0 };
        assert_eq!(found(&[(1, 1), (2, 1), (1, 2), (4, 2)]), [region]);
        assert_eq!(found(&[(1, 1), (2, 1), (1, 2), (5, 2)]), []);
        let two = [(0, 0), (1, 0), (0, 1), (1, 1), (4, 3), (5, 3), (6, 3), (4, 4), (5, 4), (6, 4)];
        assert_eq!(found(&two).iter().map(|region| region.x).collect::<Vec<_>>(), [40.0, 0.0]);
    }

    #[test]
    fn bars_lie_beyond_the_original_and_a_line_is_none() {
        let mapping = |shift| Mapping { scale: [1.0, 1.0], shift };
        let bars = added(&mapping([-1.0, -20.0]), [101.0, 130.0], [100.0, 100.0]);
        let bar = |y, height| Region { x: 0.0, y, width: 101.0, height };
        assert_eq!(bars, [bar(0.0, 20.0), bar(120.0, 10.0)]);
        assert_eq!(added(&mapping([10.0, 10.0]), [80.0, 80.0], [100.0, 100.0]), []);
    }

    #[test]
    fn heat_is_half_where_a_region_may_begin_and_whole_where_nothing_is_shown() {
        let mut differences = differences(&[(1, 0)]);
        differences.around[2] = BEGINS;
        differences.inside[3] = false;
        let heat = heat(&differences);
        assert_eq!(heat[1..4], [1.0, 0.5, 1.0]);
        assert!(heat[0] < 0.2);
    }
}
