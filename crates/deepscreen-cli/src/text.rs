//! Every sentence that the program itself says, in English and Vietnamese (NFC).
//!
//! What the library says (labels, kinds, reasons, failures) it says itself.

mod bank;
mod bench;
mod credentials;
mod doctor;
mod models;
mod page;
mod results;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use deepscreen::media::Note;
use deepscreen::{
    Face, Fault, FaultKind, Grade, Kind, Label, Language, Network, OperatingPoint, Probability, Region,
    Summary, Topic, Watermark, WatermarkMessage,
};

pub(crate) use page::Words;

/// The program's sentences in one language.
#[derive(Clone, Copy)]
pub(crate) struct Text(Language);

/// The language that the environment asks for: Vietnamese or, for all others, English.
pub(crate) fn language_of_environment() -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    match locale {
        Some(locale) if locale.to_ascii_lowercase().starts_with("vi") => Language::Vietnamese,
        _ => Language::English,
    }
}

impl Text {
    pub(crate) fn new(language: Language) -> Self {
        Self(language)
    }

    pub(crate) fn language(self) -> Language {
        self.0
    }

    fn pick<T>(self, english: T, vietnamese: T) -> T {
        match self.0 {
            Language::Vietnamese => vietnamese,
            _ => english,
        }
    }

    // Scanning

    /// `14 pictures, 1.2 s (11.7 a second, rten 0.27): 3 likely manipulated, ..`
    pub(crate) fn summary(self, summary: &Summary, engine: &str, known: u64) -> String {
        let seconds = summary.elapsed.as_secs_f64();
        let rate = summary.pictures_per_second();
        let pictures = summary.pictures;
        let start = match self.0 {
            Language::Vietnamese => {
                format!("{pictures} ảnh, {seconds:.1} giây ({rate:.1} ảnh mỗi giây, {engine})")
            }
            _ => format!("{}, {seconds:.1} s ({rate:.1} a second, {engine})", number(pictures, "picture")),
        };
        let known = if known > 0 { format!(" {}.", self.known_before(known)) } else { String::new() };
        format!("{start}{}{known}", self.counts(summary))
    }

    /// `: 3 likely manipulated, 1 not judged. 1 could not be read.`
    fn counts(self, summary: &Summary) -> String {
        let count = |label| summary.with(label);
        let not_images = summary.not_images;
        let parts: Vec<String> = [
            (Label::LikelyManipulated, self.pick("likely manipulated", "nhiều khả năng giả")),
            (Label::NeedsReview, self.pick("to review", "cần xem lại")),
            (Label::NoIndication, self.pick("without indication", "không thấy dấu hiệu")),
            (Label::Inconclusive, self.pick("not judged", "chưa kết luận được")),
        ]
        .into_iter()
        .filter(|(label, _)| count(*label) > 0)
        .map(|(label, words)| format!("{} {words}", count(label)))
        .collect();
        let mut line = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        line.push('.');
        if summary.unreadable > 0 {
            line.push_str(&match self.0 {
                Language::Vietnamese => format!(" {} ảnh không đọc được.", summary.unreadable),
                _ => format!(" {} could not be read.", summary.unreadable),
            });
        }
        if not_images > 0 {
            line.push_str(&match self.0 {
                Language::Vietnamese => format!(" Bỏ qua {not_images} tệp không phải ảnh."),
                _ => format!(" {} left out.", number(not_images, "other file")),
            });
        }
        line
    }

    pub(crate) fn no_proof(self) -> &'static str {
        self.pick(
            "No indication is no proof that a picture is real: deepscreen inspect FILE shows what was looked at.",
            "Không thấy dấu hiệu không có nghĩa là ảnh thật: deepscreen inspect TỆP cho biết đã xem xét những gì.",
        )
    }

    pub(crate) fn no_proof_short(self) -> &'static str {
        self.pick(
            "nothing was found; that is no proof that the picture is real",
            "không tìm thấy gì; điều đó không chứng minh ảnh là thật",
        )
    }

    pub(crate) fn detector_score(self, detector: &str, probability: Probability) -> String {
        match self.0 {
            Language::Vietnamese => format!("bộ phát hiện {detector} {probability}"),
            _ => format!("detector {detector} {probability}"),
        }
    }

    /// What a file says of itself, in half a line.
    pub(crate) fn statement(
        self,
        topic: Topic,
        kind: Option<Kind>,
        grade: Grade,
        tool: Option<&str>,
    ) -> String {
        let is_hint = grade == Grade::Circumstantial;
        let found = kind.map_or("", |kind| kind.text(self.0));
        let said = match (topic, tool) {
            (Topic::Editor, tool) => match self.0 {
                Language::Vietnamese => format!("đã qua {}", tool.unwrap_or("phần mềm chỉnh sửa")),
                _ => format!("went through {}", tool.unwrap_or("an editor")),
            },
            (Topic::Thumbnail, _) => self
                .pick("the thumbnail shows another picture", "hình thu nhỏ cho thấy một ảnh khác")
                .to_owned(),
            (Topic::AiLabel, _) if is_hint => match self.0 {
                Language::Vietnamese => format!("có thể {found}: nhãn nội dung AI để ngỏ"),
                _ => format!("perhaps {found}: so says its label for AI content"),
            },
            (_, Some(tool)) if is_hint => match self.0 {
                Language::Vietnamese => format!("có thể {found}: có nhắc đến {tool}"),
                _ => format!("perhaps {found}: names {tool}"),
            },
            (_, None) if is_hint => match self.0 {
                Language::Vietnamese => format!("có thể {found}"),
                _ => format!("perhaps {found}"),
            },
            (Topic::AiGenerator, Some(tool)) => match self.0 {
                Language::Vietnamese => format!("do {tool} ghi"),
                _ => format!("written by {tool}"),
            },
            (Topic::AiLabel, _) => self.pick("labelled as AI content", "mang nhãn nội dung AI").to_owned(),
            (Topic::Prompt, _) => {
                self.pick("holds a generator's prompt", "có yêu cầu gửi cho công cụ tạo ảnh").to_owned()
            }
            _ => self.pick("by its source type", "theo loại nguồn").to_owned(),
        };
        match self.0 {
            Language::Vietnamese => format!("{said} (siêu dữ liệu)"),
            _ => format!("{said} (metadata)"),
        }
    }

    /// Behind a detector's score: what becomes of it when the picture is passed on.
    pub(crate) fn unstable(self, before: Probability, variant: &str, after: Probability) -> String {
        match self.0 {
            Language::Vietnamese if after < before => {
                format!("giảm còn {after} khi ảnh được lưu lại ({variant})")
            }
            Language::Vietnamese => format!("tăng lên {after} khi ảnh được lưu lại ({variant})"),
            _ if after < before => format!("falls to {after} when the picture is passed on ({variant})"),
            _ => format!("rises to {after} when the picture is passed on ({variant})"),
        }
    }

    pub(crate) fn media_note(self, note: &Note) -> String {
        match (note, self.0) {
            (Note::FirstFrame(Some(frames)), Language::Vietnamese) => {
                format!("chỉ xem hình đầu trong {frames} hình")
            }
            (Note::FirstFrame(Some(frames)), _) => format!("first of {frames} frames looked at"),
            (Note::FirstFrame(None), language) => {
                Self(language).pick("first frame looked at", "chỉ xem hình đầu tiên").to_owned()
            }
            (Note::EmbeddedPreview, language) => Self(language)
                .pick("camera raw: embedded preview looked at", "tệp raw: chỉ xem ảnh xem trước")
                .to_owned(),
            (Note::ProfileIgnored, language) => {
                Self(language).pick("colour profile ignored", "bỏ qua hồ sơ màu").to_owned()
            }
            (other, _) => other.code().to_owned(),
        }
    }

    pub(crate) fn time_left(self) -> &'static str {
        self.pick("{eta} left", "còn {eta}")
    }

    // What goes wrong

    pub(crate) fn nothing_exists(self, paths: &[PathBuf]) -> String {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let paths = paths.join(", ");
        match self.0 {
            Language::Vietnamese => format!("{paths}: không tồn tại; hãy kiểm tra lại đường dẫn"),
            _ => format!("{paths}: no such file or folder; check the spelling"),
        }
    }

    pub(crate) fn no_files(self, paths: &[PathBuf]) -> String {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let paths = paths.join(", ");
        match self.0 {
            Language::Vietnamese => {
                format!("{paths}: không có tệp nào để xem; hãy chỉ ra tệp hoặc thư mục có ảnh")
            }
            _ => format!("{paths}: no files there; name a file, or a folder that holds some"),
        }
    }

    pub(crate) fn list_unreadable(self, error: &dyn Display) -> String {
        match self.0 {
            Language::Vietnamese => format!("không đọc được danh sách từ đầu vào chuẩn: {error}"),
            _ => format!("the list on standard input cannot be read: {error}"),
        }
    }

    pub(crate) fn output_failed(self, error: &dyn Display) -> String {
        match self.0 {
            Language::Vietnamese => format!("không ghi được kết quả: {error}"),
            _ => format!("the results cannot be written: {error}"),
        }
    }

    pub(crate) fn rate_not_measured(self, detector: &str, max_fpr: f64, points: &[OperatingPoint]) -> String {
        let strictest = points.first().map_or(1.0, |point| point.max_fpr);
        match self.0 {
            Language::Vietnamese => format!(
                "{detector} chưa được đo ở mức báo nhầm {max_fpr}: mức thấp nhất đã đo là {strictest} (--max-fpr {strictest})"
            ),
            _ => format!(
                "{detector} was never measured at a false-alarm rate of {max_fpr}: {strictest} is the lowest that was (--max-fpr {strictest})"
            ),
        }
    }

    pub(crate) fn no_engine_runs(self) -> String {
        self.pick("the engine that was asked for cannot run", "bộ máy được yêu cầu không chạy được")
            .to_owned()
    }

    // Inspecting and hashing

    pub(crate) fn heading_verdict(self) -> &'static str {
        self.pick("Verdict", "Kết luận")
    }

    pub(crate) fn heading_file(self) -> &'static str {
        self.pick("File", "Tệp")
    }

    pub(crate) fn heading_provenance(self) -> &'static str {
        self.pick("Provenance", "Nguồn gốc")
    }

    pub(crate) fn heading_detectors(self) -> &'static str {
        self.pick("Detectors", "Bộ phát hiện")
    }

    pub(crate) fn watermark(self, watermark: &Watermark) -> String {
        let Watermark { message, matching_bits, .. } = watermark;
        let (name, bits) = (message.name(), message.bits());
        match self.0 {
            Language::Vietnamese => format!("thủy vân của {name}: đọc được {matching_bits} trên {bits} bit"),
            _ => format!("watermark of {name}: {matching_bits} of {bits} bits"),
        }
    }

    /// In half a line.
    pub(crate) fn watermark_of(self, message: WatermarkMessage) -> String {
        let name = message.name();
        match self.0 {
            Language::Vietnamese => format!("thủy vân của {name}"),
            _ => format!("watermark of {name}"),
        }
    }

    pub(crate) fn heading_hashes(self) -> &'static str {
        self.pick("Hashes", "Mã băm")
    }

    pub(crate) fn heading_metadata(self) -> &'static str {
        self.pick("Metadata", "Siêu dữ liệu")
    }

    /// What a field is about, as a heading of its line.
    pub(crate) fn topic(self, topic: Topic) -> &'static str {
        match topic {
            Topic::AiGenerator => self.pick("AI tool", "Công cụ AI"),
            Topic::SourceType => self.pick("Source type", "Loại nguồn"),
            Topic::AiLabel => self.pick("AI label", "Nhãn AI"),
            Topic::Prompt => self.pick("AI detail", "Chi tiết AI"),
            Topic::Thumbnail => self.pick("Thumbnail", "Hình thu nhỏ"),
            Topic::Editor => self.pick("Editor", "Chỉnh sửa"),
            Topic::Software => self.pick("Software", "Phần mềm"),
            Topic::Camera => self.pick("Camera", "Máy ảnh"),
            Topic::Date => self.pick("Date", "Ngày giờ"),
            Topic::Orientation => self.pick("Orientation", "Hướng ảnh"),
            _ => self.pick("Other", "Khác"),
        }
    }

    pub(crate) fn metadata_fault(self, fault: &Fault) -> String {
        let words = match fault.kind {
            FaultKind::WrongChecksum => self.pick("its checksum is wrong", "mã kiểm không khớp"),
            FaultKind::Truncated => self.pick("ends early", "bị cắt cụt"),
            FaultKind::TooLarge => self.pick("larger than what is read of it", "lớn hơn mức được đọc"),
            _ => self.pick("damaged", "bị hỏng"),
        };
        format!("{}: {words}", fault.field)
    }

    pub(crate) fn heading_notes(self) -> &'static str {
        self.pick("Notes", "Ghi chú")
    }

    pub(crate) fn heading_failures(self) -> &'static str {
        self.pick("What did not work", "Những gì không thực hiện được")
    }

    pub(crate) fn heading_replay(self) -> &'static str {
        self.pick("Screened with", "Đã xem bằng")
    }

    pub(crate) fn policy(self) -> &'static str {
        self.pick("policy", "chính sách")
    }

    pub(crate) fn bytes(self, bytes: u64) -> String {
        match bytes {
            0..1024 => format!("{bytes} B"),
            1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
            1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
            _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
        }
    }

    pub(crate) fn quality(self, quality: u8) -> String {
        match self.0 {
            Language::Vietnamese => format!("chất lượng {quality}/100"),
            _ => format!("quality {quality}/100"),
        }
    }

    pub(crate) fn operating_point(self, point: &OperatingPoint) -> String {
        let share = (point.max_fpr * 1e4).round() / 1e2;
        match self.0 {
            Language::Vietnamese => format!("ngưỡng {} khi chấp nhận báo nhầm {share} %", point.threshold),
            _ => format!("threshold {} where {share} % of false alarms are accepted", point.threshold),
        }
    }

    pub(crate) fn variant(self, name: &str, probability: Probability) -> String {
        match self.0 {
            Language::Vietnamese => format!("  sau khi đổi ({name}): {probability}"),
            _ => format!("  after {name}: {probability}"),
        }
    }

    pub(crate) fn face(self, face: &Face) -> String {
        let Face { x, y, width, height, .. } = face;
        match self.0 {
            Language::Vietnamese => format!("  khuôn mặt {width:.0}x{height:.0} tại {x:.0},{y:.0}"),
            _ => format!("  face of {width:.0}x{height:.0} at {x:.0},{y:.0}"),
        }
    }

    pub(crate) fn region(self, region: &Region, peak: f32) -> String {
        let Region { x, y, width, height } = region;
        match self.0 {
            Language::Vietnamese => {
                format!("  vùng {width:.0}x{height:.0} tại {x:.0},{y:.0}: cao nhất {peak:.2}")
            }
            _ => format!("  region of {width:.0}x{height:.0} at {x:.0},{y:.0}: {peak:.2} at most"),
        }
    }

    // Models and engines

    pub(crate) fn bare_network(self, model: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!(
                "{model}: tệp .onnx không tự nói đầu ra nghĩa là gì; hãy thêm --output-kind logit|probability|logits|probabilities (và --classes, --fake, --mean, --std...), hoặc đưa một thư mục có model.toml"
            ),
            _ => format!(
                "{model}: a bare .onnx does not say what its output means; add --output-kind logit|probability|logits|probabilities (and --classes, --fake, --mean, --std..), or name a folder with a model.toml"
            ),
        }
    }

    pub(crate) fn network_takes_several(self, model: &str) -> String {
        match self.0 {
            Language::Vietnamese => {
                format!("{model}: mạng nhận nhiều đầu vào hoặc không có; cần đúng một đầu vào là ảnh")
            }
            _ => format!("{model}: the network takes several inputs or none; one picture expected"),
        }
    }

    pub(crate) fn network_takes_any_size(self, model: &str) -> String {
        match self.0 {
            Language::Vietnamese => {
                format!(
                    "{model}: mạng không quy định cỡ ảnh; hãy thêm --size, hoặc --fit none để giữ nguyên cỡ"
                )
            }
            _ => format!(
                "{model}: the network leaves the size open; add --size, or --fit none for pictures as they are"
            ),
        }
    }

    pub(crate) fn needs_a_face_detector(self, detector: &str) -> String {
        match self.0 {
            Language::Vietnamese => {
                format!("{detector} xem từng khuôn mặt: hãy thêm --faces và mạng tìm khuôn mặt")
            }
            _ => format!("{detector} looks at faces: add --faces with a network that finds them"),
        }
    }

    pub(crate) fn cannot_write(self, path: &Path, error: &dyn Display) -> String {
        let path = path.display();
        match self.0 {
            Language::Vietnamese => format!("{path}: không ghi được: {error}"),
            _ => format!("{path}: cannot be written: {error}"),
        }
    }

    pub(crate) fn worker_impossible(self, error: &dyn Display) -> String {
        match self.0 {
            Language::Vietnamese => format!("không tự khởi động được thêm tiến trình ({error})"),
            _ => format!("the program cannot start itself again ({error})"),
        }
    }

    pub(crate) fn network_facts(self, network: &Network) -> String {
        let (opset, parameters) = (network.opset, network.parameters);
        let millions = parameters as f64 / 1e6;
        match self.0 {
            Language::Vietnamese => {
                format!("opset {opset}, {millions:.2} triệu tham số, do {} tạo", network.producer)
            }
            _ => format!("opset {opset}, {millions:.2} million parameters, written by {}", network.producer),
        }
    }

    pub(crate) fn takes(self) -> &'static str {
        self.pick("takes", "nhận")
    }

    pub(crate) fn gives(self) -> &'static str {
        self.pick("gives", "cho")
    }

    pub(crate) fn operators(self) -> &'static str {
        self.pick("operators", "phép toán")
    }

    pub(crate) fn weights_beside(self) -> &'static str {
        self.pick("weights in", "trọng số nằm trong")
    }

    pub(crate) fn heading_contract(self) -> &'static str {
        self.pick("Contract", "Hợp đồng")
    }

    pub(crate) fn model_facts(self, kind: &str, bytes: u64, licence: &str) -> String {
        let size = self.bytes(bytes);
        match self.0 {
            Language::Vietnamese => format!("phát hiện: {kind}; {size}; giấy phép {licence}"),
            _ => format!("detects: {kind}; {size}; licence {licence}"),
        }
    }

    pub(crate) fn model_is_sound(self, model: &str, engine: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("{model}: tốt, chạy được trên {engine}"),
            _ => format!("{model}: sound, runs on {engine}"),
        }
    }
}

/// `1 picture`, `2 pictures`.
fn number(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
