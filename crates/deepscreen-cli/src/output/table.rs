//! The table for a person: one line a picture, with what was found and how sure.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use deepscreen::store::Stored;
use deepscreen::{Cause, Finding, Label, Probability, Screening, Summary};
use unicode_width::UnicodeWidthStr;

use super::Sink;
use crate::Failed;
use crate::text::Text;

/// A longer path pushes the rest of its own line only.
const WIDEST_PATH: usize = 48;

pub(crate) struct Table {
    out: Sink,
    root: Option<PathBuf>,
    label_width: usize,
    path_width: usize,
    text: Text,
    shown: bool,
}

impl Table {
    pub(crate) fn new(out: Sink, roots: &[PathBuf], paths: &[PathBuf], text: Text) -> Self {
        // Nothing is shown of a folder that is the only one to be scanned.
        let root = match roots {
            [folder] if folder.is_dir() => Some(folder.clone()),
            _ => None,
        };
        let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
        let label_width = widest(&mut Label::ALL.iter().map(|label| label.text(text.language()).width()));
        let path_width = widest(&mut paths.iter().map(|path| shown(path, root.as_deref()).width()));
        Self { out, root, label_width, path_width: path_width.min(WIDEST_PATH), text, shown: false }
    }

    /// A table of results that are not known beforehand, from anywhere.
    pub(crate) fn of_results(out: Sink, text: Text) -> Self {
        Self { path_width: WIDEST_PATH, ..Self::new(out, &[], &[], text) }
    }

    pub(crate) fn add(&mut self, screening: &Screening) -> Result<(), Failed> {
        if screening.is_not_an_image() {
            return Ok(());
        }
        let verdict = &screening.verdict;
        let path = screening.input.path.as_deref().unwrap_or(Path::new("-"));
        self.add_line(verdict.label, verdict.probability, path, &cause(screening, self.text))
    }

    pub(crate) fn add_stored(&mut self, stored: &Stored) -> Result<(), Failed> {
        if stored.is_not_an_image() {
            return Ok(());
        }
        let cause = stored.line(self.text.language());
        self.add_line(stored.label(), stored.probability(), stored.path(), cause)
    }

    fn add_line(
        &mut self,
        label: Label,
        probability: Option<Probability>,
        path: &Path,
        cause: &str,
    ) -> Result<(), Failed> {
        self.shown = true;
        let words = label.text(self.text.language());
        let style = style(label);
        let probability =
            probability.map_or_else(|| "    ".to_owned(), |probability| probability.to_string());
        let path = shown(path, self.root.as_deref());
        let line = format!(
            "{style}{words}{style:#}{}  {probability}  {path}{}  {}",
            padding(words, self.label_width),
            padding(&path, self.path_width),
            cause
        );
        Ok(writeln!(self.out, "{}", line.trim_end())?)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failed> {
        Ok(self.out.flush()?)
    }

    pub(crate) fn finish(mut self, summary: &Summary, last: &str) -> Result<(), Failed> {
        if self.shown {
            writeln!(self.out)?;
        }
        writeln!(self.out, "{last}")?;
        if summary.with(Label::NoIndication) > 0 {
            writeln!(self.out, "{}", self.text.no_proof())?;
        }
        Ok(self.out.flush()?)
    }
}

fn style(label: Label) -> Style {
    match label {
        Label::LikelyManipulated => AnsiColor::Red.on_default().bold(),
        Label::NeedsReview => AnsiColor::Yellow.on_default(),
        Label::Inconclusive => AnsiColor::Magenta.on_default(),
        // Never green: nothing found is no proof.
        _ => Style::new(),
    }
}

fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.width()))
}

/// The path below the folder that is scanned.
fn shown(path: &Path, root: Option<&Path>) -> String {
    let below = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
    escape(&below.to_string_lossy())
}

/// Text from outside, safe for a terminal: control characters (and what turns the direction of writing, or is not seen at
/// all) would let a file's name rewrite the verdict beside it.
pub(crate) fn escape(text: &str) -> String {
    let hostile = |c: char| {
        c.is_control()
            || matches!(
                c,
                '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                    | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            )
    };
    text.chars().map(|c| if hostile(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// What was found, or why nothing could be, in half a line.
pub(crate) fn cause(screening: &Screening, text: Text) -> String {
    let mut parts = Vec::new();
    let kinds: Vec<&str> = screening.verdict.kinds.iter().map(|kind| kind.text(text.language())).collect();
    let scores: Vec<String> = screening
        .verdict
        .reasons
        .iter()
        .filter_map(|reason| match &reason.cause {
            Cause::DetectorScore { detector, probability, .. } => {
                Some(text.detector_score(detector, *probability))
            }
            Cause::Unstable { probability, variant, variant_probability, .. } => {
                Some(text.unstable(*probability, variant, *variant_probability))
            }
            Cause::Watermark { message, .. } => Some(text.watermark_of(*message)),
            Cause::Disagreement { low, .. } => Some(text.detector_score(&low.0, low.1)),
            Cause::CredentialsClaim { source_type, trust, .. } => {
                Some(text.credentials_claim(source_type, *trust))
            }
            Cause::Match { means, found } => Some(escape(&text.known(*means, found))),
            Cause::CredentialsBroken { .. } => Some(text.credentials_broken().to_owned()),
            Cause::Statement { topic, kind, grade, tool, .. } => {
                Some(escape(&text.statement(*topic, *kind, *grade, tool.as_deref())))
            }
            _ => None,
        })
        .collect();
    match (kinds.is_empty(), scores.is_empty()) {
        (false, false) => parts.push(format!("{}: {}", kinds.join(", "), scores.join(", "))),
        (false, true) => parts.push(kinds.join(", ")),
        (true, false) => parts.push(scores.join(", ")),
        (true, true) => {}
    }
    if let Some(group) = &screening.group {
        let is_first = screening.input.path.as_ref() == Some(&group.first);
        parts.push(escape(&if is_first { text.first_of_group(group) } else { text.in_group(group) }));
    }
    let mut told = HashSet::new();
    for failure in &screening.failures {
        if told.insert((failure.kind, &failure.message)) {
            parts.push(format!("{}: {}", failure.kind.text(text.language()), escape(&failure.message)));
        }
    }
    for evidence in &screening.evidence {
        if let Finding::Media(notes) = &evidence.finding {
            parts.extend(notes.iter().map(|note| text.media_note(note)));
        }
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_cannot_write_to_the_terminal() {
        assert_eq!(escape("a\x1b[31m\n\u{202e}gpj.b"), "a\\u{1b}[31m\\u{a}\\u{202e}gpj.b");
        assert_eq!(escape("ảnh.jpg"), "ảnh.jpg");
    }
}
