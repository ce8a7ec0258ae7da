//! A bank as a file, timed: how long a list takes to import, and a bank to load.
//!
//! usage: bank_file BANK ENTRIES
//!
//! Makes BANK where it is not there yet, with so many entries of random hashes. Prints the seconds of both, and on Linux
//! what memory holds once it is loaded.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::{BufReader, Read};
use std::time::Instant;

use deepscreen::EntryLabel;
use deepscreen::bank::{Bank, Entry, Snapshot};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, entries] = arguments.as_slice() else {
        eprintln!("usage: bank_file BANK ENTRIES");
        std::process::exit(2);
    };
    let entries: u64 = entries.parse().expect("a number of entries");
    if !std::path::Path::new(path).exists() {
        let bank = Bank::create(path).unwrap();
        let begun = Instant::now();
        let list = BufReader::with_capacity(1 << 20, List { line: 0, end: entries, rest: Vec::new() });
        let imported =
            bank.import(list, &Entry::new(EntryLabel::KnownFake), |fault| panic!("{fault:?}")).unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        println!("{} imported in {seconds:.1} s: {:.0} a second", imported.added, entries as f64 / seconds);
    }
    println!("{:.2} GB as a file", std::fs::metadata(path).unwrap().len() as f64 / 1e9);
    let begun = Instant::now();
    let snapshot = Snapshot::of(&Bank::open(path).unwrap()).unwrap();
    println!("{} loaded in {:.1} s", snapshot.len(), begun.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
        .for_each(|line| println!("{line}"));
}

/// A list of random hashes, as a file would give it.
struct List {
    line: u64,
    end: u64,
    rest: Vec<u8>,
}

impl Read for List {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.len() < buffer.len() && self.line < self.end {
            self.line += 1;
            for word in 0..4 {
                // SplitMix64 (Steele, Lea, Flood, 2014).
                let mut mixed = (4 * self.line + word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                self.rest.extend(format!("{:016x}", mixed ^ mixed >> 31).bytes());
            }
            self.rest.push(b'\n');
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}
