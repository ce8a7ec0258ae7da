//! Labelled pictures or scores, and how to compare, in; a [`Trial`] out, which becomes the report. What `deepscreen bench`
//! and the Python package do.

use deepscreen::media::Limits;
use deepscreen::{Analyzer, Detector, OperatingPoint, Result};
use std::collections::HashMap;

use crate::checks::{Confound, Leakage, LeakageOptions, Print, Training};
use crate::degrade::Degradation;
use crate::metrics::Bootstrap;
use crate::report::{Check, Compared, Counts, Tier, Trial};
use crate::run::{Cache, Run};
use crate::{Dataset, Item, ScoreTable, Truth};

/// How to compare detectors.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is done to the pictures first, each a tier of its own.
    pub degradations: Vec<Degradation>,
    /// The false-alarm rate whose threshold is taken from each model's card, above 0 and at most 1.
    pub max_fpr: f64,
    /// A threshold for all detectors, in place of those of their cards.
    pub threshold: Option<f64>,
    /// How intervals are made, and the seed of everything that is drawn.
    pub bootstrap: Bootstrap,
    /// How many of the worst mistakes of each class are listed.
    pub mistakes: usize,
    /// What the detectors were trained on, as far as it is known.
    pub training: Option<Training>,
    /// How many threads score pictures; 0 for one a core.
    pub threads: usize,
    /// What is refused.
    pub limits: Limits,
}

/// Pictures as they are, the thresholds for 1 %, 1,000 resamples.
impl Default for Comparison {
    fn default() -> Self {
        Self {
            degradations: vec![Degradation::CLEAN],
            max_fpr: 0.01,
            threshold: None,
            bootstrap: Bootstrap::default(),
            mistakes: 12,
            training: None,
            threads: 0,
            limits: Limits::default(),
        }
    }
}

impl Comparison {
    /// Scores a data set with every detector and checks it. `names` are of the data sets, as somebody named them; `each`
    /// is called for every picture.
    ///
    /// # Errors
    /// Those of [`Run::score`].
    pub fn of_pictures(
        &self,
        names: Vec<String>,
        dataset: &Dataset,
        detectors: &[Detector],
        cache: Option<&mut Cache>,
        each: impl FnMut(),
    ) -> Result<Trial> {
        let run = Run {
            detectors,
            degradations: &self.degradations,
            seed: self.bootstrap.seed,
            threads: self.threads,
            limits: self.limits.clone(),
        };
        let scored = run.score(dataset, cache, each)?;
        let prints: Vec<(&Item, Print)> = dataset
            .items
            .iter()
            .zip(&scored.prints)
            .filter_map(|(item, print)| Some((item, (*print)?)))
            .collect();
        let mut checks = Check::of_confound(&Confound::check(dataset, self.bootstrap.seed));
        let leakage = Leakage::of(&prints, self.training.as_ref(), &LeakageOptions::default());
        checks.extend(Check::of_leakage(&leakage));
        let names_of_detectors = distinct(detectors);
        let mut tiers = scored.tiers;
        for tier in &mut tiers {
            tier.table.detectors.clone_from(&names_of_detectors);
        }
        let compared = detectors.iter().zip(names_of_detectors).zip(scored.milliseconds);
        let detectors = compared.map(|((detector, name), time)| self.compared(detector, name, time));
        Ok(Trial {
            datasets: names,
            pictures: Counts::of(dataset),
            faults: dataset.faults.iter().cloned().chain(scored.faults).chain(leakage.faults).collect(),
            checks,
            detectors: detectors.collect(),
            tiers,
            bootstrap: self.bootstrap,
            mistakes: self.mistakes,
            cost: Some(scored.cost),
        })
    }

    /// Takes scores from elsewhere, with a threshold of 0.5 where none is chosen.
    pub fn of_scores(&self, name: String, table: ScoreTable) -> Trial {
        let detectors = table.detectors.iter().map(|name| Compared {
            name: name.clone(),
            threshold: self.threshold.unwrap_or(0.5),
            ..Compared::default()
        });
        let count = |truth| table.pictures.iter().filter(|picture| picture.truth == truth).count() as u64;
        Trial {
            datasets: vec![name],
            pictures: Counts { real: count(Truth::Real), fake: count(Truth::Fake) },
            faults: table.faults.clone(),
            checks: Vec::new(),
            detectors: detectors.collect(),
            tiers: vec![Tier::of_scores(table)],
            bootstrap: self.bootstrap,
            mistakes: self.mistakes,
            cost: None,
        }
    }

    fn compared(&self, detector: &Detector, name: String, milliseconds: Option<f64>) -> Compared {
        let point = OperatingPoint::within(&detector.operating_points(), self.max_fpr);
        let (threshold, threshold_max_fpr) = match (self.threshold, point) {
            (Some(threshold), _) => (threshold, None),
            (None, Some(point)) => (point.threshold.get(), Some(point.max_fpr)),
            (None, None) => (0.5, None),
        };
        let model = detector.id().trim_start_matches("detector/").to_owned();
        let identity = detector.model();
        Compared {
            name,
            model,
            sha256: identity.sha256,
            engine: identity.engine,
            threshold,
            threshold_max_fpr,
            milliseconds,
        }
    }
}

/// The models' ids, with a number where two have the same.
fn distinct(detectors: &[Detector]) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let name = |detector: &Detector| {
        let id = detector.model().id;
        let count = seen.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("{id} ({count})") }
    };
    detectors.iter().map(name).collect()
}
