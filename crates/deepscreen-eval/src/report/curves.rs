//! Curves of a million points in, a few hundred that look the same out.

/// Points of a curve are at least this far apart on one axis, so that a plot of 800 pixels loses nothing.
const STEP: f64 = 1.0 / 400.0;

/// Where the horizontal axis is a rate that matters when it is small, this share of it is a step as well.
const RELATIVE_STEP: f64 = 0.05;

/// The first and the last point, and of the others those that are a visible step from the last one kept.
pub(super) fn thinned(points: impl IntoIterator<Item = [f64; 2]>) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::new();
    let mut last = None;
    for point in points {
        let is_step = kept.last().is_none_or(|[x, y]| {
            let step = STEP.min(RELATIVE_STEP * x.max(1e-4));
            (point[0] - x).abs() >= step || (point[1] - y).abs() >= STEP
        });
        // The corner before a step belongs to the curve too.
        if is_step {
            kept.extend(last.filter(|corner| kept.last().is_some_and(|before| differs(before, corner))));
            kept.push(point);
        }
        last = Some(point);
    }
    kept.extend(last.filter(|end| kept.last() != Some(end)));
    kept
}

/// Whether a corner is worth a point of its own.
fn differs(before: &[f64; 2], corner: &[f64; 2]) -> bool {
    (before[0] - corner[0]).abs() >= STEP / 2.0 || (before[1] - corner[1]).abs() >= STEP / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_points_become_few_and_none_of_the_curve_is_off_by_a_visible_step() {
        let curve = f64::sqrt;
        let points: Vec<[f64; 2]> =
            (0..=1_000_000).map(|i| f64::from(i) / 1e6).map(|x| [x, curve(x)]).collect();
        let kept = thinned(points.iter().copied());
        assert!(kept.len() < 1500, "{}", kept.len());
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        for pair in kept.windows(2) {
            let middle = (pair[0][0] + pair[1][0]) / 2.0;
            let drawn = (pair[0][1] + pair[1][1]) / 2.0;
            assert!((curve(middle) - drawn).abs() < 2.0 * STEP, "{middle}: {drawn}");
        }
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let stairs = [[0.0, 0.0], [0.0, 0.5], [0.25, 0.5], [0.25, 1.0], [1.0, 1.0]];
        assert_eq!(thinned(stairs), stairs);
        assert_eq!(thinned([]), Vec::<[f64; 2]>::new());
    }
}
