//! How sure a share of counted pictures is.

use super::Interval;
use super::normal::two_sided;

/// The interval of a share, `hits` of `count`, as if the pictures were independent: Wilson's score interval ("Probable
/// inference, the law of succession, and statistical inference", 1927), which stays within 0 and 1 and says something
/// where none or all are hits. From 0 to 1 for a count of 0. `confidence` is between 0 and 1.
pub fn interval_of_share(hits: u64, count: u64, confidence: f64) -> Interval {
    if count == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, share) = (count as f64, hits as f64 / count as f64);
    let z = deviations(1.0 - confidence);
    let middle = share + z * z / (2.0 * n);
    let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    // At the ends it is exact, and rounding must not leave a trace.
    let low = if hits == 0 { 0.0 } else { (middle - reach) / scale };
    let high = if hits == count { 1.0 } else { (middle + reach) / scale };
    Interval { low, high }
}

/// How far from 0 a standard normal variable is with probability `p`: the inverse of [`two_sided`], by halving.
fn deviations(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if two_sided(middle) > p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_statsmodels() {
        // statsmodels 0.15.0: proportion_confint(hits, count, 1 - confidence, method="wilson").
        let golden = [
            (0, 10, 0.95, 0.0, 0.27753279986288926),
            (10, 10, 0.95, 0.7224672001371106, 1.0),
            (3, 100, 0.95, 0.01025452402403891, 0.08451936429052763),
            (50, 100, 0.99, 0.3752796250448398, 0.6247203749551602),
        ];
        for (hits, count, confidence, low, high) in golden {
            let interval = interval_of_share(hits, count, confidence);
            assert!((interval.low - low).abs() < 1e-9, "{hits}/{count}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-9, "{hits}/{count}: {interval:?}");
        }
        let wide = interval_of_share(50, 100, 0.99);
        let narrow = interval_of_share(50, 100, 0.9);
        assert!(wide.low < narrow.low && narrow.high < wide.high);
        assert_eq!(interval_of_share(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
    }
}
