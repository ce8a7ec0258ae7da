//! The help of the command line in Vietnamese. English stands where clap reads it: in `args.rs`.

use clap::Command;
use deepscreen::Language;

/// What each command does, by its path below the program.
const COMMANDS: [(&str, &str); 27] = [
    ("", "Rà soát ảnh xem có do AI tạo hoặc bị chỉnh sửa không"),
    ("scan", "Rà soát tệp và thư mục: mỗi tệp một dòng hoặc một bản ghi"),
    ("results", "Liệt kê, lọc và đếm kết quả của những lượt rà soát đã lưu"),
    ("inspect", "Cho xem mọi điều tìm thấy về một tệp"),
    ("hash", "In SHA-256, PDQ kèm chất lượng, và họ img_hash"),
    ("bank", "Lưu ảnh giả đã biết và ảnh gốc đã xác minh, và tra cứu ảnh"),
    ("bank create", "Tạo một ngân hàng ảnh trống"),
    ("bank add", "Thêm ảnh"),
    ("bank remove", "Xóa mục"),
    (
        "bank import",
        "Thêm mã băm từ danh sách: CSV, JSON, bản ghi của deepscreen, dòng của công cụ PDQ và python-threatexchange",
    ),
    ("bank export", "Ghi các mục thành danh sách"),
    ("bank match", "Tra cứu ảnh"),
    ("bank stats", "Cho biết ngân hàng ảnh có gì"),
    ("bank merge", "Thêm các mục của những ngân hàng ảnh khác"),
    ("bench", "So sánh các bộ phát hiện trên ảnh có nhãn"),
    (
        "bench calibrate",
        "Hiệu chuẩn mô hình và đặt ngưỡng theo ảnh có nhãn, rồi ghi vào model.toml của mô hình",
    ),
    ("models", "Liệt kê và kiểm tra các mô hình"),
    ("models list", "Liệt kê các mô hình: có sẵn trong chương trình, đã thêm, và có thể tải về"),
    ("models add", "Chép thư mục của một mô hình vào nơi --model tìm được theo tên"),
    ("models pull", "Tải một mô hình công khai về: lệnh duy nhất dùng mạng"),
    ("models remove", "Xóa một mô hình đã thêm hoặc đã tải về"),
    ("models verify", "Kiểm tra hợp đồng, mã kiểm và mạng của mô hình, rồi chạy thử một lần"),
    ("models inspect", "Cho xem mô hình nhận gì, cho gì và hợp đồng nói gì; không chạy gì cả"),
    ("trial", "Nạp một mô hình và chạy thử một lần, cho tiến trình cha"),
    ("doctor", "Cho biết bộ máy nào đang chạy và vì sao, và bản này đọc được gì"),
    ("completions", "In tập lệnh gợi ý cho shell"),
    ("man", "In trang hướng dẫn (roff)"),
];

/// What each argument means, by its name; the same name means the same in every command.
const ARGUMENTS: [(&str, &str); 82] = [
    ("lang", "Ngôn ngữ của phần dành cho người đọc; mặc định theo môi trường"),
    ("paths", "Tệp, thư mục, hoặc `-` để đọc danh sách từ đầu vào chuẩn, mỗi dòng một đường dẫn"),
    ("path", "Tệp cần xem"),
    ("format", "Cách in kết quả"),
    ("out", "Ghi kết quả vào tệp thay vì đầu ra chuẩn"),
    ("models", "Mô hình theo tên, hoặc thư mục của mô hình; có thể lặp lại"),
    (
        "trust_anchors",
        "Những bên ký Content Credentials (C2PA) được tin cậy: chứng thư dạng PEM. Mặc định không tin ai",
    ),
    ("banks", "Ngân hàng ảnh giả đã biết và ảnh gốc đã xác minh; có thể lặp lại"),
    ("bank_transforms", "Tìm cả những ảnh bị xoay hoặc lật gương"),
    ("bank", "Ngân hàng ảnh: một tệp"),
    ("distance", "Mã băm PDQ được khác nhau bao nhiêu trên 256 bit mà vẫn coi là khớp"),
    ("label", "Ảnh thuộc loại nào: known_fake, verified_original hay ignore"),
    ("source", "Ai nói như vậy"),
    ("note", "Điều khác cần ghi"),
    ("link", "Nơi đọc thêm: bài bác bỏ, hoặc ảnh gốc"),
    ("keep_original", "Giữ tệp trong ngân hàng ảnh, để so những bản gần giống với nó"),
    ("entries", "Số của mục, hoặc SHA-256 của tệp"),
    ("lists", "Danh sách, hoặc `-` cho đầu vào chuẩn"),
    ("others", "Những ngân hàng ảnh khác, không bị thay đổi"),
    ("policy", "Tệp chính sách (TOML) thay cho mặc định"),
    ("max_fpr", "Tỷ lệ ảnh chụp được phép báo nhầm; 0.01 nghĩa là 1 %"),
    ("engine", "Bộ máy chạy mô hình: ONNX Runtime nhanh hơn, rten luôn có sẵn"),
    ("onnxruntime", "Thư viện ONNX Runtime cần dùng, thay vì tự tìm"),
    ("threads", "Số luồng làm việc; mặc định mỗi nhân một luồng"),
    (
        "group",
        "Tìm ảnh gần trùng nhau trước: bản sao gần giống lấy điểm của ảnh đầu, và mỗi ảnh cho biết nhóm của nó",
    ),
    ("fail_on", "Kết thúc với trạng thái 1 nếu có ảnh rơi vào trường hợp này; có thể lặp lại"),
    (
        "store",
        "Tệp lưu kết quả: lượt rà soát bị ngắt sẽ chạy tiếp, tệp không đổi hoặc chỉ chuyển chỗ không bị xem lại",
    ),
    ("watch", "Xem xong tất cả thì đợi tệp mới hoặc tệp thay đổi, đến khi bấm Ctrl-C"),
    ("store_wait", "Chờ lượt rà soát khác đang ghi tệp lưu kết quả bao lâu, tính bằng giây"),
    ("labels", "Kết quả có kết luận này; có thể lặp lại"),
    ("reasons", "Kết quả có lý do mang mã bắt đầu như vậy: `detector`, `bank.known_fake`; có thể lặp lại"),
    ("min_probability", "Kết quả có xác suất ít nhất như vậy, từ 0 đến 1"),
    ("path_like", "Kết quả có đường dẫn tuyệt đối chứa đoạn này, hoặc khớp mẫu nếu có `*`, `?` hay `[`"),
    (
        "since",
        "Những gì được xem từ lúc đó: 2026-11-27, 2026-11-27T18:30 (UTC), hoặc cách đây 90m (phút), 12h (giờ), 7d (ngày)",
    ),
    ("gone", "Những tệp mà lượt rà soát trọn vẹn gần nhất không còn thấy, thay vì những tệp còn thấy"),
    ("limit", "Nhiều nhất bao nhiêu kết quả"),
    ("summary", "Đếm theo kết luận và theo lý do thay vì liệt kê"),
    ("shell", "Loại shell"),
    (
        "provider",
        "ONNX Runtime tính trên gì: cpu, cuda, coreml, directml; không được thì bộ xử lý làm, và có báo",
    ),
    (
        "stability",
        "Xem thêm N biến thể của mỗi ảnh (nén lại, đổi cỡ, cắt): kết luận nào thay đổi thì cần người xem lại",
    ),
    ("faces", "Mạng tìm khuôn mặt (YuNet, Ultra-Light, BlazeFace), cho mô hình xem khuôn mặt"),
    ("finds_faces", "Đường dẫn là mạng tìm khuôn mặt, đầu vào chuẩn không có gì"),
    (
        "heat_maps",
        "Ghi bản đồ nhiệt vào thư mục này, dạng PNG; mô hình không cho bản đồ nhưng xem từng ô thì được hỏi từng ô một",
    ),
    ("trust_models", "Nạp mô hình của người khác mà không chạy thử trong tiến trình riêng trước"),
    ("fake", "Các lớp nghĩa là giả, theo tên, cho mô hình không tự nói"),
    ("detects", "Xác suất cao nghĩa là gì, cho mô hình không tự nói"),
    ("output_kind", "Mạng cho ra gì"),
    ("output", "Đầu ra cần đọc, khi có nhiều"),
    ("classes", "Các lớp của mạng theo thứ tự, khi mỗi lớp có một số"),
    ("inverted", "Số duy nhất đó nói ảnh là thật"),
    ("size", "Cạnh của đầu vào tính bằng điểm ảnh, khi mạng để ngỏ"),
    ("fit", "Cách đưa ảnh về cỡ đầu vào"),
    ("resample", "Bộ lọc khi đổi cỡ ảnh"),
    ("color", "Thứ tự màu"),
    ("scale", "Mỗi byte được nhân với số này; mặc định 1/255, và 1 cho mạng nhận byte"),
    ("mean", "Sau đó trừ đi số này: một số, hoặc mỗi kênh một số"),
    ("std", "Rồi chia cho số này: một số, hoặc mỗi kênh một số"),
    ("folder", "Thư mục: model.toml, hoặc bản xuất có config.json, và trọng số"),
    ("id", "Tên của mô hình, dùng sau --model; khi thêm, mặc định là tên thư mục"),
    ("force", "Thay mô hình đang mang tên đó"),
    ("catalog", "Danh mục (TOML) thay cho danh mục có sẵn trong chương trình"),
    (
        "datasets",
        "Thư mục có real và fake bên dưới, danh sách (CSV, JSON), JSON của DeepfakeBench, hoặc thư mục ảnh và mặt nạ",
    ),
    (
        "scores",
        "Điểm có sẵn thay cho mô hình: CSV có path, label, có thể có group và video, và mỗi bộ phát hiện một cột",
    ),
    (
        "degrade",
        "Làm giảm chất lượng ảnh của cả hai lớp như nhau: clean, web, hard, social, screenshot, jpeg:60, webp:80, resize:0.5, blur:1, noise:8, crop:0.6, và chuỗi như crop:0.6+web",
    ),
    (
        "training",
        "Ảnh đã dùng để huấn luyện các bộ phát hiện, để cảnh báo ảnh nằm ở cả hai bên: mỗi dòng một mã băm PDQ, hoặc một bộ dữ liệu",
    ),
    (
        "threshold",
        "Một ngưỡng cho mọi bộ phát hiện, thay cho ngưỡng trong thẻ mô hình; với điểm có sẵn mặc định là 0.5",
    ),
    ("resamples", "Rút lại ảnh bao nhiêu lần để có khoảng tin cậy"),
    ("confidence", "Khoảng tin cậy chứa bao nhiêu phần của các giá trị rút được"),
    ("seed", "Hạt giống cho việc rút lại, nhiễu và chia phần: cùng hạt giống cho cùng số liệu"),
    ("mistakes", "Liệt kê bao nhiêu lỗi nặng nhất của mỗi lớp"),
    ("root", "Thư mục gốc của đường dẫn tương đối trong danh sách; mặc định là thư mục của danh sách"),
    ("split", "Phần của JSON DeepfakeBench: train, val, test, hoặc all"),
    ("compression", "Mức nén của FaceForensics++ trong JSON DeepfakeBench: raw, c23, c40, hoặc all"),
    ("file", "Nơi lưu điểm để lần chạy sau có ngay; mặc định trong thư mục bộ nhớ đệm của người dùng"),
    ("no_cache", "Không lưu điểm, và không dùng điểm đã lưu"),
    ("model_path", "Mô hình: tên, thư mục, hoặc tệp .onnx"),
    ("out_folder", "Ghi một thư mục có trọng số và model.toml mới, để nguyên mô hình"),
    ("max_time", "Một tệp được phép mất bao lâu, tính bằng giây; tệp mất lâu hơn là một lỗi"),
    (
        "isolate",
        "Xem tệp trong tiến trình riêng, cho tệp của người có ý xấu: tiến trình nào treo, chết hoặc chiếm quá nhiều bộ nhớ thì bị kết thúc",
    ),
    ("max_memory", "Tiến trình như vậy được dùng bao nhiêu bộ nhớ cho ảnh, tính bằng MiB (trên Linux)"),
    ("worker", "Làm một tiến trình như vậy"),
    ("timeout", "Đợi máy chủ im lặng bao lâu, tính bằng giây"),
];

/// The command with its help in the user's language.
pub(crate) fn localised(command: Command, language: Language) -> Command {
    match language {
        Language::Vietnamese => translate(command, ""),
        _ => command,
    }
}

fn translate(command: Command, path: &str) -> Command {
    let mut command = command;
    if let Some((_, about)) = COMMANDS.iter().find(|(known, _)| *known == path) {
        command = command.about(*about);
    }
    command =
        command.mut_args(|argument| match ARGUMENTS.iter().find(|(known, _)| argument.get_id() == known) {
            Some((_, help)) => argument.help(*help),
            None => argument,
        });
    command.mut_subcommands(|below| {
        let name = below.get_name().to_owned();
        let path = if path.is_empty() { name } else { format!("{path} {name}") };
        translate(below, &path)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Arguments;

    /// Every command and argument has its Vietnamese help: a new one fails here until it has.
    #[test]
    fn nothing_is_left_in_english() {
        fn untranslated(command: &Command, path: &str, missing: &mut Vec<String>) {
            if !COMMANDS.iter().any(|(known, _)| *known == path) {
                missing.push(path.to_owned());
            }
            for argument in command.get_arguments() {
                if !ARGUMENTS.iter().any(|(known, _)| argument.get_id() == known) {
                    missing.push(format!("{path} {}", argument.get_id()));
                }
            }
            for below in command.get_subcommands() {
                untranslated(below, format!("{path} {}", below.get_name()).trim(), missing);
            }
        }
        let mut missing = Vec::new();
        untranslated(&Arguments::command(), "", &mut missing);
        assert_eq!(missing, Vec::<String>::new());
        localised(Arguments::command(), Language::Vietnamese).debug_assert();
    }
}
