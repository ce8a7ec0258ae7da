//! How much memory the process has taken.

/// The most resident memory so far in bytes; `None` where the system does not say it in `/proc`.
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_taken_some_megabytes() {
        assert!((1 << 20..1 << 40).contains(&super::peak().unwrap()));
    }
}
