//! China's label of AI content (GB 45438-2025, by the committee TC260) in a field, what it says out.
//!
//! The label is JSON under the name `AIGC`: a property of XMP, a text of PNG, or an object in EXIF's user comment. Its
//! `Label` is 1 for content that AI made, 2 where it may have, 3 where somebody suspects it.

use serde_json::Value;

/// A label.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    /// The service that made the content says so itself.
    pub(super) is_certain: bool,
    /// Who made it: a name, or a code of the company.
    pub(super) producer: Option<String>,
}

/// A label has some hundred bytes.
const LONGEST: usize = 16 << 10;

/// Reads the label in a field, where there is one.
pub(super) fn read(field: &str, value: &str) -> Option<Label> {
    if value.len() > LONGEST {
        return None;
    }
    let name = field.rsplit(['.', ':']).next().unwrap_or(field);
    let json = value.trim().trim_start_matches("AIGC").trim_start_matches([':', '=', ' ']);
    if name == "AIGC" {
        let object = serde_json::from_str::<Value>(json).ok();
        return match &object {
            Some(object) => label(object.get("AIGC").unwrap_or(object)),
            // The name alone is a hint.
            None => Some(Label { is_certain: false, producer: None }),
        };
    }
    let holds = matches!(field, "exif.UserComment" | "xmp.exif:UserComment" | "exif.ImageDescription");
    if !(holds && json.starts_with('{')) {
        return None;
    }
    label(serde_json::from_str::<Value>(json).ok()?.get("AIGC")?)
}

fn label(object: &Value) -> Option<Label> {
    // Some writers put the object into a text.
    let inner = object.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let object = inner.as_ref().unwrap_or(object);
    let text = |name: &str| match object.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let label = text("Label").or_else(|| text("label"))?;
    let producer = text("ContentProducer").filter(|producer| !producer.trim().is_empty());
    Some(Label { is_certain: label.trim() == "1", producer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_wherever_the_standard_puts_them() {
        let object = r#"{"Label":"1","ContentProducer":"Example","ProduceID":"7","ReservedCode1":""}"#;
        let certain = Some(Label { is_certain: true, producer: Some("Example".to_owned()) });
        assert_eq!(read("xmp.TC260:AIGC", object), certain);
        assert_eq!(read("png.text.AIGC", &format!("{{\"AIGC\":{object}}}")), certain);
        assert_eq!(read("exif.UserComment", &format!("{{\"AIGC\":{object}}}")), certain);
        assert_eq!(read("exif.UserComment", &format!("{{\"AIGC\":{}}}", Value::from(object))), certain);
        let hint =
            |producer: Option<&str>| Some(Label { is_certain: false, producer: producer.map(str::to_owned) });
        assert_eq!(read("png.text.AIGC", r#"{"Label":3,"ContentProducer":"A"}"#), hint(Some("A")));
        assert_eq!(read("png.text.AIGC", r#"{"Label":"2","ContentProducer":""}"#), hint(None));
        assert_eq!(read("png.text.AIGC", "yes"), hint(None));
    }

    #[test]
    fn what_is_no_label_says_nothing() {
        for (field, value) in [
            ("exif.UserComment", r#"{"note":"AIGC"}"#),
            ("exif.UserComment", "AIGC"),
            ("jpeg.comment", r#"{"AIGC":{"Label":"1"}}"#),
            ("png.text.Comment", r#"{"AIGC":{"Label":"1"}}"#),
            ("exif.UserComment", "{"),
            ("png.text.AIGC", r#"{"Colour":"1"}"#),
        ] {
            assert_eq!(read(field, value), None, "{field} {value}");
        }
        let deep = "[".repeat(10_000);
        assert!(read("exif.UserComment", &format!("{{\"AIGC\":{deep}")).is_none());
    }
}
