//! The one extension trait: whatever can say something about a picture.

use std::any::Any;

use crate::error::Result;
use crate::evidence::Evidence;
use crate::media::Media;

/// Looks at one picture and says what it finds.
///
/// An analyzer knows media and evidence, never another analyzer and never the verdict. What does not apply to a
/// picture is an error of kind [`NotApplicable`](crate::ErrorKind::NotApplicable), never a score of 0.
///
/// ```
/// use deepscreen::{Analyzer, Evidence, Media, Result};
///
/// /// Says nothing, about every picture.
/// struct Silent;
///
/// impl Analyzer for Silent {
///     fn id(&self) -> &str { "silent@1" }
///     fn analyze(&self, _: &Media) -> Result<Vec<Evidence>> { Ok(Vec::new()) }
/// }
///
/// let screener = deepscreen::Screener::builder().analyzer(Silent).build()?;
/// # Ok::<(), deepscreen::Error>(())
/// ```
pub trait Analyzer: Send + Sync {
    /// Name and version, stable: `hash@1`, `detector/ai-image@1`.
    fn id(&self) -> &str;

    /// What it must have of a picture. One that needs bytes only is asked even where nothing can be decoded.
    fn need(&self) -> Need {
        Need::Pixels
    }

    /// Looks at one picture.
    ///
    /// # Errors
    /// Whatever kept it from an answer; the screener records it as a failure of this picture.
    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>>;

    /// The batched form, for analyzers that are faster on many pictures at once. Without one, the screener calls
    /// [`analyze`](Self::analyze) on several pictures in parallel.
    fn batched(&self) -> Option<&dyn BatchAnalyzer> {
        None
    }

    /// The models behind the analyzer, where there are some: part of what makes a screening repeatable.
    fn models(&self) -> Vec<ModelIdentity> {
        Vec::new()
    }

    /// The lists behind the analyzer, by name, with the SHA-256 of each: whom to trust, what to know. Part of what makes
    /// a screening repeatable too.
    fn lists(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What else its answers depend on: options, the contract of a model. Where these texts, the models and the lists are
    /// equal, so are the answers: a [store](crate::Screener::fingerprint) goes by that.
    fn options(&self) -> String {
        String::new()
    }

    /// The same analyzer with its lists as they are now; `None` for one that goes by no list which could change.
    ///
    /// # Errors
    /// Those of opening them.
    fn reloaded(&self) -> Result<Option<Box<dyn Analyzer>>> {
        Ok(None)
    }
}

/// What an [`Analyzer`] must have of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// The bytes of the file.
    Bytes,
    /// Its brightness, small: [`Media::luma`].
    Luma,
    /// The bytes of the file, and its brightness where it can be decoded.
    BytesAndLuma,
    /// All pixels: [`Media::pixels`].
    Pixels,
}

/// An analyzer in two steps: what it needs of a picture, and the work on many of those at once. Between the two
/// the picture's pixels are dropped, so that memory is bounded by the samples.
pub trait BatchAnalyzer: Send + Sync {
    /// Takes from a picture what the work needs, and no more.
    ///
    /// # Errors
    /// Those of [`Analyzer::analyze`].
    fn prepare(&self, media: &Media) -> Result<Sample>;

    /// How many samples to hand over at once; at least 1.
    fn batch_size(&self) -> usize;

    /// Works on samples that [`prepare`](Self::prepare) of this analyzer gave: one result for each, in order.
    fn analyze_batch(&self, samples: &[&Sample]) -> Vec<Result<Vec<Evidence>>>;
}

/// What a [`BatchAnalyzer`] keeps of one picture.
pub struct Sample(Box<dyn Any + Send + Sync>);

impl Sample {
    /// Wraps the analyzer's own type.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Box::new(value))
    }

    /// The analyzer's own type; `None` if it is another.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

/// Which model an analyzer runs, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelIdentity {
    /// The model's id: `ai-image`.
    pub id: String,
    /// SHA-256 of the weights, 64 hexadecimal digits.
    pub sha256: String,
    /// The engine with its version: `rten 0.27.0`.
    pub engine: String,
}
