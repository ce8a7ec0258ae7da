//! Rows in, as they come; the same rows out, in the order in which a page shows them. What is written waits in a file
//! without a name, which is gone with the program however that ends; kept are some dozen bytes for each row.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use crate::Failed;

/// Rows that are somewhere else, and where.
pub(super) struct Spill {
    file: BufWriter<File>,
    length: u64,
    places: Vec<Place>,
}

/// A row without its text.
#[derive(Clone, Copy)]
pub(super) struct Place {
    offset: u64,
    length: u32,
    /// Where its label stands among the sections.
    pub(super) section: u8,
    /// The worst first; rows without one last.
    pub(super) probability: Option<f32>,
    /// The number of its group of near-duplicates.
    pub(super) group: Option<u32>,
    /// Whether it is the first of that group.
    pub(super) is_first: bool,
    /// A bit for each of the page's reasons.
    pub(super) reasons: u64,
}

/// A row that is shown, and those that are folded away beneath it.
pub(super) struct Entry {
    pub(super) row: Place,
    pub(super) copies: Vec<Place>,
}

impl Entry {
    /// The reasons of all its rows.
    pub(super) fn reasons(&self) -> u64 {
        self.copies.iter().fold(self.row.reasons, |all, copy| all | copy.reasons)
    }
}

impl Place {
    pub(super) fn new(section: u8, probability: Option<f32>, reasons: u64) -> Self {
        Self { offset: 0, length: 0, section, probability, group: None, is_first: false, reasons }
    }
}

impl Spill {
    pub(super) fn new(file: File) -> Self {
        Self { file: BufWriter::new(file), length: 0, places: Vec::new() }
    }

    pub(super) fn add(&mut self, place: Place, row: &str) -> Result<(), Failed> {
        self.file.write_all(row.as_bytes())?;
        let length = u32::try_from(row.len()).map_err(std::io::Error::other)?;
        self.places.push(Place { offset: self.length, length, ..place });
        self.length += u64::from(length);
        Ok(())
    }

    /// Everything is written, and can be read.
    pub(super) fn finish(self) -> Result<Rows, Failed> {
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok(Rows { file, places: self.places, text: Vec::new() })
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.places.capacity() * size_of::<Place>() + self.file.capacity()
    }
}

/// Rows to be read again.
pub(super) struct Rows {
    file: File,
    places: Vec<Place>,
    text: Vec<u8>,
}

impl Rows {
    /// A section's entries, the highest probability first and otherwise as they came. Those of one group are one entry:
    /// under its first picture, or where that is in another section, under the worst.
    pub(super) fn entries(&self, section: u8) -> Vec<Entry> {
        let mut places: Vec<Place> =
            self.places.iter().filter(|place| place.section == section).copied().collect();
        let rank = |place: &Place| place.probability.unwrap_or(-1.0);
        places.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        let mut groups: HashMap<u32, Vec<Place>> = HashMap::new();
        for place in &places {
            if let Some(group) = place.group {
                groups.entry(group).or_default().push(*place);
            }
        }
        let mut shown = HashSet::new();
        let entry = |place: Place| {
            let Some(group) = place.group else { return Some(Entry { row: place, copies: Vec::new() }) };
            if !shown.insert(group) {
                return None;
            }
            let mut members = groups.remove(&group)?;
            let first = members.iter().position(|member| member.is_first).unwrap_or(0);
            let row = members.remove(first);
            Some(Entry { row, copies: members })
        };
        places.into_iter().filter_map(entry).collect()
    }

    /// Copies a row out.
    pub(super) fn copy(&mut self, place: Place, out: &mut dyn Write) -> Result<(), Failed> {
        self.text.resize(place.length as usize, 0);
        self.file.seek(SeekFrom::Start(place.offset))?;
        self.file.read_exact(&mut self.text)?;
        Ok(out.write_all(&self.text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_and_a_group_is_one_entry() {
        let mut spill = Spill::new(tempfile::tempfile().unwrap());
        let of_group = |place: Place, is_first| Place { group: Some(7), is_first, ..place };
        let rows = [
            (Place::new(0, Some(0.5), 1), "half"),
            (of_group(Place::new(0, Some(0.9), 2), false), "copy"),
            (Place::new(1, Some(1.0), 0), "elsewhere"),
            (of_group(Place::new(0, Some(0.8), 4), true), "first"),
            (Place::new(0, None, 0), "none"),
            (Place::new(0, Some(0.5), 0), "half too"),
            (of_group(Place::new(1, Some(0.1), 8), false), "alone"),
        ];
        for (place, text) in rows {
            assert!(spill.add(place, text).is_ok());
        }
        let mut rows = spill.finish().ok().unwrap();
        let mut shown = Vec::new();
        for section in [0, 1] {
            for entry in rows.entries(section) {
                let mut text = Vec::new();
                for place in std::iter::once(&entry.row).chain(&entry.copies) {
                    assert!(rows.copy(*place, &mut text).is_ok());
                    text.push(b' ');
                }
                shown.push((section, String::from_utf8(text).unwrap(), entry.reasons()));
            }
        }
        let expected = [
            (0, "first copy ", 6),
            (0, "half ", 1),
            (0, "half too ", 0),
            (0, "none ", 0),
            (1, "elsewhere ", 0),
            (1, "alone ", 8),
        ];
        assert_eq!(shown, expected.map(|(section, text, reasons)| (section, text.to_owned(), reasons)));
    }
}
