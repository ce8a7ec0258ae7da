//! The page of a scan in words, and what the codes of a record mean.

use std::time::Duration;

use deepscreen::media::Note;
use deepscreen::{ErrorKind, Kind, Label, Language};
use serde::Serialize;
use serde_json::Value;

use super::Text;

macro_rules! words {
    ($($key:ident: $english:literal, $vietnamese:literal;)*) => {
        /// What the page says wherever it is made. That nothing is missing is the compiler's business.
        #[derive(Serialize)]
        pub(crate) struct Words {
            $(pub(crate) $key: &'static str,)*
        }

        impl Text {
            pub(crate) fn words_of_page(self) -> Words {
                match self.0 {
                    Language::Vietnamese => Words { $($key: $vietnamese,)* },
                    _ => Words { $($key: $english,)* },
                }
            }
        }
    };
}

words! {
    title: "Screened pictures", "Ảnh đã rà soát";
    skip: "Skip to the results", "Đến thẳng phần kết quả";
    contents: "Contents", "Mục lục";
    filters: "Filters", "Bộ lọc";
    by_label: "Show by label", "Hiện theo nhãn";
    by_reason: "Show by reason", "Hiện theo lý do";
    any_reason: "all, whatever the reason", "tất cả, bất kể lý do";
    nothing_matches: "No picture has both a label that is switched on and this reason.", "Không có ảnh nào vừa có nhãn đang bật vừa có lý do này.";
    no_pictures: "There was no picture to screen.", "Không có ảnh nào để rà soát.";
    no_proof: "No indication is no proof that a picture is real: it only means that nothing of what was looked at speaks against it. And no label is more than a machine’s word: the reasons beside each picture say what it rests on.", "Không thấy dấu hiệu không có nghĩa là ảnh thật: chỉ là không có gì trong những điều đã xem xét cho thấy ảnh giả. Nhãn nào cũng chỉ là kết luận của máy: lý do bên cạnh mỗi ảnh cho biết kết luận dựa vào đâu.";
    scanned: "Scanned", "Đã rà soát";
    pictures: "Pictures", "Số ảnh";
    unreadable: "Could not be read", "Không đọc được";
    others: "Other files, left out", "Tệp khác, bỏ qua";
    groups: "Groups of near-duplicates", "Nhóm ảnh gần trùng";
    time: "Time", "Thời gian";
    probability: "Probability of AI or manipulation", "Xác suất do AI hoặc bị chỉnh sửa";
    probability_short: "probability", "xác suất";
    no_probability: "no probability", "không có xác suất";
    reasons: "Reasons", "Lý do";
    decisive: "decisive", "quyết định";
    strong: "strong", "mạnh";
    weak: "weak", "yếu";
    notes: "Notes", "Ghi chú";
    failures: "What did not work", "Những gì không thực hiện được";
    more: "Details", "Chi tiết";
    heat_map: "Heat map", "Bản đồ nhiệt";
    copies: "Near-duplicates of it with the same label:", "Ảnh gần trùng có cùng nhãn:";
    made_with: "Screened with", "Đã xem bằng";
    made_with_says: "The same picture and the same versions of these give the same result.", "Cùng một ảnh và cùng phiên bản của những thứ này cho cùng kết quả.";
    program: "Program", "Chương trình";
    engine: "Engine", "Bộ máy";
    policy: "Policy", "Chính sách";
    models: "Models", "Mô hình";
    lists: "Lists", "Danh sách";
    no_models: "none", "không có";
    more_settings: "Some results were made with settings beyond those that are listed here.", "Một số kết quả được tạo với những thiết lập khác ngoài các thiết lập nêu ở đây.";
    made_by: "Made by deepscreen, offline. This page needs nothing beside it, loads nothing and runs no script.", "Do deepscreen tạo, không dùng mạng. Trang này không cần tệp nào khác, không tải gì và không chạy mã lệnh nào.";
    file_gone: "can no longer be read", "không còn đọc được";
    file_changed: "has changed since", "đã thay đổi từ đó";
    no_preview: "no preview", "không có hình";
    from_memory: "(not from a file)", "(không từ tệp)";
    standard_input: "a list on standard input", "danh sách từ đầu vào chuẩn";
    other_reasons: "other reasons", "lý do khác";
    signer: "signed by", "người ký";
}

/// Of each kind of error, to find it by its code.
const ERRORS: [ErrorKind; 17] = [
    ErrorKind::Unreadable,
    ErrorKind::Empty,
    ErrorKind::NotAnImage,
    ErrorKind::Malformed,
    ErrorKind::Truncated,
    ErrorKind::Unsupported,
    ErrorKind::TooLarge,
    ErrorKind::Timeout,
    ErrorKind::Panic,
    ErrorKind::NotApplicable,
    ErrorKind::InvalidModel,
    ErrorKind::ModelChecksum,
    ErrorKind::ModelShape,
    ErrorKind::EngineUnavailable,
    ErrorKind::Inference,
    ErrorKind::InvalidBank,
    ErrorKind::InvalidConfig,
];

impl Text {
    /// What a label means, for who reads it for the first time.
    pub(crate) fn label_means(self, label: Label) -> &'static str {
        match label {
            Label::LikelyManipulated => self.pick(
                "Something says that the picture was made or changed by AI, or that it is a known fake, and says so more surely than the accepted rate of false alarms asks for.",
                "Có điều cho thấy ảnh do AI tạo, bị AI chỉnh sửa hoặc là ảnh giả đã biết, với độ chắc chắn đạt mức báo nhầm được chấp nhận.",
            ),
            Label::NeedsReview => self.pick(
                "Something hints at it, or sources contradict each other: a person should look.",
                "Có điều gợi ý như vậy, hoặc các nguồn trái ngược nhau: cần người xem lại.",
            ),
            Label::Inconclusive => self.pick(
                "It could not be judged: unreadable, too small, or nothing applied.",
                "Chưa đánh giá được: không đọc được, quá nhỏ, hoặc không có gì áp dụng được.",
            ),
            _ => self.pick(
                "Nothing was found. That is no proof that the picture is real.",
                "Không tìm thấy gì. Điều đó không chứng minh ảnh là thật.",
            ),
        }
    }

    /// What a code of a reason means, whatever the picture; the code itself for one that is not known.
    pub(crate) fn reason_code(self, code: &str) -> String {
        let words = match code {
            "detector.unstable" => self.pick(
                "a detector's word changes when the picture is passed on",
                "kết quả của bộ phát hiện thay đổi khi ảnh được lưu lại",
            ),
            "policy.disagreement" => {
                self.pick("detectors contradict each other", "các bộ phát hiện trái ngược nhau")
            }
            "policy.no_operating_point" => self.pick(
                "a detector was not measured at the accepted rate of false alarms",
                "bộ phát hiện chưa được đo ở mức báo nhầm được chấp nhận",
            ),
            "policy.nothing_judged" => {
                self.pick("nothing that may judge looked at it", "chưa có gì đánh giá được")
            }
            "c2pa.ai_generated" => {
                self.pick("Content Credentials call it AI generated", "Content Credentials nói ảnh do AI tạo")
            }
            "c2pa.ai_edited" => self.pick(
                "Content Credentials call it edited with AI",
                "Content Credentials nói ảnh bị chỉnh sửa bằng AI",
            ),
            "c2pa.synthetic" => self.pick(
                "Content Credentials call parts of it synthetic",
                "Content Credentials nói có phần tổng hợp",
            ),
            "c2pa.tampered" => self.pick(
                "changed after its Content Credentials were signed",
                "bị thay đổi sau khi ký Content Credentials",
            ),
            "bank.known_fake" => self.pick("known fake in a bank", "ảnh giả đã biết trong ngân hàng ảnh"),
            "bank.verified_original" => {
                self.pick("verified original in a bank", "ảnh gốc đã xác minh trong ngân hàng ảnh")
            }
            "bank.altered_original" => {
                self.pick("an original in a bank, altered", "ảnh gốc trong ngân hàng ảnh, đã bị sửa")
            }
            "bank.like_original" => {
                self.pick("looks like an original in a bank", "giống một ảnh gốc trong ngân hàng ảnh")
            }
            "bank.ignore" => self.pick("known, and of no interest", "ảnh đã biết, không cần quan tâm"),
            "watermark.stable_diffusion" => {
                self.pick("watermark of Stable Diffusion", "thủy vân của Stable Diffusion")
            }
            "watermark.flux" => self.pick("watermark of FLUX", "thủy vân của FLUX"),
            "watermark.invokeai" => self.pick("watermark of InvokeAI", "thủy vân của InvokeAI"),
            "metadata.ai_generator" => {
                self.pick("metadata names an AI tool", "siêu dữ liệu nêu tên công cụ AI")
            }
            "metadata.ai_source_type" => {
                self.pick("metadata gives an AI source type", "siêu dữ liệu ghi loại nguồn AI")
            }
            "metadata.ai_label" => {
                self.pick("metadata has a label for AI content", "siêu dữ liệu mang nhãn nội dung AI")
            }
            "metadata.ai_prompt" => self.pick(
                "metadata holds a generator's prompt",
                "siêu dữ liệu có yêu cầu gửi cho công cụ tạo ảnh",
            ),
            "metadata.thumbnail_differs" => self.pick(
                "the thumbnail inside shows another picture",
                "hình thu nhỏ bên trong cho thấy một ảnh khác",
            ),
            "metadata.editor" => {
                self.pick("metadata names an editor", "siêu dữ liệu nêu tên phần mềm chỉnh sửa")
            }
            _ => {
                return match (code.strip_prefix("detector."), self.0) {
                    (Some(name), Language::Vietnamese) => format!("bộ phát hiện {name}"),
                    (Some(name), _) => format!("detector {name}"),
                    (None, _) => code.to_owned(),
                };
            }
        };
        words.to_owned()
    }

    /// A kind in words, by its code.
    pub(crate) fn kind_code(self, code: &str) -> String {
        Kind::from_code(code).map_or_else(|| code.to_owned(), |kind| kind.text(self.0).to_owned())
    }

    /// What went wrong in words, by its code.
    pub(crate) fn failure_code(self, code: &str) -> String {
        let known = ERRORS.iter().find(|kind| kind.code() == code);
        known.map_or_else(|| code.to_owned(), |kind| kind.text(self.0).to_owned())
    }

    /// A note about a picture, by its code, and how many frames it has.
    pub(crate) fn note_code(self, code: &str, frames: Option<u32>) -> String {
        let notes = [Note::FirstFrame(frames), Note::EmbeddedPreview, Note::ProfileIgnored];
        let known = notes.iter().find(|note| note.code() == code);
        known.map_or_else(|| code.to_owned(), |note| self.media_note(note))
    }

    /// What a record says of its near-duplicates; `first` is the first of them, unless that is the record's own picture.
    pub(crate) fn group_of_record(self, group: &Value, first: Option<&str>) -> String {
        let number = |name: &str| group[name].as_u64().unwrap_or(0);
        let (pictures, distance) = (number("pictures"), number("distance"));
        let takes_over = group["has_scores_of_first"] == true;
        match (self.0, first) {
            (Language::Vietnamese, None) => format!("ảnh đầu trong {pictures} ảnh gần trùng nhau"),
            (_, None) => format!("first of {pictures} near-duplicates"),
            (Language::Vietnamese, Some(first)) => {
                let scores = if takes_over { "; lấy điểm của ảnh đó" } else { "" };
                format!("gần trùng với {first}, khác {distance} trên 256 bit{scores}")
            }
            (_, Some(first)) => {
                let scores = if takes_over { ", with its scores" } else { "" };
                format!("near-duplicate of {first}, {distance} of 256 bits apart{scores}")
            }
        }
    }

    /// `7 of 12`, where a filter hides the others.
    pub(crate) fn of_all(self, some: u64, all: u64) -> String {
        match self.0 {
            Language::Vietnamese => format!("{some} trên {all}"),
            _ => format!("{some} of {all}"),
        }
    }

    pub(crate) fn thumbnail_of(self, name: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("Hình thu nhỏ của {name}"),
            _ => format!("Thumbnail of {name}"),
        }
    }

    pub(crate) fn map_of(self, name: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("Bản đồ nhiệt của {name}: càng sáng càng đáng ngờ"),
            _ => format!("Heat map of {name}: the brighter, the more suspicious"),
        }
    }

    pub(crate) fn seconds(self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        match self.0 {
            Language::Vietnamese => format!("{seconds:.1} giây").replacen('.', ",", 1),
            _ => format!("{seconds:.1} s"),
        }
    }

    /// For CI systems: that a picture could not be judged.
    pub(crate) fn could_not_be_judged(self, why: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("chưa đánh giá được: {why}"),
            _ => format!("could not be judged: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_in_words_and_unknown_ones_as_they_are() {
        let text = Text::new(Language::English);
        assert_eq!(text.reason_code("detector.ai_image"), "detector ai_image");
        assert_eq!(text.reason_code("watermark.flux"), "watermark of FLUX");
        assert_eq!(text.reason_code("new.code"), "new.code");
        assert_eq!(text.failure_code("truncated"), "truncated");
        assert_eq!(Text::new(Language::Vietnamese).failure_code("truncated"), "tệp bị cắt cụt");
        assert_eq!(text.note_code("first_frame", Some(3)), "first of 3 frames looked at");
        assert_eq!(text.note_code("new_note", None), "new_note");
    }
}
