//! `deepscreen inspect`: everything found about one file, grouped and short.

use std::io::Write;

use deepscreen::{Finding, Label, Screening, Statement};
use unicode_width::UnicodeWidthStr;

use crate::args::{InspectArguments, InspectFormat};
use crate::output::{escape, sink};
use crate::text::Text;
use crate::{Failed, Outcome, heat_maps, setup};

pub(crate) fn run(arguments: &InspectArguments, text: Text) -> Result<Outcome, Failed> {
    if arguments.path.symlink_metadata().is_err() {
        return Err(Failed::Message(text.nothing_exists(std::slice::from_ref(&arguments.path))));
    }
    let screener = setup::screener(&arguments.judging, &arguments.limits, &arguments.engine, text)?;
    let mut out = sink(None)?;
    let mut written = Ok(());
    let mut drawn = Ok(());
    screener.screen_paths([arguments.path.clone()], |screening| {
        if let Some(folder) = &arguments.judging.heat_maps {
            drawn = heat_maps::write(&screening, folder, text).map(drop);
        }
        written = match arguments.format {
            InspectFormat::Text => out.write_all(describe(&screening, text).as_bytes()),
            InspectFormat::Json => writeln!(out, "{}", screening.to_json(text.language())),
        };
    });
    written?;
    out.flush()?;
    drawn?;
    Ok(Outcome::Done)
}

fn describe(screening: &Screening, text: Text) -> String {
    let language = text.language();
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();

    let verdict = &screening.verdict;
    let probability = verdict.probability.map_or_else(String::new, |p| format!("  {p}"));
    let mut lines = vec![format!("{}{probability}", verdict.label.text(language))];
    lines.extend(verdict.reasons.iter().map(|reason| reason.message(language)));
    if verdict.label == Label::NoIndication {
        lines.push(text.no_proof_short().to_owned());
    }
    groups.push((text.heading_verdict(), lines));

    let input = &screening.input;
    let mut file = vec![input.path.as_ref().map_or_else(String::new, |path| escape(&path.to_string_lossy()))];
    let mut facts: Vec<String> = Vec::new();
    facts.extend(input.format.map(|format| format.name().to_owned()));
    facts.extend(input.width.zip(input.height).map(|(width, height)| format!("{width}x{height}")));
    facts.push(text.bytes(input.bytes));
    file.push(facts.join(", "));
    file.extend(input.sha256.as_ref().map(|sha256| format!("SHA-256 {sha256}")));
    groups.push((text.heading_file(), file));

    let mut scores = Vec::new();
    let mut hashes = Vec::new();
    let mut notes = Vec::new();
    let mut known = Vec::new();
    let mut provenance = Vec::new();
    let mut statements = Vec::new();
    for evidence in &screening.evidence {
        match &evidence.finding {
            Finding::Score(score) => {
                scores.push(format!("{}  {}", evidence.source, score.probability));
                scores.extend(score.face.iter().map(|face| text.face(face)));
                scores.extend(score.operating_points.iter().map(|point| text.operating_point(point)));
                scores.extend(score.classes.iter().map(|(name, p)| format!("  {}  {p}", escape(name))));
                scores.extend(score.variants.iter().map(|v| text.variant(&v.name, v.probability)));
                let regions = score.heat_map.iter().flat_map(|map| map.regions(0.5));
                scores.extend(regions.take(5).map(|(region, peak)| text.region(&region, peak)));
            }
            Finding::Hashes(found) => {
                hashes.push(format!("PDQ {}, {}", found.pdq, text.quality(found.pdq_quality)));
                hashes.push(format!("pHash {}  dHash {}  aHash {}", found.phash, found.dhash, found.ahash));
            }
            Finding::C2pa(credentials) => provenance.extend(text.credentials(credentials)),
            Finding::Match(found) => known.push(format!("{}  {}", evidence.source, text.bank_match(found))),
            Finding::Watermark(watermark) => provenance.push(text.watermark(watermark)),
            Finding::Media(found) => notes.extend(found.iter().map(|note| text.media_note(note))),
            Finding::Metadata(statement) => statements.push(statement),
            Finding::MetadataFault(fault) => notes.push(escape(&text.metadata_fault(fault))),
            _ => {}
        }
    }
    groups.push((text.heading_banks(), known));
    groups.push((text.heading_provenance(), provenance));
    groups.push((text.heading_detectors(), scores));
    groups.push((text.heading_metadata(), metadata(&statements, text)));
    groups.push((text.heading_hashes(), hashes));
    groups.push((text.heading_notes(), notes));
    let failures = screening.failures.iter().map(|failure| {
        format!("{}  {}: {}", failure.source, failure.kind.text(language), escape(&failure.message))
    });
    groups.push((text.heading_failures(), failures.collect()));

    let replay = &screening.replay;
    let mut with = vec![format!("deepscreen {}, {}", replay.deepscreen, replay.engine)];
    with.extend(replay.models.iter().map(|(id, sha256)| format!("{id} {sha256}")));
    with.extend(replay.lists.iter().map(|(id, sha256)| format!("{id} {sha256}")));
    with.push(format!("{} {}", text.policy(), replay.policy));
    groups.push((text.heading_replay(), with));

    let groups = groups.into_iter().filter(|(_, lines)| !lines.is_empty());
    let blocks: Vec<String> = groups
        .map(|(heading, lines)| {
            let bold = anstyle::Style::new().bold();
            format!("{bold}{heading}{bold:#}\n  {}\n", lines.join("\n  "))
        })
        .collect();
    blocks.join("\n")
}

/// Characters of a value that a person is shown; the record has more.
const SHOWN: usize = 120;

/// One line for each field, under what it is about.
fn metadata(statements: &[&Statement], text: Text) -> Vec<String> {
    let topic = |statement: &Statement| text.topic(statement.topic);
    let widest = statements.iter().map(|statement| topic(statement).width()).max().unwrap_or(0);
    let line = |statement: &&Statement| {
        let heading = topic(statement);
        let padding = " ".repeat(widest - heading.width());
        // A prompt is many lines: one is shown, with spaces for their ends.
        let words: Vec<&str> = statement.value.split_whitespace().collect();
        let value = words.join(" ");
        let shown: String = value.chars().take(SHOWN).collect();
        let dots = if statement.is_cut || value.chars().count() > SHOWN { ".." } else { "" };
        let tool = match &statement.tool {
            Some(tool) if !value.eq_ignore_ascii_case(tool) => format!("{tool}: "),
            _ => String::new(),
        };
        escape(&format!("{heading}{padding}  {tool}{shown}{dots}  ({})", statement.field))
    };
    statements.iter().map(line).collect()
}
