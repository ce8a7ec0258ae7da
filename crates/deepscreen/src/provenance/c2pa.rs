//! The bytes of a picture in, its [`Credentials`] out. Nothing is fetched: no remote manifest, no revocation list, no
//! identity document.
//!
//! A manifest that is broken, malformed or untrusted is a finding. Errors are only what a [limit](crate::Limits) cuts
//! off.

mod tiff;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ::c2pa::http::http::{Request, Response};
use ::c2pa::http::{HttpResolverError, SyncHttpResolver};
use ::c2pa::validation_results::ValidationResults;
use ::c2pa::validation_status::{self, ValidationStatus};
use ::c2pa::{Context, Reader, Settings, jumbf_io, status_tracker::LogKind};
use memchr::memmem;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::analyzer::{Analyzer, Need};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::c2pa::{
    Action, Claims, Credentials, Ingredient, Integrity, Manifest, Relationship, Trust, breaks_integrity,
    is_of_the_signer,
};
use crate::evidence::{Evidence, Finding, visible};
use crate::media::{Format, Limits, Media, OtherFormat, RawFormat};

/// So many characters of a manifest's text are kept.
const MOST_CHARACTERS: usize = 200;

/// So many actions, ingredients and failures are kept.
const MOST_ENTRIES: usize = 64;

/// Bytes of memory for each byte of a file that is looked at closely: one that consists of the shortest segments or boxes
/// takes as much, a picture a few at most.
const COST: u64 = 16;

/// Reads Content Credentials (C2PA), offline.
///
/// ```
/// use deepscreen::{C2paAnalyzer, Screener};
///
/// let screener = Screener::builder().analyzer(C2paAnalyzer::new()).build()?;
/// # Ok::<(), deepscreen::Error>(())
/// ```
///
/// No list of trusted signers is shipped: without [`with_trust_anchors`](Self::with_trust_anchors) nobody is trusted.
/// Whether a certificate has expired is asked of the clock where no time stamp says when it was used.
#[derive(Clone, Debug)]
pub struct C2paAnalyzer {
    settings: Settings,
    /// SHA-256 of the anchors.
    anchors: Option<String>,
}

impl Default for C2paAnalyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl C2paAnalyzer {
    /// Reads manifests, and trusts nobody.
    pub fn new() -> Self {
        let mut settings = Settings::new();
        settings.verify.remote_manifest_fetch = false;
        settings.verify.ocsp_fetch = false;
        settings.core.allowed_network_hosts = Some(Vec::new());
        Self { settings, anchors: None }
    }

    /// Trusts signers whose certificates lead to one of these: certificates in PEM, any number, in place of those that
    /// were given before.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) where the text holds no certificate, or something else.
    pub fn with_trust_anchors(mut self, pem: &str) -> Result<Self> {
        let count = check_anchors(pem).map_err(|message| {
            Error::new(ErrorKind::InvalidConfig, format!("not a list of certificates (PEM): {message}"))
        })?;
        if count == 0 {
            return Err(Error::new(ErrorKind::InvalidConfig, "no certificate in it (PEM)"));
        }
        self.settings.trust.trust_anchors = Some(pem.to_owned());
        self.anchors = Some(crate::hex(&Sha256::digest(pem)));
        Ok(self)
    }
}

impl Analyzer for C2paAnalyzer {
    fn id(&self) -> &str {
        "c2pa@1"
    }

    fn need(&self) -> Need {
        Need::Bytes
    }

    fn lists(&self) -> Vec<(String, String)> {
        self.anchors.iter().map(|sha256| ("trust_anchors".to_owned(), sha256.clone())).collect()
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let credentials = read(media.bytes(), media.format(), media.limits(), &self.settings)?;
        Ok(vec![Evidence::new("c2pa", Finding::C2pa(credentials))])
    }
}

/// How many certificates there are; the crate that reads manifests passes over what it cannot parse.
fn check_anchors(pem: &str) -> std::result::Result<usize, String> {
    use x509_parser::prelude::{FromDer, Pem, X509Certificate};
    let mut count = 0;
    for block in Pem::iter_from_buffer(pem.as_bytes()) {
        let block = block.map_err(|error| error.to_string())?;
        if block.label != "CERTIFICATE" {
            return Err(format!("a block of {}", text(&block.label)));
        }
        X509Certificate::from_der(&block.contents).map_err(|error| error.to_string())?;
        count += 1;
    }
    Ok(count)
}

fn read(bytes: &[u8], format: Format, limits: &Limits, settings: &Settings) -> Result<Credentials> {
    let Some(container) = container(format).filter(|_| may_carry(bytes, format)) else {
        return Ok(Credentials::Absent);
    };
    if matches!(container, "tif" | "dng" | "nef" | "arw") {
        if !tiff::is_bounded(bytes) {
            return Ok(Credentials::Unreadable { message: "too many directories".to_owned() });
        }
    } else {
        let most = limits.max_decoder_bytes / COST;
        check_size("a file that may carry a manifest", bytes.len() as u64, most)?;
    }
    let store = match jumbf_io::load_jumbf_from_memory(container, bytes) {
        Ok(store) => Some(store),
        Err(::c2pa::Error::JumbfNotFound) => None,
        Err(error) => return Ok(unreadable(&error)),
    };
    check_size("a manifest", store.as_ref().map_or(0, Vec::len) as u64, limits.max_manifest_bytes)?;
    let late = Arc::new(AtomicBool::new(false));
    let reader = Reader::from_context(context(settings, limits, &late)?);
    let read = match store {
        Some(store) => reader.with_manifest_data_and_stream(&store, container, Cursor::new(bytes)),
        // It looks for the name of a remote manifest, and refuses to fetch it.
        None => reader.with_stream(container, Cursor::new(bytes)),
    };
    if late.load(Ordering::Relaxed) {
        let message = format!("reading the manifest took more than {:?}", limits.max_manifest_time);
        return Err(Error::new(ErrorKind::Timeout, message));
    }
    Ok(match read {
        Ok(reader) => Credentials::Present(manifest(&reader)),
        Err(::c2pa::Error::JumbfNotFound) => Credentials::Absent,
        Err(::c2pa::Error::RemoteManifestUrl(url)) => Credentials::Remote { url: text(&url) },
        Err(error) => unreadable(&error),
    })
}

fn check_size(what: &str, size: u64, most: u64) -> Result<()> {
    if size > most {
        let message = format!("{what} of {size} bytes, more than the limit of {most}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    Ok(())
}

fn unreadable(error: &::c2pa::Error) -> Credentials {
    Credentials::Unreadable { message: text(&error.to_string()) }
}

/// The name under which the crate knows the container; `None` where the specification has no place for a manifest.
fn container(format: Format) -> Option<&'static str> {
    Some(match format {
        Format::Jpeg => "jpg",
        Format::Png => "png",
        Format::Webp => "webp",
        Format::Gif => "gif",
        Format::Tiff => "tif",
        Format::Heic | Format::Other(OtherFormat::Heif) => "heif",
        Format::Avif => "avif",
        Format::Jxl => "jxl",
        Format::Raw(RawFormat::Dng) => "dng",
        Format::Raw(RawFormat::Nef) => "nef",
        Format::Raw(RawFormat::Arw) => "arw",
        Format::Raw(RawFormat::Cr2 | RawFormat::Pef | RawFormat::Other) => "tif",
        Format::Other(OtherFormat::Svg) => "svg",
        _ => return None,
    })
}

/// Whether to look closely. A manifest store begins with a label, `c2pa`, that is never compressed; a remote one is named
/// by `dcterms:provenance` in XMP, which JPEG XL may compress (`brob`). Most pictures have neither, and this costs a
/// tenth of a millisecond a megabyte at most.
fn may_carry(bytes: &[u8], format: Format) -> bool {
    let holds = |needle: &[u8]| memmem::find(bytes, needle).is_some();
    // Directories are short, and one that cannot be followed may hide a manifest.
    format == Format::Tiff
        || holds(b"c2pa")
        || holds(b"dcterms:provenance")
        || (format == Format::Jxl && holds(b"brob"))
}

/// For one manifest: it ends the work when the time is up, and says so.
fn context(settings: &Settings, limits: &Limits, late: &Arc<AtomicBool>) -> Result<Context> {
    let invalid = |error| Error::new(ErrorKind::InvalidConfig, "trust anchors").because(error);
    let (late, start, most) = (late.clone(), Instant::now(), limits.max_manifest_time);
    Ok(Context::new()
        .with_settings(settings.clone())
        .map_err(|error: ::c2pa::Error| invalid(error))?
        .with_resolver(Offline)
        .with_progress_callback(move |_, _, _| {
            let in_time = start.elapsed() <= most;
            late.fetch_or(!in_time, Ordering::Relaxed);
            in_time
        }))
}

/// Refuses every request, whatever features of the crate another dependency switches on.
struct Offline;

impl SyncHttpResolver for Offline {
    fn http_resolve(&self, _: Request<Vec<u8>>) -> Result<Response<Box<dyn Read>>, HttpResolverError> {
        Err(HttpResolverError::SyncHttpResolverNotImplemented)
    }
}

fn manifest(reader: &Reader) -> Manifest {
    let codes = Codes::of(reader.validation_results());
    let active = reader.active_manifest();
    let signature = active.and_then(|active| active.signature_info());
    let signer = signature.and_then(|info| info.issuer.as_deref().or(info.common_name.as_deref()));
    Manifest {
        integrity: codes.integrity(),
        trust: codes.trust(),
        signer: signer.map(text),
        signed_at: signature.and_then(|info| info.time.as_deref()).map(text),
        claims: active.map(claims).unwrap_or_default(),
        ingredients: active.map(|active| ingredients(reader, active)).unwrap_or_default(),
        failures: codes.failures(),
    }
}

/// What the validation of a whole store came to.
struct Codes<'a> {
    /// What held of the active manifest.
    held: Vec<&'a str>,
    /// What did not, of all manifests.
    failed: Vec<&'a str>,
}

impl<'a> Codes<'a> {
    fn of(results: Option<&'a ValidationResults>) -> Self {
        let active = results.and_then(ValidationResults::active_manifest);
        let deltas = results.and_then(ValidationResults::ingredient_deltas).into_iter().flatten();
        let failed = active.map(|active| active.failure()).into_iter();
        let failed = failed.chain(deltas.map(|delta| delta.validation_deltas().failure())).flatten();
        Self {
            held: active.map(|active| active.success()).into_iter().flatten().map(code).collect(),
            failed: failed.map(code).collect(),
        }
    }

    fn integrity(&self) -> Integrity {
        let signed = self.held.contains(&validation_status::CLAIM_SIGNATURE_VALIDATED);
        if signed && !self.failed.iter().any(|code| breaks_integrity(code)) {
            Integrity::Intact
        } else {
            Integrity::Broken
        }
    }

    fn trust(&self) -> Trust {
        if self.failed.iter().any(|code| is_of_the_signer(code)) {
            Trust::Untrusted
        } else if self.held.contains(&validation_status::SIGNING_CREDENTIAL_TRUSTED) {
            Trust::Trusted
        } else {
            Trust::Unknown
        }
    }

    fn failures(&self) -> Vec<String> {
        let mut failures: Vec<String> = self.failed.iter().map(|code| text(code)).collect();
        failures.sort();
        failures.dedup();
        failures.truncate(MOST_ENTRIES);
        failures
    }
}

fn code(status: &ValidationStatus) -> &str {
    status.code()
}

fn claims(manifest: &::c2pa::Manifest) -> Claims {
    let info = manifest.claim_generator_info.iter().flatten().next();
    let generator = info.map(|info| info.name.as_str()).or(manifest.claim_generator.as_deref());
    let mut claims = Claims { generator: generator.map(text), ..Claims::default() };
    for assertion in manifest.assertions() {
        let Ok(value) = assertion.value() else { continue };
        match assertion.label() {
            "c2pa.actions" | "c2pa.actions.v2" => {
                for action in value["actions"].as_array().into_iter().flatten().filter_map(action) {
                    if claims.actions.len() < MOST_ENTRIES && !claims.actions.contains(&action) {
                        claims.actions.push(action);
                    }
                }
            }
            "stds.iptc" | "c2pa.metadata" | "cawg.metadata" => {
                let named = value["Iptc4xmpExt:DigitalSourceType"].as_str();
                claims.source_type = claims.source_type.or(named.map(source_type));
            }
            _ => {}
        }
    }
    claims
}

fn action(value: &Value) -> Option<Action> {
    let software = &value["softwareAgent"];
    Some(Action {
        name: text(value["action"].as_str()?),
        source_type: value["digitalSourceType"].as_str().map(source_type),
        // A name in the first version, an object in the second.
        software: software.as_str().or_else(|| software["name"].as_str()).map(text),
    })
}

/// `http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia` as `trainedAlgorithmicMedia`.
fn source_type(uri: &str) -> String {
    text(uri.rsplit(['/', '#', ':']).next().unwrap_or(uri))
}

/// Everything that the picture was made from, however far back: each manifest is looked through once for each
/// relationship, and only what is kept is copied.
fn ingredients(reader: &Reader, active: &::c2pa::Manifest) -> Vec<Ingredient> {
    let mut found = Vec::new();
    let mut read: HashMap<&str, Claims> = HashMap::new();
    let mut seen = HashSet::new();
    let mut open = VecDeque::from([(active, Relationship::Parent)]);
    while let Some((manifest, outer)) = open.pop_front() {
        for ingredient in manifest.ingredients() {
            // Part of a part is a part; what only went into a part is not seen either.
            let relationship = outer.max(relationship(ingredient));
            let own =
                ingredient.active_manifest().and_then(|label| Some((label, reader.get_manifest(label)?)));
            if let Some((label, own)) = own {
                read.entry(label).or_insert_with(|| claims(own));
                if seen.insert((label, relationship)) {
                    open.push_back((own, relationship));
                }
            }
            found.push((ingredient, relationship, own.map(|(label, _)| label)));
        }
    }
    let claims = |label: Option<&str>| label.and_then(|label| read.get(label));
    found.sort_by_key(|(_, _, label)| !claims(*label).is_some_and(Claims::name_ai));
    let kept = found.into_iter().take(MOST_ENTRIES).map(|(ingredient, relationship, label)| Ingredient {
        title: ingredient.title().map(text),
        relationship,
        integrity: label.map(|_| recorded_integrity(ingredient)),
        claims: claims(label).cloned().unwrap_or_default(),
    });
    kept.collect()
}

fn relationship(ingredient: &::c2pa::Ingredient) -> Relationship {
    match ingredient.relationship() {
        ::c2pa::Relationship::ParentOf => Relationship::Parent,
        ::c2pa::Relationship::ComponentOf => Relationship::Component,
        ::c2pa::Relationship::InputTo => Relationship::Input,
    }
}

/// What was found when the ingredient was taken up, as its taker wrote down and signed. What is wrong with it beyond that
/// is a failure of the whole store.
fn recorded_integrity(ingredient: &::c2pa::Ingredient) -> Integrity {
    let listed = ingredient.validation_status().into_iter().flatten();
    let results = ingredient.validation_results().and_then(ValidationResults::active_manifest);
    let recorded = results.map(|active| active.failure()).into_iter().flatten();
    let is_failure = |code: &&str| validation_status::log_kind(code) == LogKind::Failure;
    if listed.chain(recorded).map(code).filter(is_failure).any(breaks_integrity) {
        Integrity::Broken
    } else {
        Integrity::Intact
    }
}

/// Text of strangers: short, on one line, without what steers a terminal.
fn text(text: &str) -> String {
    let mut kept: String = text.chars().take(MOST_CHARACTERS).map(visible).collect();
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        kept.push('…');
    }
    kept
}
