//! One step of a degradation: its text, and what it does.

use std::fmt;
use std::ops::RangeInclusive;

use deepscreen::{Error, ErrorKind, Result};

use super::{State, filter};

/// What is known, for who wrote something else.
const KNOWN: &str = "jpeg:QUALITY, webp:QUALITY, resize:FACTOR, blur:PIXELS, noise:DEVIATION, crop:PART[:PLACE], screenshot[:jpeg], \
     social, web, hard, chains of these joined by \"+\", or clean alone";

/// The width of a phone's screen in pixels that most phones share.
const SCREEN: u32 = 1080;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Jpeg(u8),
    Webp(u8),
    Resize(f64),
    Blur(f64),
    Noise(f64),
    Crop(f64, Place),
    Screenshot { jpeg: bool },
    Social,
    Web,
    Hard,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Centre,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

impl Place {
    const ALL: [Self; 5] = [Self::Centre, Self::TopLeft, Self::TopRight, Self::BottomLeft, Self::BottomRight];

    const fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::TopLeft => "top-left",
            Self::TopRight => "top-right",
            Self::BottomLeft => "bottom-left",
            Self::BottomRight => "bottom-right",
        }
    }

    /// How much of what is cut off lies at the left, and how much at the top.
    const fn before(self) -> (f64, f64) {
        match self {
            Self::Centre => (0.5, 0.5),
            Self::TopLeft => (0.0, 0.0),
            Self::TopRight => (1.0, 0.0),
            Self::BottomLeft => (0.0, 1.0),
            Self::BottomRight => (1.0, 1.0),
        }
    }
}

impl Step {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut parts = text.split(':').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let parts: Vec<&str> = parts.collect();
        Ok(match (name, parts.as_slice()) {
            ("jpeg", [quality]) => Self::Jpeg(whole(name, quality)?),
            ("webp", [quality]) => Self::Webp(whole(name, quality)?),
            ("resize", [factor]) => Self::Resize(number(name, factor, 4.0)?),
            ("blur", [sigma]) => Self::Blur(number(name, sigma, 20.0)?),
            ("noise", [deviation]) => Self::Noise(number(name, deviation, 128.0)?),
            ("crop", [part]) => Self::Crop(number(name, part, 1.0)?, Place::Centre),
            ("crop", [part, place]) => {
                let named = Place::ALL.into_iter().find(|known| known.name() == *place);
                let places = Place::ALL.map(Place::name).join(", ");
                let unknown = || invalid(format!("no place \"{place}\" to crop: {places} are known"));
                Self::Crop(number(name, part, 1.0)?, named.ok_or_else(unknown)?)
            }
            ("screenshot", []) => Self::Screenshot { jpeg: false },
            ("screenshot", ["jpeg"]) => Self::Screenshot { jpeg: true },
            ("social", []) => Self::Social,
            ("web", []) => Self::Web,
            ("hard", []) => Self::Hard,
            _ => return Err(invalid(format!("\"{text}\" is unknown; known are {KNOWN}"))),
        })
    }

    pub(super) fn apply(self, state: State, seed: u64) -> Result<State> {
        let (width, height) = (state.pixels.width(), state.pixels.height());
        match self {
            Self::Jpeg(quality) => state.compressed(quality),
            Self::Webp(quality) => state.compressed_as_webp(quality),
            Self::Resize(factor) => state.resized(f64::from(width) * factor, f64::from(height) * factor),
            Self::Blur(sigma) => State::filtered(filter::blurred(&state.pixels, sigma)),
            Self::Noise(deviation) => State::filtered(filter::noisy(&state.pixels, deviation, seed)),
            Self::Crop(part, place) => {
                let kept = |side: u32| ((f64::from(side) * part).round() as u32).clamp(1, side);
                let (left, top) = place.before();
                let cut = |side: u32, before: f64| (f64::from(side - kept(side)) * before).floor() as u32;
                let (x, y) = (cut(width, left), cut(height, top));
                State::filtered(filter::cropped(&state.pixels, x, y, kept(width), kept(height)))
            }
            Self::Screenshot { jpeg } => {
                let shown = f64::from(height) * f64::from(SCREEN) / f64::from(width);
                let shown = state.resized(SCREEN.into(), shown)?;
                let sharp = State::filtered(filter::sharpened(&shown.pixels, 1.0, 0.3))?;
                if jpeg { sharp.compressed(85) } else { Ok(sharp) }
            }
            Self::Social => state.fitted(2048)?.fitted(1080)?.compressed(75),
            Self::Web => state.fitted(768)?.compressed(60),
            Self::Hard => state.fitted(512)?.compressed(40),
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

fn whole(name: &str, text: &str) -> Result<u8> {
    const QUALITIES: RangeInclusive<u8> = 1..=100;
    let quality = text.parse().ok().filter(|quality| QUALITIES.contains(quality));
    quality.ok_or_else(|| invalid(format!("{name} needs a whole number from 1 to 100, not \"{text}\"")))
}

fn number(name: &str, text: &str, most: f64) -> Result<f64> {
    let number = text.parse().ok().filter(|number| *number > 0.0 && *number <= most);
    number.ok_or_else(|| invalid(format!("{name} needs a number above 0, at most {most}, not \"{text}\"")))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jpeg(quality) => write!(f, "jpeg:{quality}"),
            Self::Webp(quality) => write!(f, "webp:{quality}"),
            Self::Resize(factor) => write!(f, "resize:{factor}"),
            Self::Blur(sigma) => write!(f, "blur:{sigma}"),
            Self::Noise(deviation) => write!(f, "noise:{deviation}"),
            Self::Crop(part, Place::Centre) => write!(f, "crop:{part}"),
            Self::Crop(part, place) => write!(f, "crop:{part}:{}", place.name()),
            Self::Screenshot { jpeg: false } => f.write_str("screenshot"),
            Self::Screenshot { jpeg: true } => f.write_str("screenshot:jpeg"),
            Self::Social => f.write_str("social"),
            Self::Web => f.write_str("web"),
            Self::Hard => f.write_str("hard"),
        }
    }
}
