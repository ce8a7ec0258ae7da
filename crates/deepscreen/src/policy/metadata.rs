//! What a file's metadata means for a verdict. It can flag a picture and never clears one: nobody vouches for it.

use super::Word;
use crate::evidence::{Grade, Statement, Topic};
use crate::verdict::{Cause, Label, Reason, Strength};

/// `None` for what says nothing of a fake: a camera, a date, a program that only saved the file.
pub(super) fn word(statement: &Statement) -> Option<Word> {
    let label = match statement.grade {
        _ if !statement.is_about_ai() => None,
        Grade::Signed | Grade::WrittenByTool => Some(Label::LikelyManipulated),
        Grade::Circumstantial => Some(Label::NeedsReview),
    };
    if label.is_none() && !matches!(statement.topic, Topic::Editor | Topic::Thumbnail) {
        return None;
    }
    // Never decisive: whoever wants to have a photograph flagged can write the same.
    let is_flagged = label == Some(Label::LikelyManipulated);
    let strength = if is_flagged { Strength::Strong } else { Strength::Weak };
    let cause = Cause::Statement {
        topic: statement.topic,
        kind: statement.kind,
        grade: statement.grade,
        tool: statement.tool.clone(),
        field: statement.field.clone(),
    };
    Some(Word { label, kind: statement.kind, strength, cause })
}

/// Whether two reasons say the same thing by two fields.
pub(super) fn is_same(one: &Reason, other: &Reason) -> bool {
    match (&one.cause, &other.cause) {
        (
            Cause::Statement { topic, kind, tool, .. },
            Cause::Statement { topic: topic_2, kind: kind_2, tool: tool_2, .. },
        ) => (&one.source, topic, kind, tool) == (&other.source, topic_2, kind_2, tool_2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::score;
    use super::*;
    use crate::evidence::{Evidence, Finding, Kind};
    use crate::language::Language;
    use crate::policy::Policy;

    fn stated(topic: Topic, kind: Kind, grade: Grade) -> Evidence {
        let statement = Statement::new("exif.Software", "X 1", topic, grade).with_kind(kind).with_tool("X");
        Evidence::new("metadata", Finding::Metadata(statement))
    }

    fn generator(grade: Grade) -> Evidence {
        stated(Topic::AiGenerator, Kind::AiGenerated, grade)
    }

    #[test]
    fn a_generators_word_flags_whatever_the_detectors_say() {
        for (probability, grade, label, strength) in [
            (0.1, Grade::Signed, Label::LikelyManipulated, Strength::Strong),
            (0.1, Grade::WrittenByTool, Label::LikelyManipulated, Strength::Strong),
            (0.1, Grade::Circumstantial, Label::NeedsReview, Strength::Weak),
            (0.7, Grade::Circumstantial, Label::NeedsReview, Strength::Weak),
        ] {
            let verdict = Policy::default().decide(&[score("detector/x@1", probability), generator(grade)]);
            assert_eq!(verdict.label, label, "{probability} {grade:?}");
            let reason = verdict.reasons.iter().find(|reason| reason.source == "metadata").unwrap();
            assert_eq!((reason.code().as_str(), reason.strength), ("metadata.ai_generator", strength));
            let kinds: &[Kind] = if label == Label::LikelyManipulated { &[Kind::AiGenerated] } else { &[] };
            assert_eq!(verdict.kinds, kinds);
            let is_flagged = label == Label::LikelyManipulated;
            assert_eq!(verdict.probability.map(|p| p.get()), (!is_flagged).then_some(probability));
        }
    }

    #[test]
    fn metadata_alone_can_flag_and_never_clears() {
        let policy = Policy::default();
        let alone = policy.decide(&[generator(Grade::WrittenByTool)]);
        assert_eq!((alone.label, alone.probability), (Label::LikelyManipulated, None));
        let camera = Statement::new("exif.Make", "Example Optics", Topic::Camera, Grade::Circumstantial);
        let camera = Evidence::new("metadata", Finding::Metadata(camera));
        let verdict = policy.decide(std::slice::from_ref(&camera));
        assert_eq!(verdict.label, Label::Inconclusive);
        assert_eq!(verdict.reasons[0].code(), "policy.nothing_judged");
        let suspicious = policy.decide(&[score("detector/x@1", 0.95), camera]);
        assert_eq!(suspicious.label, Label::LikelyManipulated);
    }

    #[test]
    fn an_editor_is_a_reason_and_changes_nothing() {
        let editor = stated(Topic::Editor, Kind::Edited, Grade::Circumstantial);
        let verdict = Policy::default().decide(&[score("detector/x@1", 0.1), editor.clone(), editor]);
        assert_eq!((verdict.label, verdict.kinds.len()), (Label::NoIndication, 0));
        let codes: Vec<String> = verdict.reasons.iter().map(Reason::code).collect();
        assert_eq!(codes, ["metadata.editor"]);
        assert_eq!(verdict.reasons[0].strength, Strength::Weak);
    }

    #[test]
    fn the_policy_says_what_the_word_counts_for() {
        for (role, label) in [
            ("decisive", Label::LikelyManipulated),
            ("votes", Label::NeedsReview),
            ("advisory", Label::NoIndication),
            ("ignored", Label::NoIndication),
        ] {
            let text = format!(
                "schema = 1\n[sources.'detector/*']\nrole = 'votes'\n[sources.metadata]\nrole = '{role}'"
            );
            let policy = Policy::from_toml(&text).unwrap();
            let verdict = policy.decide(&[score("detector/x@1", 0.1), generator(Grade::WrittenByTool)]);
            assert_eq!(verdict.label, label, "{role}");
            let is_told = verdict.reasons.iter().any(|reason| reason.source == "metadata");
            assert_eq!(is_told, role != "ignored");
        }
    }

    #[test]
    fn an_editor_alone_judges_nothing() {
        let verdict = Policy::default().decide(&[stated(Topic::Editor, Kind::Edited, Grade::WrittenByTool)]);
        let codes: Vec<String> = verdict.reasons.iter().map(Reason::code).collect();
        assert_eq!(
            (verdict.label, &codes[..]),
            (Label::Inconclusive, &["policy.nothing_judged".to_owned(), "metadata.editor".to_owned()][..])
        );
    }

    #[test]
    fn each_statement_is_told_once_in_both_languages() {
        for (topic, kind, code) in [
            (Topic::AiGenerator, Kind::AiGenerated, "metadata.ai_generator"),
            (Topic::SourceType, Kind::AiEdited, "metadata.ai_source_type"),
            (Topic::AiLabel, Kind::AiGenerated, "metadata.ai_label"),
            (Topic::Prompt, Kind::AiGenerated, "metadata.ai_prompt"),
            (Topic::Editor, Kind::Edited, "metadata.editor"),
            (Topic::Thumbnail, Kind::Edited, "metadata.thumbnail_differs"),
        ] {
            for grade in [Grade::WrittenByTool, Grade::Circumstantial] {
                let evidence = [stated(topic, kind, grade), stated(topic, kind, grade)];
                let verdict = Policy::default().decide(&evidence);
                let told: Vec<&Reason> = verdict.reasons.iter().filter(|r| r.source == "metadata").collect();
                assert_eq!(told.len(), 1, "{topic:?}");
                assert_eq!(told[0].code(), code);
                let [english, vietnamese] =
                    [Language::English, Language::Vietnamese].map(|language| told[0].message(language));
                assert!(english.contains("exif.Software") && vietnamese.contains("exif.Software"));
                assert_ne!(english, vietnamese);
            }
        }
    }
}
