//! Metrics equal to scikit-learn's, on the cases that `golden/make.py` made.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use deepscreen_eval::Truth;
use deepscreen_eval::metrics::{LabelledScores, Mask, MaskMetric, Measured, Metric, Ranking, Undefined};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<u8>,
    scores: Vec<f64>,
    expected: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct MaskCase {
    name: String,
    mask: Vec<u8>,
    map: Vec<f32>,
    expected: BTreeMap<String, f64>,
}

fn golden<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9
}

fn ranking(case: &Case) -> Ranking {
    let truths: Vec<Truth> =
        case.labels.iter().map(|label| if *label == 1 { Truth::Fake } else { Truth::Real }).collect();
    Ranking::new(&LabelledScores::new(&case.scores, &truths).unwrap())
}

/// Every metric that is one number, by the name that the golden values have for it.
fn measured(ranking: &Ranking) -> Vec<(String, Measured)> {
    let mut all = vec![
        ("auc".to_owned(), ranking.measure(Metric::Auc)),
        ("average_precision".to_owned(), ranking.measure(Metric::AveragePrecision)),
        ("equal_error_rate".to_owned(), ranking.measure(Metric::EqualErrorRate)),
        ("fitted_threshold".to_owned(), ranking.fitted().map(|fitted| fitted.threshold)),
        ("fitted_accuracy".to_owned(), ranking.measure(Metric::FittedAccuracy)),
        ("fitted_balanced_accuracy".to_owned(), ranking.measure(Metric::FittedBalancedAccuracy)),
        ("log_loss".to_owned(), ranking.measure(Metric::LogLoss)),
        ("brier".to_owned(), ranking.measure(Metric::Brier)),
        ("calibration_error".to_owned(), ranking.measure(Metric::CalibrationError)),
    ];
    for threshold in [0.5, 0.25] {
        all.extend([
            (format!("accuracy@{threshold}"), ranking.measure(Metric::Accuracy { threshold })),
            (
                format!("balanced_accuracy@{threshold}"),
                ranking.measure(Metric::BalancedAccuracy { threshold }),
            ),
            (format!("recall@{threshold}"), ranking.measure(Metric::Recall { threshold })),
            (format!("false_alarm_rate@{threshold}"), ranking.measure(Metric::FalseAlarmRate { threshold })),
        ]);
    }
    for limit in [0.5, 0.05, 0.01, 0.001] {
        all.push((format!("tpr@{limit}"), ranking.measure(Metric::TprAtFpr { limit })));
    }
    all
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    let cases: Vec<Case> = golden("metrics.json");
    let mut compared = BTreeMap::new();
    for case in &cases {
        let ranking = ranking(case);
        let one_class = ranking.fake_count() == 0 || ranking.real_count() == 0;
        for (name, value) in measured(&ranking) {
            match (case.expected.get(&name), value) {
                (Some(expected), Ok(value)) => {
                    let expected = expected.as_f64().unwrap();
                    assert!(is_near(value, expected), "{} of {}: {value} for {expected}", name, case.name);
                    *compared.entry(name).or_insert(0) += 1;
                }
                (None, Err(_)) => {}
                // A rate of one class needs that class alone.
                (None, Ok(_)) if one_class && (name.starts_with("recall") || name.starts_with("false")) => {}
                (expected, value) => panic!("{} of {}: {value:?} for {expected:?}", name, case.name),
            }
        }
    }
    assert_eq!(compared.len(), 21, "{compared:?}");
}

#[test]
fn curves_are_those_of_scikit_learn() {
    let mut compared = 0;
    for case in &golden::<Case>("metrics.json") {
        let ranking = ranking(case);
        if let Some(expected) = case.expected.get("roc") {
            let points: Vec<_> = ranking.roc().unwrap().iter().map(|point| [point.fpr, point.tpr]).collect();
            assert_points(&points, expected, &case.name);
            let points = ranking.precision_recall().unwrap();
            let points: Vec<_> = points.iter().map(|point| [point.recall, point.precision]).collect();
            assert_points(&points, &case.expected["precision_recall"], &case.name);
            compared += 1;
        }
        if let Some(expected) = case.expected.get("calibration") {
            let expected: Vec<(u64, u64, f64)> = serde_json::from_value(expected.clone()).unwrap();
            let bins = ranking.calibration().unwrap();
            for (bin, (count, fakes, sum)) in bins.iter().zip(&expected) {
                assert_eq!((bin.count, bin.fakes), (*count, *fakes), "{}", case.name);
                assert!(is_near(bin.score_sum, *sum), "{}", case.name);
                assert!(bin.mean_score().is_none_or(|mean| bin.lower <= mean && mean <= bin.upper + 1e-12));
            }
        }
    }
    assert!(compared > 15);
}

fn assert_points(found: &[[f64; 2]], expected: &Value, name: &str) {
    let expected: Vec<[f64; 2]> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            is_near(found[0], expected[0]) && is_near(found[1], expected[1]),
            "{name}: {found:?} {expected:?}"
        );
    }
}

#[test]
fn what_is_undefined_says_why() {
    for case in &golden::<Case>("metrics.json") {
        let found = ranking(case);
        match case.name.as_str() {
            "only fakes" => {
                assert_eq!(found.auc(), Err(Undefined::NoReal));
                assert_eq!(found.average_precision(), Err(Undefined::NoReal));
                assert_eq!(found.measure(Metric::FalseAlarmRate { threshold: 0.5 }), Err(Undefined::NoReal));
                assert_eq!(found.measure(Metric::Recall { threshold: 0.5 }), Ok(2.0 / 3.0));
            }
            "only reals" => assert_eq!(found.log_loss(), Err(Undefined::NoFake)),
            "no probabilities" => {
                for metric in [Metric::LogLoss, Metric::Brier, Metric::CalibrationError] {
                    assert_eq!(found.measure(metric), Err(Undefined::NotProbabilities));
                }
            }
            _ => assert!(found.auc().is_ok(), "{}", case.name),
        }
    }
    let nothing = Ranking::new(&LabelledScores::default());
    assert!(measured(&nothing).iter().all(|(_, value)| value.is_err()));
}

#[test]
fn masks_are_measured_as_scikit_learn_does() {
    let cases: Vec<MaskCase> = golden("masks.json");
    assert!(cases.len() >= 4);
    for case in cases {
        let truth: Vec<bool> = case.mask.iter().map(|pixel| *pixel == 1).collect();
        let mask = Mask::new(&case.map, &truth).unwrap();
        for (name, metric) in [("f1", MaskMetric::F1), ("iou", MaskMetric::Iou), ("mcc", MaskMetric::Mcc)] {
            for threshold in [0.5, 0.75] {
                let expected = case.expected[&format!("{name}@{threshold}")];
                let found = mask.at(threshold).measure(metric).unwrap();
                assert!(is_near(found, expected), "{name} of {}: {found} for {expected}", case.name);
            }
            let (threshold, best) = mask.best(metric).unwrap();
            assert!(is_near(best, case.expected[&format!("best_{name}")]), "{name} of {}", case.name);
            assert_eq!(mask.at(threshold).measure(metric), Ok(best));
        }
    }
}
