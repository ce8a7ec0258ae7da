//! How much memory this process may take from here on.

use crate::error::{Error, ErrorKind, Result};

/// Lets the process take `bytes` of address space beyond what it has. An allocation that fails then ends it.
#[cfg(target_os = "linux")]
pub(crate) fn limit_memory(bytes: u64) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::InvalidConfig, "the memory of the process cannot be limited").because(error)
    };
    // proc(5): the first number is the size of the address space, in pages.
    let statm = std::fs::read_to_string("/proc/self/statm").map_err(failed)?;
    let pages: Option<u64> = statm.split(' ').next().and_then(|pages| pages.parse().ok());
    let Some(pages) = pages else { return Err(failed(std::io::ErrorKind::InvalidData.into())) };
    let taken = pages.saturating_mul(rustix::param::page_size() as u64);
    let most = getrlimit(Resource::As).maximum;
    let current = taken.saturating_add(bytes).min(most.unwrap_or(u64::MAX));
    setrlimit(Resource::As, Rlimit { current: Some(current), maximum: most })
        .map_err(|error| failed(error.into()))
}

/// Other systems have no such limit that holds.
#[cfg(not(target_os = "linux"))]
pub(crate) fn limit_memory(_: u64) -> Result<()> {
    Ok(())
}
