//! Content Credentials in words.

use deepscreen::c2pa::{Claims, Credentials, Integrity, Manifest, Relationship, Trust};

use super::Text;

impl Text {
    /// In the table, behind what was found.
    pub(crate) fn credentials_claim(self, source_type: &str, trust: Trust) -> String {
        let signer = match trust {
            Trust::Trusted => self.pick("signer trusted", "bên ký được tin cậy"),
            _ => self.pick("signer not on a trust list", "bên ký không có trong danh sách tin cậy"),
        };
        format!("Content Credentials {source_type}, {signer}")
    }

    /// In the table.
    pub(crate) fn credentials_broken(self) -> &'static str {
        self.pick(
            "changed after its Content Credentials were signed",
            "bị thay đổi sau khi ký Content Credentials",
        )
    }

    /// For `inspect`: what there is, who stands for it, and what it says.
    pub(crate) fn credentials(self, credentials: &Credentials) -> Vec<String> {
        let line = match credentials {
            Credentials::Present(manifest) => return self.manifest(manifest),
            Credentials::Absent => self.pick("none", "không có").to_owned(),
            Credentials::Remote { url } => {
                format!("{} {url}", self.pick("elsewhere, not fetched:", "nằm ở nơi khác, không tải về:"))
            }
            Credentials::Unreadable { message } => {
                format!("{}: {message}", self.pick("cannot be read", "không đọc được"))
            }
            _ => return Vec::new(),
        };
        vec![format!("Content Credentials (C2PA): {line}")]
    }

    fn manifest(self, manifest: &Manifest) -> Vec<String> {
        let integrity = match manifest.integrity {
            Integrity::Intact => self.pick("intact", "nguyên vẹn"),
            _ => self.pick("broken", "không còn hợp lệ"),
        };
        let signer = manifest.signer.as_deref().unwrap_or("?");
        let signed = match (&manifest.signed_at, self.pick(false, true)) {
            (Some(time), false) => format!("signed by {signer} at {time}"),
            (Some(time), true) => format!("{signer} ký lúc {time}"),
            (None, false) => format!("signed by {signer}"),
            (None, true) => format!("{signer} ký"),
        };
        let trust = match manifest.trust {
            Trust::Trusted => self.pick("on the trust list", "có trong danh sách tin cậy"),
            Trust::Untrusted => self.pick("not on a trust list", "không có trong danh sách tin cậy"),
            _ => self.pick("signer unknown", "không rõ bên ký"),
        };
        let mut lines = vec![format!("Content Credentials (C2PA): {integrity}; {signed}, {trust}")];
        lines.extend(self.claims(&manifest.claims, "  "));
        for ingredient in &manifest.ingredients {
            let became = match ingredient.relationship {
                Relationship::Parent => self.pick("made from", "tạo từ"),
                Relationship::Component => self.pick("contains", "có chứa"),
                _ => self.pick("was given", "được cho xem"),
            };
            let title = ingredient.title.as_deref().unwrap_or("?");
            let broken = match ingredient.integrity {
                Some(Integrity::Broken) => {
                    self.pick(", its own credentials broken", ", Content Credentials riêng không còn hợp lệ")
                }
                _ => "",
            };
            lines.push(format!("  {became} {title}{broken}"));
            lines.extend(self.claims(&ingredient.claims, "    "));
        }
        if !manifest.failures.is_empty() {
            let failures = manifest.failures.join(", ");
            lines.push(format!("  {}: {failures}", self.pick("does not hold", "không đạt")));
        }
        lines
    }

    fn claims(self, claims: &Claims, indent: &str) -> Vec<String> {
        let written =
            |generator: &String| format!("{indent}{} {generator}", self.pick("written by", "ghi bởi"));
        let mut lines: Vec<String> = claims.generator.iter().map(written).collect();
        for action in &claims.actions {
            let details = [action.source_type.as_deref(), action.software.as_deref()];
            let details: Vec<&str> = details.into_iter().flatten().collect();
            lines.push(format!("{indent}{}  {}", action.name, details.join(", ")).trim_end().to_owned());
        }
        lines.extend(claims.source_type.iter().map(|source_type| format!("{indent}IPTC  {source_type}")));
        lines
    }
}
