//! Two pictures in one grid in, the change of tone that explains most of their difference out: brightness, contrast,
//! gamma, saturation, tint, grey. It holds for the whole picture, so it explains no part that was replaced.

use super::plane::Plane;

/// What a channel is made of: a constant, the three channels, the square and the cube of its own, each 0 to 1.
const TERMS: usize = 6;

/// Of each channel, what is added to it: a weight for each term; and where what comes of it is cut off.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tone([[f64; TERMS]; 3], [Range; 3]);

/// The lowest and the highest value of a channel.
type Range = (f32, f32);

/// Means of cells nearer than this to the lowest or the highest value may have been cut off there, and say nothing.
const CUT: f32 = 6.0;
/// Fewer cells than this settle no tone.
const FEWEST: usize = 30;

impl Tone {
    /// From the mean colours of cells of the original and of the picture, 0 to 255, and the ranges of the picture's
    /// channels: brightened first and darkened then, it is cut off below 255. Weighted least squares, in which
    /// cells count less the more they disagree, and not at all beyond a limit (Tukey's biweight).
    pub(super) fn between(expected: &[[f32; 3]], shown: &[[f32; 3]], ranges: [Range; 3]) -> Self {
        let mut tone = Self([[0.0; TERMS]; 3], ranges);
        let cells = || expected.iter().zip(shown);
        for (channel, weights) in tone.0.iter_mut().enumerate() {
            let (lowest, highest) = ranges[channel];
            let uncut = lowest + CUT..highest - CUT;
            let usable = cells().filter(|(_, shown)| uncut.contains(&shown[channel]));
            let samples: Vec<([f64; TERMS], f64)> = usable
                .map(|(expected, shown)| {
                    (terms(*expected, channel), f64::from(shown[channel] - expected[channel]) / 255.0)
                })
                .collect();
            if samples.len() < FEWEST {
                continue;
            }
            for round in 0..8 {
                let misses: Vec<f64> =
                    samples.iter().map(|(terms, change)| (change - product(terms, weights)).abs()).collect();
                let mut sorted = misses.clone();
                sorted.sort_by(f64::total_cmp);
                let limit = (6.0 * sorted[sorted.len() / 2]).clamp(0.01, 0.12);
                let weight = |miss: f64| {
                    // The first rounds go towards the median, the others leave out what is far from it.
                    if round < 4 {
                        1.0 / miss.max(0.004)
                    } else {
                        (1.0 - (miss / limit).min(1.0).powi(2)).powi(2)
                    }
                };
                *weights = solved(&samples, misses.iter().map(|miss| weight(*miss)));
            }
        }
        tone
    }

    /// The original's colours as the picture has them.
    pub(super) fn applied(&self, planes: &[Plane; 3]) -> [Plane; 3] {
        [0, 1, 2].map(|channel| {
            let [one, red, green, blue, square, cube] = self.0[channel].map(|weight| weight as f32);
            let (own, (lowest, highest)) = (&planes[channel], self.1[channel]);
            let others = planes[0].samples.iter().zip(&planes[1].samples).zip(&planes[2].samples);
            let toned = own.samples.iter().zip(others).map(|(own, ((r, g), b))| {
                let at = own / 255.0;
                let change = 255.0 * (one + at * at * (square + at * cube)) + red * r + green * g + blue * b;
                (own + change).clamp(lowest, highest)
            });
            own.with(toned.collect())
        })
    }
}

/// Between which values a channel lies, but for one sample of a thousand on either side.
pub(super) fn range(plane: &Plane) -> Range {
    let mut counts = [0usize; 256];
    plane.samples.iter().for_each(|sample| counts[sample.clamp(0.0, 255.0) as usize] += 1);
    let few = plane.samples.len() / 1000;
    let mut seen = [0; 2];
    let mut beyond = |side: usize, value: &usize| {
        seen[side] += counts[*value];
        seen[side] > few
    };
    let lowest = (0..256).find(|value| beyond(0, value)).unwrap_or(0);
    let highest = (0..256).rev().find(|value| beyond(1, value)).unwrap_or(255);
    (lowest as f32, highest as f32 + 1.0)
}

fn terms(colour: [f32; 3], channel: usize) -> [f64; TERMS] {
    let [r, g, b] = colour.map(|value| f64::from(value) / 255.0);
    let own = [r, g, b][channel];
    [1.0, r, g, b, own * own, own * own * own]
}

fn product(a: &[f64; TERMS], b: &[f64; TERMS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The weights of least squares, drawn towards 0 where the samples do not settle them.
fn solved(samples: &[([f64; TERMS], f64)], weights: impl Iterator<Item = f64>) -> [f64; TERMS] {
    let mut matrix = [[0.0; TERMS]; TERMS];
    let mut right = [0.0; TERMS];
    let mut total = 0.0;
    for ((terms, change), weight) in samples.iter().zip(weights) {
        total += weight;
        for i in 0..TERMS {
            right[i] += weight * terms[i] * change;
            (0..=i).for_each(|j| matrix[i][j] += weight * terms[i] * terms[j]);
        }
    }
    // The constant is settled by any sample.
    (1..TERMS).for_each(|i| matrix[i][i] += 1e-6 * total);
    matrix[0][0] += 1e-9;
    // Cholesky: the matrix is symmetric and, with what was added, positive.
    for i in 0..TERMS {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let rest = matrix[i][j] - sum;
            matrix[i][j] = if i == j { rest.max(1e-12).sqrt() } else { rest / matrix[j][j] };
        }
    }
    for i in 0..TERMS {
        let sum: f64 = (0..i).map(|k| matrix[i][k] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i][i];
    }
    for i in (0..TERMS).rev() {
        let sum: f64 = (i + 1..TERMS).map(|k| matrix[k][i] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i][i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours() -> Vec<[f32; 3]> {
        (0..200u32)
            .map(|i| [i * 37 % 200, i * 53 % 210, i * 71 % 190].map(|value| value as f32 + 20.0))
            .collect()
    }

    const WHOLE: [Range; 3] = [(0.0, 255.0); 3];

    fn toned(tone: &Tone, colour: [f32; 3]) -> [f32; 3] {
        let planes = colour.map(|value| Plane { width: 1, height: 1, samples: vec![value] });
        tone.applied(&planes).map(|plane| plane.samples[0])
    }

    #[test]
    fn contrast_gamma_and_grey_are_explained_though_a_fourth_is_replaced() {
        type Change = fn([f32; 3]) -> [f32; 3];
        let changes: [(&str, Change); 4] = [
            ("nothing", |rgb| rgb),
            ("contrast", |rgb| rgb.map(|value| 1.15 * (value - 128.0) + 120.0)),
            ("gamma", |rgb| rgb.map(|value| 255.0 * (value / 255.0).powf(0.8))),
            ("grey", |[r, g, b]| [0.299 * r + 0.587 * g + 0.114 * b; 3]),
        ];
        for (name, change) in changes {
            let expected = colours();
            let mut shown: Vec<[f32; 3]> = expected.iter().map(|rgb| change(*rgb)).collect();
            shown.iter_mut().step_by(4).for_each(|rgb| *rgb = [230.0, 40.0, 120.0]);
            let tone = Tone::between(&expected, &shown, WHOLE);
            for rgb in [[60.0, 90.0, 120.0], [200.0, 150.0, 100.0]] {
                let (now, wanted) = (toned(&tone, rgb), change(rgb));
                assert!(
                    now.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 2.5),
                    "{name}: {now:?} {wanted:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_cut_off_settles_nothing_and_is_cut_off() {
        let expected = colours();
        let brighter = |rgb: [f32; 3]| rgb.map(|value| (value + 60.0).min(200.0));
        let shown: Vec<[f32; 3]> = expected.iter().map(|rgb| brighter(*rgb)).collect();
        let tone = Tone::between(&expected, &shown, [(60.0, 200.0); 3]);
        for rgb in [[60.0, 90.0, 120.0], [250.0, 150.0, 100.0]] {
            let (now, wanted) = (toned(&tone, rgb), brighter(rgb));
            assert!(now.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1.0), "{now:?} {wanted:?}");
        }
        assert_eq!(Tone::between(&expected[..10], &shown[..10], WHOLE).0, [[0.0; TERMS]; 3]);
    }

    #[test]
    fn a_range_leaves_out_one_of_a_thousand() {
        let mut samples = vec![40.0; 1000];
        samples[500..].fill(180.0);
        samples.extend([0.0, 255.0]);
        assert_eq!(range(&Plane { width: 1002, height: 1, samples }), (40.0, 181.0));
    }
}
