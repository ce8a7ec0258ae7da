//! Inputs from JavaScript in, records as text out: the part of the npm package that is Rust.
//!
//! `index.js` checks what a user gives, names things as JavaScript does and reads the records; nothing else calls
//! this. Pictures are screened on the screener's own threads, since Node's four are for files and names; models are
//! loaded, banks read again and single pictures hashed on Node's. Bytes are copied before a call returns, as JavaScript may change them
//! any time.

use std::path::PathBuf;

use deepscreen::media::Pixels;
use deepscreen::{ErrorKind, Hashes, Language, Limits, Media, Settings, Source};
use napi::bindgen_prelude::{AsyncTask, Either3, Object, Uint8ArraySlice};
use napi::{Env, Error, JsError, Result, Task};
use napi_derive::napi;

/// A path, the bytes of a file, or pixels.
type Input<'env> = Either3<String, Uint8ArraySlice<'env>, RawPixels<'env>>;

/// Decoded pixels, as `sharp` gives them.
#[napi(object, object_to_js = false)]
pub struct RawPixels<'env> {
    /// Red, green and blue of each pixel, rows from the top.
    pub data: Uint8ArraySlice<'env>,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// What is left of an input once nothing of JavaScript's is held any more.
enum Taken {
    Path(PathBuf),
    Bytes(Vec<u8>),
    Pixels(Pixels),
}

impl Taken {
    fn from(env: Env, input: Input<'_>) -> Result<Self> {
        match input {
            Either3::A(path) => Ok(Self::Path(path.into())),
            Either3::B(bytes) => Ok(Self::Bytes(bytes.to_vec())),
            Either3::C(RawPixels { data, width, height }) => {
                Pixels::from_rgb8(width, height, data.to_vec()).map(Self::Pixels).ok_or_else(|| {
                    let message = format!("{width}x{height} pixels in {} bytes", data.len());
                    thrown(env, deepscreen::Error::new(ErrorKind::Malformed, message))
                })
            }
        }
    }

    fn open(self, limits: &Limits) -> deepscreen::Result<Media> {
        match self {
            Self::Path(path) => Media::open(path, limits),
            Self::Bytes(bytes) => Media::from_bytes(bytes, limits),
            Self::Pixels(pixels) => Ok(Media::from_pixels(pixels)),
        }
    }
}

impl From<Taken> for Source {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Path(path) => path.into(),
            Taken::Bytes(bytes) => bytes.into(),
            Taken::Pixels(pixels) => pixels.into(),
        }
    }
}

/// A screener. It never changes: banks that are read again make another one.
#[napi]
pub struct Screener {
    inner: deepscreen::Screener,
}

#[napi]
impl Screener {
    /// Loads the models on the calling thread.
    #[napi(constructor)]
    pub fn new(env: Env, settings: String) -> Result<Self> {
        made(env, load(&settings))
    }

    /// How many threads screen.
    #[napi(getter)]
    pub fn threads(&self) -> u32 {
        self.inner.threads() as u32
    }

    /// How many inputs to give at once where there are many.
    #[napi(getter)]
    pub fn batch_size(&self) -> u32 {
        self.inner.batch_size() as u32
    }

    /// A promise of the inputs' records, in order, each one line of JSON. It is never rejected.
    #[napi]
    pub fn screen<'env>(
        &self,
        env: &'env Env,
        inputs: Vec<Input<'_>>,
        language: String,
    ) -> Result<Object<'env>> {
        let language = Language::from_code(&language).unwrap_or_default();
        let sources: Result<Vec<Source>> =
            inputs.into_iter().map(|input| Ok(Taken::from(*env, input)?.into())).collect();
        let sources = sources?;
        let (deferred, promise) = env.create_deferred()?;
        self.inner.spawn(sources, move |screenings| {
            let records: Vec<String> = screenings.iter().map(|one| one.to_json(language)).collect();
            deferred.resolve(move |_| Ok(records));
        });
        Ok(promise)
    }

    /// A promise of a screener with the banks as they are then, which shares everything else with this one.
    #[napi]
    pub fn reloaded(&self) -> AsyncTask<Reloading> {
        AsyncTask::new(Reloading { screener: self.inner.clone() })
    }
}

/// A promise of a screener.
#[napi]
pub fn load_screener(settings: String) -> AsyncTask<Loading> {
    AsyncTask::new(Loading { settings })
}

/// A promise of an input's hashes, as a record has them.
#[napi]
pub fn hash(env: Env, input: Input<'_>, settings: String) -> Result<AsyncTask<Hashing>> {
    let limits = Settings::from_json(&settings).map_err(|error| thrown(env, error))?.limits;
    Ok(AsyncTask::new(Hashing { input: Some(Taken::from(env, input)?), limits }))
}

/// The version of this library.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Models on their way into memory.
pub struct Loading {
    settings: String,
}

impl Task for Loading {
    // What fails becomes a rejection in `resolve`, where an error can be given its code.
    type Output = deepscreen::Result<deepscreen::Screener>;
    type JsValue = Screener;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(load(&self.settings))
    }

    fn resolve(&mut self, env: Env, loaded: Self::Output) -> Result<Self::JsValue> {
        made(env, loaded)
    }
}

/// Banks being read again.
pub struct Reloading {
    screener: deepscreen::Screener,
}

impl Task for Reloading {
    type Output = deepscreen::Result<deepscreen::Screener>;
    type JsValue = Screener;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(self.screener.reloaded())
    }

    fn resolve(&mut self, env: Env, reloaded: Self::Output) -> Result<Self::JsValue> {
        made(env, reloaded)
    }
}

/// A picture being hashed.
pub struct Hashing {
    input: Option<Taken>,
    limits: Limits,
}

impl Task for Hashing {
    type Output = deepscreen::Result<String>;
    type JsValue = String;

    fn compute(&mut self) -> Result<Self::Output> {
        let Some(input) = self.input.take() else { return Err(Error::from_reason("hashed twice")) };
        let hashes = |media: Media| Ok(Hashes::of(media.luma()?).to_json());
        Ok(input.open(&self.limits).and_then(hashes))
    }

    fn resolve(&mut self, env: Env, hashes: Self::Output) -> Result<Self::JsValue> {
        hashes.map_err(|error| thrown(env, error))
    }
}

fn load(settings: &str) -> deepscreen::Result<deepscreen::Screener> {
    Settings::from_json(settings)?.screener()
}

fn made(env: Env, screener: deepscreen::Result<deepscreen::Screener>) -> Result<Screener> {
    screener.map(|inner| Screener { inner }).map_err(|error| thrown(env, error))
}

/// An `Error` of JavaScript with a `code`, which the errors of napi's own kind cannot carry.
fn thrown(env: Env, error: deepscreen::Error) -> Error {
    let coded = Error::new(error.kind().code(), format!("{error:#}"));
    Error::from(JsError::from(coded).into_unknown(env))
}
