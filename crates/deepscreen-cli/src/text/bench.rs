//! What is said about benchmarks.

use std::path::{Path, PathBuf};

use deepscreen::{Error, Language};
use deepscreen_eval::Truth;
use deepscreen_eval::calibrate::Calibrated;
use deepscreen_eval::report::{Check, Cost, Counts, Difference, Masks, Outcome, Resampling};

use super::{Text, number};
use crate::output::escape;

/// Below this many units a bootstrap's intervals are too narrow (`metrics::Clusters`).
const FEW_UNITS: u64 = 30;

impl Text {
    pub(crate) fn no_labelled_pictures(self, paths: &[PathBuf]) -> String {
        let paths: Vec<String> = paths.iter().map(|path| escape(&path.to_string_lossy())).collect();
        let paths = paths.join(", ");
        match self.0 {
            Language::Vietnamese => {
                format!("{paths}: không có ảnh nào kèm nhãn; cần thư mục real và fake, hoặc một danh sách")
            }
            _ => format!("{paths}: no labelled picture; folders real and fake, or a list, are needed"),
        }
    }

    pub(crate) fn no_cache(self, error: &Error) -> String {
        let error = escape(&format!("{error:#}"));
        match self.0 {
            Language::Vietnamese => format!("không lưu điểm lại được, lần sau sẽ tính lại: {error}"),
            _ => format!("scores are not kept, the next run computes them again: {error}"),
        }
    }

    /// `486 fake, 704 real`.
    pub(crate) fn bench_counts(self, counts: Counts) -> String {
        let Counts { real, fake } = counts;
        match self.0 {
            Language::Vietnamese => format!("{fake} ảnh giả, {real} ảnh thật"),
            _ => format!("{fake} fake, {real} real"),
        }
    }

    pub(crate) fn bench_videos(self, counts: Counts) -> String {
        let Counts { real, fake } = counts;
        match self.0 {
            Language::Vietnamese => {
                format!("theo video, trung bình các khung hình: {fake} giả, {real} thật")
            }
            _ => format!("by video, the mean of its frames: {fake} fake, {real} real"),
        }
    }

    pub(crate) fn bench_columns(self, confidence: f64) -> Vec<String> {
        let auc = format!("AUC ({:.0} %)", 100.0 * confidence);
        let columns = match self.0 {
            Language::Vietnamese => [
                "bộ phát hiện",
                &auc,
                "AP",
                "EER",
                "TPR ở 5 %",
                "ở 1 %",
                "ở 0,1 %",
                "ngưỡng",
                "ĐCX cân bằng",
                "phát hiện",
                "báo nhầm",
                "ECE",
            ],
            _ => [
                "detector",
                &auc,
                "AP",
                "EER",
                "TPR at 5 %",
                "at 1 %",
                "at 0.1 %",
                "threshold",
                "balanced acc.",
                "recall",
                "false alarms",
                "ECE",
            ],
        };
        columns.map(str::to_owned).into()
    }

    /// A warning of a check, in a sentence that says what it means for the figures.
    pub(crate) fn bench_warning(self, check: &Check) -> String {
        let examples = match check.examples.first() {
            Some(example) => format!(" ({example})"),
            None => String::new(),
        };
        match (self.0, check.auc, check.share) {
            (Language::Vietnamese, Some(auc), _) => format!(
                "cảnh báo: chỉ riêng {} đã phân biệt được ảnh giả với ảnh thật (AUC {auc:.3}); \
                 số liệu có thể đo điều đó thay vì nội dung ảnh",
                self.feature(&check.subject)
            ),
            (_, Some(auc), _) => format!(
                "warning: {} tells fakes from reals (AUC {auc:.3}); figures may measure that and not the pictures",
                match check.subject.as_str() {
                    "all together" => "the container as a whole".to_owned(),
                    subject => format!("{subject} alone"),
                }
            ),
            (Language::Vietnamese, None, Some(share)) => format!(
                "cảnh báo: {:.2} % số ảnh trùng hoặc gần trùng {}{examples}; số liệu không đáng tin ở mức đó",
                100.0 * share,
                match check.subject.as_str() {
                    "with the training list" => "với ảnh đã dùng để huấn luyện",
                    "across groups" => "giữa các nhóm",
                    _ => "giữa ảnh thật và ảnh giả",
                }
            ),
            (_, None, Some(share)) => format!(
                "warning: {:.2} % of the pictures have a duplicate or near-duplicate {}{examples}; figures are off by as much",
                100.0 * share,
                check.subject
            ),
            (_, None, None) => check.message.clone(),
        }
    }

    fn feature(self, subject: &str) -> &str {
        match subject {
            "format" => "định dạng tệp",
            "short side" => "cạnh ngắn",
            "long side" => "cạnh dài",
            "aspect ratio" => "tỷ lệ hai cạnh",
            "bytes per pixel" => "số byte trên mỗi điểm ảnh",
            "JPEG quality" => "chất lượng JPEG",
            "all together" => "định dạng, kích thước và chất lượng gộp lại",
            other => other,
        }
    }

    /// `clean: ai-image could not score 12 pictures (truncated 10, not_applicable 2); 14 are in no figure`.
    pub(crate) fn bench_not_scored(self, name: &str, outcome: &Outcome) -> String {
        let reasons: Vec<String> =
            outcome.failures.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let reasons = reasons.join(", ");
        let Outcome { degradation, not_scored, left_out, .. } = outcome;
        match self.0 {
            Language::Vietnamese => format!(
                "{degradation}: {name} không cho điểm {not_scored} ảnh ({reasons}); {left_out} ảnh không nằm trong số liệu nào"
            ),
            _ => format!(
                "{degradation}: {name} gave {} no score ({reasons}); {left_out} are in no figure",
                number(*not_scored, "picture")
            ),
        }
    }

    /// A fault of the data by its code, with how many there are.
    pub(crate) fn bench_fault(self, code: &str, count: u64) -> String {
        let (english, vietnamese) = match code {
            "malformed" => ("lines or entries that cannot be read", "dòng hoặc mục không đọc được"),
            "unknown_label" => ("pictures without a known label", "ảnh không có nhãn hợp lệ"),
            "missing" => ("files that do not exist", "tệp không tồn tại"),
            "unreadable" => ("pictures that cannot be read", "ảnh không đọc được"),
            "repeated" => (
                "paths that are there twice, of which the first counts",
                "đường dẫn lặp lại, chỉ tính lần đầu",
            ),
            "contradiction" => (
                "paths that are labelled both real and fake, of which neither counts",
                "đường dẫn vừa mang nhãn thật vừa mang nhãn giả, không tính",
            ),
            "not_a_picture" => ("files that are no pictures", "tệp không phải ảnh"),
            "no_mask" => ("pictures without their mask", "ảnh thiếu mặt nạ"),
            "no_picture" => ("masks without their picture", "mặt nạ thiếu ảnh"),
            "no_frames" => ("videos without frames", "video không có khung hình"),
            "no_score" => ("scores that are missing", "điểm bị thiếu"),
            "bad_score" => ("scores that are no numbers", "điểm không phải là số"),
            "one_class" => {
                return self
                    .pick(
                        "all pictures are of one class: what compares the classes cannot be measured",
                        "mọi ảnh thuộc một lớp: không đo được những gì so hai lớp",
                    )
                    .to_owned();
            }
            _ => (code, code),
        };
        format!("{}: {count}", self.pick(english, vietnamese))
    }

    pub(crate) fn bench_worst_groups(self, name: &str, truth: Truth, groups: &str) -> String {
        match (self.0, truth) {
            (Language::Vietnamese, Truth::Fake) => format!("{name}, phát hiện kém nhất: {groups}"),
            (Language::Vietnamese, Truth::Real) => format!("{name}, báo nhầm nhiều nhất: {groups}"),
            (_, Truth::Fake) => format!("{name}, least recall: {groups}"),
            (_, Truth::Real) => format!("{name}, most false alarms: {groups}"),
        }
    }

    pub(crate) fn bench_difference(self, first: &str, second: &str, difference: &Difference) -> String {
        let against = match self.0 {
            Language::Vietnamese => format!("AUC của {first} trừ {second}"),
            _ => format!("AUC of {first} less {second}"),
        };
        let Some(value) = difference.auc.value else {
            return format!("{against}: {}", difference.auc.undefined.as_deref().unwrap_or("–"));
        };
        let interval = difference.auc.interval;
        let interval = interval.map_or_else(String::new, |[low, high]| format!(" ({low:+.3} .. {high:+.3})"));
        let p = match difference.p {
            Some(p) if p < 0.0001 => ", p < 0.0001".to_owned(),
            Some(p) => format!(", p = {p:.4}"),
            None => String::new(),
        };
        let method = match (self.0, difference.method) {
            (_, "delong") => "DeLong",
            (Language::Vietnamese, _) => "bootstrap theo cặp",
            (_, method) => method,
        };
        format!("{against}: {value:+.3}{interval}{p} ({method})")
    }

    pub(crate) fn bench_masks(self, name: &str, masks: &Masks) -> String {
        let figure = |metric: &str| {
            let found = masks.metrics.iter().find(|figure| figure.metric == metric);
            let value = found.and_then(|figure| figure.value);
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
        };
        let [f1, iou, mcc] = ["pixel_f1", "pixel_iou", "pixel_mcc"].map(figure);
        let Masks { pictures, without_map, .. } = masks;
        match self.0 {
            Language::Vietnamese => format!(
                "{name}, so với mặt nạ của {pictures} ảnh: F1 {f1}, IoU {iou}, MCC {mcc}; {without_map} ảnh không có bản đồ"
            ),
            _ => format!(
                "{name}, against the masks of {}: F1 {f1}, IoU {iou}, MCC {mcc}; {without_map} without a map",
                number(*pictures, "picture")
            ),
        }
    }

    pub(crate) fn bench_cost(self, cost: &Cost) -> String {
        let Cost { seconds, computed, known, .. } = cost;
        let rate = cost.pictures_per_second.map_or_else(String::new, |rate| match self.0 {
            Language::Vietnamese => format!(", {rate:.1} ảnh mỗi giây"),
            _ => format!(", {rate:.1} pictures a second"),
        });
        let memory = cost.peak_memory.map_or_else(String::new, |bytes| match self.0 {
            Language::Vietnamese => format!(", bộ nhớ tối đa {} MiB", bytes >> 20),
            _ => format!(", at most {} MiB of memory", bytes >> 20),
        });
        match self.0 {
            Language::Vietnamese => {
                format!("{computed} ảnh đã tính, {known} ảnh có sẵn điểm: {seconds:.1} giây{rate}{memory}.")
            }
            _ => format!(
                "{} scored, {known} known before: {seconds:.1} s{rate}{memory}.",
                number(*computed, "picture")
            ),
        }
    }

    pub(crate) fn bench_intervals(self, resampling: &Resampling) -> String {
        let Resampling { resamples, confidence, unit, units } = resampling;
        let percent = 100.0 * confidence;
        match (self.0, *unit) {
            (Language::Vietnamese, unit) => {
                let unit = match unit {
                    "group" => "nhóm",
                    "video" => "video",
                    _ => "ảnh",
                };
                let few =
                    if *units < FEW_UNITS { " Ít như vậy thì khoảng này quá hẹp." } else { "" };
                format!("Khoảng tin cậy {percent:.0} %: rút lại {units} {unit}, {resamples} lần.{few}")
            }
            (_, unit) => {
                let few = if *units < FEW_UNITS { " With so few they are too narrow." } else { "" };
                format!("Intervals of {percent:.0} %: {} drawn {resamples} times.{few}", number(*units, unit))
            }
        }
    }

    pub(crate) fn folder_is_not_empty(self, folder: &Path) -> String {
        let folder = escape(&folder.to_string_lossy());
        match self.0 {
            Language::Vietnamese => format!("{folder}: thư mục không trống"),
            _ => format!("{folder}: the folder is not empty"),
        }
    }

    pub(crate) fn calibration_needs_a_folder(self, model: &Path) -> String {
        let model = escape(&model.to_string_lossy());
        match self.0 {
            Language::Vietnamese => {
                format!("{model}: mô hình này không có model.toml để ghi vào; hãy dùng --out THƯ_MỤC")
            }
            _ => format!("{model}: this model has no model.toml that can be written; use --out FOLDER"),
        }
    }

    pub(crate) fn calibrated(self, id: &str, path: &Path, fit: &Calibrated, without: u64) -> String {
        let path = escape(&path.to_string_lossy());
        let measured = &fit.measured;
        let [before, after] = [fit.before, fit.after];
        let mut page = match self.0 {
            Language::Vietnamese => format!(
                "{id}: hiệu chuẩn trên {} ảnh ({} ảnh thật), ghi vào {path}\n",
                measured.pictures, measured.photographs
            ),
            _ => format!(
                "{id}: calibrated on {} pictures ({} real), written to {path}\n",
                measured.pictures, measured.photographs
            ),
        };
        page += &match self.0 {
            Language::Vietnamese => format!(
                "  log loss {:.3} thành {:.3}, ECE {:.3} thành {:.3}, trên những ảnh không dùng để hiệu chuẩn\n",
                before.log_loss, after.log_loss, before.calibration_error, after.calibration_error
            ),
            _ => format!(
                "  log loss {:.3} to {:.3}, ECE {:.3} to {:.3}, on pictures that the fit did not see\n",
                before.log_loss, after.log_loss, before.calibration_error, after.calibration_error
            ),
        };
        for point in &measured.operating_points {
            let percent = 100.0 * point.max_fpr;
            page += &match self.0 {
                Language::Vietnamese => {
                    format!("  ngưỡng {} báo nhầm không quá {percent} % số ảnh thật\n", point.threshold)
                }
                _ => format!("  threshold {} flags at most {percent} % of the reals\n", point.threshold),
            };
        }
        for rate in &fit.unreachable {
            let (percent, needed) = (100.0 * rate, (1.0 / rate).ceil());
            page += &match self.0 {
                Language::Vietnamese => {
                    format!("  không có ngưỡng cho {percent} %: cần ít nhất {needed} ảnh thật\n")
                }
                _ => format!("  no threshold for {percent} %: at least {needed} reals are needed\n"),
            };
        }
        if without > 0 {
            page += &match self.0 {
                Language::Vietnamese => format!("  {without} ảnh không có điểm, không dùng\n"),
                _ => format!("  {} without a score, not used\n", number(without, "picture")),
            };
        }
        if after.log_loss >= before.log_loss {
            page += self.pick(
                "  the fit is not better than what was there: keep the old calibration\n",
                "  hiệu chuẩn mới không tốt hơn cái cũ: nên giữ cái cũ\n",
            );
        }
        page
    }
}
