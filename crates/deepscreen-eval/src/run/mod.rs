//! Labelled pictures and detectors in, the score of every detector for every picture on every degradation out. Measures
//! nothing; a picture that got no score is there with the reason.
//!
//! Each picture is read and decoded once, degraded once for each degradation, and every detector looks at the same
//! pixels. `clean` is the picture as it was decoded: detectors see neither format nor metadata.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use deepscreen::media::{Limits, Pixels};
use deepscreen::{
    Analyzer, BatchAnalyzer, Detector, Error, ErrorKind, Evidence, Finding, HeatMap, Media, Result, Sample,
    guard,
};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::checks::Print;
use crate::degrade::Degradation;
use crate::metrics::{Mask, MaskTally};
use crate::report::{Cost, Tier};
use crate::scores::{ScoreTable, ScoredPicture};
use crate::{Dataset, Fault, FaultKind, Item};

mod cache;
mod localisation;
mod memory;

pub use cache::Cache;
use cache::{Key, Stamp};

/// From this value on a map's pixel counts as flagged.
const MASK_THRESHOLD: f32 = 0.5;

/// How often what was computed is made safe.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// What to run.
pub struct Run<'a> {
    /// The detectors; a model of faces [has something that finds them](Detector::with_faces).
    pub detectors: &'a [Detector],
    /// The degradations.
    pub degradations: &'a [Degradation],
    /// Of noise: the same seed gives the same pictures.
    pub seed: u64,
    /// How many threads work; 0 for one a core.
    pub threads: usize,
    /// What is refused.
    pub limits: Limits,
}

/// What a run gave.
#[derive(Debug)]
pub struct Scored {
    /// The scores: one tier for each degradation, in their order. Scores are calibrated probabilities that were not
    /// rounded.
    pub tiers: Vec<Tier>,
    /// By picture of the data set: what it is recognised by; `None` where it could not be read.
    pub prints: Vec<Option<Print>>,
    /// The pictures that could not be read.
    pub faults: Vec<Fault>,
    /// By detector: milliseconds that a thread spent on a picture; `None` where nothing was computed.
    pub milliseconds: Vec<Option<f64>>,
    /// What it cost.
    pub cost: Cost,
}

/// What a detector said of a picture.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    /// The calibrated log-odds, of several faces the highest, with the map where the model draws one.
    Score { log_odds: f64, map: Option<HeatMap> },
    /// The code of what kept it from an answer.
    Failure(String),
}

/// What became of one picture.
struct Row {
    place: usize,
    print: Option<Print>,
    /// By degradation, then by detector.
    answers: Vec<Answer>,
    fault: Option<Error>,
    is_known: bool,
}

/// One picture on its way.
struct Job<'a> {
    place: usize,
    item: &'a Item,
    stamp: Option<Stamp>,
    print: Option<Print>,
    answers: Vec<Option<Answer>>,
    /// What detectors took from it: which answer they are for.
    samples: Vec<(usize, Sample)>,
    fault: Option<Error>,
    is_known: bool,
}

/// What all threads share.
struct Shared<'a> {
    run: &'a Run<'a>,
    /// SHA-256 of what an answer depends on beside the picture, by detector.
    models: Vec<[u8; 32]>,
    /// The text of each degradation, with the seed where it matters.
    degradations: Vec<String>,
    cache: Option<Mutex<&'a mut Cache>>,
    /// Time and answers, by detector.
    spent: Vec<Mutex<(Duration, u64)>>,
}

impl Run<'_> {
    /// Scores the pictures of a data set; `each` is called once for each of them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] where there is nothing to run, and what the cache says where it cannot be read or
    /// written. What concerns one picture is in its row instead.
    pub fn score(
        &self,
        dataset: &Dataset,
        cache: Option<&mut Cache>,
        mut each: impl FnMut(),
    ) -> Result<Scored> {
        if self.detectors.is_empty() || self.degradations.is_empty() {
            return Err(Error::new(ErrorKind::InvalidConfig, "no detector, or no degradation"));
        }
        let start = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build()
            .map_err(|error| Error::new(ErrorKind::InvalidConfig, "no threads").because(error))?;
        let shared = Shared {
            run: self,
            models: self.detectors.iter().map(fingerprint).collect(),
            degradations: self.degradations.iter().map(|one| one.key(self.seed)).collect(),
            cache: cache.map(Mutex::new),
            spent: self.detectors.iter().map(|_| Mutex::default()).collect(),
        };
        let size = self.detectors.iter().map(Detector::batch_size).max().unwrap_or(1);
        let jobs: Vec<(usize, &Item)> = dataset.items.iter().enumerate().collect();
        let (sender, receiver) = mpsc::channel();
        let stop = AtomicBool::new(false);
        let rows = pool.in_place_scope_fifo(|scope| {
            for batch in jobs.chunks(size) {
                let (sender, shared, stop) = (sender.clone(), &shared, &stop);
                scope.spawn_fifo(move |_| {
                    if !stop.load(Ordering::Relaxed) {
                        // A receiver that is gone has met an error.
                        let _ = sender.send(shared.work(batch));
                    }
                });
            }
            drop(sender);
            let rows = shared.collect(&receiver, jobs.len(), &mut each);
            stop.store(true, Ordering::Relaxed);
            rows
        })?;
        let milliseconds = shared.milliseconds();
        let seconds = start.elapsed().as_secs_f64();
        drop(shared);
        let computed = rows.iter().filter(|row| !row.is_known).count() as u64;
        let cost = Cost {
            seconds,
            computed,
            known: rows.len() as u64 - computed,
            pictures_per_second: (computed > 0).then(|| computed as f64 / seconds),
            peak_memory: memory::peak(),
            threads: pool.current_num_threads(),
        };
        let mut faults = Vec::new();
        for (row, item) in rows.iter().zip(&dataset.items) {
            if let Some(error) = &row.fault {
                let mut fault = Fault::new(FaultKind::Unreadable, error.message());
                fault.path = Some(item.path.clone());
                faults.push(fault);
            }
        }
        let tiers = (0..self.degradations.len()).map(|tier| self.tier(tier, dataset, &rows));
        let tiers = pool.install(|| tiers.collect::<Result<Vec<_>>>())?;
        let prints = rows.iter().map(|row| row.print).collect();
        Ok(Scored { tiers, prints, faults, milliseconds, cost })
    }

    /// The scores of one degradation.
    fn tier(&self, tier: usize, dataset: &Dataset, rows: &[Row]) -> Result<Tier> {
        let count = self.detectors.len();
        let mut failures = vec![BTreeMap::new(); count];
        let mut pictures = Vec::with_capacity(rows.len());
        for (row, item) in rows.iter().zip(&dataset.items) {
            let mut scores = Vec::with_capacity(count);
            for (answer, failures) in row.answers[tier * count..].iter().zip(&mut failures) {
                match answer {
                    Answer::Score { log_odds, .. } => scores.push(Some(1.0 / (1.0 + (-log_odds).exp()))),
                    Answer::Failure(code) => {
                        *failures.entry(code.clone()).or_default() += 1;
                        scores.push(None);
                    }
                }
            }
            pictures.push(ScoredPicture {
                path: item.path.to_string_lossy().into_owned(),
                truth: item.truth,
                group: item.group.clone(),
                video: item.video.clone(),
                scores,
            });
        }
        let degradation = &self.degradations[tier];
        let masks = if degradation.keeps_the_frame() && dataset.items.iter().any(|item| item.mask.is_some()) {
            (0..count)
                .map(|detector| self.masks(tier * count + detector, dataset, rows))
                .collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        let detectors = self.detectors.iter().map(|detector| detector.model().id).collect();
        let table = ScoreTable { detectors, other_columns: Vec::new(), pictures, faults: Vec::new() };
        Ok(Tier { degradation: degradation.to_string(), table, failures, masks })
    }

    /// A detector's maps against the masks, and how many pictures with a mask it made no map of.
    fn masks(
        &self,
        answer: usize,
        dataset: &Dataset,
        rows: &[Row],
    ) -> Result<(crate::metrics::MaskSummary, u64)> {
        let with_mask: Vec<(&PathBuf, &Row)> = dataset
            .items
            .iter()
            .zip(rows)
            .filter_map(|(item, row)| Some((item.mask.as_ref()?, row)))
            .collect();
        let compared = with_mask.par_iter().map(|(mask, row)| match &row.answers[answer] {
            Answer::Score { map: Some(map), .. } => localisation::compare(map, mask, &self.limits).map(Some),
            _ => Ok(None),
        });
        let compared: Vec<Option<Mask>> = compared.collect::<Result<_>>()?;
        let mut tally = MaskTally::new(MASK_THRESHOLD);
        compared.iter().flatten().for_each(|mask| tally.add(mask));
        Ok((tally.summary(), compared.iter().filter(|mask| mask.is_none()).count() as u64))
    }
}

impl Shared<'_> {
    /// Takes the rows in, puts them in order, and makes them safe from time to time.
    fn collect(
        &self,
        receiver: &mpsc::Receiver<Result<Vec<Row>>>,
        count: usize,
        each: &mut impl FnMut(),
    ) -> Result<Vec<Row>> {
        let mut rows: Vec<Option<Row>> = (0..count).map(|_| None).collect();
        let mut committed = Instant::now();
        for batch in receiver {
            for row in batch? {
                let place = row.place;
                rows[place] = Some(row);
                each();
            }
            if committed.elapsed() >= COMMIT_EVERY {
                self.with_cache(Cache::commit)?;
                committed = Instant::now();
            }
        }
        self.with_cache(Cache::commit)?;
        // Every batch sends all its rows, or an error.
        let missing = || Error::new(ErrorKind::Panic, "a thread of the benchmark ended early");
        rows.into_iter().map(|row| row.ok_or_else(missing)).collect()
    }

    fn with_cache<T: Default>(&self, work: impl FnOnce(&mut Cache) -> Result<T>) -> Result<T> {
        let Some(cache) = &self.cache else { return Ok(T::default()) };
        work(&mut cache.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn milliseconds(&self) -> Vec<Option<f64>> {
        let of = |spent: &Mutex<(Duration, u64)>| {
            let (time, answers) = *spent.lock().unwrap_or_else(PoisonError::into_inner);
            (answers > 0).then(|| 1000.0 * time.as_secs_f64() / answers as f64)
        };
        self.spent.iter().map(of).collect()
    }

    fn spend(&self, detector: usize, time: Duration, answers: usize) {
        let mut spent = self.spent[detector].lock().unwrap_or_else(PoisonError::into_inner);
        *spent = (spent.0 + time, spent.1 + answers as u64);
    }

    /// Some pictures, with every answer.
    fn work(&self, batch: &[(usize, &Item)]) -> Result<Vec<Row>> {
        let mut jobs = Vec::with_capacity(batch.len());
        for (place, item) in batch {
            let mut job = self.job(*place, item)?;
            if !job.is_known {
                self.look(&mut job)?;
            }
            jobs.push(job);
        }
        for detector in 0..self.run.detectors.len() {
            self.infer(detector, &mut jobs);
        }
        self.keep(&jobs)?;
        Ok(jobs.into_iter().map(Job::row).collect())
    }

    /// A picture with the answers that are known.
    fn job<'a>(&self, place: usize, item: &'a Item) -> Result<Job<'a>> {
        let stamp = self.cache.as_ref().and_then(|_| Stamp::of(&item.path));
        let print = match &stamp {
            Some(stamp) => self.with_cache(|cache| cache.print(stamp))?,
            None => None,
        };
        let answers = match &print {
            Some(print) => self.known(print)?,
            None => vec![None; self.models.len() * self.degradations.len()],
        };
        let is_known = answers.iter().all(Option::is_some);
        Ok(Job { place, item, stamp, print, answers, samples: Vec::new(), fault: None, is_known })
    }

    fn known(&self, print: &Print) -> Result<Vec<Option<Answer>>> {
        self.with_cache(|cache| self.keys(print.sha256).map(|key| cache.answer(key)).collect())
    }

    /// By degradation, then by detector.
    fn keys(&self, sha256: [u8; 32]) -> impl Iterator<Item = Key<'_>> {
        let of = move |degradation| {
            self.models.iter().map(move |model| Key { sha256, model: *model, degradation })
        };
        self.degradations.iter().map(String::as_str).flat_map(of)
    }

    /// Decodes a picture and takes from it what the detectors need.
    fn look(&self, job: &mut Job<'_>) -> Result<()> {
        let media = match Media::open(&job.item.path, &self.run.limits) {
            Ok(media) => media,
            Err(error) => {
                job.fail(error);
                return Ok(());
            }
        };
        let print = match media.pixels().and_then(|_| Print::of(&media)) {
            Ok(print) => print,
            Err(error) => {
                job.fail(error);
                return Ok(());
            }
        };
        if job.print.is_none() && self.cache.is_some() {
            // The same picture under another name, or before its file was touched.
            job.answers = self.known(&print)?;
        }
        job.print = Some(print);
        for (tier, degradation) in self.run.degradations.iter().enumerate() {
            let answers = self.models.len() * tier..self.models.len() * (tier + 1);
            if job.answers[answers.clone()].iter().all(Option::is_some) {
                continue;
            }
            let degraded = self.degraded(degradation, &media);
            for answer in answers {
                if job.answers[answer].is_some() {
                    continue;
                }
                let (start, detector) = (Instant::now(), answer % self.models.len());
                let media = match &degraded {
                    Ok(None) => Ok(&media),
                    Ok(Some(degraded)) => Ok(degraded),
                    Err(error) => Err(error.clone()),
                };
                let sample = media.and_then(|media| {
                    let detector = &self.run.detectors[detector];
                    guard(detector.id(), || detector.prepare(media))
                });
                match sample {
                    Ok(sample) => job.samples.push((answer, sample)),
                    Err(error) => job.answers[answer] = Some(Answer::Failure(error.kind().code().to_owned())),
                }
                self.spend(detector, start.elapsed(), 0);
            }
        }
        Ok(())
    }

    /// `None` for the picture as it is.
    fn degraded(&self, degradation: &Degradation, media: &Media) -> Result<Option<Media>> {
        if degradation.is_clean() {
            return Ok(None);
        }
        // Detectors look at pixels alone: the file that these would be in is not written.
        let degrade = |pixels: &Pixels| degradation.pixels(pixels, self.run.seed).map(Media::from_pixels);
        guard("degradation", || media.pixels().and_then(degrade)).map(Some)
    }

    /// Lets a detector work on what it took from all pictures.
    fn infer(&self, detector: usize, jobs: &mut [Job<'_>]) {
        let of = self.models.len();
        let mut samples: Vec<(usize, usize, Sample)> = Vec::new();
        for (at, job) in jobs.iter_mut().enumerate() {
            let mine = job.samples.extract_if(.., |(answer, _)| *answer % of == detector);
            samples.extend(mine.map(|(answer, sample)| (at, answer, sample)));
        }
        let this = &self.run.detectors[detector];
        for chunk in samples.chunks(this.batch_size().max(1)) {
            let start = Instant::now();
            let references: Vec<&Sample> = chunk.iter().map(|(.., sample)| sample).collect();
            let answers = guard(this.id(), || Ok(this.analyze_batch(&references)))
                .unwrap_or_else(|error| chunk.iter().map(|_| Err(error.clone())).collect());
            self.spend(detector, start.elapsed(), chunk.len());
            for ((at, answer, _), evidence) in chunk.iter().zip(answers) {
                jobs[*at].answers[*answer] = Some(Answer::of(evidence));
            }
        }
    }

    /// Keeps what will be the same the next time.
    fn keep(&self, jobs: &[Job<'_>]) -> Result<()> {
        self.with_cache(|cache| {
            for job in jobs.iter().filter(|job| !job.is_known) {
                let Some(print) = &job.print else { continue };
                if let Some(stamp) = &job.stamp {
                    cache.keep_print(stamp, print)?;
                }
                for (key, answer) in self.keys(print.sha256).zip(&job.answers) {
                    match answer {
                        Some(answer) if answer.is_lasting() => cache.keep(key, answer)?,
                        _ => {}
                    }
                }
            }
            Ok(())
        })
    }
}

impl Answer {
    fn of(evidence: Result<Vec<Evidence>>) -> Self {
        let evidence = match evidence {
            Ok(evidence) => evidence,
            Err(error) => return Self::Failure(error.kind().code().to_owned()),
        };
        let scores = evidence.into_iter().filter_map(|evidence| match evidence.finding {
            Finding::Score(score) => Some((score.log_odds?, score.heat_map)),
            _ => None,
        });
        match scores.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((log_odds, map)) if !log_odds.is_nan() => Self::Score { log_odds, map },
            _ => Self::Failure(ErrorKind::Inference.code().to_owned()),
        }
    }

    /// Whether the same picture gets it again: a model that does not apply never does.
    fn is_lasting(&self) -> bool {
        match self {
            Self::Score { .. } => true,
            Self::Failure(code) => code == ErrorKind::NotApplicable.code(),
        }
    }
}

impl Job<'_> {
    /// Nothing of the picture can be had.
    fn fail(&mut self, error: Error) {
        let code = error.kind().code();
        for answer in &mut self.answers {
            answer.get_or_insert_with(|| Answer::Failure(code.to_owned()));
        }
        self.fault = Some(error);
    }

    fn row(self) -> Row {
        // Whatever a detector did not answer by now it never will.
        let none = || Answer::Failure(ErrorKind::Inference.code().to_owned());
        Row {
            place: self.place,
            print: self.print,
            answers: self.answers.into_iter().map(|answer| answer.unwrap_or_else(none)).collect(),
            fault: self.fault,
            is_known: self.is_known,
        }
    }
}

/// SHA-256 of all that an answer depends on beside the picture: the weights, how they are fed and read, what runs
/// them, and this version, whose preprocessing it is.
fn fingerprint(detector: &Detector) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    add(env!("CARGO_PKG_VERSION"));
    add(&detector.contract().to_toml());
    for model in detector.models() {
        add(&model.id);
        add(&model.sha256);
        add(&model.engine);
    }
    hasher.finalize().into()
}
