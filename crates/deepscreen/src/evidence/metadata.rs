//! What the fields of a file's metadata say.

use serde::{Deserialize, Serialize};

use super::Kind;

/// What one field of a file's metadata says of where the picture is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Statement {
    /// The field: `png.text.parameters`, `exif.Make`, `xmp.photoshop:Credit`.
    pub field: String,
    /// What stands there, at most [`MOST_CHARACTERS`](Self::MOST_CHARACTERS). Control characters, and those that turn
    /// the direction of writing, are replaced by U+FFFD.
    pub value: String,
    /// The value was longer.
    pub is_cut: bool,
    /// What the field is about.
    pub topic: Topic,
    /// The tool that the field speaks of: `ComfyUI`, `Adobe Photoshop`.
    pub tool: Option<String>,
    /// What it means for the picture, where it means something.
    pub kind: Option<Kind>,
    /// How far it can be relied on.
    pub grade: Grade,
}

impl Statement {
    /// Characters of a value that are kept.
    pub const MOST_CHARACTERS: usize = 2000;

    /// A field, what stands there, and what it is about.
    pub fn new(field: &str, value: &str, topic: Topic, grade: Grade) -> Self {
        let mut characters = value.chars();
        let kept: String = characters.by_ref().take(Self::MOST_CHARACTERS).collect();
        let is_cut = characters.next().is_some();
        Self { field: harmless(field), value: harmless(&kept), is_cut, topic, tool: None, kind: None, grade }
    }

    /// This statement, about a tool.
    #[must_use]
    pub fn with_tool(self, tool: &str) -> Self {
        let name: String = tool.chars().take(100).collect();
        Self { tool: Some(harmless(&name).replace(['\n', '\t'], " ")), ..self }
    }

    /// This statement, with what it means for the picture.
    #[must_use]
    pub fn with_kind(self, kind: Kind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Whether it says that AI made or changed the picture.
    pub fn is_about_ai(&self) -> bool {
        matches!(self.kind, Some(Kind::AiGenerated | Kind::AiEdited | Kind::FaceSwap))
    }
}

/// What a field of metadata is about, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Topic {
    /// A generator, or an editor that works with AI.
    AiGenerator,
    /// IPTC's digital source type.
    SourceType,
    /// China's label of AI content (TC260).
    AiLabel,
    /// What a generator was asked for, by whom, and its version, where fields of their own say so.
    Prompt,
    /// The thumbnail in the file shows another picture.
    Thumbnail,
    /// Software to edit pictures with.
    Editor,
    /// Other software.
    Software,
    /// The camera or its lens.
    Camera,
    /// When it was taken, made or changed.
    Date,
    /// How the picture has to be turned.
    Orientation,
}

impl Topic {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AiGenerator => "ai_generator",
            Self::SourceType => "source_type",
            Self::AiLabel => "ai_label",
            Self::Prompt => "prompt",
            Self::Thumbnail => "thumbnail",
            Self::Editor => "editor",
            Self::Software => "software",
            Self::Camera => "camera",
            Self::Date => "date",
            Self::Orientation => "orientation",
        }
    }
}

/// How far a statement can be relied on, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Grade {
    /// A signature vouches for it.
    Signed,
    /// A tool wrote it, in its own form: easily stripped, and forged on purpose, but not there by chance.
    WrittenByTool,
    /// It hints at something: a person may have written it, or it has other causes too.
    Circumstantial,
}

impl Grade {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::WrittenByTool => "written_by_tool",
            Self::Circumstantial => "circumstantial",
        }
    }
}

/// Something that is wrong with the metadata of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where: a field, `png.text.parameters`, or what holds several, `xmp`.
    pub field: String,
    /// What.
    pub kind: FaultKind,
}

/// What is wrong with metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FaultKind {
    /// Its checksum is another: it was changed, or damaged, since it was written.
    WrongChecksum,
    /// It contradicts its format.
    Malformed,
    /// It ends early.
    Truncated,
    /// It is larger than what is read of it.
    TooLarge,
}

impl FaultKind {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongChecksum => "wrong_checksum",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
        }
    }
}

/// Text from a file without what could write to a terminal: control characters but line ends and tabs, and what turns the
/// direction of writing, become U+FFFD.
pub(crate) fn harmless(text: &str) -> String {
    let clean = |c| if matches!(c, '\n' | '\t') { c } else { visible(c) };
    text.replace("\r\n", "\n").chars().map(clean).collect()
}

/// The character, or U+FFFD for one that controls a terminal or turns the direction of writing.
pub(crate) fn visible(c: char) -> char {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns { char::REPLACEMENT_CHARACTER } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_files_are_cut_and_cannot_write_to_a_terminal() {
        let hostile = "a\u{1b}[31m\u{9b}2J\r\nb\u{202e}gpj";
        let statement = Statement::new("png.text.x\u{7}", hostile, Topic::Software, Grade::Circumstantial);
        assert_eq!(statement.value, "a\u{fffd}[31m\u{fffd}2J\nb\u{fffd}gpj");
        assert_eq!((statement.field.as_str(), statement.is_cut), ("png.text.x\u{fffd}", false));
        assert_eq!(statement.with_tool("a\nb").tool.as_deref(), Some("a b"));
        for (characters, is_cut) in [(2000, false), (2001, true)] {
            let long = Statement::new("x", &"ả".repeat(characters), Topic::Software, Grade::Circumstantial);
            assert_eq!((long.value.chars().count(), long.is_cut), (2000, is_cut));
        }
    }
}
