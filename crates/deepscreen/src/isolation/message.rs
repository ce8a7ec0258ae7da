//! What the two processes say to each other: frames of a length and as many bytes.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::screening::{Failure, Input};

/// A longer frame is no message. An input may have as many bytes as the limits say, and evidence is small.
const LONGEST: u64 = 1 << 36;

/// What a child says first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The [fingerprint](crate::Screener::fingerprint) of its screener.
    pub(crate) fingerprint: [u8; 32],
}

/// An input to look at.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) source: Asked,
    /// What is known already: these analyzers are not asked.
    pub(crate) known: Vec<Evidence>,
    /// The ids of the analyzers.
    pub(crate) analyzers: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Asked {
    Path(OsString),
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// A screening, but for what the parent knows itself: the path, the policy's verdict.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) input: Input,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) elapsed: Duration,
}

pub(crate) fn write<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(&bytes)?;
    to.flush()
}

/// The next message; `None` where the other side has ended.
pub(crate) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 8];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u64::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no message"));
    }
    let mut bytes = Vec::new();
    // Grows with what comes, not with what was announced.
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&bytes).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
