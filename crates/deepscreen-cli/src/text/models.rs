//! What is said about models that are added, listed and fetched.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use deepscreen::Language;

use super::Text;
use crate::added_models::LARGE;
use crate::output::escape;

impl Text {
    // Listing

    pub(crate) fn heading_added(self, folder: &Path) -> String {
        match self.0 {
            Language::Vietnamese => format!("Đã thêm, trong {}", folder.display()),
            _ => format!("Added, in {}", folder.display()),
        }
    }

    // Trying

    pub(crate) fn trial_impossible(self, model: &Path, error: &dyn Display) -> String {
        let model = model.display();
        match self.0 {
            Language::Vietnamese => format!(
                "{model}: không chạy thử được trong tiến trình riêng ({error}); --trust-models bỏ qua bước này"
            ),
            _ => format!(
                "{model}: cannot be tried in a process of its own ({error}); --trust-models loads it without"
            ),
        }
    }

    pub(crate) fn trial_died(self, model: &Path, status: &str) -> String {
        let model = model.display();
        match self.0 {
            Language::Vietnamese => format!(
                "{model}: mô hình làm sập tiến trình chạy thử ({status}): có lẽ đòi quá nhiều bộ nhớ; không dùng"
            ),
            _ => format!(
                "{model}: the model brought the process down that tried it ({status}), perhaps by asking for too much memory; it is not used"
            ),
        }
    }

    pub(crate) fn trial_took_too_long(self, model: &Path, patience: Duration) -> String {
        let (model, seconds) = (model.display(), patience.as_secs());
        match self.0 {
            Language::Vietnamese => {
                format!("{model}: chạy thử một ảnh mà {seconds} giây chưa xong; không dùng")
            }
            _ => format!("{model}: not done with one picture after {seconds} s; it is not used"),
        }
    }

    // Adding and removing

    pub(crate) fn model_is_ready(self, id: &str, engine: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("{id}: tốt, chạy được trên {engine}; dùng bằng --model {id}\n"),
            _ => format!("{id}: sound, runs on {engine}; use it with --model {id}\n"),
        }
    }

    pub(crate) fn model_is_removed(self, id: &str) -> String {
        match self.0 {
            Language::Vietnamese => format!("{id}: đã xóa\n"),
            _ => format!("{id}: removed\n"),
        }
    }

    pub(crate) fn no_model_folder(self) -> String {
        self.pick(
            "there is no home folder to keep models in; name one in DEEPSCREEN_MODELS",
            "không có thư mục người dùng để lưu mô hình; hãy chỉ ra một thư mục trong DEEPSCREEN_MODELS",
        )
        .to_owned()
    }

    pub(crate) fn no_such_model(self, id: &str, can_be_pulled: bool) -> String {
        if id == LARGE {
            return self.large_model_missing();
        }
        let id = escape(id);
        match (self.0, can_be_pulled) {
            (Language::Vietnamese, true) => {
                format!("{id}: mô hình chưa được tải về; hãy chạy deepscreen models pull {id}")
            }
            (Language::Vietnamese, false) => {
                format!(
                    "{id}: không có mô hình hay thư mục này; deepscreen models list liệt kê các mô hình đang có"
                )
            }
            (_, true) => format!("{id}: not here yet; deepscreen models pull {id} fetches it"),
            (_, false) => {
                format!("{id}: no such model or folder; deepscreen models list shows those that there are")
            }
        }
    }

    /// The model that is too large to travel with the program.
    pub(crate) fn large_model_missing(self) -> String {
        match self.0 {
            Language::Vietnamese => format!(
                "{LARGE}: chưa có; một lệnh dựng mô hình này từ một gói Python (models/{LARGE}/README.md), rồi deepscreen models add {LARGE} thêm vào"
            ),
            _ => format!(
                "{LARGE}: not here; one command builds it from a package of the Python registry (models/{LARGE}/README.md), then deepscreen models add {LARGE}"
            ),
        }
    }

    pub(crate) fn not_an_id(self, id: &str) -> String {
        let id = escape(id);
        match self.0 {
            Language::Vietnamese => {
                format!("{id:?}: tên mô hình chỉ gồm chữ thường a-z, chữ số và dấu gạch nối, tối đa 64 ký tự")
            }
            _ => format!("{id:?}: a model's name has lower-case letters, digits and hyphens, at most 64"),
        }
    }

    pub(crate) fn id_is_bundled(self, id: &str) -> String {
        match self.0 {
            Language::Vietnamese => {
                format!("{id}: mô hình có sẵn trong chương trình, không thay hay xóa được; hãy chọn tên khác")
            }
            _ => format!(
                "{id}: travels inside of the program and cannot be replaced or removed; take another name"
            ),
        }
    }

    pub(crate) fn id_is_taken(self, id: &str, folder: &Path) -> String {
        let folder = folder.display();
        match self.0 {
            Language::Vietnamese => {
                format!("{id}: đã có mô hình mang tên này ({folder}); --force để thay nó")
            }
            _ => format!("{id}: there is a model of this name ({folder}); --force replaces it"),
        }
    }

    pub(crate) fn no_id_in_name(self, folder: &Path) -> String {
        let folder = folder.display();
        match self.0 {
            Language::Vietnamese => {
                format!("{folder}: không đặt được tên mô hình từ tên thư mục; hãy đặt tên bằng --id TÊN")
            }
            _ => format!("{folder}: the folder's name gives no name for a model; give one with --id NAME"),
        }
    }

    pub(crate) fn link_leads_out(self, path: &Path) -> String {
        let path = path.display();
        match self.0 {
            Language::Vietnamese => {
                format!(
                    "{path}: liên kết dẫn ra ngoài thư mục của mô hình; hãy chép chính tệp đó vào (cp -L)"
                )
            }
            _ => format!(
                "{path}: a link that leads out of the model's folder; put the file itself there (cp -L)"
            ),
        }
    }

    pub(crate) fn not_a_regular_file(self, path: &Path) -> String {
        let path = path.display();
        match self.0 {
            Language::Vietnamese => {
                format!("{path}: không phải tệp thường; hãy bỏ nó khỏi thư mục của mô hình")
            }
            _ => format!("{path}: not a regular file; take it out of the model's folder"),
        }
    }

    pub(crate) fn too_much_for_a_model(self, folder: &Path) -> String {
        let folder = folder.display();
        match self.0 {
            Language::Vietnamese => format!(
                "{folder}: quá 1000 tệp hoặc 4 GiB, không giống thư mục của một mô hình; hãy chỉ giữ model.toml và trọng số"
            ),
            _ => format!(
                "{folder}: more than 1000 files or 4 GiB, which is no model's folder; keep model.toml and the weights"
            ),
        }
    }
}

#[cfg(feature = "pull")]
mod pull {
    use std::fmt::Write as _;
    use std::path::Path;

    use deepscreen::{Kind, Language};

    use super::Text;
    use crate::catalog::Entry;
    use crate::download::Problem;
    use crate::output::escape;

    impl Text {
        pub(crate) fn heading_to_pull(self) -> &'static str {
            self.pick(
                "Not here yet; fetched by deepscreen models pull ID",
                "Chưa có; tải về bằng deepscreen models pull TÊN",
            )
        }

        /// `detects: AI generated; 83.4 MiB; licence MIT`
        pub(crate) fn entry_facts(self, entry: &Entry) -> String {
            let kind = Kind::from_code(&entry.detects).map_or("", |kind| kind.text(self.0));
            let licence = escape(&entry.licence);
            let known = entry.files.iter().filter_map(|file| file.bytes).sum();
            let size = match (entry.bytes(), self.0) {
                (Some(bytes), _) => self.bytes(bytes),
                (None, Language::Vietnamese) if known > 0 => format!("ít nhất {}", self.bytes(known)),
                (None, _) if known > 0 => format!("at least {}", self.bytes(known)),
                (None, language) => Self(language).pick("size unknown", "chưa biết dung lượng").to_owned(),
            };
            match self.0 {
                Language::Vietnamese => format!("phát hiện: {kind}; {size}; giấy phép {licence}"),
                _ => format!("detects: {kind}; {size}; licence {licence}"),
            }
        }

        /// What is about to be fetched, from where and to where: said before anything is.
        pub(crate) fn announcement(self, entry: &Entry, folder: &Path) -> String {
            let mut page = String::new();
            let _ = writeln!(page, "{}  {}", entry.id, escape(&entry.name));
            let _ = writeln!(page, "  {}", self.entry_facts(entry));
            let _ = writeln!(page, "  {}", escape(&entry.homepage));
            for file in &entry.files {
                let size = file.bytes.map_or_else(String::new, |bytes| format!("  {}", self.bytes(bytes)));
                let _ = writeln!(page, "  {}  {}{size}", self.pick("from", "từ"), escape(&file.url));
            }
            let _ = writeln!(page, "  {}  {}", self.pick("to", "vào"), folder.display());
            let unknown: Vec<String> = entry
                .files
                .iter()
                .filter(|file| file.sha256.is_none())
                .map(|file| escape(&file.path))
                .collect();
            if !unknown.is_empty() {
                let unknown = unknown.join(", ");
                let _ = match self.0 {
                    Language::Vietnamese => writeln!(
                        page,
                        "  chưa biết SHA-256 của {unknown}: không kiểm tra được có đúng tệp của tác giả không"
                    ),
                    _ => writeln!(
                        page,
                        "  SHA-256 unknown of {unknown}: nobody can check that these are the authors' files"
                    ),
                };
            }
            page
        }

        pub(crate) fn not_in_the_catalogue(self, id: &str, known: &[&str]) -> String {
            let (id, known) = (escape(id), known.join(", "));
            match self.0 {
                Language::Vietnamese => format!("{id}: không có trong danh mục; trong đó có: {known}"),
                _ => format!("{id}: not in the catalogue, which has: {known}"),
            }
        }

        pub(crate) fn is_being_pulled(self, folder: &Path) -> String {
            let folder = folder.display();
            match self.0 {
                Language::Vietnamese => {
                    format!("{folder}: một lệnh khác đang tải mô hình này; hãy đợi nó xong")
                }
                _ => format!("{folder}: another command fetches this model; wait until it is done"),
            }
        }

        pub(crate) fn arrived_and_is_unusable(self, id: &str, error: &str, folder: &Path) -> String {
            let folder = folder.display();
            match self.0 {
                Language::Vietnamese => format!(
                    "{id}: đã tải về nhưng không dùng được: {error}\n  các tệp vẫn ở trong {folder}; deepscreen models remove {id} sẽ xóa chúng"
                ),
                _ => format!(
                    "{id}: arrived, and cannot be used: {error}\n  the files stay in {folder}; deepscreen models remove {id} deletes them"
                ),
            }
        }

        pub(crate) fn did_not_arrive(self, url: &str, problem: &Problem) -> String {
            format!("{}: {}", escape(url), self.problem(problem))
        }

        fn problem(self, problem: &Problem) -> String {
            let vietnamese = matches!(self.0, Language::Vietnamese);
            match problem {
                Problem::Status(status @ (401 | 403)) if vietnamese => {
                    format!("máy chủ từ chối ({status}); có thể phải đăng nhập: hãy tải bằng trình duyệt rồi dùng models add")
                }
                Problem::Status(status @ (401 | 403)) => {
                    format!("the server refuses ({status}); it may want a login: fetch it with a browser, then models add")
                }
                Problem::Status(status @ (404 | 410)) if vietnamese => {
                    format!("không còn ở đó ({status}); hãy xem trang của mô hình")
                }
                Problem::Status(status @ (404 | 410)) => format!("not there ({status}); see the model's page"),
                Problem::Status(status) if vietnamese => format!("máy chủ trả lời {status}; hãy thử lại sau"),
                Problem::Status(status) => format!("the server answers {status}; try again later"),
                Problem::TooManyRedirects => self
                    .pick("more than 5 redirects; the address is broken", "chuyển hướng quá 5 lần; địa chỉ bị hỏng")
                    .to_owned(),
                Problem::UnsafeRedirect(to) if vietnamese => {
                    format!("chuyển hướng tới {:?}, không phải https: không theo", escape(to))
                }
                Problem::UnsafeRedirect(to) => {
                    format!("redirects to {:?}, which is not https: not followed", escape(to))
                }
                Problem::TooLarge { limit } if vietnamese => {
                    format!("lớn hơn mức cho phép {}: đã dừng", self.bytes(*limit))
                }
                Problem::TooLarge { limit } => {
                    format!("larger than the {} that it may have: stopped", self.bytes(*limit))
                }
                Problem::WrongSize { expected, found } if vietnamese => {
                    format!("cần {expected} byte, máy chủ có {found}: không phải tệp đó")
                }
                Problem::WrongSize { expected, found } => {
                    format!("{expected} bytes expected, the server has {found}: not the same file")
                }
                Problem::WrongHash { expected, found } if vietnamese => {
                    format!("SHA-256 là {found}, cần {expected}: không phải tệp đó, đã xóa")
                }
                Problem::WrongHash { expected, found } => {
                    format!("SHA-256 is {found}, {expected} expected: not the same file, deleted")
                }
                Problem::Cut { have, total } => {
                    let have = self.bytes(*have);
                    let total = total.map(|total| self.bytes(total));
                    match (total, vietnamese) {
                        (Some(total), true) => {
                            format!("kết nối bị ngắt sau {have} trên {total}; chạy lại để tải tiếp")
                        }
                        (None, true) => format!("kết nối bị ngắt sau {have}; chạy lại để tải tiếp"),
                        (Some(total), false) => {
                            format!("the connection ended after {have} of {total}; run it again to go on from there")
                        }
                        (None, false) => {
                            format!("the connection ended after {have}; run it again to go on from there")
                        }
                    }
                }
                Problem::Silent => self
                    .pick(
                        "the server is silent; run it again to go on, or wait longer with --timeout SECONDS",
                        "máy chủ không trả lời; chạy lại để tải tiếp, hoặc đợi lâu hơn bằng --timeout SỐ_GIÂY",
                    )
                    .to_owned(),
                Problem::Network(error) if vietnamese => {
                    format!("không kết nối được: {}; hãy kiểm tra mạng hoặc HTTPS_PROXY", escape(error))
                }
                Problem::Network(error) => {
                    format!("cannot be reached: {}; check the network, or HTTPS_PROXY", escape(error))
                }
                Problem::File(path, error) if vietnamese => {
                    format!("không ghi được {}: {error}", path.display())
                }
                Problem::File(path, error) => format!("{} cannot be written: {error}", path.display()),
            }
        }
    }
}
