//! Fields in, what they say of where the picture is from out.

use super::{generators, label};
use crate::evidence::{Grade, Kind, Statement, Topic};

/// Statements that are kept of one file, the gravest first.
const MOST_STATEMENTS: usize = 64;

const SOURCE_TYPES: [&str; 2] =
    ["xmp.Iptc4xmpExt:DigitalSourceType", "xmp.Iptc4xmpExt:DigitalSourcefileType"];
const AI_SYSTEM: &str = "xmp.Iptc4xmpExt:AISystemUsed";
/// Fields of IPTC 2025.1 that are there only where a generator was.
const AI_FIELDS: [&str; 3] = [
    "xmp.Iptc4xmpExt:AISystemVersionUsed",
    "xmp.Iptc4xmpExt:AIPromptInformation",
    "xmp.Iptc4xmpExt:AIPromptWriterName",
];

const CAMERA: [&str; 7] = [
    "exif.Make",
    "exif.Model",
    "exif.LensMake",
    "exif.LensModel",
    "xmp.tiff:Make",
    "xmp.tiff:Model",
    "xmp.aux:Lens",
];
const DATES: [&str; 10] = [
    "exif.DateTimeOriginal",
    "exif.DateTimeDigitized",
    "exif.DateTime",
    "xmp.xmp:CreateDate",
    "xmp.xmp:ModifyDate",
    "xmp.photoshop:DateCreated",
    "xmp.exif:DateTimeOriginal",
    "iptc.DateCreated",
    "png.time",
    "png.text.Creation Time",
];
const ORIENTATION: [&str; 2] = ["exif.Orientation", "xmp.tiff:Orientation"];

/// What the fields of one file say.
pub(super) fn of(fields: &[(String, String)]) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    for statement in fields.iter().filter_map(|(field, value)| statement(field, value)) {
        if !statements.contains(&statement) {
            statements.push(statement);
        }
    }
    // A picture of which only a part is AI's is no picture of AI's, whatever tool is named beside.
    let is_composite =
        statements.iter().any(|s| s.topic == Topic::SourceType && s.kind == Some(Kind::AiEdited));
    let is_generated =
        statements.iter().any(|s| s.topic == Topic::SourceType && s.kind == Some(Kind::AiGenerated));
    if is_composite && !is_generated {
        for statement in statements.iter_mut().filter(|s| s.field.starts_with("xmp.Iptc4xmpExt:AI")) {
            statement.kind = Some(Kind::AiEdited);
        }
    }
    statements.sort_by_key(|s| (!s.is_about_ai(), s.grade, s.topic));
    statements.truncate(MOST_STATEMENTS);
    statements
}

fn statement(field: &str, value: &str) -> Option<Statement> {
    if value.trim().is_empty() {
        return None;
    }
    let new = |topic, grade| Statement::new(field, value, topic, grade);
    if SOURCE_TYPES.contains(&field) {
        return Some(source_type(field, value));
    }
    if let Some(label) = label::read(field, value) {
        let grade = if label.is_certain { Grade::WrittenByTool } else { Grade::Circumstantial };
        let statement = new(Topic::AiLabel, grade).with_kind(Kind::AiGenerated);
        return Some(match &label.producer {
            Some(producer) => statement.with_tool(producer),
            None => statement,
        });
    }
    if let Some(tool) = generators::tool_of(field, value) {
        let statement = match tool.kind {
            Kind::Edited => new(Topic::Editor, Grade::Circumstantial),
            _ => new(Topic::AiGenerator, Grade::WrittenByTool),
        };
        return Some(statement.with_kind(tool.kind).with_tool(tool.name));
    }
    if field == AI_SYSTEM {
        let statement = new(Topic::AiGenerator, Grade::WrittenByTool).with_kind(Kind::AiGenerated);
        return Some(statement.with_tool(value));
    }
    if AI_FIELDS.contains(&field) {
        return Some(new(Topic::Prompt, Grade::WrittenByTool).with_kind(Kind::AiGenerated));
    }
    if let Some(tool) = generators::mention_in(field, value) {
        let statement = new(Topic::AiGenerator, Grade::Circumstantial);
        return Some(match tool {
            Some(tool) => statement.with_kind(tool.kind).with_tool(tool.name),
            None => statement.with_kind(Kind::AiGenerated),
        });
    }
    let topic = if CAMERA.contains(&field) {
        Topic::Camera
    } else if DATES.contains(&field) {
        Topic::Date
    } else if ORIENTATION.contains(&field) {
        Topic::Orientation
    } else if generators::names_software(field) {
        Topic::Software
    } else {
        return None;
    };
    Some(new(topic, Grade::Circumstantial))
}

/// IPTC's vocabulary of digital source types (http://cv.iptc.org/newscodes/digitalsourcetype/), its retired terms and
/// C2PA's two. By address, by code, or as a tool writes it; what stands for the rest of the address is no matter.
fn source_type(field: &str, value: &str) -> Statement {
    let term = value.trim().trim_end_matches('/').rsplit(['/', ':', '#']).next().unwrap_or(value);
    let (kind, grade) = match term.to_ascii_lowercase().as_str() {
        "trainedalgorithmicmedia" => (Some(Kind::AiGenerated), Grade::WrittenByTool),
        // Generated elements in, or beside, what was taken from life.
        "compositewithtrainedalgorithmicmedia" | "compositesynthetic" => {
            (Some(Kind::AiEdited), Grade::WrittenByTool)
        }
        // "Based on generative AI and/or captured elements".
        "virtualrecording" => (Some(Kind::AiEdited), Grade::Circumstantial),
        // C2PA's term is for data that is no picture.
        "trainedalgorithmicdata" => (Some(Kind::AiGenerated), Grade::Circumstantial),
        "algorithmicallyenhanced" | "composite" | "compositecapture" | "humanedits" | "minorhumanedits" => {
            (Some(Kind::Edited), Grade::Circumstantial)
        }
        // digitalCapture, computationalCapture, negativeFilm, positiveFilm, print, screenCapture, digitalCreation,
        // digitalArt, softwareImage, dataDrivenMedia, algorithmicMedia (formulas, not trained models), empty: no sign of
        // AI, and no proof of life either.
        _ => (None, Grade::Circumstantial),
    };
    let statement = Statement::new(field, value, Topic::SourceType, grade);
    match kind {
        Some(kind) => statement.with_kind(kind),
        None => statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(field: &str, value: &str) -> Option<(Topic, Grade, Option<Kind>)> {
        statement(field, value).map(|s| (s.topic, s.grade, s.kind))
    }

    #[test]
    fn every_digital_source_type_means_what_iptc_says() {
        use Grade::{Circumstantial, WrittenByTool};
        for (term, kind, grade) in [
            ("digitalCapture", None, Circumstantial),
            ("computationalCapture", None, Circumstantial),
            ("negativeFilm", None, Circumstantial),
            ("positiveFilm", None, Circumstantial),
            ("print", None, Circumstantial),
            ("minorHumanEdits", Some(Kind::Edited), Circumstantial),
            ("humanEdits", Some(Kind::Edited), Circumstantial),
            ("compositeWithTrainedAlgorithmicMedia", Some(Kind::AiEdited), WrittenByTool),
            ("algorithmicallyEnhanced", Some(Kind::Edited), Circumstantial),
            ("softwareImage", None, Circumstantial),
            ("digitalArt", None, Circumstantial),
            ("digitalCreation", None, Circumstantial),
            ("dataDrivenMedia", None, Circumstantial),
            ("trainedAlgorithmicMedia", Some(Kind::AiGenerated), WrittenByTool),
            ("algorithmicMedia", None, Circumstantial),
            ("screenCapture", None, Circumstantial),
            ("virtualRecording", Some(Kind::AiEdited), Circumstantial),
            ("composite", Some(Kind::Edited), Circumstantial),
            ("compositeCapture", Some(Kind::Edited), Circumstantial),
            ("compositeSynthetic", Some(Kind::AiEdited), WrittenByTool),
            ("empty", None, Circumstantial),
            ("somethingNew", None, Circumstantial),
        ] {
            for value in [
                term.to_owned(),
                format!("http://cv.iptc.org/newscodes/digitalsourcetype/{term}"),
                format!(" https://cv.iptc.org/newscodes/digitalsourcetype/{term}/ "),
                format!("digsrctype:{term}"),
            ] {
                let found = one("xmp.Iptc4xmpExt:DigitalSourceType", &value);
                assert_eq!(found, Some((Topic::SourceType, grade, kind)), "{value}");
            }
        }
    }

    #[test]
    fn what_people_write_is_no_statement() {
        for (field, value) in [
            ("exif.ImageDescription", "Midjourney, trainedAlgorithmicMedia, Steps: many"),
            ("xmp.dc:description", "A talk about ComfyUI"),
            ("jpeg.comment", "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"),
            ("png.text.Title", "Stable Diffusion"),
            ("png.text.prompt", "Tell me more"),
            ("png.text.workflow", "nodes and links"),
            ("png.text.parameters", "none"),
            ("exif.Software", "  "),
            ("png.text.Description", "Stable Diffusion in my own words"),
        ] {
            assert_eq!(one(field, value), None, "{field} {value}");
        }
    }

    #[test]
    fn the_gravest_statements_are_kept() {
        let mut fields: Vec<(String, String)> =
            (0..100).map(|i| ("exif.Software".to_owned(), format!("Firmware {i}"))).collect();
        fields.push(("xmp.xmp:CreatorTool".to_owned(), "Adobe Photoshop 25".to_owned()));
        fields.push(("png.text.Software".to_owned(), "NovelAI".to_owned()));
        let statements = of(&fields);
        assert_eq!(statements.len(), MOST_STATEMENTS);
        assert_eq!(statements[0].tool.as_deref(), Some("NovelAI"));
        assert_eq!(statements[1].tool.as_deref(), Some("Adobe Photoshop"));
    }

    #[test]
    fn a_composite_makes_the_ai_fields_speak_of_an_edit() {
        let field = |name: &str, value: &str| (format!("xmp.Iptc4xmpExt:{name}"), value.to_owned());
        let mut fields =
            vec![field("AISystemUsed", "Lumen Studio"), field("AIPromptInformation", "remove the car")];
        assert!(of(&fields).iter().all(|s| s.kind == Some(Kind::AiGenerated)));
        fields.push(field("DigitalSourceType", "compositeWithTrainedAlgorithmicMedia"));
        let statements = of(&fields);
        assert!(statements.iter().all(|s| s.kind == Some(Kind::AiEdited)), "{statements:?}");
        assert!(statements.iter().any(|s| s.tool.as_deref() == Some("Lumen Studio")));
    }
}
