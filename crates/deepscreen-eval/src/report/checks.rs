//! What the checks found in, one line of a report for each thing that was looked at out.

use super::Check;
use crate::checks::{Confound, Leakage, Relation};

impl Check {
    /// What the containers give away.
    pub fn of_confound(confound: &Confound) -> Vec<Self> {
        let check = |prediction: &crate::checks::Prediction| Self {
            check: "confound",
            subject: prediction.feature.name().to_owned(),
            warns: prediction.predicted.is_ok_and(|predicted| predicted.is_telling()),
            auc: prediction.predicted.ok().map(|predicted| predicted.auc),
            share: None,
            message: prediction.to_string(),
            examples: Vec::new(),
        };
        confound.predictions.iter().map(check).collect()
    }

    /// What is there twice.
    pub fn of_leakage(leakage: &Leakage) -> Vec<Self> {
        let subject = |relation| match relation {
            Relation::Classes => "across classes",
            Relation::Groups => "across groups",
            Relation::Training => "with the training list",
        };
        let check = |overlap: &crate::checks::Overlap| Self {
            check: "leakage",
            subject: subject(overlap.relation).to_owned(),
            warns: overlap.warns(),
            auc: None,
            share: Some(overlap.share),
            message: overlap.to_string(),
            examples: overlap
                .listed
                .iter()
                .map(|pair| format!("{} = {}", pair.first.display(), pair.second))
                .collect(),
        };
        leakage.overlaps.iter().map(check).collect()
    }
}
