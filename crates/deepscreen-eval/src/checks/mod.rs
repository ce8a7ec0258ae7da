//! A data set in, what would make its figures a lie out: files that give the class away, and pictures that are there
//! twice. Runs no detector and changes nothing.

mod confound;
mod facts;
pub(crate) mod folds;
mod leakage;
mod prints;
mod tree;

pub use confound::{Confound, Feature, Predicted, Prediction, TELLING_AUC, TELLING_P};
pub use facts::Facts;
pub use leakage::{LEAKING_SHARE, Leakage, LeakageOptions, Overlap, Pair, Relation};
pub use prints::{Print, Training};
