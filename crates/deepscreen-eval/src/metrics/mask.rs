//! Where a picture was manipulated: predicted maps against masks, pixel by pixel. Never reads pictures.
//!
//! A pixel is flagged where `map >= threshold`. Pictures whose mask is empty have no F1 and no IoU, and no place in
//! their mean, whether the detector stays silent on them or not; they are counted apart, with their false alarms.

use deepscreen::{Error, ErrorKind, Result};

use super::{Measured, Undefined};

/// Thresholds that the best one is taken from: the multiples of 1/1024 from 0 to 1.
const STEPS: usize = 1024;

/// A figure of how well a map fits a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaskMetric {
    /// [`MaskCounts::f1`].
    F1,
    /// [`MaskCounts::iou`].
    Iou,
    /// [`MaskCounts::mcc`].
    Mcc,
}

impl MaskMetric {
    const ALL: [Self; 3] = [Self::F1, Self::Iou, Self::Mcc];
}

/// Counts of pixels at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskCounts {
    /// Manipulated and flagged.
    pub true_positives: u64,
    /// Flagged only.
    pub false_positives: u64,
    /// Manipulated only.
    pub false_negatives: u64,
    /// Neither.
    pub true_negatives: u64,
}

impl MaskCounts {
    fn new(manipulated: u64, untouched: u64, [true_positives, false_positives]: [u64; 2]) -> Self {
        Self {
            true_positives,
            false_positives,
            false_negatives: manipulated - true_positives,
            true_negatives: untouched - false_positives,
        }
    }

    /// The harmonic mean of precision and recall over pixels, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::EmptyMask`].
    pub fn f1(&self) -> Measured {
        let missed = self.not_empty()?;
        let right = 2 * self.true_positives;
        Ok(right as f64 / (right + self.false_positives + missed) as f64)
    }

    /// Pixels that are both manipulated and flagged, of those that are either (Jaccard), 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::EmptyMask`].
    pub fn iou(&self) -> Measured {
        let missed = self.not_empty()?;
        Ok(self.true_positives as f64 / (self.true_positives + self.false_positives + missed) as f64)
    }

    /// Matthews' correlation coefficient over pixels, -1 to 1; 0 where all pixels are flagged or none is, as
    /// scikit-learn has it.
    ///
    /// # Errors
    /// [`Undefined::EmptyMask`], [`Undefined::FullMask`].
    pub fn mcc(&self) -> Measured {
        self.not_empty()?;
        let [tp, fp, fn_, tn] =
            [self.true_positives, self.false_positives, self.false_negatives, self.true_negatives]
                .map(|count| count as f64);
        if fp + tn == 0.0 {
            return Err(Undefined::FullMask);
        }
        if tp + fp == 0.0 || tn + fn_ == 0.0 {
            return Ok(0.0);
        }
        let scale = ((tp + fp) * (tn + fn_)).sqrt() * ((tp + fn_) * (tn + fp)).sqrt();
        Ok((tp * tn - fp * fn_) / scale)
    }

    /// One of the three.
    ///
    /// # Errors
    /// As that one's.
    pub fn measure(&self, metric: MaskMetric) -> Measured {
        match metric {
            MaskMetric::F1 => self.f1(),
            MaskMetric::Iou => self.iou(),
            MaskMetric::Mcc => self.mcc(),
        }
    }

    fn not_empty(&self) -> Measured<u64> {
        let manipulated = self.true_positives + self.false_negatives;
        if manipulated > 0 { Ok(self.false_negatives) } else { Err(Undefined::EmptyMask) }
    }
}

/// One picture's map and mask, as counts at every threshold that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Manipulated and untouched pixels by the step of their value; the last is that of 1.
    steps: Vec<[u64; 2]>,
}

impl Mask {
    /// Takes the predicted map, values from 0 to 1, and for each of its pixels whether it is manipulated.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] where the map and the mask are not of the same size or empty, and for a value that
    /// is NaN or not from 0 to 1: the error says which, counted from 1.
    pub fn new(map: &[f32], mask: &[bool]) -> Result<Self> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidConfig, message));
        if map.len() != mask.len() || map.is_empty() {
            return invalid(format!("a map of {} pixels for a mask of {}", map.len(), mask.len()));
        }
        let mut steps = vec![[0; 2]; STEPS + 1];
        for (i, (value, manipulated)) in map.iter().zip(mask).enumerate() {
            if !(0.0..=1.0).contains(value) {
                return invalid(format!("pixel {} of the map is {value}, which is not from 0 to 1", i + 1));
            }
            // Exact: a power of two only shifts the exponent.
            steps[(value * STEPS as f32) as usize][usize::from(!manipulated)] += 1;
        }
        Ok(Self { steps })
    }

    /// The counts at a threshold from 0 to 1, rounded up to a multiple of 1/1024.
    pub fn at(&self, threshold: f32) -> MaskCounts {
        let from = ((threshold * STEPS as f32).ceil() as usize).min(STEPS + 1);
        let [manipulated, untouched] = sum(&self.steps);
        MaskCounts::new(manipulated, untouched, sum(&self.steps[from..]))
    }

    /// The multiple of 1/1024 that gives the highest value, the highest of such, with that value. It is fitted with
    /// the mask in view: no detector is that good where the mask is not known.
    ///
    /// # Errors
    /// As the metric's.
    pub fn best(&self, metric: MaskMetric) -> Measured<(f32, f64)> {
        let [manipulated, untouched] = sum(&self.steps);
        let mut flagged = [0; 2];
        let mut best = Err(Undefined::EmptyMask);
        for (step, counts) in self.steps.iter().enumerate().rev() {
            flagged = [flagged[0] + counts[0], flagged[1] + counts[1]];
            let value = MaskCounts::new(manipulated, untouched, flagged).measure(metric)?;
            if best.is_err() || best.is_ok_and(|(_, highest)| value > highest) {
                best = Ok((step as f32 / STEPS as f32, value));
            }
        }
        best
    }

    /// Whether no pixel is manipulated.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|[manipulated, _]| *manipulated == 0)
    }
}

fn sum(steps: &[[u64; 2]]) -> [u64; 2] {
    steps.iter().fold([0; 2], |[a, b], [c, d]| [a + c, b + d])
}

/// Sums up pictures one after the other; keeps none of them.
#[derive(Clone, Debug)]
pub struct MaskTally {
    threshold: f32,
    with_mask: u64,
    at: [Mean; 3],
    best: [Mean; 3],
    pooled: Mask,
    empty: u64,
    of_empty: Mask,
}

/// A sum and how much went into it.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: Measured) {
        if let Ok(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn get(self) -> Measured {
        if self.count > 0 { Ok(self.sum / self.count as f64) } else { Err(Undefined::NoPicture) }
    }
}

/// The three figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// F1.
    pub f1: Measured,
    /// Intersection over union.
    pub iou: Measured,
    /// Matthews' correlation coefficient; pictures whose mask is full are not in its mean.
    pub mcc: Measured,
}

impl Means {
    fn new([f1, iou, mcc]: [Measured; 3]) -> Self {
        Self { f1, iou, mcc }
    }
}

/// A detector's maps against the masks of a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskSummary {
    /// Pictures in which something is manipulated.
    pub with_mask: u64,
    /// Pictures whose mask is empty.
    pub empty: u64,
    /// Means over the pictures with a mask, at the threshold.
    pub mean: Means,
    /// Means over the pictures with a mask, each at its own best threshold for that figure: an upper bound, not what
    /// a detector does.
    pub mean_best: Means,
    /// All pixels of the pictures with a mask counted together, at the threshold: large pictures count for more.
    pub pooled: Means,
    /// The same at the one threshold that suits all of them together best, for each figure.
    pub pooled_best: Means,
    /// The share of pixels that are flagged in pictures whose mask is empty, 0 to 1.
    pub false_alarms_of_empty: Measured,
}

impl MaskTally {
    /// Nothing yet; `threshold` is from 0 to 1.
    pub fn new(threshold: f32) -> Self {
        let none = Mask { steps: vec![[0; 2]; STEPS + 1] };
        let (at, best) = ([Mean::default(); 3], [Mean::default(); 3]);
        Self { threshold, with_mask: 0, at, best, pooled: none.clone(), empty: 0, of_empty: none }
    }

    /// Adds a picture.
    pub fn add(&mut self, picture: &Mask) {
        let into = if picture.is_empty() { &mut self.of_empty } else { &mut self.pooled };
        for (sum, counts) in into.steps.iter_mut().zip(&picture.steps) {
            *sum = [sum[0] + counts[0], sum[1] + counts[1]];
        }
        if picture.is_empty() {
            self.empty += 1;
            return;
        }
        self.with_mask += 1;
        let counts = picture.at(self.threshold);
        for (i, metric) in MaskMetric::ALL.into_iter().enumerate() {
            self.at[i].add(counts.measure(metric));
            self.best[i].add(picture.best(metric).map(|(_, value)| value));
        }
    }

    /// What the pictures so far come to.
    pub fn summary(&self) -> MaskSummary {
        let pooled = |of: &dyn Fn(MaskMetric) -> Measured| {
            let of = |metric| if self.with_mask > 0 { of(metric) } else { Err(Undefined::NoPicture) };
            Means::new(MaskMetric::ALL.map(of))
        };
        let counts = self.pooled.at(self.threshold);
        let of_empty = self.of_empty.at(self.threshold);
        let pixels = of_empty.false_positives + of_empty.true_negatives;
        MaskSummary {
            with_mask: self.with_mask,
            empty: self.empty,
            mean: Means::new(self.at.map(Mean::get)),
            mean_best: Means::new(self.best.map(Mean::get)),
            pooled: pooled(&|metric| counts.measure(metric)),
            pooled_best: pooled(&|metric| self.pooled.best(metric).map(|(_, value)| value)),
            false_alarms_of_empty: if pixels > 0 {
                Ok(of_empty.false_positives as f64 / pixels as f64)
            } else {
                Err(Undefined::NoPicture)
            },
        }
    }
}
