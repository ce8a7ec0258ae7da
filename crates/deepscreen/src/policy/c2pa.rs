//! What Content Credentials mean for a verdict. They never clear a picture: a list vouches for a signer, not for what
//! can be seen.

use crate::evidence::Kind;
use crate::evidence::c2pa::{
    COMPOSITE_WITH_TRAINED, Claims, Credentials, Integrity, Manifest, Relationship, TRAINED, Trust,
};
use crate::verdict::{Cause, Label, Strength};

use super::Word;

/// Elements that no camera saw, made by whatever means.
const COMPOSITE_SYNTHETIC: &str = "compositeSynthetic";

/// `None` for what says nothing: no manifest, one that was not read, one that claims a camera.
pub(super) fn word(credentials: &Credentials) -> Option<Word> {
    let Credentials::Present(manifest) = credentials else { return None };
    if manifest.integrity == Integrity::Broken {
        // What it claims proves nothing any more.
        return Some(Word {
            label: Some(Label::NeedsReview),
            kind: None,
            strength: Strength::Strong,
            cause: Cause::CredentialsBroken { failures: manifest.failures.clone() },
        });
    }
    let claim = ai_claim(manifest).or_else(|| synthetic_claim(manifest))?;
    let strength = match (claim.label, manifest.trust) {
        // Nobody gains by signing that a picture is made by AI, so that a signer whom no list knows is believed too; but
        // anybody can sign anything.
        (Label::LikelyManipulated, Trust::Trusted) => Strength::Decisive,
        (Label::LikelyManipulated, _) => Strength::Strong,
        _ => Strength::Weak,
    };
    let cause = Cause::CredentialsClaim {
        kind: claim.kind,
        source_type: claim.source_type.to_owned(),
        generator: claim.claims.generator.clone(),
        ingredient: claim.ingredient.map(|title| title.unwrap_or_default().to_owned()),
        signer: manifest.signer.clone(),
        trust: manifest.trust,
    };
    Some(Word { label: Some(claim.label), kind: claim.kind, strength, cause })
}

struct Claim<'a> {
    label: Label,
    kind: Option<Kind>,
    source_type: &'a str,
    claims: &'a Claims,
    /// The title of the ingredient that it is about.
    ingredient: Option<Option<&'a str>>,
}

/// The gravest claim that a generator made the picture or part of it; of equals, the picture's own comes first.
fn ai_claim(manifest: &Manifest) -> Option<Claim<'_>> {
    let own = ai(&manifest.claims).map(|(kind, source_type)| Claim {
        label: Label::LikelyManipulated,
        kind: Some(kind),
        source_type,
        claims: &manifest.claims,
        ingredient: None,
    });
    let sound = manifest.ingredients.iter().filter(|one| one.integrity == Some(Integrity::Intact));
    let from_ingredients = sound.filter_map(|ingredient| {
        let (kind, source_type) = ai(&ingredient.claims)?;
        let kind = match ingredient.relationship {
            Relationship::Parent => kind,
            Relationship::Component => Kind::AiEdited,
            // What a generator was shown need not be in what it made.
            Relationship::Input => return None,
        };
        Some(Claim {
            label: Label::LikelyManipulated,
            kind: Some(kind),
            source_type,
            claims: &ingredient.claims,
            ingredient: Some(ingredient.title.as_deref()),
        })
    });
    own.into_iter().chain(from_ingredients).min_by_key(|claim| claim.kind)
}

/// What a generator made, by the claims of one manifest: the whole picture, or part of it.
fn ai(claims: &Claims) -> Option<(Kind, &str)> {
    let actions = claims.actions.iter().filter_map(|action| {
        let kind = match action.source_type.as_deref()? {
            // Of another action, it is the source of what that brought in.
            TRAINED if action.name == "c2pa.created" || action.name == "c2pa.opened" => Kind::AiGenerated,
            TRAINED | COMPOSITE_WITH_TRAINED => Kind::AiEdited,
            _ => return None,
        };
        Some((kind, action.source_type.as_deref()?))
    });
    let metadata = claims.source_type.as_deref().and_then(|source_type| match source_type {
        TRAINED => Some((Kind::AiGenerated, source_type)),
        COMPOSITE_WITH_TRAINED => Some((Kind::AiEdited, source_type)),
        _ => None,
    });
    actions.chain(metadata).min_by_key(|(kind, _)| *kind)
}

/// Synthetic need not mean AI: it asks for a look.
fn synthetic_claim(manifest: &Manifest) -> Option<Claim<'_>> {
    let types = manifest.claims.digital_source_types();
    let source_type = types.into_iter().find(|named| *named == COMPOSITE_SYNTHETIC)?;
    let claims = &manifest.claims;
    Some(Claim { label: Label::NeedsReview, kind: None, source_type, claims, ingredient: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::c2pa::{Action, Ingredient};
    use crate::evidence::{Evidence, Finding, OperatingPoint, Probability, Score};
    use crate::language::Language;
    use crate::policy::Policy;

    fn claims(actions: &[(&str, &str)]) -> Claims {
        let action = |(name, source_type): &(&str, &str)| Action {
            name: (*name).to_owned(),
            source_type: Some((*source_type).to_owned()),
            software: None,
        };
        Claims {
            generator: Some("Generator".to_owned()),
            actions: actions.iter().map(action).collect(),
            source_type: None,
        }
    }

    fn manifest(claims: Claims) -> Manifest {
        Manifest {
            integrity: Integrity::Intact,
            trust: Trust::Trusted,
            signer: None,
            signed_at: None,
            claims,
            ingredients: Vec::new(),
            failures: Vec::new(),
        }
    }

    fn generated() -> Manifest {
        manifest(claims(&[("c2pa.created", TRAINED)]))
    }

    fn evidence(manifest: Manifest) -> Evidence {
        Evidence::new("c2pa", Finding::C2pa(Credentials::Present(manifest)))
    }

    /// A detector whose thresholds are 0.9 and 0.6.
    fn score(probability: f64) -> Evidence {
        let of = |value| Probability::new(value).unwrap();
        let points = [(0.01, 0.9), (0.05, 0.6)];
        let points = points.map(|(max_fpr, threshold)| OperatingPoint { max_fpr, threshold: of(threshold) });
        let score = Score::new(of(probability), Kind::FaceSwap, "").with_operating_points(points.to_vec());
        Evidence::new("detector/x@1", Finding::Score(score))
    }

    fn codes(policy: &Policy, evidence: &[Evidence]) -> (Label, Vec<Kind>, Vec<String>) {
        let verdict = policy.decide(evidence);
        let reason =
            |reason: &crate::verdict::Reason| format!("{} {}", reason.code(), reason.strength.code());
        (verdict.label, verdict.kinds, verdict.reasons.iter().map(reason).collect())
    }

    #[test]
    fn a_claim_of_ai_settles_the_verdict_whatever_detectors_say() {
        for probability in [0.1, 0.7] {
            let evidence = [score(probability), evidence(generated())];
            let verdict = Policy::default().decide(&evidence);
            assert_eq!(
                (verdict.label, &*verdict.kinds),
                (Label::LikelyManipulated, &[Kind::AiGenerated][..])
            );
            assert_eq!(verdict.reasons[0].code(), "c2pa.ai_generated");
            // What the detector gives is not the verdict's probability.
            assert_eq!(verdict.probability, None);
        }
        let both = Policy::default().decide(&[score(0.95), evidence(generated())]);
        assert_eq!(both.kinds, [Kind::AiGenerated, Kind::FaceSwap]);
    }

    #[test]
    fn no_manifest_clears_a_picture() {
        let capture = || manifest(claims(&[("c2pa.created", "digitalCapture")]));
        for credentials in [
            Credentials::Present(capture()),
            Credentials::Absent,
            Credentials::Remote { url: String::new() },
            Credentials::Unreadable { message: String::new() },
        ] {
            for (probability, label) in
                [(0.95, Label::LikelyManipulated), (0.7, Label::NeedsReview), (0.1, Label::NoIndication)]
            {
                let found = Evidence::new("c2pa", Finding::C2pa(credentials.clone()));
                let with = Policy::default().decide(&[score(probability), found]);
                assert_eq!(with, Policy::default().decide(&[score(probability)]));
                assert_eq!(with.label, label);
            }
        }
    }

    #[test]
    fn a_broken_manifest_asks_for_review_and_claims_nothing() {
        let broken = || Manifest { integrity: Integrity::Broken, ..generated() };
        for (probability, label) in [(0.1, Label::NeedsReview), (0.95, Label::LikelyManipulated)] {
            let (found, kinds, reasons) =
                codes(&Policy::default(), &[score(probability), evidence(broken())]);
            assert_eq!(found, label);
            assert!(!kinds.contains(&Kind::AiGenerated));
            assert!(reasons.contains(&"c2pa.tampered strong".to_owned()), "{reasons:?}");
        }
    }

    #[test]
    fn roles_weigh_the_word() {
        for (role, label, kinds, reasons) in [
            (
                "decisive",
                Label::LikelyManipulated,
                vec![Kind::AiGenerated],
                vec!["c2pa.ai_generated decisive"],
            ),
            ("votes", Label::NeedsReview, vec![], vec!["c2pa.ai_generated strong"]),
            ("advisory", Label::NoIndication, vec![], vec!["c2pa.ai_generated weak"]),
            ("ignored", Label::NoIndication, vec![], vec![]),
        ] {
            let rules = "[sources.\"detector/*\"]\nrole = \"votes\"\n[sources.c2pa]\nrole = ";
            let policy = Policy::from_toml(&format!("schema = 1\n{rules}\"{role}\"")).unwrap();
            let found = codes(&policy, &[score(0.1), evidence(generated())]);
            let reasons = reasons.into_iter().map(str::to_owned).collect();
            assert_eq!(found, (label, kinds, reasons), "{role}");
        }
    }

    #[test]
    fn a_broken_ingredient_proves_nothing() {
        for (integrity, label) in [
            (Some(Integrity::Intact), Label::LikelyManipulated),
            (Some(Integrity::Broken), Label::Inconclusive),
        ] {
            let relationship = Relationship::Component;
            let claims = claims(&[("c2pa.created", TRAINED)]);
            let ingredient = Ingredient { title: None, relationship, integrity, claims };
            let composite = Manifest { ingredients: vec![ingredient], ..manifest(Claims::default()) };
            assert_eq!(Policy::default().decide(&[evidence(composite)]).label, label);
        }
    }

    #[test]
    fn reasons_speak_vietnamese() {
        let signed = Manifest { signer: Some("Paint Inc".to_owned()), ..generated() };
        let verdict = Policy::default().decide(&[evidence(signed)]);
        let says = "do AI tạo: Content Credentials của ảnh ghi như vậy (trainedAlgorithmicMedia; do “Generator” ghi; “Paint Inc” ký, có trong danh sách tin cậy)";
        assert_eq!(verdict.reasons[0].message(Language::Vietnamese), says);
    }
}
