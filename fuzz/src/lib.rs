//! Bytes that nobody trusts in, nothing out: each function is the body of a fuzz target (`fuzz_targets/`), and of an
//! ordinary test over the fixtures (`crates/deepscreen/tests/fuzz.rs`). What it may do is return; a panic is a finding.
//!
//! Errors are what most inputs come to, and are no finding. Limits are small, so that a run is quick and what eats
//! memory shows.

use deepscreen::bank::{Bank, Entry};
use deepscreen::hash::Hashes;
use deepscreen::media::Limits;
use deepscreen::{
    Analyzer, C2paAnalyzer, Contract, EntryLabel, Media, Metadata, MetadataAnalyzer, Network, Policy,
    Settings, WatermarkAnalyzer,
};

fn limits() -> Limits {
    Limits::default().with_max_pixels(1 << 22).with_max_decoder_bytes(64 << 20)
}

fn opened(data: &[u8]) -> Option<Media> {
    Media::from_bytes(data, &limits()).ok()
}

/// Every decoder, by whatever the bytes say that they are: all pixels, and the brightness alone.
pub fn media(data: &[u8]) {
    if let Some(media) = opened(data) {
        let _ = media.luma();
    }
    if let Some(media) = opened(data) {
        let size = media.pixels().map(|pixels| (pixels.width(), pixels.height())).ok();
        assert!(size.is_none() || media.size() == size);
        let _ = media.notes();
    }
}

/// Containers and fields: EXIF, XMP, IPTC, PNG text.
pub fn metadata(data: &[u8]) {
    if let Ok(metadata) = Metadata::read(std::io::Cursor::new(data), &limits()) {
        assert!(metadata.bytes_read() <= data.len() as u64 + limits().max_metadata_bytes);
        let _ = metadata.fields().count() + metadata.statements().len();
    }
    if let Some(media) = opened(data) {
        let _ = MetadataAnalyzer.analyze(&media);
    }
}

/// Content Credentials.
pub fn c2pa(data: &[u8]) {
    if let Some(media) = opened(data) {
        let _ = C2paAnalyzer::new().analyze(&media);
    }
}

/// The watermark of Stable Diffusion, in what can be decoded.
pub fn watermark(data: &[u8]) {
    if let Some(media) = opened(data) {
        let _ = WatermarkAnalyzer.analyze(&media);
    }
}

/// Perceptual hashes of what can be decoded.
pub fn pdq(data: &[u8]) {
    if let Some(media) = opened(data)
        && let Ok(luma) = media.luma()
    {
        assert!(Hashes::of(luma).pdq_quality <= 100);
    }
}

/// A model's contract, and what it is written back as.
pub fn contract(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(contract) = Contract::from_toml(text)
    {
        assert!(Contract::from_toml(&contract.to_toml()).is_ok());
    }
}

/// A policy.
pub fn policy(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Policy::from_toml(text);
    }
}

/// Settings of a binding.
pub fn settings(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Settings::from_json(text);
    }
}

/// A network's file, before any engine sees it.
pub fn network(data: &[u8]) {
    let _ = Network::from_bytes(data);
}

/// Lists of hashes that a bank imports.
pub fn bank_list(data: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let Ok(bank) = Bank::create(folder.path().join("list.bank")) else { return };
    let _ = bank.import(data, &Entry::new(EntryLabel::KnownFake), |_| ());
    assert!(bank.stats().is_ok());
}
