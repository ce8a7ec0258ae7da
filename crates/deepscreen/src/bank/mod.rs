//! Known pictures: a bank of them in, what it knows of a picture out.
//!
//! A [`Bank`] is one SQLite file of entries: hashes, a label, and who says so. [`BankAnalyzer`] holds the hashes of one in
//! a [`Snapshot`] and looks pictures up in it. Nothing here decides what a match means for a verdict.

mod analyzer;
mod entry;
mod export;
mod file;
mod import;
mod schema;
mod snapshot;
mod writer;

pub use analyzer::BankAnalyzer;
pub use entry::Entry;
pub use export::ExportFormat;
pub use file::{Bank, BankStats};
pub use import::{Imported, ListFault};
pub use snapshot::{Found, Snapshot};
pub use writer::{Added, Merged, Writer};
