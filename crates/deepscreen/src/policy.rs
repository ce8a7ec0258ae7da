//! Evidence in, verdict out. Pure: no input or output, no clock, no analyzer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Finding, Kind, OperatingPoint, Probability};
use crate::verdict::{Cause, Label, Reason, Strength, Verdict};

mod bank;
mod c2pa;
mod metadata;
mod opinion;

use opinion::{Opinion, Threshold, disagreement, gravity, mean, surest};

/// What a source's word counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// It settles the verdict alone.
    Decisive,
    /// It is weighed with the other voters: the verdict follows the majority. A source that gives no probability (`c2pa`,
    /// `metadata`, `watermark`) asks for review.
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
    /// 0.01 where the rule does not say; without effect on a source that gives no probability.
    #[serde(default = "one_percent")]
    pub max_fpr: f64,
    /// The share of photographs that may be sent to [review](Label::NeedsReview) by mistake, the former included. 0.05
    /// where the rule does not say.
    #[serde(default = "five_percent")]
    pub review_max_fpr: f64,
    /// The probability from which on a picture is called likely manipulated, in place of `max_fpr`: for detectors whose
    /// false alarms nobody measured. 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Probability>,
    /// The probability from which on a picture is sent to review, in place of `review_max_fpr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_threshold: Option<Probability>,
}

impl Rule {
    /// Whether the rule says where a detector with these operating points is cut: none of them keeps a rate that was
    /// never measured. A detector that nobody measured, without points, is a case of its own: it asks for review.
    pub fn is_measured(&self, points: &[OperatingPoint]) -> bool {
        points.is_empty()
            || self.threshold.is_some()
            || OperatingPoint::within(points, self.max_fpr).is_some()
    }
}

/// How the sources that vote become one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fusion {
    /// Likely manipulated where more than half of the voters say so; one alone asks for review.
    #[default]
    Vote,
    /// The mean of the probabilities, against the mean of the voters' thresholds.
    Mean,
    /// The voter with the gravest word decides.
    Max,
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
///
/// [sources."bank/*"]             # known fakes; verified originals, which clear a picture
/// role = "decisive"
///
/// [sources.c2pa]                 # Content Credentials: made by AI, or changed after signing
/// role = "decisive"
///
/// [sources.metadata]             # what tools wrote into the file: made by AI
/// role = "decisive"
///
/// [sources.watermark]            # one that is found: made by AI
/// role = "decisive"
/// "#)?;
/// assert_eq!(policy, deepscreen::Policy::default());
/// # Ok::<(), deepscreen::Error>(())
/// ```
///
/// `fusion = "mean"` or `"max"` beside `schema` weighs several voters otherwise than by [`Vote`](Fusion::Vote). A
/// detector whose false alarms nobody measured sends to review from 0.5 on and calls nothing likely manipulated, unless
/// its rule has a `threshold`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    schema: u32,
    /// How the sources that vote become one answer.
    #[serde(default, skip_serializing_if = "is_vote")]
    fusion: Fusion,
    /// Patterns of sources, `detector/*` or `detector/ai-image@1`. A source that no pattern fits is ignored.
    sources: BTreeMap<String, Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        let rule = Rule {
            role: Role::Votes,
            max_fpr: one_percent(),
            review_max_fpr: five_percent(),
            threshold: None,
            review_threshold: None,
        };
        let decisive = Rule { role: Role::Decisive, ..rule };
        let sources = BTreeMap::from([
            ("detector/*".to_owned(), rule),
            ("bank/*".to_owned(), decisive),
            ("c2pa".to_owned(), decisive),
            ("metadata".to_owned(), decisive),
            ("watermark".to_owned(), decisive),
        ]);
        Self { schema: 1, fusion: Fusion::default(), sources }
    }
}

fn one_percent() -> f64 {
    0.01
}

fn five_percent() -> f64 {
    0.05
}

// serde asks for a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_vote(fusion: &Fusion) -> bool {
    *fusion == Fusion::Vote
}

/// What a source says that gives no probability.
struct Word {
    /// `None` where it is worth saying and changes nothing.
    label: Option<Label>,
    kind: Option<Kind>,
    strength: Strength,
    cause: Cause,
}

/// One word under its rule: the label is what it comes to, and `None` where it is only shown.
struct Statement {
    label: Option<Label>,
    kind: Option<Kind>,
    reason: Reason,
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
        let opinions = self.opinions(evidence);
        let bank::Answer { mut statements, clears } = bank::answer(evidence, |source| self.rule(source));
        for statement in evidence.iter().filter_map(|one| self.statement(one)) {
            if !statements.iter().any(|other| metadata::is_same(&other.reason, &statement.reason)) {
                statements.push(statement);
            }
        }
        let told = |counts: bool| {
            let counting = statements.iter().filter(move |statement| statement.label.is_some() == counts);
            counting.map(|statement| statement.reason.clone())
        };
        let mut reasons: Vec<Reason> = told(true).collect();
        reasons.extend(opinions.iter().filter_map(Opinion::reason));
        let voters: Vec<&Opinion<'_>> = opinions.iter().filter(|o| o.role == Role::Votes).collect();
        let decisive: Vec<&Opinion<'_>> = opinions.iter().filter(|o| o.role == Role::Decisive).collect();

        let stated = || statements.iter().filter_map(|statement| statement.label);
        let settled =
            stated().chain(decisive.iter().map(|o| o.label())).any(|l| l == Label::LikelyManipulated);
        let voted = self.fusion.label(&voters);
        let label = if clears {
            Label::NoIndication
        } else if settled {
            Label::LikelyManipulated
        } else {
            let labels = decisive.iter().map(|o| o.label()).chain(voted).chain(stated());
            labels.min_by_key(|label| gravity(*label)).unwrap_or(Label::Inconclusive)
        };
        reasons.extend(opinions.iter().filter_map(Opinion::instability));
        reasons.extend(disagreement(&voters));
        if label == Label::Inconclusive && reasons.is_empty() {
            let source = "policy".to_owned();
            reasons.push(Reason { source, strength: Strength::Weak, cause: Cause::NothingJudged });
        }
        if clears {
            reasons.iter_mut().for_each(|reason| reason.strength = Strength::Weak);
        }
        reasons.extend(told(false));
        reasons.sort_by_key(|reason| reason.strength);

        let mut kinds: Vec<_> = opinions
            .iter()
            .filter(|o| o.role != Role::Advisory && o.label() == Label::LikelyManipulated)
            .filter(|_| label == Label::LikelyManipulated)
            .map(|o| o.score.kind)
            .collect();
        let voted_so = voted == Some(Label::LikelyManipulated);
        if voted_so && kinds.is_empty() {
            // The mean is there and no voter alone: what the surest of them looks for.
            kinds.extend(surest(voters.iter().copied()).map(|o| o.score.kind));
        }
        let certain = statements.iter().filter(|s| s.label == Some(Label::LikelyManipulated));
        kinds.extend(certain.filter_map(|statement| statement.kind));
        kinds.sort();
        kinds.dedup();
        if clears {
            kinds.clear();
        }
        let is_stated = stated().any(|label| label == Label::LikelyManipulated);
        let probability = if clears { None } else { self.probability(&decisive, &voters, is_stated) };
        Verdict { label, kinds, probability, reasons }
    }

    /// One opinion for each source: of several faces, the most suspicious.
    fn opinions<'a>(&self, evidence: &'a [Evidence]) -> Vec<Opinion<'a>> {
        let mut opinions: Vec<Opinion<'a>> = Vec::new();
        for opinion in evidence.iter().filter_map(|one| self.opinion(one)) {
            match opinions.iter_mut().find(|other| other.source == opinion.source) {
                Some(other) if other.score.probability < opinion.score.probability => *other = opinion,
                Some(_) => {}
                None => opinions.push(opinion),
            }
        }
        opinions
    }

    fn opinion<'a>(&self, evidence: &'a Evidence) -> Option<Opinion<'a>> {
        let Finding::Score(score) = &evidence.finding else { return None };
        let rule = self.rule(&evidence.source).filter(|rule| rule.role != Role::Ignored)?;
        let measured = |max_fpr| {
            let point = OperatingPoint::within(&score.operating_points, max_fpr)?;
            Some(Threshold { probability: point.threshold, max_fpr: Some(point.max_fpr) })
        };
        let chosen = |probability| Threshold { probability, max_fpr: None };
        let unmeasured = || {
            let half = Probability::new(0.5).filter(|_| score.operating_points.is_empty());
            half.map(chosen)
        };
        let flag = rule.threshold.map(chosen).or_else(|| measured(rule.max_fpr));
        let review = rule.review_threshold.map(chosen).or_else(|| measured(rule.review_max_fpr));
        Some(Opinion {
            source: &evidence.source,
            score,
            role: rule.role,
            max_fpr: rule.max_fpr,
            flag,
            review: review.or_else(unmeasured),
        })
    }

    fn statement(&self, evidence: &Evidence) -> Option<Statement> {
        let word = match &evidence.finding {
            Finding::C2pa(credentials) => c2pa::word(credentials)?,
            Finding::Metadata(statement) => metadata::word(statement)?,
            Finding::Watermark(watermark) => Word {
                label: Some(Label::LikelyManipulated),
                kind: Some(Kind::AiGenerated),
                // Anybody can embed one, in a photograph too.
                strength: Strength::Strong,
                cause: Cause::Watermark {
                    message: watermark.message,
                    matching_bits: watermark.matching_bits,
                },
            },
            _ => return None,
        };
        let role = self.rule(&evidence.source)?.role;
        let (label, strength) = match role {
            Role::Decisive => (word.label, word.strength),
            Role::Votes => (word.label.map(|_| Label::NeedsReview), word.strength.max(Strength::Strong)),
            Role::Advisory => (None, Strength::Weak),
            Role::Ignored => return None,
        };
        let reason = Reason { source: evidence.source.clone(), strength, cause: word.cause };
        Some(Statement { label, kind: word.kind, reason })
    }

    /// The decisive source's probability where one flagged, otherwise what the fusion makes of the judges'. None where
    /// the verdict `is_settled` by a source that has none and no judge agrees: their probability would contradict it.
    fn probability(
        &self,
        decisive: &[&Opinion<'_>],
        voters: &[&Opinion<'_>],
        is_settled: bool,
    ) -> Option<Probability> {
        let flagged = decisive.iter().filter(|o| o.label() == Label::LikelyManipulated);
        if let Some(surest) = surest(flagged.copied()) {
            return Some(surest.score.probability);
        }
        let judges: Vec<&Opinion<'_>> = decisive.iter().chain(voters).copied().collect();
        if is_settled && !judges.iter().any(|o| o.label() == Label::LikelyManipulated) {
            return None;
        }
        match self.fusion {
            Fusion::Max => surest(judges).map(|o| o.score.probability),
            Fusion::Vote | Fusion::Mean => mean(judges.iter().map(|o| o.score.probability)),
        }
    }
}

impl Rule {
    fn check(&self) -> Result<()> {
        let shares = [self.max_fpr, self.review_max_fpr];
        if shares.iter().any(|share| !(*share > 0.0 && *share <= 1.0)) {
            let message = "a share of false alarms is above 0 and at most 1: 0.01 means 1 %";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        if let (Some(threshold), Some(review)) = (self.threshold, self.review_threshold)
            && threshold < review
        {
            let message = "review_threshold is above threshold: what is flagged would not even be reviewed";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        if self.review_max_fpr < self.max_fpr {
            let message = "review_max_fpr is below max_fpr: what is flagged would not even be reviewed";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Score, Variant, Watermark, WatermarkMessage};
    use crate::language::Language;

    pub(super) fn score(source: &str, probability: f64) -> Evidence {
        let p = |value| Probability::new(value).unwrap();
        let operating_points = vec![
            OperatingPoint { max_fpr: 0.01, threshold: p(0.9) },
            OperatingPoint { max_fpr: 0.05, threshold: p(0.6) },
        ];
        let score = Score::new(p(probability), Kind::AiGenerated, "").with_operating_points(operating_points);
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

    fn fused(fusion: &str, probabilities: &[f64]) -> Verdict {
        let rule = "role = \"votes\"\nmax_fpr = 0.01\nreview_max_fpr = 0.05";
        let text = format!("schema = 1\nfusion = \"{fusion}\"\n[sources.\"detector/*\"]\n{rule}");
        let name = |(i, p): (usize, &f64)| score(&format!("detector/d{i}@1"), *p);
        let evidence: Vec<_> = probabilities.iter().enumerate().map(name).collect();
        Policy::from_toml(&text).unwrap().decide(&evidence)
    }

    #[test]
    fn fusion_is_what_the_policy_names() {
        for (fusion, probabilities, label, probability) in [
            ("vote", [0.97, 0.8], Label::NeedsReview, 0.885),
            ("mean", [0.97, 0.8], Label::NeedsReview, 0.885),
            ("max", [0.97, 0.8], Label::LikelyManipulated, 0.97),
            ("vote", [0.99, 0.85], Label::NeedsReview, 0.92),
            ("mean", [0.99, 0.85], Label::LikelyManipulated, 0.92),
            ("max", [0.3, 0.65], Label::NeedsReview, 0.65),
            ("mean", [0.3, 0.65], Label::NoIndication, 0.475),
        ] {
            let verdict = fused(fusion, &probabilities);
            assert_eq!(verdict.label, label, "{fusion} {probabilities:?}");
            assert_eq!(verdict.probability, Probability::new(probability), "{fusion} {probabilities:?}");
        }
    }

    #[test]
    fn detectors_that_contradict_each_other_are_named() {
        let codes = |verdict: &Verdict| verdict.reasons.iter().map(Reason::code).collect::<Vec<_>>();
        let verdict = fused("max", &[0.97, 0.1, 0.03]);
        assert_eq!(codes(&verdict), ["detector.d0", "policy.disagreement"]);
        let message = verdict.reasons[1].message(Language::English);
        assert_eq!(message, "the detectors contradict each other: d0 gives 0.97, d2 gives 0.03");
        assert_eq!(codes(&fused("max", &[0.97, 0.8])), ["detector.d0", "detector.d1"]);
    }

    #[test]
    fn a_word_that_flips_when_the_picture_is_passed_on_goes_to_review() {
        for (probability, variant, label, unstable) in [
            (0.95, 0.92, Label::LikelyManipulated, false),
            (0.95, 0.31, Label::NeedsReview, true),
            (0.1, 0.95, Label::NeedsReview, true),
            (0.1, 0.7, Label::NoIndication, false),
        ] {
            let mut evidence = score("detector/x@1", probability);
            if let Finding::Score(score) = &mut evidence.finding {
                let probability = Probability::new(variant).unwrap();
                score.variants.push(Variant { name: "jpeg 50".to_owned(), probability });
            }
            for fusion in [Fusion::Vote, Fusion::Mean, Fusion::Max] {
                let verdict = Policy { fusion, ..Policy::default() }.decide(std::slice::from_ref(&evidence));
                assert_eq!(verdict.label, label, "{probability} {variant} {fusion:?}");
                let found = verdict.reasons.iter().any(|reason| reason.code() == "detector.unstable");
                assert_eq!(found, unstable, "{probability} {variant} {fusion:?}");
            }
        }
    }

    #[test]
    fn what_nobody_measured_asks_for_review_until_the_policy_has_a_threshold() {
        let p = Probability::new(0.7).unwrap();
        let evidence = [Evidence::new("detector/x@1", Finding::Score(Score::new(p, Kind::AiEdited, "")))];
        let verdict = Policy::default().decide(&evidence);
        assert_eq!((verdict.label, verdict.kinds.len()), (Label::NeedsReview, 0));
        let message = verdict.reasons[0].message(Language::English);
        assert!(message.ends_with("0.50, a threshold whose false alarms nobody measured"), "{message}");
        let rule = "role = \"votes\"\nmax_fpr = 0.01\nreview_max_fpr = 0.05\nthreshold = 0.6";
        let policy = Policy::from_toml(&format!("schema = 1\n[sources.\"detector/*\"]\n{rule}")).unwrap();
        assert_eq!(policy.decide(&evidence).label, Label::LikelyManipulated);
    }

    #[test]
    fn of_several_faces_the_most_suspicious_speaks() {
        let faces = [0.1, 0.95, 0.2].map(|probability| score("detector/x@1", probability));
        let verdict = Policy::default().decide(&faces);
        assert_eq!((verdict.label, verdict.reasons.len()), (Label::LikelyManipulated, 1));
        assert_eq!(verdict.probability, Probability::new(0.95));
    }

    #[test]
    fn a_watermark_decides_whatever_detectors_say_and_asks_for_review_where_it_votes() {
        let watermark = Watermark::new(WatermarkMessage::StableDiffusionXl, 47);
        let found = || Evidence::new("watermark", Finding::Watermark(watermark));
        let rule = |role: &str| {
            let rule = "role = \"votes\"\nmax_fpr = 0.01\nreview_max_fpr = 0.05";
            let text = format!(
                "schema = 1\n[sources.\"detector/*\"]\n{rule}\n[sources.watermark]\nrole = \"{role}\""
            );
            Policy::from_toml(&text).unwrap()
        };
        assert_eq!(rule("decisive").rule("watermark"), Policy::default().rule("watermark"));
        for (role, label, kinds, strength) in [
            ("decisive", Label::LikelyManipulated, vec![Kind::AiGenerated], Some(Strength::Strong)),
            ("votes", Label::NeedsReview, vec![], Some(Strength::Strong)),
            ("advisory", Label::NoIndication, vec![], Some(Strength::Weak)),
            ("ignored", Label::NoIndication, vec![], None),
        ] {
            let verdict = rule(role).decide(&[score("detector/x@1", 0.1), found()]);
            assert_eq!((verdict.label, &verdict.kinds), (label, &kinds), "{role}");
            assert_eq!(verdict.reasons.first().map(|reason| reason.strength), strength, "{role}");
            // A detector's low probability is not that of a verdict it had no part in.
            assert_eq!(verdict.probability.is_none(), role == "decisive", "{role}");
        }
        let verdict = Policy::default().decide(&[found()]);
        let reason = &verdict.reasons[0];
        assert_eq!(
            (reason.code().as_str(), reason.source.as_str()),
            ("watermark.stable_diffusion", "watermark")
        );
        assert!(reason.message(Language::English).ends_with("Stable Diffusion XL, 47 of its 48 bits"));
        assert!(reason.message(Language::Vietnamese).contains("thủy vân"));
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
            (rule("0.01", "0.05\nthreshold = 7"), "from 0 to 1"),
            (rule("0.01", "0.05\nthreshold = 0.5\nreview_threshold = 0.6"), "review_threshold"),
        ] {
            let error = Policy::from_toml(&text).unwrap_err();
            assert!(format!("{error:#}").contains(says), "{text:?}: {error:#}");
        }
    }

    #[test]
    fn policies_that_mean_the_same_have_one_checksum() {
        let rewritten = "sources = { 'detector/*' = { review_max_fpr = 0.050, max_fpr = 1e-2, role = 'votes' }, c2pa = { role = 'decisive' }, 'bank/*' = { role = 'decisive' }, metadata = { role = 'decisive' }, watermark = { role = 'decisive' } }\nschema = 1";
        assert_eq!(Policy::from_toml(rewritten).unwrap().sha256(), Policy::default().sha256());
        assert_ne!(Policy::default().with_max_fpr(0.02).unwrap().sha256(), Policy::default().sha256());
    }
}
