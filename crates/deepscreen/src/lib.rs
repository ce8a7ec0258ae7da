//! Screens images for AI generation and manipulation.
//!
//! The modules stand in the order in which a picture passes them: its bytes become [`Media`], each [`Analyzer`]
//! finds [`Evidence`] in it, the [`Policy`] judges the evidence, and the [`Verdict`] is reported as a
//! [`Screening`], which is written as a JSON record.
//!
//! ```no_run
//! use deepscreen::{
//!     Detector, EngineOptions, HashAnalyzer, Label, Language, MetadataAnalyzer, Screener, walk,
//! };
//!
//! let screener = Screener::builder()
//!     .analyzer(MetadataAnalyzer)
//!     .analyzer(Detector::bundled(&EngineOptions::default())?)
//!     .analyzer(HashAnalyzer)
//!     .build()?;
//! let summary = screener.screen_paths(walk("photos"), |screening| {
//!     println!("{}", screening.to_json(Language::English));
//! });
//! println!("{} to look at", summary.with(Label::LikelyManipulated) + summary.with(Label::NeedsReview));
//! # Ok::<(), deepscreen::Error>(())
//! ```
//!
//! Nothing here uses the network, and nothing is written to disk but into banks and stores that the caller names.
#![forbid(unsafe_code)]

mod error;
mod guard;
mod language;

mod walk;

pub mod media;

mod evidence;

mod analyzer;

pub mod hash;

pub mod compare;

#[cfg(any(feature = "bank", feature = "store"))]
mod sqlite;

#[cfg(feature = "bank")]
pub mod bank;

mod provenance;

mod detector;

mod verdict;

mod policy;

mod screening;

mod isolation;

mod screener;

mod grouped;

#[cfg(feature = "store")]
pub mod store;

mod settings;

mod report;

pub use analyzer::{Analyzer, BatchAnalyzer, ModelIdentity, Need, Sample};
#[cfg(feature = "bank")]
pub use bank::BankAnalyzer;
pub use detector::{
    Contract, ContractOptions, Detector, Element, EngineChoice, EngineOptions, EngineStatus, FaceDetector,
    Network, Port, Provider, Recalibration,
};
pub use error::{Error, ErrorKind, Result};
#[doc(inline)]
pub use evidence::c2pa;
pub use evidence::{
    Comparison, EntryLabel, Evidence, Face, Fault, FaultKind, Finding, Grade, HeatMap, Kind, Match,
    MatchedBy, OperatingPoint, Probability, Region, Relation, Score, Statement, Topic, Variant, Watermark,
    WatermarkMessage,
};
pub use guard::{guard, panic_is_caught};
pub use hash::{HashAnalyzer, Hashes};
pub use language::Language;
pub use media::{Limits, Media};
pub use policy::{Fusion, Policy, Role, Rule};
#[cfg(feature = "c2pa")]
pub use provenance::C2paAnalyzer;
pub use provenance::{Metadata, MetadataAnalyzer, WatermarkAnalyzer};
pub use report::SCHEMA;
pub use screener::{Screener, ScreenerBuilder, Screenings, Source};
pub use screening::{Failure, Group, Input, Replay, Screening, Summary};
pub use settings::Settings;
pub use verdict::{Cause, Known, Label, Reason, Strength, Verdict};
pub use walk::{Walk, walk};

/// Lower-case hexadecimal digits, two a byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many bytes of twice as many hexadecimal digits, of either case; `None` for anything else.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// 0 threads mean one a core.
fn threads_or_cores(threads: usize) -> usize {
    if threads > 0 { threads } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
