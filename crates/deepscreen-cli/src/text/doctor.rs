//! What `deepscreen doctor` says.

use deepscreen::{Language, Limits};

use super::{Text, number};

impl Text {
    pub(crate) fn heading_engines(self) -> &'static str {
        self.pick("Engines", "Bộ máy chạy mô hình")
    }

    pub(crate) fn engine_runs(self) -> &'static str {
        self.pick("runs the models", "đang chạy các mô hình")
    }

    pub(crate) fn engine_idle(self) -> &'static str {
        self.pick("ready, not used", "sẵn sàng, không dùng")
    }

    pub(crate) fn engine_missing(self) -> &'static str {
        self.pick("not available", "không có")
    }

    pub(crate) fn how_to_get_onnxruntime(self) -> &'static str {
        self.pick(
            "The faster engine: pip install onnxruntime, or name its library with --onnxruntime PATH.",
            "Bộ máy nhanh hơn: pip install onnxruntime, hoặc chỉ ra thư viện bằng --onnxruntime ĐƯỜNG_DẪN.",
        )
    }

    pub(crate) fn heading_models(self) -> &'static str {
        self.pick("Models", "Mô hình")
    }

    pub(crate) fn heading_formats(self) -> &'static str {
        self.pick("Formats", "Định dạng")
    }

    pub(crate) fn formats_read(self) -> &'static str {
        self.pick("read:", "đọc được:")
    }

    pub(crate) fn formats_recognised(self) -> &'static str {
        self.pick("recognised, not read:", "nhận ra nhưng không đọc được:")
    }

    pub(crate) fn heading_limits(self) -> &'static str {
        self.pick("Limits", "Giới hạn")
    }

    pub(crate) fn limits(self, limits: &Limits) -> String {
        let bytes = self.bytes(limits.max_bytes);
        let memory = self.bytes(limits.max_decoder_bytes);
        let (pixels, side) = (limits.max_pixels / 1_000_000, limits.max_side);
        let (seconds, isolated) = (limits.max_time.as_secs(), self.bytes(limits.max_memory));
        match self.0 {
            Language::Vietnamese => format!(
                "{bytes} mỗi tệp, {pixels} triệu điểm ảnh, cạnh {side}, {memory} bộ nhớ khi giải mã, {seconds} giây (--timeout); với --isolate {isolated} (--max-memory)"
            ),
            _ => format!(
                "{bytes} a file, {pixels} million pixels, sides of {side}, {memory} to decode one, {seconds} seconds (--timeout); {isolated} with --isolate (--max-memory)"
            ),
        }
    }

    pub(crate) fn threads(self, threads: usize) -> String {
        match self.0 {
            Language::Vietnamese => format!("{threads} luồng (--threads N để đổi)"),
            _ => format!("{} (--threads N changes that)", number(threads as u64, "thread")),
        }
    }
}
