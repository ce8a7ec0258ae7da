//! Scores with the truth beside them, checked once.

use std::collections::BTreeMap;
use std::fmt::Display;

use deepscreen::{Error, ErrorKind, Result};

use crate::Truth;

/// Counts of pairs of pictures have to fit into 63 bits.
const MOST: usize = i32::MAX as usize;

/// The scores of one detector and the truth of each picture, in the order of the pictures. All scores are finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledScores {
    scores: Vec<f64>,
    truths: Vec<Truth>,
}

/// The result of [`LabelledScores::by_video`].
#[derive(Clone, Debug, PartialEq)]
pub struct Videos {
    /// One score a video, the mean of its frames; and one a picture that is of no video.
    pub scores: LabelledScores,
    /// The name of each; `None` for a picture that is of no video.
    pub names: Vec<Option<String>>,
}

impl LabelledScores {
    /// Takes a score and a truth for each picture.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] where their numbers differ, and for a score that is NaN or infinite: the error
    /// says which picture, counted from 1.
    pub fn new(scores: &[f64], truths: &[Truth]) -> Result<Self> {
        if scores.len() != truths.len() {
            return Err(invalid(format!("{} scores for {} labels", scores.len(), truths.len())));
        }
        let mut all = Self::default();
        for (i, (score, truth)) in scores.iter().zip(truths).enumerate() {
            all.push(format_args!("picture {}", i + 1), *score, *truth)?;
        }
        Ok(all)
    }

    /// Adds a picture; `name` is what an error calls it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a score that is NaN or infinite, and beyond 2,147,483,647 pictures.
    pub fn push(&mut self, name: impl Display, score: f64, truth: Truth) -> Result<()> {
        if !score.is_finite() {
            let what = if score.is_nan() { "NaN" } else { "infinite" };
            return Err(invalid(format!("the score is {what}")).about(name));
        }
        if self.len() == MOST {
            return Err(invalid(format!("more than {MOST} pictures")).about(name));
        }
        self.scores.push(score);
        self.truths.push(truth);
        Ok(())
    }

    /// The scores, in the order of the pictures.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The truth of each picture.
    pub fn truths(&self) -> &[Truth] {
        &self.truths
    }

    /// The number of pictures.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// How many pictures are of that class.
    pub fn count(&self, truth: Truth) -> usize {
        self.truths.iter().filter(|one| **one == truth).count()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (f64, Truth)> + '_ {
        self.scores.iter().copied().zip(self.truths.iter().copied())
    }

    /// The score of each video: the mean of the scores of its frames (as DeepfakeBench's video-level AUC has it). A
    /// picture without a video stands for itself. In the order in which the videos first appear.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] where the number of names is not that of the pictures, and for a video of which
    /// some frames are real and some are fake.
    pub fn by_video<S: AsRef<str>>(&self, videos: &[Option<S>]) -> Result<Videos> {
        if videos.len() != self.len() {
            return Err(invalid(format!("{} names of videos for {} scores", videos.len(), self.len())));
        }
        let mut places = BTreeMap::new();
        let mut names = Vec::new();
        let mut sums: Vec<(f64, u32, Truth)> = Vec::new();
        for ((score, truth), video) in self.iter().zip(videos) {
            let video = video.as_ref().map(AsRef::as_ref);
            let place = match video {
                Some(video) => *places.entry(video).or_insert(names.len()),
                None => names.len(),
            };
            if place == names.len() {
                names.push(video.map(str::to_owned));
                sums.push((0.0, 0, truth));
            }
            let (sum, frames, of_first) = &mut sums[place];
            if *of_first != truth {
                let message = "some frames of the video are real and some are fake";
                return Err(invalid(message).about(video.unwrap_or_default()));
            }
            *sum += score;
            *frames += 1;
        }
        let mut scores = Self::default();
        for ((sum, frames, truth), name) in sums.into_iter().zip(&names) {
            scores.push(name.as_deref().unwrap_or("a picture"), sum / f64::from(frames), truth)?;
        }
        Ok(Videos { scores, names })
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{Fake, Real};

    #[test]
    fn scores_that_are_no_numbers_are_refused_by_name() {
        for (score, what) in [(f64::NAN, "NaN"), (f64::INFINITY, "infinite"), (f64::NEG_INFINITY, "infinite")]
        {
            let error = LabelledScores::default().push("a.jpg", score, Fake).unwrap_err();
            assert_eq!(error.to_string(), format!("a.jpg: the score is {what}"));
            let error = LabelledScores::new(&[0.5, score], &[Real, Fake]).unwrap_err();
            assert_eq!(error.to_string(), format!("picture 2: the score is {what}"));
        }
        assert!(LabelledScores::new(&[0.5], &[Real, Fake]).is_err());
    }

    #[test]
    fn a_video_scores_the_mean_of_its_frames_wherever_they_stand() {
        let scores = LabelledScores::new(&[0.2, 0.9, 0.4, 0.7], &[Real, Fake, Real, Fake]).unwrap();
        let videos = scores.by_video(&[Some("a"), None, Some("a"), None]).unwrap();
        assert_eq!(videos.names, [Some("a".to_owned()), None, None]);
        assert_eq!(videos.scores.scores(), [(0.2 + 0.4) / 2.0, 0.9, 0.7]);
        assert_eq!(videos.scores.truths(), [Real, Fake, Fake]);
        let mixed = scores.by_video(&[Some("a"), Some("a"), None, None]).unwrap_err();
        assert_eq!(mixed.to_string(), "a: some frames of the video are real and some are fake");
        assert!(scores.by_video(&[Some("a")]).is_err());
    }
}
