//! An address in, a whole and checked file out. What is there already is kept, and only the rest is asked for.
//!
//! Follows RFC 9110: ranges (14), `If-Range` with a strong validator (13.1.5), redirects (15.4). Only http and
//! https, and never from https to http.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, IF_RANGE, LOCATION, RANGE};
use ureq::http::uri::{Authority, Scheme};
use ureq::http::{HeaderMap, Response, StatusCode, Uri};
use ureq::{Agent, Body};

use crate::added_models::MAX_BYTES;

const MAX_REDIRECTS: usize = 5;

/// A file that is wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) url: &'a str,
    pub(crate) sha256: Option<&'a str>,
    pub(crate) bytes: Option<u64>,
}

/// Why a file did not arrive.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The server has no such thing to give.
    Status(u16),
    TooManyRedirects,
    /// From https to http, or to something else than both.
    UnsafeRedirect(String),
    /// More than was announced, or than a model may have.
    TooLarge {
        limit: u64,
    },
    WrongSize {
        expected: u64,
        found: u64,
    },
    WrongHash {
        expected: String,
        found: String,
    },
    /// The connection ended early; what came is kept.
    Cut {
        have: u64,
        total: Option<u64>,
    },
    /// Nothing came for as long as the user waits; what came is kept.
    Silent,
    Network(String),
    File(PathBuf, io::Error),
}

/// What asks, with the user's patience. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`).
pub(crate) fn agent(patience: Duration) -> Agent {
    Agent::config_builder()
        .user_agent(concat!("deepscreen/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .timeout_per_write(Some(patience))
        .build()
        .new_agent()
}

/// Fetches into `part`, beside which its validator is kept; gives the SHA-256 of the whole.
pub(crate) fn fetch(
    agent: &Agent,
    wanted: &Wanted<'_>,
    part: &Path,
    progress: &ProgressBar,
) -> Result<String, Problem> {
    let mut file = Partial::open(part)?;
    // Without a validator and without a hash, nobody would see that the two halves are of different files.
    let mut have = if file.tag.is_some() || wanted.sha256.is_some() { file.bytes()? } else { 0 };
    let limit = wanted.bytes.unwrap_or(MAX_BYTES);
    if have > limit {
        have = 0;
    }
    if have == 0 || wanted.bytes != Some(have) {
        loop {
            progress.set_position(have);
            let response = request(agent, wanted.url, have, file.tag.as_deref())?;
            if is_whole(&response, have) {
                break;
            }
            if have > 0 && !continues(&response, have, file.tag.as_deref()) {
                if response.status() != StatusCode::OK {
                    // The range is not there any more, or is of another file: all of it, then.
                    have = 0;
                    file.forget()?;
                    continue;
                }
                have = 0;
            }
            receive(&mut file, response, have, wanted, limit, progress)?;
            break;
        }
    }
    let found = file.sha256()?;
    match wanted.sha256 {
        Some(expected) if !expected.eq_ignore_ascii_case(&found) => {
            file.delete()?;
            Err(Problem::WrongHash { expected: expected.to_ascii_lowercase(), found })
        }
        _ => Ok(found),
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks, and follows redirects by hand: a client's own would take the ranges away or step down to http.
fn request(agent: &Agent, url: &str, have: u64, tag: Option<&str>) -> Result<Response<Body>, Problem> {
    let mut uri: Uri = url.parse().map_err(|error| Problem::Network(format!("{error}")))?;
    for _ in 0..=MAX_REDIRECTS {
        // Compressed, the bytes that arrive would not be those of the file.
        let mut request = agent.get(&uri).header(ACCEPT_ENCODING, "identity");
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
            if let Some(tag) = tag {
                request = request.header(IF_RANGE, tag);
            }
        }
        let response = request.call().map_err(of_network)?;
        match response.status().as_u16() {
            301 | 302 | 303 | 307 | 308 => {
                let location = text(response.headers(), &LOCATION).unwrap_or_default();
                uri =
                    redirected(&uri, location).ok_or_else(|| Problem::UnsafeRedirect(location.to_owned()))?;
            }
            200 => return Ok(response),
            206 | 416 if have > 0 => return Ok(response),
            status => return Err(Problem::Status(status)),
        }
    }
    Err(Problem::TooManyRedirects)
}

/// Where a `Location` leads; nowhere, if that is neither http nor https, or http after https.
fn redirected(from: &Uri, location: &str) -> Option<Uri> {
    let scheme = from.scheme()?.clone();
    let location = location.split('#').next().unwrap_or_default();
    let to: Uri = if location.starts_with("//") {
        format!("{scheme}:{location}").parse().ok()?
    } else if location.starts_with('/') {
        let authority: &Authority = from.authority()?;
        format!("{scheme}://{authority}{location}").parse().ok()?
    } else {
        location.parse().ok()?
    };
    let sound =
        to.scheme() == Some(&Scheme::HTTPS) || (to.scheme() == Some(&Scheme::HTTP) && scheme == Scheme::HTTP);
    (sound && to.authority().is_some()).then_some(to)
}

/// Whether this is the rest of the file whose first bytes are here.
fn continues(response: &Response<Body>, have: u64, tag: Option<&str>) -> bool {
    let start = content_range(response.headers()).map(|(start, _)| start);
    let same = match (tag, text(response.headers(), &ETAG)) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    response.status() == StatusCode::PARTIAL_CONTENT && start == Some(have) && same
}

/// Whether the server says that nothing is missing behind what is here: a 416 to a range that begins at the end.
fn is_whole(response: &Response<Body>, have: u64) -> bool {
    let total = text(response.headers(), &CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes */"));
    response.status() == StatusCode::RANGE_NOT_SATISFIABLE
        && total.and_then(|total| total.trim().parse().ok()) == Some(have)
}

/// `bytes 100-199/200` is `(100, Some(200))`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) = text(headers, &CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

fn text<'a>(headers: &'a HeaderMap, name: &ureq::http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Writes what comes behind the first `have` bytes.
fn receive(
    file: &mut Partial,
    mut response: Response<Body>,
    have: u64,
    wanted: &Wanted<'_>,
    limit: u64,
    progress: &ProgressBar,
) -> Result<(), Problem> {
    let total = match content_range(response.headers()) {
        Some((_, total)) if have > 0 => total,
        _ => response.body().content_length(),
    };
    match (total, wanted.bytes) {
        (Some(found), Some(expected)) if found != expected => {
            return Err(Problem::WrongSize { expected, found });
        }
        (Some(found), _) if found > limit => return Err(Problem::TooLarge { limit }),
        _ => {}
    }
    // A weak one says that two files mean the same, not that their bytes are the same.
    let tag = text(response.headers(), &ETAG).filter(|tag| tag.starts_with('"'));
    file.start(have, tag)?;
    if let Some(total) = total {
        progress.set_length(total);
    }
    progress.set_position(have);

    let mut body = response.body_mut().as_reader();
    let (mut have, mut buffer) = (have, vec![0; 64 * 1024]);
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                file.flush()?;
                return Err(match of_network(error.into()) {
                    Problem::Silent => Problem::Silent,
                    _ => Problem::Cut { have, total },
                });
            }
        };
        have += read as u64;
        if have > limit {
            file.delete()?;
            return Err(Problem::TooLarge { limit });
        }
        file.write(&buffer[..read])?;
        progress.set_position(have);
    }
    file.flush()?;
    match (total, wanted.bytes) {
        (Some(total), _) if have < total => Err(Problem::Cut { have, total: Some(total) }),
        (_, Some(expected)) if have < expected => Err(Problem::Cut { have, total: Some(expected) }),
        _ => Ok(()),
    }
}

fn of_network(error: ureq::Error) -> Problem {
    match error {
        ureq::Error::Timeout(_) => Problem::Silent,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Problem::Silent,
        error => Problem::Network(error.to_string()),
    }
}

/// A file that is not whole yet, and the validator (ETag) of what is there.
struct Partial {
    path: PathBuf,
    tag_path: PathBuf,
    file: File,
    tag: Option<String>,
}

impl Partial {
    fn open(path: &Path) -> Result<Self, Problem> {
        let tag_path = path.with_extension("etag");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(|error| Problem::File(path.to_owned(), error))?;
        let tag = fs::read_to_string(&tag_path).ok().filter(|tag| !tag.is_empty());
        Ok(Self { path: path.to_owned(), tag_path, file, tag })
    }

    fn problem(&self) -> impl Fn(io::Error) -> Problem + use<> {
        let path = self.path.clone();
        move |error| Problem::File(path.clone(), error)
    }

    fn bytes(&self) -> Result<u64, Problem> {
        self.file.metadata().map(|facts| facts.len()).map_err(self.problem())
    }

    /// Goes on behind the first `have` bytes, with the validator of the answer that brings the rest.
    fn start(&mut self, have: u64, tag: Option<&str>) -> Result<(), Problem> {
        self.file
            .set_len(have)
            .and_then(|()| self.file.seek(SeekFrom::Start(have)))
            .map_err(self.problem())?;
        self.tag = tag.map(str::to_owned);
        fs::write(&self.tag_path, tag.unwrap_or_default()).map_err(self.problem())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.file.write_all(bytes).map_err(self.problem())
    }

    fn flush(&mut self) -> Result<(), Problem> {
        self.file.sync_data().map_err(self.problem())
    }

    /// Nothing is here.
    fn forget(&mut self) -> Result<(), Problem> {
        self.start(0, None)
    }

    fn delete(&mut self) -> Result<(), Problem> {
        self.forget()?;
        fs::remove_file(&self.tag_path).and_then(|()| fs::remove_file(&self.path)).map_err(self.problem())
    }

    fn sha256(&mut self) -> Result<String, Problem> {
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        self.file.seek(SeekFrom::Start(0)).map_err(self.problem())?;
        loop {
            match self.file.read(&mut buffer).map_err(self.problem())? {
                0 => return Ok(hex(&digest.finalize())),
                read => digest.update(&buffer[..read]),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_http_and_https_and_never_down() {
        for (from, location, to) in [
            ("https://a/x/y", "https://b/z?q=1", Some("https://b/z?q=1")),
            ("https://a/x/y", "/z#part", Some("https://a/z")),
            ("http://a:8080/x", "/z", Some("http://a:8080/z")),
            ("https://a/x", "//b/z", Some("https://b/z")),
            ("http://a/x", "https://b/z", Some("https://b/z")),
            ("https://a/x", "http://b/z", None),
            ("https://a/x", "//b/z\n", None),
            ("https://a/x", "file:///etc/passwd", None),
            ("https://a/x", "ftp://b/z", None),
            ("https://a/x", "z", None),
            ("https://a/x", "", None),
        ] {
            let found = redirected(&from.parse().unwrap(), location).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), to, "{from} {location}");
        }
    }
}
