//! Scores and the truth in, figures and their uncertainty out. Never reads files, never drops a score in silence.
//!
//! A score is P(fake) or anything that grows with it; a picture counts as flagged where its score reaches the
//! threshold (`score >= threshold`). Where scikit-learn has a metric, this one is equal within 1e-9
//! (`tests/golden/make.py`). A metric that the data cannot answer is [`Undefined`], with the reason.

mod bootstrap;
mod calibration;
mod curves;
mod delong;
mod labelled;
mod mask;
mod metric;
mod normal;
mod ranking;
mod resample;
mod share;
mod threshold;
mod undefined;

pub use bootstrap::{Bootstrap, Clusters, Difference, Estimate, Interval};
pub use calibration::{BINS, CalibrationBin};
pub use curves::{PrecisionRecallPoint, RocPoint, TprAtFpr};
pub use delong::{AucDifference, AucVariance, auc_difference, auc_variance};
pub use labelled::{LabelledScores, Videos};
pub use mask::{Mask, MaskCounts, MaskMetric, MaskSummary, MaskTally, Means};
pub use metric::Metric;
pub(crate) use normal::two_sided;
pub use ranking::Ranking;
pub use share::interval_of_share;
pub use threshold::{Confusion, Fitted, GroupRates, rates_by_group};
pub use undefined::{Measured, Undefined};
