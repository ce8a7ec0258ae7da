//! Metrics over made scores and their bootstrap, timed.
//!
//! usage: bootstrap SCORES RESAMPLES
//!
//! Prints seconds: sorting and all metrics once, the bootstrap of the AUC, the bootstrap of all metrics. On as many
//! threads as `RAYON_NUM_THREADS` says.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use deepscreen_eval::Truth;
use deepscreen_eval::metrics::{Bootstrap, LabelledScores, Metric, Ranking};

fn main() {
    let arguments: Vec<u32> = std::env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let [count, resamples] = arguments[..] else {
        eprintln!("usage: bootstrap SCORES RESAMPLES");
        std::process::exit(2);
    };
    let mut scores = LabelledScores::default();
    let mut state = 1_u64;
    // The minimal standard generator of Park and Miller, 1988: 1 to 2^31 - 2.
    let mut uniform = || {
        state = state * 48_271 % 2_147_483_647;
        state as f64 / 2_147_483_647.0
    };
    for i in 0..count {
        let (truth, shift) = if i % 2 == 0 { (Truth::Fake, 0.7) } else { (Truth::Real, -0.7) };
        let logit = (0..4).map(|_| uniform()).sum::<f64>() - 2.0 + shift;
        scores.push(i, 1.0 / (1.0 + (-2.0 * logit).exp()), truth).unwrap();
    }
    let threshold = 0.5;
    let mut metrics = vec![Metric::Auc, Metric::AveragePrecision, Metric::EqualErrorRate];
    metrics.extend([Metric::Accuracy { threshold }, Metric::BalancedAccuracy { threshold }]);
    metrics.extend([Metric::Recall { threshold }, Metric::FalseAlarmRate { threshold }]);
    metrics.extend([Metric::FittedAccuracy, Metric::FittedBalancedAccuracy]);
    metrics.extend([0.05, 0.01, 0.001].map(|limit| Metric::TprAtFpr { limit }));
    metrics.extend([Metric::LogLoss, Metric::Brier, Metric::CalibrationError]);

    let begun = Instant::now();
    let ranking = Ranking::new(&scores);
    let measured = metrics.iter().filter(|metric| ranking.measure(**metric).is_ok()).count();
    println!("{:.2} once, {measured} metrics", begun.elapsed().as_secs_f64());
    for metrics in [&metrics[..1], &metrics] {
        let begun = Instant::now();
        let bootstrap = Bootstrap { resamples, ..Bootstrap::default() };
        let estimates = bootstrap.estimate(&scores, metrics, None).unwrap();
        println!("{:.2} {resamples} resamples, {} metrics", begun.elapsed().as_secs_f64(), estimates.len());
    }
}
