//! The index of a bank, timed: what `benches/bank_index.py` sets beside FAISS.
//!
//! usage: bank_index HASHES QUERIES DISTANCE FOUND
//!
//! HASHES and QUERIES hold 32 bytes a hash. Writes what the queries find to FOUND, as triples of little-endian `u32`:
//! query, position, distance. Prints the seconds that building took and the bytes of the index; then, for each line
//! read, the seconds that all queries take on one thread.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;

use deepscreen::hash::{Index, Pdq};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hashes, queries, distance, found] = arguments.as_slice() else {
        eprintln!("usage: bank_index HASHES QUERIES DISTANCE FOUND");
        std::process::exit(2);
    };
    let (hashes, queries) = (read(hashes), read(queries));
    let distance = distance.parse().expect("a distance in bits");

    let begun = Instant::now();
    let index = Index::new(hashes);
    println!("{} {}", begun.elapsed().as_secs_f64(), index.bytes());

    let near = queries.iter().zip(0u32..).flat_map(|(query, i)| {
        index.within(query, distance).into_iter().map(move |near| [i, near.position, near.distance])
    });
    let bytes: Vec<u8> = near.flatten().flat_map(u32::to_le_bytes).collect();
    std::fs::write(found, bytes).unwrap();

    for _ in std::io::stdin().lines() {
        let begun = Instant::now();
        for query in &queries {
            black_box(index.within(query, distance));
        }
        println!("{}", begun.elapsed().as_secs_f64());
    }
}

fn read(path: &str) -> Vec<Pdq> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks().0.iter().map(|hash| Pdq::from_bytes(*hash)).collect()
}
