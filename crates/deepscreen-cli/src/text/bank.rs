//! What is said about banks.

use std::path::Path;

use deepscreen::bank::{BankStats, ExportFormat, Imported, Merged};
use deepscreen::hash::Transform;
use deepscreen::{Comparison, EntryLabel, Error, Group, Known, Language, Match, MatchedBy, Region, Relation};

use super::{Text, number};
use crate::bank::Counts;
use crate::output::escape;

impl Text {
    pub(crate) fn heading_banks(self) -> &'static str {
        self.pick("Banks", "Ngân hàng ảnh")
    }

    fn entries(self, count: u64) -> String {
        match self.0 {
            Language::Vietnamese => format!("{count} mục"),
            _ if count == 1 => "1 entry".to_owned(),
            _ => format!("{count} entries"),
        }
    }

    pub(crate) fn bank_is_made(self, bank: &Path, distance: u8) -> String {
        let bank = escape(&bank.to_string_lossy());
        match self.0 {
            Language::Vietnamese => {
                format!("{bank}: đã tạo, còn trống; PDQ khớp khi khác không quá {distance} bit\n")
            }
            _ => format!("{bank}: made, empty; PDQ hashes match up to a distance of {distance}\n"),
        }
    }

    pub(crate) fn bank_stats(self, bank: &Path, stats: &BankStats) -> String {
        let mut page =
            format!("{}: {}\n", escape(&bank.to_string_lossy()), self.entries(stats.labels.iter().sum()));
        for (label, count) in EntryLabel::ALL.into_iter().zip(stats.labels) {
            page += &format!("  {count:>9}  {}\n", label.text(self.0));
        }
        let lines = [
            (stats.with_sha256, self.pick("with a SHA-256", "có SHA-256")),
            (stats.with_pdq, self.pick("with a PDQ hash", "có mã băm PDQ")),
            (
                stats.of_low_quality,
                self.pick("of too low a quality to match", "chất lượng quá thấp, không so khớp"),
            ),
            (stats.originals, self.pick("whose file is kept", "có giữ tệp gốc")),
        ];
        for (count, what) in lines {
            page += &format!("  {count:>9}  {what}\n");
        }
        page + &match self.0 {
            Language::Vietnamese => {
                format!("  PDQ khớp khi khác không quá {} trên 256 bit\n", stats.distance)
            }
            _ => format!("  PDQ hashes match up to a distance of {} of 256 bits\n", stats.distance),
        }
    }

    pub(crate) fn added(self, counts: &Counts) -> String {
        let Counts { added, known, kept, refused, not_images } = *counts;
        let mut parts = vec![match self.0 {
            Language::Vietnamese => format!("đã thêm {added}"),
            _ => format!("{added} added"),
        }];
        if known > 0 {
            let there = match (self.0, kept) {
                (Language::Vietnamese, 0) => format!("{known} đã có sẵn"),
                (Language::Vietnamese, _) => format!("{known} đã có sẵn, nay giữ thêm {kept} tệp"),
                (_, 0) => format!("{known} there already"),
                (_, _) => format!("{known} there already, {kept} of them kept from now on"),
            };
            parts.push(there);
        }
        if refused > 0 {
            parts.push(match self.0 {
                Language::Vietnamese => format!("{refused} không thêm được"),
                _ => format!("{refused} left out"),
            });
        }
        if not_images > 0 {
            parts.push(match self.0 {
                Language::Vietnamese => format!("bỏ qua {not_images} tệp không phải ảnh"),
                _ => format!("{} left out", number(not_images, "other file")),
            });
        }
        parts.join("; ") + "\n"
    }

    pub(crate) fn nothing_added(self, bank: &Path) -> String {
        let bank = escape(&bank.to_string_lossy());
        match self.0 {
            Language::Vietnamese => format!("{bank}: không thêm được ảnh nào"),
            _ => format!("{bank}: no picture could be added"),
        }
    }

    pub(crate) fn imported(self, list: &str, imported: &Imported) -> String {
        let list = escape(list);
        let Imported { added, known, faults, .. } = imported;
        match self.0 {
            Language::Vietnamese => format!("{list}: đã thêm {added}; {known} đã có sẵn; bỏ {faults} dòng\n"),
            _ => format!(
                "{list}: {added} added; {known} there already; {} left out\n",
                number(*faults, "line")
            ),
        }
    }

    pub(crate) fn more_faults(self, list: &str, count: u64) -> String {
        let list = escape(list);
        match self.0 {
            Language::Vietnamese => format!("{list}: và {count} dòng lỗi khác"),
            _ => format!("{list}: and {} more", number(count, "faulty line")),
        }
    }

    pub(crate) fn nothing_imported(self) -> String {
        self.pick("no line could be used", "không dòng nào dùng được").to_owned()
    }

    pub(crate) fn exported(self, written: u64, format: ExportFormat, label: Option<EntryLabel>) -> String {
        let entries = self.entries(written);
        let of = label.map_or_else(String::new, |label| format!(" ({})", label.text(self.0)));
        match self.0 {
            Language::Vietnamese => format!("Đã ghi {entries}{of}, dạng {}.", format.name()),
            _ => format!("{entries} written{of}, as {}.", format.name()),
        }
    }

    pub(crate) fn not_an_entry(self, entry: &str) -> String {
        let entry = escape(entry);
        match self.0 {
            Language::Vietnamese => {
                format!("{entry}: cần số của mục, hoặc SHA-256 (64 chữ số thập lục phân)")
            }
            _ => format!("{entry}: the number of an entry expected, or a SHA-256 (64 hexadecimal digits)"),
        }
    }

    pub(crate) fn no_such_file_in_bank(self, sha256: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("{sha256}: ngân hàng ảnh không có tệp này"),
            _ => format!("{sha256}: the bank has no such file"),
        }
    }

    pub(crate) fn removed(self, count: u64) -> String {
        let entries = self.entries(count);
        match self.0 {
            Language::Vietnamese => format!("đã xóa {entries}\n"),
            _ => format!("{entries} removed\n"),
        }
    }

    pub(crate) fn merged(self, other: &Path, merged: &Merged) -> String {
        let other = escape(&other.to_string_lossy());
        let Merged { added, known, refused, originals, .. } = merged;
        let refused = refused.len();
        match self.0 {
            Language::Vietnamese => format!(
                "{other}: đã thêm {added}; {known} đã có sẵn; {refused} trái ngược, bỏ qua; chép {originals} tệp gốc\n"
            ),
            _ => format!(
                "{other}: {added} added; {known} there already; {refused} left out; {} taken over\n",
                number(*originals, "kept file")
            ),
        }
    }

    pub(crate) fn not_merged(self, other: &Path, entry: u32, error: &Error) -> String {
        let other = escape(&other.to_string_lossy());
        match self.0 {
            Language::Vietnamese => format!("{other}: mục {entry}: {}", error.message()),
            _ => format!("{other}: entry {entry}: {}", error.message()),
        }
    }

    pub(crate) fn matched(self, pictures: u64, matched: u64) -> String {
        match self.0 {
            Language::Vietnamese => format!("{pictures} ảnh, {matched} ảnh có trong ngân hàng."),
            _ => format!("{}, {matched} known.", number(pictures, "picture")),
        }
    }

    /// A reason in half a line: `known fake (12 of 256 bits)`, with where to read more.
    pub(crate) fn known(self, means: Known, found: &Match) -> String {
        let how = self.matched_by(found.by);
        let link = found.link.as_ref().map_or_else(String::new, |link| format!(" {link}"));
        match means {
            // The kind beside it says so already.
            Known::Fake => format!("{how}{link}"),
            means => format!("{} ({how}){link}", means.text(self.0)),
        }
    }

    fn matched_by(self, by: MatchedBy) -> String {
        match (by, self.0) {
            (MatchedBy::Pdq { distance, .. }, Language::Vietnamese) => {
                format!("khác {distance} trên 256 bit")
            }
            (MatchedBy::Pdq { distance, .. }, _) => format!("{distance} of 256 bits"),
            (_, Language::Vietnamese) => "cùng một tệp".to_owned(),
            _ => "the same file".to_owned(),
        }
    }

    pub(crate) fn first_of_group(self, group: &Group) -> String {
        match self.0 {
            Language::Vietnamese => format!("ảnh đầu trong {} ảnh gần trùng nhau", group.pictures),
            _ => format!("first of {} near-duplicates", group.pictures),
        }
    }

    pub(crate) fn in_group(self, group: &Group) -> String {
        let first = group.first.to_string_lossy();
        match (self.0, group.has_scores_of_first) {
            (Language::Vietnamese, true) => format!("gần trùng với {first}, lấy điểm của ảnh đó"),
            (Language::Vietnamese, false) => format!("gần trùng với {first}"),
            (_, true) => format!("near-duplicate of {first}, with its scores"),
            (_, false) => format!("near-duplicate of {first}"),
        }
    }

    /// `known fake  12 of 256 bits  entry 17  party.jpg  https://..`
    pub(crate) fn bank_match(self, found: &Match) -> String {
        let entry = match self.0 {
            Language::Vietnamese => format!("mục {}", found.entry),
            _ => format!("entry {}", found.entry),
        };
        let mut parts = vec![found.label.text(self.0).to_owned(), self.matched_by(found.by)];
        if let MatchedBy::Pdq { transform, .. } = found.by
            && transform != Transform::None
        {
            parts.push(transform.text(self.0).to_owned());
        }
        if let Some(comparison) = &found.comparison {
            parts.push(self.relation(comparison));
        }
        parts.push(entry);
        parts.extend([&found.name, &found.origin, &found.link, &found.note].into_iter().flatten().cloned());
        escape(&parts.join("  "))
    }

    /// What was done to an original: `altered: 120x80 at 40,30`.
    fn relation(self, comparison: &Comparison) -> String {
        let shown = comparison.regions.iter().take(3).map(|Region { x, y, width, height }| match self.0 {
            Language::Vietnamese => format!("{width:.0}x{height:.0} tại {x:.0},{y:.0}"),
            _ => format!("{width:.0}x{height:.0} at {x:.0},{y:.0}"),
        });
        let mut shown: Vec<String> = shown.collect();
        if comparison.regions.len() > shown.len() {
            shown.push("..".to_owned());
        }
        match comparison.relation {
            Relation::Same => self.pick("the same picture", "cùng một ảnh").to_owned(),
            Relation::Recompressed => {
                self.pick("recompressed, resized or cropped", "chỉ nén lại, đổi cỡ hoặc cắt").to_owned()
            }
            Relation::Altered => format!("{} {}", self.pick("altered:", "đã bị sửa:"), shown.join("; ")),
            _ => self.pick("could not be compared", "không so được").to_owned(),
        }
    }
}
