//! Content Credentials (C2PA): what a picture's manifest says, and how far it can be believed.
//!
//! Integrity, trust and claims are three answers. Intact means that nothing was changed after signing, not who signed;
//! trusted means that a list vouches for the signer, not that the picture is real; and a claim is what the signer says.
//!
//! Text of a manifest is anybody's: it is shortened and freed of control characters before it comes here.

use serde::{Deserialize, Serialize};

/// What is known of a picture's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Credentials {
    /// The file carries no manifest and names none. Most pictures do not, so that says nothing about them.
    Absent,
    /// The file names a manifest that lies elsewhere; it is never fetched.
    Remote {
        /// Where it lies, as the file says.
        url: String,
    },
    /// There is a manifest, or the place for one, that cannot be read.
    Unreadable {
        /// Why.
        message: String,
    },
    /// There is a manifest.
    Present(Manifest),
}

/// A picture's active manifest, and those of what the picture was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Whether signature and content are as they were signed.
    pub integrity: Integrity,
    /// Whether somebody vouches for the signer.
    pub trust: Trust,
    /// Who signed, as the certificate says: the organisation, or the name where it has none.
    pub signer: Option<String>,
    /// When, by the time stamp of an authority (RFC 3339). Without one nobody knows.
    pub signed_at: Option<String>,
    /// What the signer says of the picture.
    pub claims: Claims,
    /// What the picture was made from, and what that was made from in turn; those made by AI first, 64 at most.
    pub ingredients: Vec<Ingredient>,
    /// The codes of what did not hold, as the C2PA specification names them, sorted: `signingCredential.untrusted`.
    pub failures: Vec<String>,
}

/// Whether a manifest and the picture are as they were signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Integrity {
    /// The signature holds, and the picture is the one that was signed.
    Intact,
    /// The signature does not hold, or the picture or the manifest is not what was signed.
    Broken,
}

impl Integrity {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Broken => "broken",
        }
    }
}

/// Whether somebody vouches for a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Trust {
    /// The certificate leads to an anchor of the list in use, and is valid.
    Trusted,
    /// It leads to none, or it has expired, was revoked, or may not sign manifests. Without a list, that is everybody.
    Untrusted,
    /// The certificate could not be looked at.
    Unknown,
}

impl Trust {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
            Self::Unknown => "unknown",
        }
    }
}

/// What the signer of a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claims {
    /// The program or device that wrote the manifest: `Adobe Photoshop`.
    pub generator: Option<String>,
    /// What was done, each pair of action and source type once, 64 at most.
    pub actions: Vec<Action>,
    /// The `digitalSourceType` of the whole picture that its signed IPTC metadata names.
    pub source_type: Option<String>,
}

impl Claims {
    /// All source types that are named, each once, in the order in which they are named: `trainedAlgorithmicMedia`.
    pub fn digital_source_types(&self) -> Vec<&str> {
        let named = self.actions.iter().filter_map(|action| action.source_type.as_deref());
        let mut types: Vec<&str> = Vec::new();
        for named in named.chain(self.source_type.as_deref()) {
            if !types.contains(&named) {
                types.push(named);
            }
        }
        types
    }

    /// Whether one of them means that a generator made the picture or part of it: `trainedAlgorithmicMedia` or
    /// `compositeWithTrainedAlgorithmicMedia`. Plain `algorithmicMedia` is drawn by a formula that nothing was trained
    /// for, a fractal or a gradient.
    pub fn name_ai(&self) -> bool {
        self.digital_source_types().iter().any(|named| [TRAINED, COMPOSITE_WITH_TRAINED].contains(named))
    }
}

/// Whether a failure is about who signed and when, not about what.
pub(crate) fn is_of_the_signer(code: &str) -> bool {
    code.starts_with("signingCredential.") || code == "claimSignature.outsideValidity"
}

/// Whether a failure means that signature or content is not as it was signed. It does unless it is known to mean
/// something else: the signer, the time stamp, the identity of an author, or how a generator writes down its actions.
pub(crate) fn breaks_integrity(code: &str) -> bool {
    let other = is_of_the_signer(code)
        || code.starts_with("timeStamp.")
        || code.starts_with("cawg.")
        || code.starts_with("assertion.action.")
        || code == "assertion.metadata.disallowed";
    !other
}

/// Made by a generator that was trained on pictures.
pub(crate) const TRAINED: &str = "trainedAlgorithmicMedia";

/// Partly made by one.
pub(crate) const COMPOSITE_WITH_TRAINED: &str = "compositeWithTrainedAlgorithmicMedia";

/// Something that was done to a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Action {
    /// `c2pa.created`, `c2pa.opened`, or a name of the generator's own.
    pub name: String,
    /// The last part of its IPTC `digitalSourceType`: `trainedAlgorithmicMedia`, `digitalCapture`.
    pub source_type: Option<String>,
    /// The software that did it, where that is told apart from the generator: `DALL-E`.
    pub software: Option<String>,
}

/// Something that a picture was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ingredient {
    /// Its name, often that of a file.
    pub title: Option<String>,
    /// What became of it in the picture.
    pub relationship: Relationship,
    /// Whether its own manifest was intact when it was taken up; `None` where it has none.
    pub integrity: Option<Integrity>,
    /// What its own manifest says; empty where it has none.
    pub claims: Claims,
}

/// What became of an ingredient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Relationship {
    /// The picture is a later state of it.
    Parent,
    /// It is part of the picture.
    Component,
    /// It was put into a generator or another process, and nothing says that it can be seen.
    Input,
}

impl Relationship {
    /// The code of the specification, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Parent => "parentOf",
            Self::Component => "componentOf",
            Self::Input => "inputTo",
        }
    }
}
