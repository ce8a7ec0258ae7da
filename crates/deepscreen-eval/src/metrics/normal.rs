//! The normal distribution, as far as tests of differences need it.

use std::f64::consts::PI;

/// How likely a standard normal variable is at least as far from 0 as `z`, 0 to 1; within 1e-12 of the truth in
/// proportion (`tests/golden/normal.json`, from scipy).
pub(crate) fn two_sided(z: f64) -> f64 {
    let z = z.abs();
    if z < 2.5 { 1.0 - within(z) } else { beyond(z) }
}

/// The probability of |Z| < z by the series of Abramowitz, Stegun, "Handbook of mathematical functions", 26.2.11: all
/// terms are positive, so that nothing cancels.
fn within(z: f64) -> f64 {
    let (mut term, mut sum, mut k) = (z, z, 1.0);
    while term > sum * f64::EPSILON {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    2.0 * density(z) * sum
}

/// The probability of |Z| > z by the continued fraction 26.2.14, from its far end: 200 terms are enough from 2.5 on.
fn beyond(z: f64) -> f64 {
    let fraction = (1..=200).rev().fold(z, |rest, k| z + f64::from(k) / rest);
    2.0 * density(z) / fraction
}

fn density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_scipy() {
        let golden = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/normal.json")).unwrap();
        let golden: Vec<(f64, f64)> = serde_json::from_slice(&golden).unwrap();
        assert!(golden.len() > 10);
        for (z, expected) in golden {
            let off = (two_sided(z) - expected).abs() / expected;
            assert!(off < 1e-12, "{z}: {} for {expected}", two_sided(z));
            assert_eq!(two_sided(-z), two_sided(z));
        }
    }
}
