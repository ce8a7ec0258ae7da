//! What is said about stored results, and about scans that go on.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deepscreen::store::{LastScan, Totals};
use deepscreen::{Label, Language, Summary};

use super::{Text, number};
use crate::output::escape;
use crate::time;

impl Text {
    pub(crate) fn known_before(self, known: u64) -> String {
        match self.0 {
            Language::Vietnamese => format!("{known} đã biết từ trước"),
            _ => format!("{known} known before"),
        }
    }

    pub(crate) fn groups_are_not_stored(self) -> String {
        self.pick(
            "--group and --store exclude each other: what a group makes of a picture depends on the other pictures",
            "--group và --store không dùng cùng nhau: kết quả theo nhóm phụ thuộc vào những ảnh khác",
        )
        .to_owned()
    }

    pub(crate) fn watching_never_ends(self) -> &'static str {
        self.pick(
            "--watch has no last picture: it goes with table, jsonl and csv, and not with --group",
            "--watch không có ảnh cuối cùng: chỉ dùng với table, jsonl và csv, và không dùng với --group",
        )
    }

    pub(crate) fn watching(self) -> &'static str {
        self.pick(
            "watching for files that come or change; Ctrl-C ends",
            "đang đợi tệp mới hoặc tệp thay đổi; bấm Ctrl-C để dừng",
        )
    }

    /// The system does not tell of changes.
    pub(crate) fn not_told(self, error: &dyn Display, every: Duration) -> String {
        let seconds = every.as_secs();
        match self.0 {
            Language::Vietnamese => {
                format!("hệ thống không báo khi tệp thay đổi ({error}): sẽ tự xem lại mỗi {seconds} giây")
            }
            _ => format!("the system does not tell of changes ({error}): looking every {seconds} seconds"),
        }
    }

    pub(crate) fn out_is_the_store(self, out: &Path) -> String {
        let out = escape(&out.to_string_lossy());
        match self.0 {
            Language::Vietnamese => format!("{out}: là tệp lưu kết quả; hãy chọn tệp khác cho --out"),
            _ => format!("{out}: is the store; name another file after --out"),
        }
    }

    pub(crate) fn waits_for_store(self, store: &Path, patience: Duration) -> String {
        let (store, seconds) = (escape(&store.to_string_lossy()), patience.as_secs());
        match self.0 {
            Language::Vietnamese => {
                format!("{store}: một lượt rà soát khác đang ghi; chờ tối đa {seconds} giây")
            }
            _ => format!("{store}: another scan has it; waiting, {seconds} s at most"),
        }
    }

    pub(crate) fn store_is_taken(self, store: &Path, patience: Duration) -> String {
        let (store, seconds) = (escape(&store.to_string_lossy()), patience.as_secs());
        match self.0 {
            Language::Vietnamese => format!(
                "{store}: sau {seconds} giây, lượt rà soát khác vẫn chưa xong; hãy chạy lại sau, tăng --store-wait, hoặc dùng tệp khác"
            ),
            _ => format!(
                "{store}: another scan still has it after {seconds} s; try again later, raise --store-wait, or name another file"
            ),
        }
    }

    pub(crate) fn coming_to_an_end(self) -> &'static str {
        self.pick(
            "finishing what is under way; Ctrl-C once more ends at once",
            "đang làm nốt phần dở dang; bấm Ctrl-C lần nữa để dừng ngay",
        )
    }

    /// What was not looked at, and how to go on.
    pub(crate) fn interrupted(self, left: usize, paths: &[PathBuf], store: Option<&Path>) -> String {
        let said = match self.0 {
            Language::Vietnamese => format!("đã dừng: còn {left} tệp chưa xem"),
            _ => format!("interrupted: {} not looked at", number(left as u64, "file")),
        };
        let Some(store) = store else { return said };
        let paths: Vec<String> = match paths {
            [one, .., _] => vec![escape(&one.to_string_lossy()), "..".to_owned()],
            one => one.iter().map(|path| escape(&path.to_string_lossy())).collect(),
        };
        let command =
            format!("deepscreen scan {} --store {}", paths.join(" "), escape(&store.to_string_lossy()));
        match self.0 {
            Language::Vietnamese => format!("{said}; chạy tiếp bằng: {command}"),
            _ => format!("{said}; {command} goes on"),
        }
    }

    /// The last line of a list.
    pub(crate) fn results(self, summary: &Summary) -> String {
        let pictures = match self.0 {
            Language::Vietnamese => format!("{} ảnh", summary.pictures),
            _ => number(summary.pictures, "picture"),
        };
        format!("{pictures}{}", self.counts(summary))
    }

    /// Counts by label and by reason.
    pub(crate) fn totals(self, totals: &Totals, last: Option<&LastScan>) -> String {
        let mut page = match self.0 {
            Language::Vietnamese => format!("{} tệp\n", totals.files),
            _ => format!("{}\n", number(totals.files, "file")),
        };
        let mut add = |count: u64, what: &str| page += &format!("  {count:>9}  {what}\n");
        for (label, count) in Label::ALL.iter().zip(totals.labels) {
            add(count, label.text(self.0));
        }
        add(totals.not_images, self.pick("not a picture", "không phải ảnh"));
        if totals.unreadable > 0 {
            add(
                totals.unreadable,
                self.pick("inconclusive, since it could not be read", "chưa kết luận được vì không đọc được"),
            );
        }
        let mut reasons: Vec<_> = totals.reasons.iter().collect();
        reasons.sort_by(|(one, first), (other, second)| second.cmp(first).then(one.cmp(other)));
        if !reasons.is_empty() {
            page += self.pick("Reasons\n", "Lý do\n");
        }
        for (code, count) in reasons {
            page += &format!("  {count:>9}  {}\n", escape(code));
        }
        if totals.gone > 0 {
            page += &match self.0 {
                Language::Vietnamese => {
                    format!("{} tệp không còn ở lần rà soát gần nhất (--gone liệt kê)\n", totals.gone)
                }
                _ => format!("{} gone since (--gone lists what is)\n", number(totals.gone, "file")),
            };
        }
        if let Some(last) = last {
            let started = time::shown(last.started_at);
            page += &match (self.0, last.finished_at) {
                (Language::Vietnamese, Some(at)) => {
                    format!("Lần rà soát gần nhất: {started} đến {}\n", time::shown(at))
                }
                (Language::Vietnamese, None) => format!("Lần rà soát gần nhất: {started}, chưa xong\n"),
                (_, Some(at)) => format!("Last scan: {started} to {}\n", time::shown(at)),
                (_, None) => format!("Last scan: {started}, not finished\n"),
            };
        }
        page
    }

    pub(crate) fn counts_have_no_page(self) -> &'static str {
        self.pick(
            "--summary counts as a table, as jsonl or as csv",
            "--summary chỉ đếm dạng bảng, jsonl hoặc csv",
        )
    }
}
