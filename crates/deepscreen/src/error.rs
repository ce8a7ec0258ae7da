//! What can go wrong, as one opaque [`Error`] with a stable [`ErrorKind`].
//!
//! The kind decides what a program does; the text is for a person. An error that concerns one input becomes a
//! [`Failure`](crate::Failure) of its record and never stops a scan.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::language::Language;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with a code that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file could not be opened or read.
    Unreadable,
    /// The input has no bytes.
    Empty,
    /// The bytes are of something else than a picture: text, an archive, a document.
    NotAnImage,
    /// The picture contradicts its format.
    Malformed,
    /// The picture ends before it should.
    Truncated,
    /// The picture is in a format, or a variant of one, that this build does not decode.
    Unsupported,
    /// The input is beyond a [limit](crate::media::Limits).
    TooLarge,
    /// The work took longer than it may.
    Timeout,
    /// A decoder or an analyzer panicked; the panic was caught.
    Panic,
    /// The analyzer does not apply to this picture, for instance because it is too small.
    NotApplicable,
    /// A model, or the contract that describes it, cannot be used.
    InvalidModel,
    /// The bytes of a model are not those that its contract names.
    ModelChecksum,
    /// A model's inputs or outputs are not those that its contract names.
    ModelShape,
    /// The engine that was asked for cannot be loaded.
    EngineUnavailable,
    /// The engine failed while a model ran.
    Inference,
    /// A bank, or a list to be imported into one, cannot be used.
    InvalidBank,
    /// A policy or an option is wrong.
    InvalidConfig,
}

impl ErrorKind {
    /// The stable code, as records carry it: `truncated`, `not_an_image`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Empty => "empty",
            Self::NotAnImage => "not_an_image",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::TooLarge => "too_large",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
            Self::NotApplicable => "not_applicable",
            Self::InvalidModel => "invalid_model",
            Self::ModelChecksum => "model_checksum",
            Self::ModelShape => "model_shape",
            Self::EngineUnavailable => "engine_unavailable",
            Self::Inference => "inference",
            Self::InvalidBank => "invalid_bank",
            Self::InvalidConfig => "invalid_config",
        }
    }

    /// The kind in words.
    pub const fn text(self, language: Language) -> &'static str {
        let (english, vietnamese) = match self {
            Self::Unreadable => ("cannot be read", "không đọc được"),
            Self::Empty => ("empty", "tệp rỗng"),
            Self::NotAnImage => ("not a picture", "không phải ảnh"),
            Self::Malformed => ("damaged", "tệp bị hỏng"),
            Self::Truncated => ("truncated", "tệp bị cắt cụt"),
            Self::Unsupported => ("not supported", "định dạng chưa được hỗ trợ"),
            Self::TooLarge => ("too large", "quá lớn"),
            Self::Timeout => ("took too long", "quá thời gian cho phép"),
            Self::Panic => ("decoder failed", "bộ giải mã gặp lỗi"),
            Self::NotApplicable => ("not applicable", "không áp dụng được"),
            Self::InvalidModel => ("unusable model", "mô hình không dùng được"),
            Self::ModelChecksum => ("wrong model checksum", "mã kiểm của mô hình không khớp"),
            Self::ModelShape => ("unexpected model shape", "đầu vào hoặc đầu ra của mô hình không khớp"),
            Self::EngineUnavailable => ("engine unavailable", "không có bộ máy chạy mô hình"),
            Self::Inference => ("model failed", "mô hình chạy lỗi"),
            Self::InvalidBank => ("unusable bank", "ngân hàng ảnh không dùng được"),
            Self::InvalidConfig => ("wrong configuration", "cấu hình sai"),
        };
        match language {
            Language::English => english,
            Language::Vietnamese => vietnamese,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An error: a kind, the input that it concerns, a sentence, and the cause where there is one.
///
/// `{}` prints the input and the sentence; `{:#}` prints the causes behind it too.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    subject: Option<Arc<str>>,
    message: Arc<str>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` that says `message` (lower case, no full stop).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, subject: None, message: message.into().into(), source: None }
    }

    /// Names the input that the error concerns: a path, a model's id. The innermost name stays.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.subject.get_or_insert_with(|| subject.to_string().into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The kind, for programs.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence with its causes, without the input's name: what a record says, since it names the input.
    pub fn message(&self) -> String {
        let mut text = self.message.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        if f.alternate() { f.write_str(&self.message()) } else { f.write_str(&self.message) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self:#})", self.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternate_form_prints_each_cause_once() {
        let error = Error::new(ErrorKind::Unreadable, "cannot be read")
            .because(std::io::Error::other("disk on fire"))
            .about("a.jpg")
            .about("outer");
        assert_eq!(error.to_string(), "a.jpg: cannot be read");
        assert_eq!(format!("{error:#}"), "a.jpg: cannot be read: disk on fire");
        assert_eq!(error.message(), "cannot be read: disk on fire");
    }
}
