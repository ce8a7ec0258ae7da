//! Differences of cells in, regions of the picture that were altered out, and the heat map of all.

use super::difference::Differences;
use super::mapping::Mapping;
use crate::evidence::{HeatMap, Region};

/// How many times what is explained a cell with its neighbours has to differ, for a region to begin there; and how many
/// times a cell alone, to belong to a region. Measured: docs/originals.md.
const BEGINS: f32 = 4.0;
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
