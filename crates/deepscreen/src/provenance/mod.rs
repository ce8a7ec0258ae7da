//! A picture in, what its makers left in it of its origin out. Never the network, never a verdict.

#[cfg(feature = "c2pa")]
mod c2pa;
mod metadata;
mod watermark;

#[cfg(feature = "c2pa")]
pub use c2pa::C2paAnalyzer;
pub use metadata::{Metadata, MetadataAnalyzer};
pub use watermark::WatermarkAnalyzer;
