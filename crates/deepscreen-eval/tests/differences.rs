//! Confidence intervals and tests of differences: what they promise, on made data whose truth is known.

#![allow(clippy::unwrap_used)]

use deepscreen_eval::Truth::{self, Fake, Real};
use deepscreen_eval::metrics::{
    AucVariance, Bootstrap, Clusters, LabelledScores, Metric, Ranking, Undefined, auc_difference,
    auc_variance,
};

/// Numbers that repeat (the minimal standard generator of Park and Miller, 1988).
struct Made(u64);

impl Made {
    /// From 0 to 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as f64 / 2_147_483_647.0
    }

    /// Nearly normal: the sum of twelve uniform numbers less 6.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn score(scores: &[(f64, Truth)]) -> LabelledScores {
    let (scores, truths): (Vec<_>, Vec<_>) = scores.iter().copied().unzip();
    LabelledScores::new(&scores, &truths).unwrap()
}

/// Two detectors on the same pictures, the second as good as its `share` of the first's noise; rounded, for ties.
fn two_detectors(made: &mut Made, count: usize, places: f64) -> (LabelledScores, LabelledScores) {
    let mut pairs = Vec::new();
    for i in 0..count {
        let truth = if i % 3 == 0 { Fake } else { Real };
        let signal = if truth == Fake { 1.0 } else { 0.0 } + made.normal();
        let round = |value: f64| (value * places).round() / places;
        pairs.push(((round(signal), truth), (round(signal + made.normal()), truth)));
    }
    let (first, second): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    (score(&first), score(&second))
}

/// DeLong's components as they are defined: every fake against every real.
fn components(scores: &LabelledScores) -> (Vec<f64>, Vec<f64>) {
    let of = |class| {
        let all = scores.scores().iter().zip(scores.truths());
        all.filter(move |(_, truth)| **truth == class).map(|(score, _)| *score).collect::<Vec<_>>()
    };
    let (fakes, reals) = (of(Fake), of(Real));
    let right =
        |fake: f64, real: f64| f64::from(u8::from(fake > real)) + f64::from(u8::from(fake == real)) / 2.0;
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    (
        fakes.iter().map(|fake| mean(reals.iter().map(|real| right(*fake, *real)).collect())).collect(),
        reals.iter().map(|real| mean(fakes.iter().map(|fake| right(*fake, *real)).collect())).collect(),
    )
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / (count - 1.0) / count
}

#[test]
fn delong_in_the_time_of_sorting_is_delong_by_definition() {
    let mut made = Made(7);
    for (count, places) in [(12, 100.0), (30, 1.0), (100, 4.0), (200, 1e9)] {
        let (first, second) = two_detectors(&mut made, count, places);
        let ((fakes_a, reals_a), (fakes_b, reals_b)) = (components(&first), components(&second));
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        let found = auc_difference(&first, &second).unwrap().unwrap();
        let of_first = covariance(&fakes_a, &fakes_a) + covariance(&reals_a, &reals_a);
        let of_second = covariance(&fakes_b, &fakes_b) + covariance(&reals_b, &reals_b);
        let of_both = covariance(&fakes_a, &fakes_b) + covariance(&reals_a, &reals_b);
        near(found.first.auc, fakes_a.iter().sum::<f64>() / fakes_a.len() as f64);
        near(found.first.variance, of_first);
        near(found.second.variance, of_second);
        near(found.variance, of_first + of_second - 2.0 * of_both);
        near(found.z, found.difference / (of_first + of_second - 2.0 * of_both).sqrt());
        assert_eq!(auc_variance(&first), Ok(found.first));
        assert!(0.0 < found.p && found.p <= 1.0);
    }
}

#[test]
fn delong_says_what_it_cannot_tell() {
    let (first, _) = two_detectors(&mut Made(1), 30, 10.0);
    assert_eq!(auc_difference(&first, &first).unwrap(), Err(Undefined::NoVariance));
    assert_eq!(auc_variance(&score(&[(0.5, Fake), (0.1, Real), (0.2, Real)])), Err(Undefined::OneOfAClass));
    assert_eq!(auc_variance(&score(&[(0.5, Fake)])), Err(Undefined::NoReal));
    let perfect = score(&[(0.9, Fake), (0.8, Fake), (0.2, Real), (0.1, Real)]);
    assert_eq!(auc_variance(&perfect), Ok(AucVariance { auc: 1.0, variance: 0.0 }));
    let others = score(&[(0.9, Fake), (0.8, Real), (0.2, Real), (0.1, Real)]);
    assert!(auc_difference(&perfect, &others).is_err());
    assert!(Bootstrap::default().difference(&perfect, &others, &[Metric::Auc], None).is_err());
}

#[test]
fn an_interval_holds_the_truth_about_as_often_as_it_says() {
    // With fakes 1 above reals and both of standard deviation 1, the AUC is the normal distribution at 1 / sqrt(2).
    let truth = 0.760_249_938_906_523_3;
    let mut made = Made(2024);
    let (mut held, mut held_by_delong) = (0, 0);
    let rounds = 200;
    for seed in 0..rounds {
        let scores: Vec<_> = (0..80)
            .map(|i| if i < 40 { (made.normal() + 1.0, Fake) } else { (made.normal(), Real) })
            .collect();
        let bootstrap = Bootstrap { resamples: 200, confidence: 0.9, seed };
        let found = bootstrap.estimate(&score(&scores), &[Metric::Auc], None).unwrap()[0];
        let interval = found.interval.unwrap();
        held += usize::from(interval.low <= truth && truth <= interval.high);
        let AucVariance { auc, variance } = auc_variance(&score(&scores)).unwrap();
        held_by_delong += usize::from((auc - truth).abs() <= 1.644_853_627 * variance.sqrt());
    }
    // 90 % of 200 is 180, with a standard deviation of 4.2.
    assert!((165..=195).contains(&held), "{held} of {rounds}");
    assert!((165..=195).contains(&held_by_delong), "{held_by_delong} of {rounds}");
}

#[test]
fn clusters_widen_an_interval_that_copies_had_narrowed() {
    let mut made = Made(5);
    let singles: Vec<_> = (0..60)
        .map(|i| if i % 2 == 0 { (made.normal() + 1.0, Fake) } else { (made.normal(), Real) })
        .collect();
    let copies: Vec<_> = singles.iter().flat_map(|one| [*one; 10]).collect();
    let names: Vec<_> = (0..copies.len()).map(|i| Some(format!("video {}", i / 10))).collect();
    let clusters = Clusters::new(&names);
    assert_eq!(clusters.count(), 60);
    let width = |scores: &[(f64, Truth)], clusters| {
        let found = Bootstrap::default().estimate(&score(scores), &[Metric::Auc], clusters).unwrap()[0];
        let interval = found.interval.unwrap();
        interval.high - interval.low
    };
    let (alone, narrowed, clustered) =
        (width(&singles, None), width(&copies, None), width(&copies, Some(&clusters)));
    assert!(narrowed < alone / 2.5, "{narrowed} {alone}");
    assert!((clustered / alone - 1.0).abs() < 0.15, "{clustered} {alone}");
}

#[test]
fn no_resample_lacks_a_class_and_pictures_without_a_cluster_stand_alone() {
    let scores = score(&[(0.9, Fake), (0.8, Fake), (0.7, Real), (0.2, Real), (0.6, Fake), (0.1, Real)]);
    let names = [Some("fakes"), Some("fakes"), Some("reals"), Some("reals"), None, Some("both")];
    let mixed = [Some("a"), Some("b"), Some("a"), Some("b"), None, None];
    for (names, count) in [(names, 4), (mixed, 4)] {
        let clusters = Clusters::new(&names);
        assert_eq!(clusters.count(), count);
        let found = Bootstrap::default().estimate(&scores, &[Metric::Auc], Some(&clusters)).unwrap()[0];
        assert_eq!(found.undefined, 0);
        assert!(found.interval.is_some());
    }
    assert!(Bootstrap::default().estimate(&scores, &[], Some(&Clusters::new(&names[1..]))).is_err());
}

#[test]
fn clusters_of_both_classes_are_drawn_too() {
    let mut made = Made(17);
    let scores: Vec<_> = (0..100)
        .map(|i| if i % 2 == 0 { (made.normal() + 1.0, Fake) } else { (made.normal(), Real) })
        .collect();
    let names: Vec<_> = (0..100).map(|i| Some(format!("{}", i / 2))).collect();
    let width = |clusters| {
        let found = Bootstrap::default().estimate(&score(&scores), &[Metric::Auc], clusters).unwrap()[0];
        assert_eq!(found.undefined, 0);
        let interval = found.interval.unwrap();
        interval.high - interval.low
    };
    // A fake and a real that have nothing to do with one another: as if each were drawn alone.
    let (alone, clustered) = (width(None), width(Some(&Clusters::new(&names))));
    assert!((clustered / alone - 1.0).abs() < 0.2, "{clustered} {alone}");
}

#[test]
fn a_seed_repeats_whatever_the_number_of_threads() {
    let (first, second) = two_detectors(&mut Made(3), 120, 20.0);
    let metrics = [Metric::Auc, Metric::AveragePrecision, Metric::FittedAccuracy];
    let run = |seed, threads| {
        let bootstrap = Bootstrap { resamples: 100, seed, ..Bootstrap::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bootstrap.difference(&first, &second, &metrics, None).unwrap())
    };
    assert_eq!(run(1, 1), run(1, 3));
    assert_ne!(run(1, 1), run(2, 1));
}

#[test]
fn a_paired_bootstrap_sees_what_delong_sees() {
    let (first, second) = two_detectors(&mut Made(11), 400, 1e9);
    let metrics = [Metric::Auc, Metric::EqualErrorRate, Metric::LogLoss];
    let found = Bootstrap { resamples: 2000, ..Bootstrap::default() };
    let found = found.difference(&first, &second, &metrics, None).unwrap();
    let delong = auc_difference(&first, &second).unwrap().unwrap();
    assert_eq!(found[0].value, Ok(delong.difference));
    let interval = found[0].interval.unwrap();
    let of_delong = 2.0 * 1.959_963_985 * delong.variance.sqrt();
    assert!(((interval.high - interval.low) / of_delong - 1.0).abs() < 0.1);
    let p = found[0].p.unwrap();
    assert!((p - delong.p).abs() < 0.01, "{p} {delong:?}");
    assert!(found[1].value.unwrap() < 0.0, "the first has fewer errors");
    // The scores are no probabilities.
    assert_eq!(
        (found[2].value, found[2].interval, found[2].p),
        (Err(Undefined::NotProbabilities), None, None)
    );
    let same = Bootstrap::default().difference(&first, &first, &metrics[..1], None).unwrap()[0];
    assert_eq!((same.value, same.p), (Ok(0.0), Some(1.0)));
}

#[test]
fn a_resample_of_tied_scores_is_that_of_its_pictures() {
    // All fakes alike, all reals alike: whatever is drawn, the metrics are those of the data.
    let scores: Vec<_> = (0..30).map(|i| if i % 3 == 0 { (0.75, Fake) } else { (0.25, Real) }).collect();
    let metrics =
        [Metric::Auc, Metric::AveragePrecision, Metric::LogLoss, Metric::Brier, Metric::CalibrationError];
    for found in Bootstrap::default().estimate(&score(&scores), &metrics, None).unwrap() {
        let (value, interval) = (found.value.unwrap(), found.interval.unwrap());
        assert!((interval.low - value).abs() < 1e-12 && (interval.high - value).abs() < 1e-12, "{found:?}");
    }
    assert_eq!(Ranking::new(&score(&scores)).auc(), Ok(1.0));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let scores = score(&[(0.9, Fake), (0.1, Real)]);
    for (resamples, confidence) in [(0, 0.95), (10, 0.0), (10, 1.0), (10, f64::NAN)] {
        let bootstrap = Bootstrap { resamples, confidence, seed: 0 };
        assert!(bootstrap.estimate(&scores, &[Metric::Auc], None).is_err());
    }
    let only = score(&[(0.9, Fake), (0.1, Fake)]);
    let found = Bootstrap::default().estimate(&only, &[Metric::Auc], None).unwrap()[0];
    assert_eq!((found.value, found.interval, found.undefined), (Err(Undefined::NoReal), None, 1000));
}
