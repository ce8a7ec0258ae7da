//! Media in, screenings out: runs the analyzers, in parallel and in batches, and asks the policy.
//!
//! The screener knows the trait [`Analyzer`] and the policy, never a concrete analyzer. Whatever goes wrong with
//! one input is recorded in its screening and never touches another.

mod builder;
mod deadline;
mod isolated;
mod many;
mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::analyzer::{Analyzer, BatchAnalyzer, Need, Sample};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Finding};
use crate::guard::guard;
use crate::isolation::{Workers, took_too_long};
use crate::media::{Format, Limits, Media};
use crate::policy::Policy;
use crate::screening::{Failure, Input, Replay, Screening, Summary};

pub use builder::ScreenerBuilder;
pub use many::Screenings;
pub use source::Source;

/// Screens pictures. Cloning is cheap, and one serves all threads of a service.
///
/// ```
/// use deepscreen::{HashAnalyzer, Media, Screener};
///
/// let screener = Screener::builder().analyzer(HashAnalyzer).build()?;
/// # let picture = image::RgbImage::from_fn(96, 96, |x, y| image::Rgb([x as u8, y as u8, 7]));
/// # let mut bytes = std::io::Cursor::new(Vec::new());
/// # picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
/// # let bytes = bytes.into_inner();
/// let media = Media::from_bytes(bytes, screener.limits())?;
/// let screening = screener.screen(&media);
/// assert_eq!(screening.input.width, Some(96));
/// assert!(screening.hashes().is_some());
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Clone)]
pub struct Screener {
    inner: Arc<Inner>,
}

struct Inner {
    analyzers: Vec<Arc<dyn Analyzer>>,
    policy: Policy,
    limits: Limits,
    replay: Replay,
    threads: Arc<rayon::ThreadPool>,
    /// Where others look at the pictures.
    workers: Option<Arc<Workers>>,
}

/// Some decoders recurse; the 2 MiB that are usual are soon used up in a build without optimisation.
const STACK: usize = 16 << 20;

fn replay(analyzers: &[Arc<dyn Analyzer>], policy: &Policy) -> Replay {
    let models: Vec<_> = analyzers.iter().flat_map(|analyzer| analyzer.models()).collect();
    let mut engines: Vec<&str> = models.iter().map(|model| model.engine.as_str()).collect();
    engines.dedup();
    Replay {
        deepscreen: env!("CARGO_PKG_VERSION"),
        engine: if engines.is_empty() { "none".to_owned() } else { engines.join(", ") },
        policy: policy.sha256(),
        models: models.into_iter().map(|model| (model.id, model.sha256)).collect(),
        lists: analyzers.iter().flat_map(|analyzer| analyzer.lists()).collect(),
    }
}

impl Screener {
    /// Starts with no analyzer, the default policy and the default limits.
    pub fn builder() -> ScreenerBuilder {
        ScreenerBuilder::default()
    }

    fn of(
        analyzers: Vec<Arc<dyn Analyzer>>,
        policy: Policy,
        limits: Limits,
        threads: Arc<rayon::ThreadPool>,
        workers: Option<Arc<Workers>>,
    ) -> Self {
        let replay = replay(&analyzers, &policy);
        Self { inner: Arc::new(Inner { analyzers, policy, limits, replay, threads, workers }) }
    }

    fn with_analyzers(&self, analyzers: Vec<Arc<dyn Analyzer>>, workers: Option<Arc<Workers>>) -> Self {
        let Inner { policy, limits, threads, .. } = &*self.inner;
        Self::of(analyzers, policy.clone(), limits.clone(), threads.clone(), workers)
    }

    /// The same with other analyzers: children that have the old ones are of no use to it.
    fn renewed(&self, analyzers: Vec<Arc<dyn Analyzer>>) -> Self {
        let renewed = self.with_analyzers(analyzers, None);
        match &self.inner.workers {
            Some(workers) => renewed.asking(workers.renewed(renewed.fingerprint())),
            None => renewed,
        }
    }

    /// The same, with children that look at the pictures.
    fn asking(&self, workers: Workers) -> Self {
        self.with_analyzers(self.inner.analyzers.clone(), Some(Arc::new(workers)))
    }

    /// A screener that has no other analyzer than this.
    pub(crate) fn with_only(&self, analyzer: impl Analyzer + 'static) -> Self {
        self.with_analyzers(vec![Arc::new(analyzer)], self.inner.workers.clone())
    }

    /// A screener that has this analyzer in place of the one of the same id, or beside all others where there is none. They
    /// share everything else: the models, the threads. This one stays as it is, and so do screenings that have begun.
    #[must_use]
    pub fn with_analyzer(&self, analyzer: impl Analyzer + 'static) -> Self {
        let mut analyzers = self.inner.analyzers.clone();
        match analyzers.iter_mut().find(|other| other.id() == analyzer.id()) {
            Some(place) => *place = Arc::new(analyzer),
            None => analyzers.push(Arc::new(analyzer)),
        }
        self.renewed(analyzers)
    }

    /// A screener whose analyzers go by their lists as they are now: a bank that has grown, or was replaced by a newer
    /// file. They share everything else, as with [`with_analyzer`](Self::with_analyzer).
    ///
    /// # Errors
    /// Those of opening a list. This screener still works.
    pub fn reloaded(&self) -> Result<Self> {
        let reload = |analyzer: &Arc<dyn Analyzer>| {
            Ok(analyzer.reloaded()?.map_or_else(|| analyzer.clone(), Arc::from))
        };
        Ok(self.renewed(self.inner.analyzers.iter().map(reload).collect::<Result<_>>()?))
    }

    /// The limits that inputs are read under.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// How many threads [`screen_many`](Self::screen_many) uses.
    pub fn threads(&self) -> usize {
        self.inner.threads.current_num_threads()
    }

    /// What, beside the input, every verdict of this screener depends on.
    pub fn replay(&self) -> &Replay {
        &self.inner.replay
    }

    /// SHA-256 of everything that a verdict of this screener depends on beside the input: what is in
    /// [`replay`](Self::replay), the options of the analyzers, the limits but [`max_time`](Limits::max_time), and what this
    /// build can read. Equal ones give equal verdicts.
    pub fn fingerprint(&self) -> [u8; 32] {
        let Inner { analyzers, limits, replay, .. } = &*self.inner;
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        };
        let formats =
            [cfg!(feature = "avif"), cfg!(feature = "heic"), cfg!(feature = "jxl"), cfg!(feature = "raw")];
        // What comes out in time is the same whatever the time.
        let limits = limits.clone().with_max_time(Duration::MAX);
        add(&format!("{replay:?} {limits:?} {formats:?}"));
        for analyzer in analyzers {
            add(analyzer.id());
            add(&analyzer.options());
        }
        hasher.finalize().into()
    }

    /// Screens one picture on the calling thread. What fails is in the screening.
    pub fn screen(&self, media: &Media) -> Screening {
        if let Some(workers) = &self.inner.workers
            && media.format() != Format::Pixels
        {
            return self.inner.screen_apart(workers, media.bytes().to_vec().into());
        }
        self.inner.screen_here(media, Vec::new())
    }

    /// Screens one input on the calling thread, wherever it comes from. As with [`screen_many`](Self::screen_many), one that
    /// cannot be read or is no picture gives a screening too, with the failure.
    ///
    /// ```
    /// # let screener = deepscreen::Screener::builder().analyzer(deepscreen::HashAnalyzer).build()?;
    /// let screening = screener.screen_source(std::path::PathBuf::from("no/such.jpg"));
    /// assert_eq!(screening.failures[0].kind, deepscreen::ErrorKind::Unreadable);
    /// # Ok::<(), deepscreen::Error>(())
    /// ```
    pub fn screen_source(&self, source: impl Into<Source>) -> Screening {
        let source = source.into();
        match &self.inner.workers {
            Some(workers) => self.inner.screen_apart(workers, source),
            None => self.inner.work_off_alone(self.inner.open_in_time(source)),
        }
    }

    /// Screens any number of inputs on the screener's threads: gives a screening for each, in the order of the inputs,
    /// within memory that does not grow with their number.
    ///
    /// The iterator is lazy: it asks for inputs, some dozens a thread ahead of what it gives, only while it is asked
    /// itself. Dropping it drops the inputs that nobody has begun with.
    ///
    /// ```
    /// # let screener = deepscreen::Screener::builder().analyzer(deepscreen::HashAnalyzer).build()?;
    /// for screening in screener.screen_many(["a.jpg", "b.jpg"].map(std::path::PathBuf::from)) {
    ///     println!("{}", screening.verdict.label.code());
    /// }
    /// # Ok::<(), deepscreen::Error>(())
    /// ```
    pub fn screen_many<I>(&self, inputs: I) -> Screenings<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Into<Source>,
    {
        Screenings::new(self.inner.clone(), inputs.into_iter())
    }

    /// Screens some inputs together on one of the screener's threads, and calls `done` there with a screening for each,
    /// in the order of the inputs: for an event loop, which must not wait.
    ///
    /// Inputs are kept until a thread is free, however many they are. A panic of `done` ends there.
    ///
    /// ```
    /// # let screener = deepscreen::Screener::builder().analyzer(deepscreen::HashAnalyzer).build()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// screener.spawn(vec![std::path::Path::new("a.jpg").into()], move |screenings| {
    ///     sender.send(screenings).unwrap();
    /// });
    /// assert!(receiver.recv().unwrap()[0].is_unreadable());
    /// # Ok::<(), deepscreen::Error>(())
    /// ```
    pub fn spawn(&self, inputs: Vec<Source>, done: impl FnOnce(Vec<Screening>) + Send + 'static) {
        let inner = self.inner.clone();
        self.inner.threads.spawn(move || {
            let screenings = inner.screen_guarded(inputs);
            // rayon ends the process at a panic that nobody waits for.
            let _ = guard("screener", || {
                done(screenings);
                Ok(())
            });
        });
    }

    /// How many inputs to give [`spawn`](Self::spawn) at once where there are many: as many as the detectors take.
    pub fn batch_size(&self) -> usize {
        self.inner.batch_size()
    }

    /// Screens files as [`screen_many`](Self::screen_many) does, and counts how they came out. `each` is called on the
    /// calling thread, once for every path, in order.
    pub fn screen_paths<P>(&self, paths: P, mut each: impl FnMut(Screening)) -> Summary
    where
        P: IntoIterator<Item = PathBuf>,
    {
        let start = Instant::now();
        let mut summary = Summary::default();
        for screening in self.screen_many(paths) {
            summary.count(&screening);
            each(screening);
        }
        summary.elapsed = start.elapsed();
        summary
    }
}

impl Inner {
    /// How many samples the analyzers take at once.
    fn batch_size(&self) -> usize {
        // A child is asked for one input at a time: so it is known which one it died of.
        if self.workers.is_some() {
            return 1;
        }
        let sizes = self.analyzers.iter().filter_map(|analyzer| analyzer.batched());
        sizes.map(|batched| batched.batch_size()).max().unwrap_or_default().max(1)
    }

    /// Screens a batch on the calling thread: each input alone as long as its pixels are needed, then all together.
    fn screen_batch(self: &Arc<Self>, sources: Vec<Source>) -> Vec<Screening> {
        if let Some(workers) = &self.workers {
            return sources.into_iter().map(|source| self.screen_apart(workers, source)).collect();
        }
        let mut batch: Vec<Open> = sources.into_iter().map(|source| self.open_in_time(source)).collect();
        let start = Instant::now();
        self.work_off(&mut batch);
        // Nobody can tell which picture of a batch took how long: each bears the same share.
        let share = start.elapsed() / batch.len().max(1) as u32;
        batch.into_iter().map(|open| self.conclude(open, share)).collect()
    }

    /// Screens a picture on the calling thread, without a limit of time.
    fn screen_here(&self, media: &Media, known: Vec<Evidence>) -> Screening {
        let start = Instant::now();
        let open = self.look_at(Input::of(media), Ok(media), known);
        self.work_off_alone(Open { elapsed: start.elapsed(), ..open })
    }

    fn work_off_alone(&self, mut open: Open) -> Screening {
        let start = Instant::now();
        self.work_off(std::slice::from_mut(&mut open));
        self.conclude(open, start.elapsed())
    }

    /// As [`open`](Self::open), within the time that an input may take.
    fn open_in_time(self: &Arc<Self>, source: Source) -> Open {
        let (inner, path, start) = (self.clone(), source.path().cloned(), Instant::now());
        let most = self.limits.max_time;
        let opened = deadline::within(most, move || guard("screener", || Ok(inner.open(source))));
        opened.unwrap_or_else(|| Err(took_too_long(most))).unwrap_or_else(|error| {
            let input = path.as_ref().map(|path| source::identity(path, &self.limits)).unwrap_or_default();
            let failures = vec![Failure::new("media", &error)];
            Open { input: Input { path, ..input }, failures, elapsed: start.elapsed(), ..Open::default() }
        })
    }

    fn open(&self, mut source: Source) -> Open {
        let start = Instant::now();
        let known = source.take_known();
        let path = source.path().cloned();
        let (input, media) = match guard("media", || Ok(source.read(&self.limits))) {
            Ok(read) => read,
            Err(error) => (Input::default(), Err(error)),
        };
        let input = Input { path, ..input };
        let mut open = self.look_at(input, media.as_ref(), known);
        open.elapsed = start.elapsed();
        open
    }

    /// Everything that needs the pixels; they are gone when this returns. Analyzers that `known` evidence is from are not
    /// asked.
    fn look_at(
        &self,
        mut input: Input,
        media: std::result::Result<&Media, &Error>,
        known: Vec<Evidence>,
    ) -> Open {
        let analyzers = &self.analyzers;
        let mut found: Vec<Found> = analyzers.iter().map(|_| Found::Nothing).collect();
        let mut evidence = Vec::new();
        let mut failures = Vec::new();
        match media {
            Ok(media) => {
                input.format = Some(media.format());
                let decoded = guard("media", || self.decode(media));
                if let Some((width, height)) = media.size() {
                    (input.width, input.height) = (Some(width), Some(height));
                }
                let notes = media.notes();
                if !notes.is_empty() {
                    evidence.push(Evidence::new("media", Finding::Media(notes.to_vec())));
                }
                for (analyzer, found) in analyzers.iter().zip(&mut found) {
                    let answers = known.iter().filter(|evidence| evidence.source == analyzer.id());
                    let answers: Vec<Evidence> = answers.cloned().collect();
                    if !answers.is_empty() {
                        *found = Found::Answer(Ok(answers));
                        continue;
                    }
                    if decoded.is_err() && !matches!(analyzer.need(), Need::Bytes | Need::BytesAndLuma) {
                        continue;
                    }
                    *found = match analyzer.batched() {
                        Some(batched) => guard(analyzer.id(), || batched.prepare(media)).into(),
                        None => Found::Answer(guard(analyzer.id(), || analyzer.analyze(media))),
                    };
                }
                failures.extend(decoded.err().map(|error| Failure::new("media", &error)));
            }
            Err(error) => failures.push(Failure::new("media", error)),
        }
        Open { input, evidence, failures, found, elapsed: Duration::ZERO }
    }

    /// Decodes as much as the most demanding analyzer needs: once, so that a picture which cannot be decoded is
    /// one failure, whatever the number of analyzers.
    fn decode(&self, media: &Media) -> Result<()> {
        let needs = |need| self.analyzers.iter().any(|analyzer| analyzer.need() == need);
        if needs(Need::Pixels) {
            media.pixels().map(drop)
        } else if needs(Need::Luma) || needs(Need::BytesAndLuma) {
            media.luma().map(drop)
        } else {
            Ok(())
        }
    }

    /// Replaces every sample by an answer.
    fn work_off(&self, batch: &mut [Open]) {
        for (index, analyzer) in self.analyzers.iter().enumerate() {
            let Some(batched) = analyzer.batched() else { continue };
            let mut waiting: Vec<&mut Found> = batch
                .iter_mut()
                .filter_map(|open| {
                    open.found.get_mut(index).filter(|found| matches!(found, Found::Sample(_)))
                })
                .collect();
            for samples in waiting.chunks_mut(batched.batch_size().max(1)) {
                answer(analyzer.id(), batched, samples);
            }
        }
    }

    fn conclude(&self, open: Open, share: Duration) -> Screening {
        let Open { input, mut evidence, mut failures, found, elapsed } = open;
        for (analyzer, found) in self.analyzers.iter().zip(found) {
            match found {
                Found::Answer(Ok(answers)) => evidence.extend(answers),
                Found::Answer(Err(error)) => failures.push(Failure::new(analyzer.id(), &error)),
                Found::Sample(_) => {
                    let error = Error::new(ErrorKind::Inference, "no answer for this picture");
                    failures.push(Failure::new(analyzer.id(), &error));
                }
                Found::Nothing => {}
            }
        }
        self.judge(input, evidence, failures, elapsed + share)
    }

    fn judge(
        &self,
        input: Input,
        evidence: Vec<Evidence>,
        failures: Vec<Failure>,
        elapsed: Duration,
    ) -> Screening {
        let verdict = self.policy.decide(&evidence);
        Screening { input, verdict, evidence, failures, replay: self.replay.clone(), group: None, elapsed }
    }
}

/// One input between its two steps.
#[derive(Default)]
struct Open {
    input: Input,
    evidence: Vec<Evidence>,
    failures: Vec<Failure>,
    /// One for each analyzer.
    found: Vec<Found>,
    elapsed: Duration,
}

enum Found {
    /// The picture could not be decoded, so that nothing looked at it.
    Nothing,
    Sample(Sample),
    Answer(Result<Vec<Evidence>>),
}

impl From<Result<Sample>> for Found {
    fn from(prepared: Result<Sample>) -> Self {
        match prepared {
            Ok(sample) => Self::Sample(sample),
            Err(error) => Self::Answer(Err(error)),
        }
    }
}

/// Puts an answer in place of each sample. A batch that panics is taken apart, so that the picture which caused
/// it is the only one to fail.
fn answer(id: &str, batched: &dyn BatchAnalyzer, batch: &mut [&mut Found]) {
    let samples: Vec<&Sample> = batch
        .iter()
        .filter_map(|found| match found {
            Found::Sample(sample) => Some(sample),
            _ => None,
        })
        .collect();
    let count = samples.len();
    if count == 0 {
        return;
    }
    let answers = match guard(id, || Ok(batched.analyze_batch(&samples))) {
        Ok(answers) => answers,
        Err(_) if count > 1 => {
            for one in batch.chunks_mut(1) {
                answer(id, batched, one);
            }
            return;
        }
        Err(error) => vec![Err(error)],
    };
    // An analyzer that gives fewer answers than samples leaves samples behind, which `conclude` reports.
    for (found, answer) in batch.iter_mut().zip(answers) {
        **found = Found::Answer(answer);
    }
}
