//! The blocks of GIF: comments, and the application block that holds XMP.

use std::io::{Read, Seek};

use super::super::source::Source;
use super::super::{Collector, FaultKind, text, xmp};

/// Behind an XMP packet: bytes that lead any reader of blocks to the end, wherever it jumps in.
const XMP_TRAILER: u64 = 257;

const LONGEST_COMMENT: usize = 1 << 20;

pub(super) fn read<R: Read + Seek>(source: &Source<R>, found: &mut Collector) {
    if walk(source, found).is_none() {
        let kind = if source.is_exhausted() { FaultKind::TooLarge } else { FaultKind::Truncated };
        found.fault("gif", kind);
    }
}

/// Walks to the trailer; `None` where the file ends before it.
fn walk<R: Read + Seek>(source: &Source<R>, found: &mut Collector) -> Option<()> {
    let byte = |at: u64| source.header::<1>(at).map(|[byte]| byte);
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + table(byte(10)?);
    loop {
        match byte(at)? {
            0x3B => return Some(()),
            0x2C => {
                // Position and size, its own colours, the size of the first codes.
                let colors = table(byte(at + 9)?);
                at = skip_blocks(source, at + 10 + colors + 1)?;
            }
            0x21 => match byte(at + 1)? {
                0xFE => {
                    let mut comment = Vec::new();
                    at = blocks(source, at + 2, &mut comment)?;
                    found.add("gif.comment", text::from_bytes(text::terminated(&comment)));
                }
                0xFF => {
                    let is_xmp = byte(at + 2)? == 11 && source.header::<11>(at + 3)? == *b"XMP DataXMP";
                    let start = at + 3 + u64::from(byte(at + 2)?);
                    at = skip_blocks(source, start)?;
                    // The packet is no sequence of blocks: it reaches to the trailer that ends it.
                    if is_xmp {
                        let length = (at - start).saturating_sub(XMP_TRAILER + 1);
                        if let Some(packet) = super::block(source, start, length, "xmp", found) {
                            xmp::read(&packet, found);
                        }
                    }
                }
                _ => at = skip_blocks(source, at + 2)?,
            },
            _ => {
                found.fault("gif", FaultKind::Malformed);
                return Some(());
            }
        }
    }
}

fn skip_blocks<R: Read + Seek>(source: &Source<R>, mut at: u64) -> Option<u64> {
    loop {
        let [length] = source.header::<1>(at)?;
        at += 1 + u64::from(length);
        if length == 0 {
            return Some(at);
        }
    }
}

fn blocks<R: Read + Seek>(source: &Source<R>, mut at: u64, into: &mut Vec<u8>) -> Option<u64> {
    loop {
        let [length] = source.header::<1>(at)?;
        if length == 0 {
            return Some(at + 1);
        }
        if into.len() < LONGEST_COMMENT {
            into.extend(source.take(at + 1, u64::from(length))?);
        }
        at += 1 + u64::from(length);
    }
}
