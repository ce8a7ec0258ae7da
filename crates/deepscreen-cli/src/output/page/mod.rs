//! Records in, with small pictures of them: one page for reviewers out that needs nothing else, neither file nor network
//! nor script. Screens nothing and opens no picture but in `gallery`, which makes the thumbnails.
//!
//! Rows are written away as they come and put together at the end, between the totals and what they were made with: a page
//! of 100,000 results takes no more memory than one of a hundred, and one that is not whole never has the page's name.

mod gallery;
mod replays;
mod row;
mod spill;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use deepscreen::{Label, Region};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as Shown};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;

use super::escape as shown;
use crate::Failed;
use crate::text::{Text, Words};

pub(crate) use gallery::{Gallery, Input};
use replays::Replays;
use row::{Row, sentence};
use spill::{Place, Rows, Spill};

const STYLE: &str = include_str!("page.css");
const TEMPLATES: [(&str, &str); 4] = [
    ("head.html", include_str!("head.html")),
    ("section.html", include_str!("section.html")),
    ("row.html", include_str!("row.html")),
    ("tail.html", include_str!("tail.html")),
];

/// The labels, what a reviewer looks at first coming first.
const SECTIONS: [Label; 4] =
    [Label::LikelyManipulated, Label::NeedsReview, Label::Inconclusive, Label::NoIndication];

/// So many codes of reasons have a filter of their own; the last stands for all others.
const MOST_REASONS: usize = 64;

/// One record, and what there is to see of its picture.
pub(crate) struct Card<'a> {
    /// A record `deepscreen/1`.
    pub(crate) record: &'a Value,
    pub(crate) thumbnail: Thumbnail,
    /// Empty without a thumbnail to lay them over.
    pub(crate) maps: Vec<Map>,
}

/// What there is to see of a picture.
pub(crate) enum Thumbnail {
    /// A small JPEG or PNG.
    Small(Vec<u8>),
    /// None, by choice.
    LeftOut,
    /// None: the record says why.
    Unreadable,
    /// None: the file is not there any more.
    Gone,
    /// None: the file is another than was screened.
    Changed,
}

/// A heat map as a PNG that covers an area of the picture, in its pixels.
pub(crate) struct Map {
    pub(crate) name: String,
    pub(crate) png: Vec<u8>,
    pub(crate) area: Region,
}

/// A page as it grows.
pub(crate) struct Page {
    target: Target,
    rows: Spill,
    templates: Environment<'static>,
    text: Text,
    roots: Vec<String>,
    totals: Totals,
    replays: Replays,
    reasons: Vec<Counted>,
    groups: HashMap<String, u32>,
}

/// Where the page goes once it is whole.
enum Target {
    Standard,
    /// What is no ordinary file, and cannot be replaced by one: a pipe, a device.
    Special(File),
    /// A file that is made beside it takes its place.
    Replaced(PathBuf),
}

#[derive(Default)]
struct Totals {
    labels: [u64; SECTIONS.len()],
    unreadable: u64,
    others: u64,
}

/// The code of a reason, and how many pictures of each section have it.
struct Counted {
    code: String,
    counts: [u64; SECTIONS.len()],
}

impl Page {
    /// A page for that file, or for standard output. Nothing is there before it is finished.
    pub(crate) fn create(out: Option<&Path>, roots: &[PathBuf], text: Text) -> Result<Self, Failed> {
        let failed = |path: &Path, error: &std::io::Error| Failed::Message(text.cannot_write(path, error));
        let (target, rows) = match out {
            None => (Target::Standard, tempfile::tempfile()?),
            Some(path) if path.exists() && !path.is_file() => {
                let file = File::options().write(true).open(path).map_err(|error| failed(path, &error))?;
                (Target::Special(file), tempfile::tempfile()?)
            }
            Some(path) => {
                // What a link leads to is replaced, and not the link.
                let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                let rows = tempfile::tempfile_in(folder_of(&path)).map_err(|error| failed(&path, &error))?;
                (Target::Replaced(path), rows)
            }
        };
        let words = text.words_of_page();
        let root = |path: &PathBuf| match path.to_str() {
            Some("-") => words.standard_input.to_owned(),
            _ => path.to_string_lossy().into_owned(),
        };
        Ok(Self {
            target,
            rows: Spill::new(rows),
            templates: templates().map_err(template_failed)?,
            text,
            roots: roots.iter().map(root).collect(),
            totals: Totals::default(),
            replays: Replays::default(),
            reasons: Vec::new(),
            groups: HashMap::new(),
        })
    }

    /// One more picture. What is none is only counted.
    pub(crate) fn add(&mut self, card: &Card<'_>) -> Result<(), Failed> {
        let record = card.record;
        self.replays.count(&record["replay"]);
        if fails_with(record, |failure| failure["code"] == "not_an_image") {
            self.totals.others += 1;
            return Ok(());
        }
        self.totals.unreadable += u64::from(fails_with(record, |failure| failure["source"] == "media"));
        let label = label(record);
        let section = SECTIONS.iter().position(|known| *known == label).unwrap_or_default();
        self.totals.labels[section] += 1;

        let mut bits = 0_u64;
        let codes = record["verdict"]["reasons"].as_array().into_iter().flatten();
        for code in codes.filter_map(|reason| reason["code"].as_str()) {
            bits |= 1 << self.reason(code);
        }
        for (at, reason) in self.reasons.iter_mut().enumerate() {
            reason.counts[section] += bits >> at & 1;
        }
        let probability = record["verdict"]["probability"].as_f64().map(|probability| probability as f32);
        let mut place = Place::new(section as u8, probability, bits);
        if let Some(first) = record["group"]["first"].as_str() {
            let next = self.groups.len() as u32;
            let group = match self.groups.get(first) {
                Some(group) => *group,
                None => *self.groups.entry(first.to_owned()).or_insert(next),
            };
            place.group = Some(group);
            place.is_first = record["input"]["path"].as_str() == Some(first);
        }

        // Nothing is shown of a folder that is the only one.
        let root = match self.roots.as_slice() {
            [root] => Some(root.as_str()),
            _ => None,
        };
        #[derive(Serialize)]
        struct Values {
            it: Row,
            t: Words,
        }
        let values = Values { it: Row::new(card, label, root, self.text), t: self.text.words_of_page() };
        let row = self.render("row.html", &values)?;
        self.rows.add(place, &row)
    }

    /// The place of a reason among those of the page.
    fn reason(&mut self, code: &str) -> usize {
        if let Some(at) = self.reasons.iter().position(|known| known.code == code) {
            return at;
        }
        if self.reasons.len() == MOST_REASONS {
            return MOST_REASONS - 1;
        }
        let is_last = self.reasons.len() == MOST_REASONS - 1;
        let code = if is_last { String::new() } else { code.to_owned() };
        self.reasons.push(Counted { code, counts: Default::default() });
        self.reasons.len() - 1
    }

    /// Puts the page together and in its place. `elapsed` is what the reader is told, if anything.
    pub(crate) fn finish(self, elapsed: Option<Duration>) -> Result<(), Failed> {
        let contents = Contents {
            head: self.render("head.html", &self.head(elapsed))?,
            sections: self.sections()?,
            copies: self.text.words_of_page().copies,
            tail: self.render("tail.html", &self.tail())?,
        };
        let rows = self.rows.finish()?;
        match self.target {
            Target::Standard => contents.write(rows, &mut BufWriter::new(std::io::stdout().lock())),
            Target::Special(file) => contents.write(rows, &mut BufWriter::new(file)),
            Target::Replaced(path) => {
                let mut builder = tempfile::Builder::new();
                builder.prefix(".deepscreen-").suffix(".part");
                // What anybody else who makes a file here would give to it.
                #[cfg(unix)]
                builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
                let mut file = builder.tempfile_in(folder_of(&path))?;
                contents.write(rows, &mut BufWriter::new(file.as_file_mut()))?;
                file.persist(&path)
                    .map_err(|error| Failed::Message(self.text.cannot_write(&path, &error.error)))?;
                Ok(())
            }
        }
    }

    fn render(&self, name: &str, values: &impl Serialize) -> Result<String, Failed> {
        let template = self.templates.get_template(name).map_err(template_failed)?;
        template.render(Shown::from(Serde(values))).map_err(template_failed)
    }

    /// In the order in which the filters stand: the most frequent first.
    fn reasons(&self) -> Vec<(usize, &Counted)> {
        let mut reasons: Vec<(usize, &Counted)> = self.reasons.iter().enumerate().collect();
        reasons.sort_by(|(_, a), (_, b)| b.all().cmp(&a.all()).then_with(|| a.code.cmp(&b.code)));
        reasons
    }

    fn head(&self, elapsed: Option<Duration>) -> Head {
        let words = self.text.words_of_page();
        let pictures: u64 = self.totals.labels.iter().sum();
        let roots: Vec<String> = self.roots.iter().map(|root| shown(root)).collect();
        let counted = [
            (words.unreadable, self.totals.unreadable),
            (words.others, self.totals.others),
            (words.groups, self.groups.len() as u64),
        ];
        let mut facts = vec![Fact::new(words.pictures, pictures.to_string())];
        facts.extend(counted.iter().filter(|it| it.1 > 0).map(|it| Fact::new(it.0, it.1.to_string())));
        facts.extend(elapsed.map(|elapsed| Fact::new(words.time, self.text.seconds(elapsed))));
        let label = |(label, count): (Label, u64)| LabelFilter {
            code: label.code(),
            words: sentence(label.text(self.text.language())),
            means: self.text.label_means(label),
            count,
            percent: format!("{:.3}", 100.0 * count as f64 / pictures.max(1) as f64),
        };
        let reason = |(at, reason): (usize, &Counted)| ReasonFilter {
            at,
            words: match reason.code.as_str() {
                "" => words.other_reasons.to_owned(),
                code => shown(&self.text.reason_code(code)),
            },
            code: shown(&reason.code),
            count: reason.all(),
        };
        Head {
            lang: self.text.language().code(),
            style: STYLE,
            filters: self.filters(),
            title: roots.join(", "),
            roots,
            facts,
            pictures,
            labels: SECTIONS.into_iter().zip(self.totals.labels).map(label).collect(),
            reasons: self.reasons().into_iter().map(reason).collect(),
            t: words,
        }
    }

    /// The style that makes the filters work: made of numbers and of codes that this program knows. What it asks for is
    /// among the filters alone: whatever asks the whole page is slow where that is long.
    fn filters(&self) -> String {
        use std::fmt::Write;
        let mut style = String::new();
        let mut put = |rule: std::fmt::Arguments<'_>| {
            // To memory: it cannot fail.
            let _ = writeln!(style, "{rule}");
        };
        let nothing = |chosen: &str, counts: &[u64]| {
            let there = SECTIONS.iter().zip(counts).filter(|(_, count)| **count > 0);
            let off: String =
                there.map(|(label, _)| format!(":not(:has(#show-{}:checked))", label.code())).collect();
            format!("#filters:has(#{chosen}:checked){off} ~ #results .nothing {{ display: block; }}")
        };
        for (label, _) in SECTIONS.iter().zip(self.totals.labels).filter(|(_, count)| *count > 0) {
            let code = label.code();
            put(format_args!(
                "#filters:has(#show-{code}:not(:checked)) ~ #results #{code} {{ display: none; }}"
            ));
        }
        if self.totals.labels.iter().any(|count| *count > 0) {
            put(format_args!("{}", nothing("reason-any", &self.totals.labels)));
        }
        for (at, reason) in self.reasons.iter().enumerate() {
            let chosen = format!("#filters:has(#reason-{at}:checked) ~ #results");
            put(format_args!(
                "{chosen} .results > li:not(.r{at}), {chosen} .of:not(.r{at}), {chosen} .all {{ display: none; }}"
            ));
            put(format_args!("{chosen} .some.r{at} {{ display: inline; }}"));
            put(format_args!("{}", nothing(&format!("reason-{at}"), &reason.counts)));
        }
        style
    }

    /// The head of each section; `None` for one without pictures.
    fn sections(&self) -> Result<[Option<String>; SECTIONS.len()], Failed> {
        let mut sections = [const { None }; SECTIONS.len()];
        for (at, label) in SECTIONS.into_iter().enumerate() {
            let count = self.totals.labels[at];
            if count == 0 {
                continue;
            }
            let reasons: Vec<SectionReason> = self
                .reasons
                .iter()
                .enumerate()
                .filter(|(_, reason)| reason.counts[at] > 0)
                .map(|(place, reason)| SectionReason {
                    at: place,
                    count: self.text.of_all(reason.counts[at], count),
                })
                .collect();
            let values = Section {
                code: label.code(),
                words: sentence(label.text(self.text.language())),
                no_proof: (label == Label::NoIndication).then(|| self.text.label_means(label)),
                count,
                reasons,
                t: self.text.words_of_page(),
            };
            sections[at] = Some(self.render("section.html", &values)?);
        }
        Ok(sections)
    }

    fn tail(&self) -> Tail<'_> {
        Tail { replays: &self.replays, t: self.text.words_of_page() }
    }

    #[cfg(test)]
    fn held_bytes(&self) -> usize {
        let groups: usize = self.groups.keys().map(|path| path.capacity() + size_of::<(String, u32)>()).sum();
        self.rows.held_bytes() + groups + self.reasons.capacity() * size_of::<Counted>()
    }
}

impl Counted {
    fn all(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The parts of a page that are rendered at the end.
struct Contents {
    head: String,
    sections: [Option<String>; SECTIONS.len()],
    /// What stands before the number of copies.
    copies: &'static str,
    tail: String,
}

impl Contents {
    fn write(&self, mut rows: Rows, out: &mut dyn Write) -> Result<(), Failed> {
        out.write_all(self.head.as_bytes())?;
        for (at, section) in self.sections.iter().enumerate() {
            let Some(section) = section else { continue };
            out.write_all(section.as_bytes())?;
            for entry in rows.entries(at as u8) {
                let reasons = entry.reasons();
                let classes: Vec<String> = (0..MOST_REASONS)
                    .filter(|at| reasons >> at & 1 == 1)
                    .map(|at| format!("r{at}"))
                    .collect();
                writeln!(out, "<li class=\"{}\">", classes.join(" "))?;
                rows.copy(entry.row, out)?;
                if !entry.copies.is_empty() {
                    self.write_copies(&entry.copies, &mut rows, out)?;
                }
                out.write_all(b"</li>\n")?;
            }
            out.write_all(b"</ul>\n</section>\n")?;
        }
        out.write_all(self.tail.as_bytes())?;
        Ok(out.flush()?)
    }

    fn write_copies(&self, copies: &[Place], rows: &mut Rows, out: &mut dyn Write) -> Result<(), Failed> {
        let count = copies.len();
        writeln!(out, "<details class=\"copies\"><summary>{} {count}</summary>\n<ul>", self.copies)?;
        for copy in copies {
            out.write_all(b"<li>\n")?;
            rows.copy(*copy, out)?;
            out.write_all(b"</li>\n")?;
        }
        Ok(out.write_all(b"</ul>\n</details>\n")?)
    }
}

/// What the template of the head shows.
#[derive(Serialize)]
struct Head {
    lang: &'static str,
    style: &'static str,
    filters: String,
    title: String,
    roots: Vec<String>,
    facts: Vec<Fact>,
    pictures: u64,
    labels: Vec<LabelFilter>,
    reasons: Vec<ReasonFilter>,
    t: Words,
}

/// A name and what belongs to it.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

impl Fact {
    fn new(name: &'static str, value: String) -> Self {
        Self { name, value }
    }
}

#[derive(Serialize)]
struct LabelFilter {
    code: &'static str,
    words: String,
    means: &'static str,
    count: u64,
    percent: String,
}

#[derive(Serialize)]
struct ReasonFilter {
    at: usize,
    words: String,
    code: String,
    count: u64,
}

/// What the template of a section shows.
#[derive(Serialize)]
struct Section {
    code: &'static str,
    words: String,
    /// What has to be said of pictures of which nothing is known.
    no_proof: Option<&'static str>,
    count: u64,
    reasons: Vec<SectionReason>,
    t: Words,
}

/// How many pictures of a section have a reason.
#[derive(Serialize)]
struct SectionReason {
    at: usize,
    count: String,
}

/// What the template of the end shows.
#[derive(Serialize)]
struct Tail<'a> {
    replays: &'a Replays,
    t: Words,
}

fn templates() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // Their names end in .html: everything is escaped that is not said to be safe.
    for (name, template) in TEMPLATES {
        environment.add_template(name, template)?;
    }
    Ok(environment)
}

/// The templates are a part of this program, and tests render all of them in both languages.
fn template_failed(error: minijinja::Error) -> Failed {
    Failed::Output(std::io::Error::other(error))
}

/// Where a file can be made that then takes the place of this one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn fails_with(record: &Value, so: impl Fn(&Value) -> bool) -> bool {
    record["failures"].as_array().is_some_and(|failures| failures.iter().any(so))
}

/// The record's label; one that this program does not know is inconclusive.
fn label(record: &Value) -> Label {
    let code = record["verdict"]["label"].as_str();
    SECTIONS.into_iter().find(|label| Some(label.code()) == code).unwrap_or(Label::Inconclusive)
}

#[cfg(test)]
mod tests {
    use deepscreen::Language;
    use serde_json::json;

    use super::*;

    /// As the library writes them: every fourth of each label, with hostile names and sentences.
    fn record(at: usize) -> Value {
        let label = SECTIONS[at % 4].code();
        json!({
            "schema": "deepscreen/1",
            "input": {"path": format!("photos/{at}<b>\".jpg"), "bytes": 1000 + at, "format": "jpeg", "width": 640, "height": 480},
            "verdict": {
                "label": label,
                "kinds": if label == "likely_manipulated" { vec!["ai_generated"] } else { vec![] },
                "probability": if at % 4 == 2 { Value::Null } else { json!((at % 101) as f64 / 100.0) },
                "reasons": if at % 4 < 2 {
                    json!([{"code": format!("detector.d{}", at % 3), "source": "detector/d@1", "strength": "strong", "message": "<i>&amp;"}])
                } else {
                    json!([])
                },
            },
            "evidence": [{"source": "media", "kind": "media", "notes": ["first_frame"], "frames": 3},
                {"source": "metadata", "kind": "metadata", "field": "xmp.x", "value": "</dd><script>", "topic": "other", "grade": "circumstantial"}],
            "failures": [],
            "replay": {"deepscreen": "0.1.0", "engine": "rten", "policy": "ab", "models": {"d": format!("{:02x}", at % 30)}},
            "elapsed_ms": 1.0,
        })
    }

    fn page(out: &Path) -> Page {
        let text = Text::new(Language::English);
        Page::create(Some(out), &["photos".into()], text).ok().unwrap()
    }

    fn add(page: &mut Page, record: &Value) {
        let card = Card { record, thumbnail: Thumbnail::Small(vec![0xff, 0xd8, 0xff, 0]), maps: Vec::new() };
        assert!(page.add(&card).is_ok());
    }

    #[test]
    fn memory_does_not_grow_with_the_rows_of_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("page.html");
        let mut page = page(&out);
        for at in 0..2000 {
            add(&mut page, &record(at));
        }
        // Some dozen bytes of each, in place of some thousand.
        assert!(page.held_bytes() < 2000 * 128 + (1 << 14), "{} bytes", page.held_bytes());
        assert!(!out.exists(), "half a page has the name of a whole one");
        assert!(page.finish(None).is_ok());
        let page = std::fs::read_to_string(&out).unwrap();
        assert_eq!(page.matches("<article").count(), 2000);
        assert!(page.len() > 2000 * 1000);
        assert!(page.trim_end().ends_with("</html>"));
        for hostile in ["<b>\"", "<script", "<i>"] {
            assert!(!page.contains(hostile), "{hostile}");
        }
        assert_eq!(page.matches("<b>500</b>").count(), 4, "500 of each label");
        assert!(page.contains("Some results were made with settings beyond"), "30 models, 12 are listed");
        // Nothing lies about.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_page_leaves_the_last_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("page.html");
        std::fs::write(&out, "the last one").unwrap();
        let mut page = page(&out);
        add(&mut page, &record(0));
        drop(page);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "the last one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn codes_beyond_those_that_have_a_filter_share_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("page.html");
        let mut page = page(&out);
        for at in 0..100 {
            let mut record = record(0);
            record["verdict"]["reasons"][0]["code"] = json!(format!("detector.d{at}"));
            add(&mut page, &record);
        }
        assert!(page.finish(None).is_ok());
        let page = std::fs::read_to_string(&out).unwrap();
        assert_eq!(page.matches("type=\"radio\"").count(), MOST_REASONS + 1);
        assert!(page.contains("<bdi>other reasons</bdi></span> <b>37</b>"));
    }

    #[test]
    fn a_page_without_pictures_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("page.html");
        let mut page = page(&out);
        let mut record = record(2);
        record["failures"] = json!([{"source": "media", "code": "not_an_image", "message": "text"}]);
        add(&mut page, &record);
        assert!(page.finish(Some(Duration::from_millis(1234))).is_ok());
        let page = std::fs::read_to_string(&out).unwrap();
        assert!(page.contains("There was no picture to screen."));
        assert!(!page.contains("<article") && !page.contains("<fieldset"));
        assert!(page.contains("<dt>Other files, left out</dt><dd>1</dd>") && page.contains("<dd>1.2 s</dd>"));
    }
}
