//! Evidence in, verdict out. Pure: no input or output, no clock, no analyzer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Finding, OperatingPoint, Probability, Score};
use crate::verdict::{Cause, Label, Reason, Strength, Verdict};

/// What a source's word counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// It settles the verdict alone.
    Decisive,
    /// It is weighed with the other voters: the verdict follows the majority.
    Votes,
    /// It is shown as a reason and changes nothing.
    Advisory,
    /// It is recorded as evidence and changes nothing.
    Ignored,
}

/// The rule for one source.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What the source's word counts for.
    pub role: Role,
    /// The share of photographs that may be called [likely manipulated](Label::LikelyManipulated) by mistake.
    pub max_fpr: f64,
    /// The share of photographs that may be sent to [review](Label::NeedsReview) by mistake, the former included.
    pub review_max_fpr: f64,
}

/// Which sources count for what, and how many false alarms the user accepts.
///
/// A TOML file replaces the default, which reads:
///
/// ```
/// let policy = deepscreen::Policy::from_toml(r#"
/// schema = 1
///
/// [sources."detector/*"]         # the longest pattern that fits a source decides
/// role = "votes"                 # decisive, votes, advisory, ignored
/// max_fpr = 0.01                 # likely manipulated: at most 1 % of photographs by mistake
/// review_max_fpr = 0.05          # to review: at most 5 %
/// "#)?;
/// assert_eq!(policy, deepscreen::Policy::default());
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    schema: u32,
    /// Patterns of sources, `detector/*` or `detector/ai-image@1`. A source that no pattern fits is ignored.
    sources: BTreeMap<String, Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        let rule = Rule { role: Role::Votes, max_fpr: 0.01, review_max_fpr: 0.05 };
        Self { schema: 1, sources: BTreeMap::from([("detector/*".to_owned(), rule)]) }
    }
}

/// One score under its rule.
struct Opinion<'a> {
    source: &'a str,
    score: &'a Score,
    rule: Rule,
    /// The reached threshold, where one was.
    reached: Option<(Label, OperatingPoint)>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), which says where the text is wrong.
    pub fn from_toml(text: &str) -> Result<Self> {
        let policy: Self = toml::from_str(text)
            .map_err(|error| Error::new(ErrorKind::InvalidConfig, "not a policy").because(error))?;
        if policy.schema != 1 {
            let message = format!("schema {} of a policy: this version knows schema 1", policy.schema);
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        for (pattern, rule) in &policy.sources {
            rule.check().map_err(|error| error.about(pattern))?;
        }
        Ok(policy)
    }

    /// This policy with another share of accepted false alarms for every source: `max_fpr` of the photographs
    /// may be called likely manipulated by mistake. The share that may be sent to review is raised to it where
    /// it is lower.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) where `max_fpr` is not above 0 and at most 1.
    pub fn with_max_fpr(mut self, max_fpr: f64) -> Result<Self> {
        for rule in self.sources.values_mut() {
            *rule = Rule { max_fpr, review_max_fpr: rule.review_max_fpr.max(max_fpr), ..*rule };
            rule.check()?;
        }
        Ok(self)
    }

    /// The rule for a source, by the longest pattern that fits it; `None` where none does.
    pub fn rule(&self, source: &str) -> Option<Rule> {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => source.starts_with(start),
            None => source == pattern,
        };
        let fitting = self.sources.iter().filter(|(pattern, _)| fits(pattern));
        fitting.max_by_key(|(pattern, _)| pattern.len()).map(|(_, rule)| *rule)
    }

    /// SHA-256 of the policy, 64 hexadecimal digits: equal policies have equal ones, however they were written.
    pub fn sha256(&self) -> String {
        let canonical = serde_json::to_vec(self).unwrap_or_default();
        crate::hex(&Sha256::digest(canonical))
    }

    /// Judges one picture by what was found in it.
    pub fn decide(&self, evidence: &[Evidence]) -> Verdict {
        let opinions: Vec<Opinion<'_>> = evidence.iter().filter_map(|one| self.opinion(one)).collect();
        let mut reasons: Vec<Reason> = opinions.iter().filter_map(Opinion::reason).collect();
        reasons.sort_by_key(|reason| reason.strength);

        let decisive = |o: &&Opinion<'_>| o.rule.role == Role::Decisive;
        let votes = |o: &&Opinion<'_>| o.rule.role == Role::Votes;
        let flagged = |o: &&Opinion<'_>| o.label() == Label::LikelyManipulated;
        let hinted = |o: &&Opinion<'_>| o.label() != Label::NoIndication;
        let voters = opinions.iter().filter(votes).count();
        let most = |count: usize| 2 * count > voters;

        let label = if opinions.iter().filter(decisive).any(|o| flagged(&o))
            || most(opinions.iter().filter(votes).filter(flagged).count())
        {
            Label::LikelyManipulated
        } else if opinions.iter().filter(|o| decisive(o) || votes(o)).any(|o| hinted(&o)) {
            Label::NeedsReview
        } else if opinions.iter().any(|o| decisive(&o) || votes(&o)) {
            Label::NoIndication
        } else {
            Label::Inconclusive
        };
        if label == Label::Inconclusive && reasons.is_empty() {
            let source = "policy".to_owned();
            reasons.push(Reason { source, strength: Strength::Weak, cause: Cause::NothingJudged });
        }

        let mut kinds: Vec<_> = opinions
            .iter()
            .filter(|o| o.rule.role != Role::Advisory && o.label() == Label::LikelyManipulated)
            .filter(|_| label == Label::LikelyManipulated)
            .map(|o| o.score.kind)
            .collect();
        kinds.sort();
        kinds.dedup();
        Verdict { label, kinds, probability: probability(&opinions), reasons }
    }

    fn opinion<'a>(&self, evidence: &'a Evidence) -> Option<Opinion<'a>> {
        let Finding::Score(score) = &evidence.finding else { return None };
        let rule = self.rule(&evidence.source).filter(|rule| rule.role != Role::Ignored)?;
        let reached = [(Label::LikelyManipulated, rule.max_fpr), (Label::NeedsReview, rule.review_max_fpr)]
            .into_iter()
            .filter_map(|(label, fpr)| Some((label, OperatingPoint::within(&score.operating_points, fpr)?)))
            .find(|(_, point)| score.probability >= point.threshold);
        Some(Opinion { source: &evidence.source, score, rule, reached })
    }
}

impl Rule {
    fn check(&self) -> Result<()> {
        let shares = [self.max_fpr, self.review_max_fpr];
        if shares.iter().any(|share| !(*share > 0.0 && *share <= 1.0)) {
            let message = "a share of false alarms is above 0 and at most 1: 0.01 means 1 %";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        if self.review_max_fpr < self.max_fpr {
            let message = "review_max_fpr is below max_fpr: what is flagged would not even be reviewed";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        Ok(())
    }
}

impl Opinion<'_> {
    fn label(&self) -> Label {
        self.reached.map_or(Label::NoIndication, |(label, _)| label)
    }

    fn reason(&self) -> Option<Reason> {
        let name = self.source.rsplit('/').next().unwrap_or(self.source);
        let detector = name.split('@').next().unwrap_or(name).to_owned();
        let source = self.source.to_owned();
        let Some((label, point)) = self.reached else {
            let max_fpr = self.rule.max_fpr;
            let missing = OperatingPoint::within(&self.score.operating_points, max_fpr).is_none();
            return missing.then_some(Reason {
                source,
                strength: Strength::Weak,
                cause: Cause::NoOperatingPoint { detector, max_fpr },
            });
        };
        let strength = match (self.rule.role, label) {
            (Role::Decisive, Label::LikelyManipulated) => Strength::Decisive,
            (Role::Votes, Label::LikelyManipulated) => Strength::Strong,
            _ => Strength::Weak,
        };
        let cause = Cause::DetectorScore {
            detector,
            kind: self.score.kind,
            probability: self.score.probability,
            threshold: point.threshold,
            max_fpr: point.max_fpr,
        };
        Some(Reason { source, strength, cause })
    }
}

/// The decisive source's probability where one flagged, otherwise the voters' mean.
fn probability(opinions: &[Opinion<'_>]) -> Option<Probability> {
    let decisive = opinions
        .iter()
        .filter(|o| o.rule.role == Role::Decisive && o.label() == Label::LikelyManipulated)
        .map(|o| o.score.probability);
    if let Some(highest) = decisive.max_by(|a, b| a.get().total_cmp(&b.get())) {
        return Some(highest);
    }
    let judges: Vec<f64> = opinions
        .iter()
        .filter(|o| matches!(o.rule.role, Role::Votes | Role::Decisive))
        .map(|o| o.score.probability.get())
        .collect();
    let mean = judges.iter().sum::<f64>() / judges.len() as f64;
    Probability::new(mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Kind;
    use crate::language::Language;

    fn score(source: &str, probability: f64) -> Evidence {
        let p = |value| Probability::new(value).unwrap();
        let operating_points = vec![
            OperatingPoint { max_fpr: 0.01, threshold: p(0.9) },
            OperatingPoint { max_fpr: 0.05, threshold: p(0.6) },
        ];
        let kind = Kind::AiGenerated;
        let score =
            Score { probability: p(probability), kind, model_sha256: String::new(), operating_points };
        Evidence::new(source, Finding::Score(score))
    }

    #[test]
    fn one_detector_decides_by_its_operating_points() {
        let policy = Policy::default();
        for (probability, label, kinds) in [
            (0.95, Label::LikelyManipulated, vec![Kind::AiGenerated]),
            (0.9, Label::LikelyManipulated, vec![Kind::AiGenerated]),
            (0.8999, Label::NeedsReview, vec![]),
            (0.6, Label::NeedsReview, vec![]),
            (0.5, Label::NoIndication, vec![]),
        ] {
            let verdict = policy.decide(&[score("detector/x@1", probability)]);
            assert_eq!((verdict.label, &verdict.kinds), (label, &kinds), "{probability}");
            assert_eq!(verdict.probability, Probability::new(probability));
            assert_eq!(verdict.reasons.is_empty(), label == Label::NoIndication);
        }
    }

    #[test]
    fn voters_follow_the_majority_and_a_minority_asks_for_review() {
        let policy = Policy::default();
        let votes = |probabilities: &[f64]| {
            let evidence: Vec<_> = probabilities
                .iter()
                .enumerate()
                .map(|(i, p)| score(&format!("detector/d{i}@1"), *p))
                .collect();
            policy.decide(&evidence).label
        };
        assert_eq!(votes(&[0.95, 0.95, 0.1]), Label::LikelyManipulated);
        assert_eq!(votes(&[0.95, 0.1]), Label::NeedsReview);
        assert_eq!(votes(&[0.2, 0.1]), Label::NoIndication);
    }

    #[test]
    fn roles_settle_show_or_do_nothing() {
        let with = |role: &str| {
            let text = format!(
                "schema = 1\n[sources.\"detector/*\"]\nrole = \"votes\"\nmax_fpr = 0.01\nreview_max_fpr = 0.05\n\
                 [sources.\"detector/a@1\"]\nrole = \"{role}\"\nmax_fpr = 0.01\nreview_max_fpr = 0.01\n"
            );
            let evidence =
                [score("detector/a@1", 0.99), score("detector/b@1", 0.1), score("detector/c@1", 0.1)];
            Policy::from_toml(&text).unwrap().decide(&evidence)
        };
        let decisive = with("decisive");
        assert_eq!(decisive.label, Label::LikelyManipulated);
        assert_eq!(decisive.reasons[0].strength, Strength::Decisive);
        assert_eq!(decisive.probability, Probability::new(0.99));
        let advisory = with("advisory");
        assert_eq!((advisory.label, advisory.reasons.len()), (Label::NoIndication, 1));
        let ignored = with("ignored");
        assert_eq!((ignored.label, ignored.reasons.len()), (Label::NoIndication, 0));
    }

    #[test]
    fn nothing_to_go_by_is_inconclusive_and_says_so() {
        let verdict = Policy::default().decide(&[]);
        assert_eq!((verdict.label, verdict.probability), (Label::Inconclusive, None));
        assert_eq!(verdict.reasons[0].code(), "policy.nothing_judged");
        assert!(!verdict.reasons[0].message(Language::Vietnamese).is_empty());
    }

    #[test]
    fn a_rate_that_was_not_measured_is_said() {
        let policy = Policy::default().with_max_fpr(0.001).unwrap();
        let verdict = policy.decide(&[score("detector/x@1", 0.2)]);
        assert_eq!(verdict.reasons[0].code(), "policy.no_operating_point");
    }

    #[test]
    fn wrong_policies_are_refused_with_the_place() {
        let rule = |max: &str, review: &str| {
            format!(
                "schema = 1\n[sources.\"x\"]\nrole = \"votes\"\nmax_fpr = {max}\nreview_max_fpr = {review}"
            )
        };
        for (text, says) in [
            ("schema = 2\n[sources]".to_owned(), "schema 2"),
            ("schema = 1".to_owned(), "sources"),
            (rule("0.1", "0.05"), "review_max_fpr"),
            (rule("0.0", "0.05"), "above 0"),
            (rule("0.01", "1.5"), "at most 1"),
            (rule("0.01", "0.05\ncolour = 1"), "colour"),
        ] {
            let error = Policy::from_toml(&text).unwrap_err();
            assert!(format!("{error:#}").contains(says), "{text:?}: {error:#}");
        }
    }

    #[test]
    fn policies_that_mean_the_same_have_one_checksum() {
        let rewritten = "sources = { 'detector/*' = { review_max_fpr = 0.050, max_fpr = 1e-2, role = 'votes' } }\nschema = 1";
        assert_eq!(Policy::from_toml(rewritten).unwrap().sha256(), Policy::default().sha256());
        assert_ne!(Policy::default().with_max_fpr(0.02).unwrap().sha256(), Policy::default().sha256());
    }
}
