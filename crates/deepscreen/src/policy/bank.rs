//! What matches in banks mean for a verdict: the nearest match speaks.
//!
//! A fake and the original that it was made of look alike, and a bank may hold both. So a known fake counts unless a
//! verified original is nearer, and an original clears a picture only if their pixels were found to be the same.

use super::{Role, Rule, Statement};
use crate::evidence::{EntryLabel, Evidence, Finding, Kind, Match, MatchedBy, Relation};
use crate::verdict::{Cause, Known, Label, Reason, Strength};

/// What banks say together.
pub(super) struct Answer {
    pub(super) statements: Vec<Statement>,
    /// Nothing else counts: the picture is a verified original.
    pub(super) clears: bool,
}

/// A match under the rule for its bank.
#[derive(Clone, Copy)]
struct Said<'a> {
    source: &'a str,
    found: &'a Match,
    role: Role,
}

impl Said<'_> {
    fn rank(self) -> u32 {
        self.found.by.rank()
    }

    fn means(self) -> Known {
        match (self.found.label, self.found.by) {
            (EntryLabel::KnownFake, _) => Known::Fake,
            (EntryLabel::Ignore, _) => Known::NoInterest,
            (EntryLabel::VerifiedOriginal, MatchedBy::Sha256) => Known::Original,
            (EntryLabel::VerifiedOriginal, MatchedBy::Pdq { .. }) => {
                match self.found.comparison.as_ref().map(|comparison| comparison.relation) {
                    Some(Relation::Same | Relation::Recompressed) => Known::Original,
                    Some(Relation::Altered) => Known::AlteredOriginal,
                    _ => Known::LikeOriginal,
                }
            }
        }
    }

    fn statement(self, label: Option<Label>, strength: Strength) -> Statement {
        let kind = match self.means() {
            Known::Fake => Some(Kind::KnownFake),
            Known::AlteredOriginal => Some(Kind::Edited),
            _ => None,
        };
        let cause = Cause::Match { means: self.means(), found: Box::new(self.found.clone()) };
        Statement { label, kind, reason: Reason { source: self.source.to_owned(), strength, cause } }
    }
}

pub(super) fn answer(evidence: &[Evidence], rule: impl Fn(&str) -> Option<Rule>) -> Answer {
    let matches = evidence.iter().filter_map(|one| match &one.finding {
        Finding::Match(found) => Some((one.source.as_str(), found)),
        _ => None,
    });
    let ruled = matches.filter_map(|(source, found)| Some(Said { source, found, role: rule(source)?.role }));
    let mut all: Vec<Said<'_>> = ruled.filter(|said| said.role != Role::Ignored).collect();
    all.sort_by_key(|said| said.rank());
    let counts = |label| {
        all.iter().copied().filter(move |said| said.found.label == label && said.role != Role::Advisory)
    };

    // What is of no interest silences what is no nearer.
    let quiet = counts(EntryLabel::Ignore).next().map_or(u32::MAX, Said::rank);
    let fake = counts(EntryLabel::KnownFake).next().filter(|said| said.rank() < quiet);
    let originals = || counts(EntryLabel::VerifiedOriginal).filter(|said| said.rank() < quiet);
    let same = originals().find(|said| said.means() == Known::Original);
    let clears = same
        .is_some_and(|same| same.role == Role::Decisive && fake.is_none_or(|fake| same.rank() < fake.rank()));

    let mut statements = Vec::new();
    if let Some(fake) = fake {
        let exact = fake.found.by == MatchedBy::Sha256;
        let (label, strength) = match (fake.role, same) {
            _ if clears => (None, Strength::Weak),
            (Role::Decisive, Some(_)) if !exact => (Some(Label::NeedsReview), Strength::Strong),
            (Role::Decisive, _) => (Some(Label::LikelyManipulated), Strength::Decisive),
            _ => (Some(Label::NeedsReview), Strength::Strong),
        };
        statements.push(fake.statement(label, strength));
    }
    if let Some(original) = same.or_else(|| originals().next()) {
        let (label, strength) = match (original.means(), original.role) {
            (Known::Original, _) if clears => (None, Strength::Decisive),
            (Known::AlteredOriginal, Role::Decisive) => (Some(Label::LikelyManipulated), Strength::Strong),
            (Known::AlteredOriginal, _) => (Some(Label::NeedsReview), Strength::Strong),
            _ => (None, Strength::Weak),
        };
        statements.push(original.statement(label, strength));
    }
    // The rest is worth saying where nothing of its kind was said.
    for said in all {
        let is_told = |other: &Statement| match &other.reason.cause {
            Cause::Match { found, .. } => found.label == said.found.label,
            _ => false,
        };
        if !statements.iter().any(is_told) {
            statements.push(said.statement(None, Strength::Weak));
        }
    }
    Answer { statements, clears }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::evidence::{Comparison, Probability, Region, Score};
    use crate::hash::Transform;
    use crate::language::Language;
    use crate::policy::Policy;
    use crate::verdict::Verdict;

    /// `None` for the same file.
    fn found(label: EntryLabel, distance: Option<u32>) -> Evidence {
        let by = match distance {
            Some(distance) => MatchedBy::Pdq { distance, transform: Transform::None },
            None => MatchedBy::Sha256,
        };
        let (name, link) = (Some("party.jpg".to_owned()), Some("https://example.org/1".to_owned()));
        let found = Match { label, by, entry: 17, name, origin: None, link, note: None, comparison: None };
        Evidence::new("bank/party", Finding::Match(found))
    }

    fn compared(distance: u32, relation: Relation) -> Evidence {
        let mut evidence = found(EntryLabel::VerifiedOriginal, Some(distance));
        if let Finding::Match(found) = &mut evidence.finding {
            let region = Region { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };
            let regions = if relation == Relation::Altered { vec![region] } else { Vec::new() };
            found.comparison = Some(Comparison { relation, regions, heat_map: None, shown: Some(region) });
        }
        evidence
    }

    fn suspicious() -> Evidence {
        let score = Score::new(Probability::new(0.97).unwrap(), Kind::AiGenerated, "");
        Evidence::new("detector/x@1", Finding::Score(score))
    }

    fn codes(verdict: &Verdict) -> Vec<String> {
        verdict.reasons.iter().map(Reason::code).collect()
    }

    use EntryLabel::{Ignore, KnownFake, VerifiedOriginal};

    #[test]
    fn the_nearest_match_speaks() {
        let (fake, review, nothing) = (Label::LikelyManipulated, Label::NeedsReview, Label::NoIndication);
        for (matches, label, first) in [
            (vec![(KnownFake, None)], fake, "bank.known_fake"),
            (vec![(KnownFake, Some(31))], fake, "bank.known_fake"),
            (vec![(VerifiedOriginal, None)], nothing, "bank.verified_original"),
            // The original of a fake is as near to it as the fake is to the original.
            (vec![(VerifiedOriginal, None), (KnownFake, Some(4))], nothing, "bank.verified_original"),
            (vec![(KnownFake, None), (VerifiedOriginal, Some(4))], fake, "bank.known_fake"),
            (vec![(KnownFake, Some(2)), (VerifiedOriginal, Some(8))], fake, "bank.known_fake"),
            // Two banks that contradict each other.
            (vec![(KnownFake, None), (VerifiedOriginal, None)], fake, "bank.known_fake"),
            (vec![(Ignore, None), (KnownFake, Some(3))], review, "detector.x"),
            (vec![(Ignore, Some(9)), (KnownFake, Some(3))], fake, "bank.known_fake"),
            // A near copy of an original may be altered.
            (vec![(VerifiedOriginal, Some(0))], review, "detector.x"),
        ] {
            let mut evidence = vec![suspicious()];
            evidence.extend(matches.iter().map(|(label, distance)| found(*label, *distance)));
            let verdict = Policy::default().decide(&evidence);
            assert_eq!((verdict.label, codes(&verdict)[0].as_str()), (label, first), "{matches:?}");
            assert_eq!(verdict.kinds.contains(&Kind::KnownFake), label == fake, "{matches:?}");
            // The detector's probability is not that of a verdict which it did not lead to.
            assert_eq!(verdict.probability.is_some(), label == review, "{matches:?}");
        }
    }

    #[test]
    fn an_original_clears_a_copy_whose_pixels_were_found_to_be_the_same() {
        let decide = |evidence: &[Evidence]| {
            let verdict = Policy::default().decide(evidence);
            (verdict.label, codes(&verdict)[0].clone(), verdict.kinds)
        };
        let said = |label, code: &str, kinds| (label, code.to_owned(), kinds);
        let cleared = said(Label::NoIndication, "bank.verified_original", vec![]);
        assert_eq!(decide(&[suspicious(), compared(9, Relation::Same)]), cleared);
        assert_eq!(decide(&[suspicious(), compared(9, Relation::Recompressed)]), cleared);
        let altered = said(Label::LikelyManipulated, "bank.altered_original", vec![Kind::Edited]);
        assert_eq!(decide(&[compared(9, Relation::Altered)]), altered);
        let unlike = said(Label::NeedsReview, "detector.x", vec![]);
        assert_eq!(decide(&[suspicious(), compared(9, Relation::Unlike)]), unlike);
        // Of two originals, of one burst perhaps, the one that it is a copy of.
        assert_eq!(decide(&[compared(4, Relation::Altered), compared(9, Relation::Recompressed)]), cleared);
        // Nearer to a fake than to the original that it seems to be: somebody should look.
        let fake = found(KnownFake, Some(2));
        let contested = said(Label::NeedsReview, "bank.known_fake", vec![]);
        assert_eq!(decide(&[fake, compared(9, Relation::Recompressed)]), contested);
    }

    #[test]
    fn a_cleared_picture_keeps_what_else_was_found_as_weak_reasons() {
        let verdict = Policy::default().decide(&[suspicious(), found(VerifiedOriginal, None)]);
        assert_eq!(codes(&verdict), ["bank.verified_original", "detector.x"]);
        assert_eq!(verdict.reasons[1].strength, Strength::Weak);
        assert!(verdict.kinds.is_empty());
    }

    #[test]
    fn a_bank_counts_for_what_the_policy_says() {
        for (role, of_fake, of_original) in [
            ("decisive", Label::LikelyManipulated, Label::NoIndication),
            ("votes", Label::NeedsReview, Label::Inconclusive),
            ("advisory", Label::Inconclusive, Label::Inconclusive),
            ("ignored", Label::Inconclusive, Label::Inconclusive),
        ] {
            let policy = format!("schema = 1\n[sources.\"bank/party\"]\nrole = \"{role}\"");
            let policy = Policy::from_toml(&policy).unwrap();
            let label = |label| policy.decide(&[found(label, None)]).label;
            assert_eq!((label(KnownFake), label(VerifiedOriginal)), (of_fake, of_original), "{role}");
        }
    }

    #[test]
    fn sentences_name_the_bank_the_entry_and_where_to_read_more() {
        let message = |evidence: Evidence, language| {
            let verdict = Policy::default().decide(&[evidence]);
            verdict.reasons[0].message(language)
        };
        assert_eq!(
            message(found(KnownFake, Some(12)), Language::English),
            "known fake: 12 of 256 bits from entry 17 of the bank party (party.jpg), https://example.org/1"
        );
        assert_eq!(
            message(found(VerifiedOriginal, None), Language::English),
            "verified original: the very file is entry 17 of the bank party (party.jpg), https://example.org/1"
        );
        assert!(message(found(KnownFake, None), Language::Vietnamese).starts_with("ảnh giả đã biết: "));
        assert!(
            message(found(VerifiedOriginal, None), Language::Vietnamese).starts_with("ảnh gốc đã xác minh: ")
        );
    }
}
