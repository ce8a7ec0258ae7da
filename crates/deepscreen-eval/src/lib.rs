//! Compares detectors honestly: labelled pictures or score files in, metrics with confidence intervals out.
//!
//! The modules stand in the order of the data: a [`Truth`] for each picture, the [`dataset`] that says it, the [`checks`]
//! of whether it can be trusted, what [`degrade`] leaves of its pictures, the [`scores`] of one or more detectors, the
//! [`metrics`] over them. What cannot be used is told and counted, and a metric that the data cannot answer says why: it
//! is never 0 instead. [`run`] lets detectors score a data set, [`calibrate`] fits one to it, [`report`] is what becomes
//! of the scores, and [`comparison`] puts it all together.
#![forbid(unsafe_code)]

mod fault;
mod quantisation;
mod random;
mod table;
mod truth;

pub mod dataset;

pub mod checks;

pub mod degrade;
pub mod run;
pub mod scores;

pub mod calibrate;
pub mod metrics;

pub mod comparison;
pub mod report;

pub use dataset::{Dataset, Fault, FaultKind, Item};
pub use quantisation::JpegQuality;
pub use scores::ScoreTable;
pub use truth::Truth;

/// The examples of the README run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
