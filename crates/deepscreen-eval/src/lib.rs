//! Compares detectors honestly: labelled pictures or score files in, metrics with confidence intervals out.
//!
//! The modules stand in the order of the data: a [`Truth`] for each picture, the [`dataset`] that says it, the [`checks`]
//! of whether it can be trusted, what [`degrade`] leaves of its pictures, the [`scores`] of one or more detectors, the
//! [`metrics`] over them. What cannot be used is told and counted, and a metric that the data cannot answer says why: it
//! is never 0 instead.
#![forbid(unsafe_code)]

mod fault;
mod quantisation;
mod random;
mod table;
mod truth;

pub mod dataset;

pub mod checks;

pub mod degrade;
pub mod scores;

pub mod metrics;

pub mod calibrate;
pub mod comparison;
pub mod report;

pub mod run;

pub use dataset::{Dataset, Fault, FaultKind, Item};
pub use quantisation::JpegQuality;
pub use scores::ScoreTable;
pub use truth::Truth;
