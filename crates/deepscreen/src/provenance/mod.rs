//! Bytes in, what they say of the picture's origin out. Never the network, never a verdict.

#[cfg(feature = "c2pa")]
mod c2pa;

#[cfg(feature = "c2pa")]
pub use c2pa::C2paAnalyzer;
