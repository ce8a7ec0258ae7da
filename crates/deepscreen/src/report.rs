//! A screening in, the versioned JSON record out: `deepscreen/1`.
//!
//! Fields are only ever added within a version. `schema/deepscreen-1.json` describes the record, and a test holds
//! the two together.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::evidence::{Comparison, Evidence, Finding, HeatMap, MatchedBy, Region};
use crate::hash::{Hashes, Transform};
use crate::language::Language;
use crate::media::Note;
use crate::screening::Screening;

mod c2pa;

/// The version of the record that this library writes.
pub const SCHEMA: &str = "deepscreen/1";

/// A cell of a heat map counts from this probability on.
const SUSPICIOUS: f32 = 0.5;

/// So many regions of a heat map a record holds, the surest first.
const MOST_REGIONS: usize = 32;

impl Screening {
    /// The record as one line of JSON, without a line end. Sentences are in `language`, everything else is the
    /// same in all.
    pub fn to_json(&self, language: Language) -> String {
        // Strings, numbers and lists only, and every map's keys are strings: serialising cannot fail.
        serde_json::to_string(&Record::of(self, language)).unwrap_or_default()
    }
}

/// What every record begins with; the path comes next, where there is one.
#[cfg(feature = "store")]
const START: &str = "{\"schema\":\"deepscreen/1\",\"input\":{";

/// The record as [`Screening::to_json`] writes it, without the path.
#[cfg(feature = "store")]
pub(crate) fn without_path(screening: &Screening, language: Language) -> String {
    let mut record = Record::of(screening, language);
    record.input.path = None;
    serde_json::to_string(&record).unwrap_or_default()
}

/// The record of a file at `path` in place of one [`without_path`].
#[cfg(feature = "store")]
pub(crate) fn with_path(record: &str, path: &std::path::Path) -> String {
    let Some(rest) = record.strip_prefix(START) else { return record.to_owned() };
    let path = serde_json::to_string(&path.to_string_lossy()).unwrap_or_default();
    format!("{START}\"path\":{path},{rest}")
}

impl Hashes {
    /// What a record has under `hashes`, as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&HashesRecord::from(self)).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Record<'a> {
    schema: &'static str,
    input: InputRecord<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<HashesRecord>,
    verdict: VerdictRecord<'a>,
    evidence: Vec<EvidenceRecord<'a>>,
    failures: Vec<FailureRecord<'a>>,
    replay: ReplayRecord<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupRecord<'a>>,
    elapsed_ms: f64,
}

#[derive(Serialize)]
struct GroupRecord<'a> {
    first: std::borrow::Cow<'a, str>,
    pictures: u32,
    distance: u32,
    has_scores_of_first: bool,
}

#[derive(Serialize)]
struct InputRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<std::borrow::Cow<'a, str>>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
}

#[derive(Serialize)]
struct HashesRecord {
    pdq: PdqRecord,
    phash: String,
    dhash: String,
    ahash: String,
}

#[derive(Serialize)]
struct PdqRecord {
    hash: String,
    quality: u8,
}

impl From<&Hashes> for HashesRecord {
    fn from(hashes: &Hashes) -> Self {
        Self {
            pdq: PdqRecord { hash: hashes.pdq.to_string(), quality: hashes.pdq_quality },
            phash: hashes.phash.to_string(),
            dhash: hashes.dhash.to_string(),
            ahash: hashes.ahash.to_string(),
        }
    }
}

#[derive(Serialize)]
struct VerdictRecord<'a> {
    label: &'static str,
    kinds: Vec<&'static str>,
    probability: Option<f64>,
    reasons: Vec<ReasonRecord<'a>>,
}

#[derive(Serialize)]
struct ReasonRecord<'a> {
    code: String,
    source: &'a str,
    strength: &'static str,
    message: String,
}

#[derive(Serialize)]
struct FailureRecord<'a> {
    source: &'a str,
    code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct ReplayRecord<'a> {
    deepscreen: &'a str,
    engine: &'a str,
    policy: &'a str,
    models: &'a std::collections::BTreeMap<String, String>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    lists: &'a std::collections::BTreeMap<String, String>,
}

/// Names and probabilities, in the order that they came in.
struct Ordered<'a>(Vec<(&'a str, f64)>);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// Where a model found something: the cells themselves are a picture, which [`HeatMap::to_png`] draws.
#[derive(Serialize)]
struct MapRecord {
    columns: u32,
    rows: u32,
    area: RegionRecord,
    regions: Vec<PeakRecord>,
}

/// In pixels of the picture, to a hundredth.
#[derive(Serialize)]
struct RegionRecord {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

#[derive(Serialize)]
struct PeakRecord {
    #[serde(flatten)]
    region: RegionRecord,
    /// Of the highest cell, or that it is a face.
    probability: f64,
}

impl From<Region> for RegionRecord {
    fn from(region: Region) -> Self {
        let hundredth = |value: f64| (value * 100.0).round() / 100.0;
        Self {
            x: hundredth(region.x),
            y: hundredth(region.y),
            width: hundredth(region.width),
            height: hundredth(region.height),
        }
    }
}

impl MapRecord {
    fn of(map: &HeatMap) -> Self {
        let peak = |(region, probability): (Region, f32)| PeakRecord {
            region: region.into(),
            probability: (f64::from(probability) * 1e4).round() / 1e4,
        };
        let regions = map.regions(SUSPICIOUS).into_iter().take(MOST_REGIONS).map(peak);
        Self { columns: map.columns(), rows: map.rows(), area: map.area().into(), regions: regions.collect() }
    }
}

/// What was done to an original.
#[derive(Serialize)]
struct ComparisonRecord {
    relation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<RegionRecord>,
    regions: Vec<RegionRecord>,
}

impl From<&Comparison> for ComparisonRecord {
    fn from(comparison: &Comparison) -> Self {
        let regions = comparison.regions.iter().take(MOST_REGIONS);
        Self {
            relation: comparison.relation.code(),
            shown: comparison.shown.map(RegionRecord::from),
            regions: regions.map(|region| RegionRecord::from(*region)).collect(),
        }
    }
}

struct EvidenceRecord<'a>(&'a Evidence);

impl Serialize for EvidenceRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", &self.0.source)?;
        match &self.0.finding {
            // The record shows them in a place of their own, and `Record::of` has left them out here.
            Finding::Hashes(_) => map.serialize_entry("kind", "hashes")?,
            Finding::Score(score) => {
                map.serialize_entry("kind", "score")?;
                map.serialize_entry("probability", &score.probability.get())?;
                map.serialize_entry("detects", score.kind.code())?;
                map.serialize_entry("model_sha256", &score.model_sha256)?;
                if let Some(face) = &score.face {
                    let [x, y, right, bottom] = face.corners();
                    let region: RegionRecord = Region { x, y, width: right - x, height: bottom - y }.into();
                    map.serialize_entry("face", &PeakRecord { region, probability: face.score.get() })?;
                }
                if !score.classes.is_empty() {
                    let classes = score.classes.iter().map(|(name, p)| (name.as_str(), p.get()));
                    map.serialize_entry("classes", &Ordered(classes.collect()))?;
                }
                if !score.variants.is_empty() {
                    let variants = score.variants.iter().map(|v| (v.name.as_str(), v.probability.get()));
                    map.serialize_entry("variants", &Ordered(variants.collect()))?;
                }
                if let Some(heat_map) = &score.heat_map {
                    map.serialize_entry("map", &MapRecord::of(heat_map))?;
                }
            }
            Finding::C2pa(credentials) => c2pa::entries(credentials, &mut map)?,
            Finding::Match(found) => {
                map.serialize_entry("kind", "match")?;
                map.serialize_entry("label", found.label.code())?;
                match found.by {
                    MatchedBy::Sha256 => map.serialize_entry("hash", "sha256")?,
                    MatchedBy::Pdq { distance, transform } => {
                        map.serialize_entry("hash", "pdq")?;
                        map.serialize_entry("distance", &distance)?;
                        if transform != Transform::None {
                            map.serialize_entry("transform", transform.code())?;
                        }
                    }
                }
                map.serialize_entry("entry", &found.entry.to_string())?;
                let texts = [
                    ("name", &found.name),
                    ("origin", &found.origin),
                    ("link", &found.link),
                    ("note", &found.note),
                ];
                for (name, text) in texts {
                    if let Some(text) = text {
                        map.serialize_entry(name, text)?;
                    }
                }
                if let Some(comparison) = &found.comparison {
                    map.serialize_entry("comparison", &ComparisonRecord::from(comparison))?;
                }
            }
            Finding::Watermark(watermark) => {
                map.serialize_entry("kind", "watermark")?;
                map.serialize_entry("scheme", "dwt_dct")?;
                map.serialize_entry("message", watermark.message.code())?;
                map.serialize_entry("matching_bits", &watermark.matching_bits)?;
                map.serialize_entry("bits", &watermark.message.bits())?;
            }
            Finding::Media(notes) => {
                map.serialize_entry("kind", "media")?;
                map.serialize_entry("notes", &notes.iter().map(Note::code).collect::<Vec<_>>())?;
                let frames = notes.iter().find_map(|note| match note {
                    Note::FirstFrame(frames) => *frames,
                    _ => None,
                });
                if let Some(frames) = frames {
                    map.serialize_entry("frames", &frames)?;
                }
            }
            Finding::Metadata(statement) => {
                map.serialize_entry("kind", "metadata")?;
                map.serialize_entry("field", &statement.field)?;
                map.serialize_entry("value", &statement.value)?;
                if statement.is_cut {
                    map.serialize_entry("cut", &true)?;
                }
                map.serialize_entry("topic", statement.topic.code())?;
                if let Some(tool) = &statement.tool {
                    map.serialize_entry("tool", tool)?;
                }
                if let Some(kind) = statement.kind {
                    map.serialize_entry("means", kind.code())?;
                }
                map.serialize_entry("grade", statement.grade.code())?;
            }
            Finding::MetadataFault(fault) => {
                map.serialize_entry("kind", "metadata_fault")?;
                map.serialize_entry("field", &fault.field)?;
                map.serialize_entry("code", fault.kind.code())?;
            }
        }
        map.end()
    }
}

impl<'a> Record<'a> {
    fn of(screening: &'a Screening, language: Language) -> Self {
        let Screening { input, verdict, evidence, failures, replay, group, elapsed } = screening;
        let reason = |reason: &'a crate::verdict::Reason| ReasonRecord {
            code: reason.code(),
            source: &reason.source,
            strength: reason.strength.code(),
            message: reason.message(language),
        };
        Self {
            schema: SCHEMA,
            input: InputRecord {
                path: input.path.as_ref().map(|path| path.to_string_lossy()),
                bytes: input.bytes,
                sha256: input.sha256.as_deref(),
                format: input.format.map(|format| format.name()),
                width: input.width,
                height: input.height,
            },
            hashes: screening.hashes().map(HashesRecord::from),
            verdict: VerdictRecord {
                label: verdict.label.code(),
                kinds: verdict.kinds.iter().map(|kind| kind.code()).collect(),
                probability: verdict.probability.map(|probability| probability.get()),
                reasons: verdict.reasons.iter().map(reason).collect(),
            },
            evidence: evidence
                .iter()
                .filter(|evidence| !matches!(evidence.finding, Finding::Hashes(_)))
                .map(EvidenceRecord)
                .collect(),
            failures: failures
                .iter()
                .map(|f| FailureRecord { source: &f.source, code: f.kind.code(), message: &f.message })
                .collect(),
            replay: ReplayRecord {
                deepscreen: replay.deepscreen,
                engine: &replay.engine,
                policy: &replay.policy,
                models: &replay.models,
                lists: &replay.lists,
            },
            group: group.as_ref().map(|group| GroupRecord {
                first: group.first.to_string_lossy(),
                pictures: group.pictures,
                distance: group.distance,
                has_scores_of_first: group.has_scores_of_first,
            }),
            elapsed_ms: (elapsed.as_secs_f64() * 1e4).round() / 10.0,
        }
    }
}
