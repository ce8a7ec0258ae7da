//! A language in, every sentence of a page and of its plots out. Knows no figure: `{names}` in braces are filled in by
//! whoever asks.

use deepscreen::Language;
use serde::Serialize;

macro_rules! texts {
    ($($key:ident: $english:literal, $vietnamese:literal;)*) => {
        /// All of them in one language. That none is missing is the compiler's business.
        #[derive(Serialize)]
        pub(super) struct Texts {
            $(pub(super) $key: &'static str,)*
        }

        impl Texts {
            pub(super) const fn of(language: Language) -> Self {
                match language {
                    Language::Vietnamese => Self { $($key: $vietnamese,)* },
                    _ => Self { $($key: $english,)* },
                }
            }
        }

        /// Key, English, Vietnamese.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($key), $english, $vietnamese),)*];
    };
}

texts! {
    // The head.
    title: "Comparison of detectors", "So sánh các bộ phát hiện";
    skip: "Skip to the figures", "Đến thẳng phần kết quả";
    contents: "Contents", "Mục lục";
    about: "What was compared", "So sánh những gì";
    data: "Data", "Dữ liệu";
    pictures: "Pictures", "Số ảnh";
    counts: "{real} real, {fake} fake", "{real} thật, {fake} giả";
    detectors: "Detectors", "Bộ phát hiện";
    seed: "Seed", "Hạt giống ngẫu nhiên";
    intervals: "Intervals", "Khoảng tin cậy";
    intervals_picture: "{confidence} of {resamples} resamples, each of {units} pictures drawn with replacement", "{confidence}, từ {resamples} lần lấy mẫu lại có hoàn lại, mỗi lần {units} ảnh";
    intervals_group: "{confidence} of {resamples} resamples, each of {units} groups drawn with replacement", "{confidence}, từ {resamples} lần lấy mẫu lại có hoàn lại, mỗi lần {units} nhóm";
    intervals_video: "{confidence} of {resamples} resamples, each of {units} videos drawn with replacement", "{confidence}, từ {resamples} lần lấy mẫu lại có hoàn lại, mỗi lần {units} video";
    made_by: "Made by deepscreen-eval {version}.", "Tạo bởi deepscreen-eval {version}.";

    // What stands against the figures.
    warnings: "Before you believe these figures", "Trước khi tin các con số này";
    warn_confound: "“{subject}” alone tells real from fake with an AUC of {auc}. On these data a detector can score well without looking at what a picture shows.", "Chỉ riêng “{subject}” đã phân biệt được thật với giả, AUC {auc}. Với dữ liệu này, bộ phát hiện có thể đạt điểm cao mà không cần xem nội dung ảnh.";
    warn_confound_unknown: "“{subject}” may give the class away: on these data a detector can score well without looking at what a picture shows.", "“{subject}” có thể làm lộ nhãn: với dữ liệu này, bộ phát hiện có thể đạt điểm cao mà không cần xem nội dung ảnh.";
    warn_leakage: "Near-duplicates {subject}: {share} of the pictures. Figures are of fewer different pictures than it seems, and too good where a detector has seen them in training.", "Ảnh gần trùng nhau {subject}: {share} số ảnh. Số ảnh thực sự khác nhau ít hơn con số nêu trên, và kết quả sẽ quá tốt nếu bộ phát hiện đã gặp các ảnh đó khi huấn luyện.";
    warn_other: "A check warns: {subject}.", "Một phép kiểm tra cảnh báo: {subject}.";
    warn_not_scored: "{detector} did not score {count} of {all} pictures{where}{failures}.", "{detector} không chấm điểm được {count} trên {all} ảnh{where}{failures}.";
    warn_left_out: "{count} of {all} pictures are in no figure{where}, because not every detector scored them. The pictures that remain may be the easier ones.", "{count} trên {all} ảnh không được tính vào con số nào{where}, vì không phải bộ phát hiện nào cũng chấm điểm được. Những ảnh còn lại có thể là ảnh dễ hơn.";
    warn_no_real: "No picture is real. Nothing can be said of false alarms, and whatever compares the classes has no value.", "Không có ảnh thật nào. Không nói được gì về báo nhầm, và mọi chỉ số so sánh hai lớp đều không có giá trị.";
    warn_no_fake: "No picture is fake. Nothing can be said of recall, and whatever compares the classes has no value.", "Không có ảnh giả nào. Không nói được gì về độ nhạy, và mọi chỉ số so sánh hai lớp đều không có giá trị.";
    warn_no_picture: "No picture was scored by every detector{where}, so there is no figure.", "Không có ảnh nào được mọi bộ phát hiện chấm điểm{where}, nên không có con số nào.";
    on_every: " on every degradation", " ở mọi mức suy giảm";
    warn_few_groups: "Only {units} groups were drawn from: the intervals are rough, and likely too narrow.", "Chỉ có {units} nhóm để lấy mẫu: khoảng tin cậy chỉ là ước chừng và có lẽ quá hẹp.";
    warn_few_videos: "Only {units} videos were drawn from: the intervals are rough, and likely too narrow.", "Chỉ có {units} video để lấy mẫu: khoảng tin cậy chỉ là ước chừng và có lẽ quá hẹp.";
    warn_faults: "{count} faults were found in the data. What they concern may be in no figure.", "Tìm thấy {count} lỗi trong dữ liệu. Những gì có lỗi có thể không được tính vào con số nào.";
    see_faults: "See the list", "Xem danh sách";
    not_checked: "The pictures were not checked: whether their files give the class away, or some are there twice, is not known.", "Ảnh chưa được kiểm tra: không biết tệp có làm lộ nhãn hay không, hay có ảnh nào bị trùng.";
    examples: "Examples", "Ví dụ";

    // Subjects of checks.
    subject_format: "format", "định dạng";
    subject_short_side: "short side", "cạnh ngắn";
    subject_long_side: "long side", "cạnh dài";
    subject_aspect: "aspect ratio", "tỉ lệ khung hình";
    subject_bytes_per_pixel: "bytes per pixel", "số byte trên mỗi điểm ảnh";
    subject_jpeg_quality: "JPEG quality", "chất lượng JPEG";
    subject_combined: "all together", "tất cả gộp lại";
    subject_classes: "across classes", "giữa hai lớp";
    subject_groups: "across groups", "giữa các nhóm";
    subject_training: "with the training list", "với danh sách huấn luyện";

    // The main table.
    figures: "Figures", "Kết quả";
    figures_caption: "Each figure with its interval beneath.", "Dưới mỗi con số là khoảng tin cậy của nó.";
    best_is: "best of its column on these pictures", "tốt nhất trong cột, trên cùng các ảnh";
    best: "best", "tốt nhất";
    higher_is_better: "higher is better", "càng cao càng tốt";
    lower_is_better: "lower is better", "càng thấp càng tốt";
    detector: "Detector", "Bộ phát hiện";
    degradation: "Degradation", "Mức suy giảm";
    threshold_of: "threshold {threshold}", "ngưỡng {threshold}";
    by_picture: "pictures", "theo ảnh";
    by_video: "videos", "theo video";
    video_counts: "videos: {real} real, {fake} fake", "video: {real} thật, {fake} giả";
    no_value: "no value", "không có giá trị";
    why_no_value: "Why figures have no value", "Vì sao có chỗ không có giá trị";
    no_interval: "no interval", "không có khoảng tin cậy";
    scroll: "scrolls sideways", "cuộn ngang được";
    auc: "AUC", "AUC";
    average_precision: "AP", "AP";
    eer: "EER", "EER";
    tpr_5: "TPR at 5\u{a0}%\u{a0}FPR", "TPR khi FPR\u{a0}5\u{a0}%";
    tpr_1: "TPR at 1\u{a0}%\u{a0}FPR", "TPR khi FPR\u{a0}1\u{a0}%";
    tpr_01: "TPR at 0.1\u{a0}%\u{a0}FPR", "TPR khi FPR\u{a0}0,1\u{a0}%";
    balanced_accuracy: "Balanced accuracy", "Độ chính xác cân bằng";
    recall: "Recall", "Độ nhạy";
    false_alarms: "False alarms", "Báo nhầm";
    log_loss: "Log loss", "Log loss";
    brier: "Brier", "Brier";
    ece: "ECE", "ECE";

    // Why a figure is undefined.
    no_real: "no picture is real", "không có ảnh thật nào";
    no_fake: "no picture is fake", "không có ảnh giả nào";
    not_probabilities: "some scores are not from 0 to 1", "có điểm số nằm ngoài khoảng từ 0 đến 1";
    too_few_reals: "{found} real pictures, at least {needed} needed", "có {found} ảnh thật, cần ít nhất {needed}";
    too_few_of_a_class: "{found} pictures of a class, at least {needed} needed", "một lớp chỉ có {found} ảnh, cần ít nhất {needed}";
    one_of_a_class: "a class has one picture alone", "một lớp chỉ có một ảnh";
    no_variance: "the difference has no variance to compare it with", "hiệu số không có phương sai để so sánh";
    empty_mask: "the mask is empty", "mặt nạ rỗng";
    full_mask: "the mask covers the whole picture", "mặt nạ phủ cả ảnh";
    no_such_picture: "no such picture", "không có ảnh nào thuộc loại này";

    // Differences.
    differences: "Differences between detectors", "Khác biệt giữa các bộ phát hiện";
    differences_caption: "AUC of the first less AUC of the second, on the same pictures. An interval that holds 0, or a large p, means that these data do not tell the two apart.", "AUC của bộ thứ nhất trừ AUC của bộ thứ hai, trên cùng các ảnh. Khoảng tin cậy chứa 0, hoặc p lớn, nghĩa là dữ liệu này không phân biệt được hai bộ.";
    many_tests: "{count} comparisons were made: by chance alone one in twenty has a p below 0.05.", "Có {count} phép so sánh: chỉ do ngẫu nhiên, cứ hai mươi phép thì một phép có p dưới 0,05.";
    first: "First", "Thứ nhất";
    second: "Second", "Thứ hai";
    auc_difference: "Difference of AUC", "Hiệu AUC";
    interval: "Interval", "Khoảng tin cậy";
    p: "p", "p";
    method: "Method", "Phương pháp";
    delong: "DeLong’s test", "kiểm định DeLong";
    paired_bootstrap: "paired bootstrap", "bootstrap theo cặp";

    // Plots.
    plots: "Plots", "Biểu đồ";
    more_plots: "Plots of {degradation}", "Biểu đồ của {degradation}";
    roc: "ROC curve", "Đường cong ROC";
    roc_log: "ROC curve, few false alarms", "Đường cong ROC, vùng ít báo nhầm";
    precision_recall: "Precision and recall", "Độ chuẩn xác và độ nhạy";
    calibration: "Calibration", "Hiệu chuẩn";
    robustness: "AUC by degradation", "AUC theo mức suy giảm";
    groups_plot: "By group", "Theo nhóm";
    titled: "{title}: {degradation}", "{title}: {degradation}";
    axis_fpr: "False-alarm rate", "Tỉ lệ báo nhầm";
    axis_recall: "Recall", "Độ nhạy";
    axis_precision: "Precision", "Độ chuẩn xác";
    axis_score: "Mean score", "Điểm trung bình";
    axis_fakes: "Share of fakes", "Tỉ lệ ảnh giả";
    axis_share: "Share of pictures", "Tỉ lệ số ảnh";
    chance: "chance", "ngẫu nhiên";
    perfect: "perfect", "hoàn hảo";
    unseen: "below one real picture", "chưa đến một ảnh thật";
    roc_says: "How many fakes are found for how many reals flagged. The marked point is the threshold.", "Tìm được bao nhiêu ảnh giả khi gắn cờ nhầm bấy nhiêu ảnh thật. Điểm đánh dấu là ngưỡng.";
    roc_log_says: "The same where it counts: false alarms on a logarithmic axis. In the grey area a rate is less than one real picture.", "Vẫn đường cong đó ở vùng quan trọng: trục báo nhầm theo thang lôgarit. Trong vùng xám, tỉ lệ chưa bằng một ảnh thật.";
    precision_recall_says: "Which share of flagged pictures is fake, at the mixture of classes of these data. The dotted line is flagging everything.", "Bao nhiêu phần ảnh bị gắn cờ là giả, với tỉ lệ thật giả của dữ liệu này. Đường chấm là khi gắn cờ tất cả.";
    calibration_says: "Where a score of 0.8 means that 80 % are fake, the curve is the diagonal. Below: where the scores lie.", "Nếu điểm 0,8 nghĩa là 80 % là giả thì đường cong trùng với đường chéo. Bên dưới: điểm số phân bố ở đâu.";
    robustness_says: "AUC with its interval on each degradation.", "AUC và khoảng tin cậy ở từng mức suy giảm.";
    groups_says: "Recall of each group of fakes, false-alarm rate of each group of reals, at the threshold, with Wilson’s interval.", "Độ nhạy với từng nhóm ảnh giả, tỉ lệ báo nhầm với từng nhóm ảnh thật, tại ngưỡng, kèm khoảng Wilson.";
    recall_of_fakes: "Recall of fakes", "Độ nhạy với ảnh giả";
    alarms_of_reals: "False alarms of reals", "Báo nhầm với ảnh thật";

    // Groups.
    groups: "Groups", "Các nhóm";
    groups_caption: "Share of a group that is flagged at the threshold, with Wilson’s interval, which takes pictures for independent; AUC against all pictures of the other class.", "Tỉ lệ ảnh của nhóm bị gắn cờ tại ngưỡng, kèm khoảng Wilson, vốn coi các ảnh là độc lập; AUC so với toàn bộ ảnh của lớp kia.";
    group: "Group", "Nhóm";
    no_group: "without a group", "không có nhóm";
    class: "Class", "Lớp";
    real: "real", "thật";
    fake: "fake", "giả";
    flagged: "Flagged", "Bị gắn cờ";

    // Masks.
    masks: "Masks", "Mặt nạ";
    masks_caption: "How well maps find what was manipulated: means over pictures, at 0.5 and at each picture’s best threshold, which is an upper bound.", "Bản đồ tìm đúng vùng bị chỉnh sửa đến đâu: trung bình theo ảnh, tại 0,5 và tại ngưỡng tốt nhất của từng ảnh, tức cận trên.";
    pixel_f1: "F1", "F1";
    pixel_iou: "IoU", "IoU";
    pixel_mcc: "MCC", "MCC";
    pixel_f1_best: "F1, best", "F1, tốt nhất";
    pixel_iou_best: "IoU, best", "IoU, tốt nhất";
    pixel_mcc_best: "MCC, best", "MCC, tốt nhất";
    pixel_false_alarms: "False alarms of empty masks", "Báo nhầm khi mặt nạ rỗng";
    without_map: "Without a map", "Không có bản đồ";

    // Mistakes.
    mistakes: "Worst mistakes", "Những lỗi nặng nhất";
    mistakes_says: "The fakes of lowest and the reals of highest score. A label can be wrong too: look before you blame a detector.", "Ảnh giả có điểm thấp nhất và ảnh thật có điểm cao nhất. Nhãn cũng có thể sai: hãy xem ảnh trước khi chê bộ phát hiện.";
    lowest_fakes: "Fakes of lowest score", "Ảnh giả có điểm thấp nhất";
    highest_reals: "Reals of highest score", "Ảnh thật có điểm cao nhất";
    missed: "missed", "bỏ sót";
    false_alarm: "false alarm", "báo nhầm";
    right: "right", "đúng";
    no_thumbnail: "no thumbnail", "không có ảnh thu nhỏ";
    alt: "Thumbnail of {path}: {truth}, score {score}", "Ảnh thu nhỏ của {path}: {truth}, điểm {score}";
    score: "Score", "Điểm";
    path: "Path", "Đường dẫn";
    answer: "Answer", "Kết luận";
    mistakes_of: "Mistakes on {degradation}", "Lỗi ở {degradation}";

    // Faults and checks.
    faults: "Faults and checks", "Lỗi và kiểm tra dữ liệu";
    no_faults: "Nothing wrong was found in the data.", "Không thấy lỗi nào trong dữ liệu.";
    fault: "Fault", "Lỗi";
    count: "Count", "Số lượng";
    first_faults: "The first {listed} of {count}", "{listed} lỗi đầu trong {count} lỗi";
    checks: "Checks of the data", "Kiểm tra dữ liệu";
    check: "Check", "Phép kiểm tra";
    finding: "Finding", "Kết quả";
    figure: "Figure", "Số liệu";
    in_words: "In words", "Diễn giải";
    faults_found: "Faults in the data", "Lỗi trong dữ liệu";
    in_doubt: "in doubt", "đáng ngờ";
    in_order: "in order", "ổn";
    check_confound: "Confound: {subject}", "Yếu tố gây nhiễu: {subject}";
    check_leakage: "Near-duplicates: {subject}", "Gần trùng nhau: {subject}";
    malformed: "cannot be read as an entry", "không đọc được như một mục";
    unknown_label: "unknown label", "nhãn không rõ";
    missing: "file is missing", "thiếu tệp";
    unreadable: "cannot be read", "không đọc được";
    repeated: "there before with the same label", "đã có trước đó, cùng nhãn";
    contradiction: "there as real and as fake", "vừa là thật vừa là giả";
    not_a_picture: "no picture", "không phải ảnh";
    no_mask: "mask is missing", "thiếu mặt nạ";
    no_picture: "mask without its picture", "mặt nạ không có ảnh";
    no_frames: "video without frames", "video không có khung hình";
    no_score: "no score", "không có điểm";
    bad_score: "score is no number", "điểm không phải là số";
    one_class: "one class alone", "chỉ có một lớp";

    // Detectors and cost.
    detectors_and_cost: "Detectors and cost", "Bộ phát hiện và chi phí";
    model: "Model", "Mô hình";
    engine: "Engine", "Bộ máy";
    weights: "Weights (SHA-256)", "Trọng số (SHA-256)";
    threshold: "Threshold", "Ngưỡng";
    max_fpr: "False alarms that its card names", "Mức báo nhầm ghi trong thẻ mô hình";
    milliseconds: "ms a picture", "ms mỗi ảnh";
    seconds: "Time", "Thời gian";
    seconds_says: "{seconds} s with {threads} threads", "{seconds} giây với {threads} luồng";
    computed: "Pictures computed", "Số ảnh đã tính";
    known: "Known from before", "Đã có từ trước";
    speed: "Pictures a second", "Số ảnh mỗi giây";
    memory: "Peak memory", "Bộ nhớ cao nhất";
    score_file: "The scores come from a file: nothing was run.", "Điểm số lấy từ tệp: không có gì được chạy.";

    // How to read it.
    glossary: "How to read the figures", "Cách đọc các con số";
    about_auc: "The probability that a fake has a higher score than a real. 0.5 is chance, 1 is perfect. It needs no threshold.", "Xác suất để một ảnh giả có điểm cao hơn một ảnh thật. 0,5 là ngẫu nhiên, 1 là hoàn hảo. Không cần ngưỡng.";
    about_average_precision: "Average precision: the area under the precision-recall curve. It depends on how many of the pictures are fake.", "Độ chuẩn xác trung bình: diện tích dưới đường cong độ chuẩn xác và độ nhạy. Phụ thuộc vào tỉ lệ ảnh giả.";
    about_eer: "Equal error rate: where as large a share of fakes is missed as of reals is flagged.", "Tỉ lệ lỗi cân bằng: tại đó tỉ lệ ảnh giả bị bỏ sót bằng tỉ lệ ảnh thật bị gắn cờ.";
    about_tpr: "Share of fakes that are found at the threshold that flags at most that share of these reals. What counts where false alarms are costly.", "Tỉ lệ ảnh giả tìm được tại ngưỡng chỉ gắn cờ nhầm tối đa bấy nhiêu ảnh thật của dữ liệu này. Đây là điều quan trọng khi báo nhầm gây hại nhiều.";
    about_balanced_accuracy: "Mean of the shares of fakes and of reals that are judged right at the detector’s own threshold.", "Trung bình của tỉ lệ ảnh giả và tỉ lệ ảnh thật được xét đúng tại ngưỡng của chính bộ phát hiện.";
    about_recall: "Share of fakes that are flagged at the threshold.", "Tỉ lệ ảnh giả bị gắn cờ tại ngưỡng.";
    about_false_alarms: "Share of reals that are flagged at the threshold.", "Tỉ lệ ảnh thật bị gắn cờ tại ngưỡng.";
    about_log_loss: "How wrong the probabilities are; a sure mistake costs most. Always saying 0.5 gives 0.693.", "Xác suất sai lệch đến đâu; sai mà quả quyết thì bị phạt nặng nhất. Luôn trả lời 0,5 thì được 0,693.";
    about_brier: "Mean squared distance of the probability from the truth. Always saying 0.5 gives 0.25.", "Trung bình bình phương khoảng cách giữa xác suất và sự thật. Luôn trả lời 0,5 thì được 0,25.";
    about_ece: "Expected calibration error: how far a score is from the share of fakes among pictures of about that score, over 15 bins.", "Sai số hiệu chuẩn kỳ vọng: điểm số cách tỉ lệ ảnh giả trong những ảnh có điểm gần bằng nó bao xa, tính trên 15 khoảng.";
    about_intervals: "Where the figure would lie if other pictures of the same kind had been drawn. It knows nothing of pictures of another kind.", "Con số sẽ nằm ở đâu nếu chọn những ảnh khác cùng loại. Nó không nói gì về ảnh thuộc loại khác.";
    about_degradation: "What happened to all pictures, real and fake, before they were scored.", "Những gì đã làm với mọi ảnh, thật lẫn giả, trước khi chấm điểm.";
}

/// Fills in what stands in braces.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    // One pass: a value that looks like a place is not filled in turn.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, end) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(values.iter().find(|(key, _)| *key == name).map_or(name, |(_, value)| value));
        rest = end;
    }
    filled.push_str(rest);
    filled
}

impl Texts {
    /// Why there is no value, from the sentence of [`Undefined`](crate::metrics::Undefined); a sentence that is not
    /// known stays as it is.
    pub(super) fn undefined(&self, why: &str) -> String {
        let english = Self::of(Language::English);
        let plain = [
            (english.no_real, self.no_real),
            (english.no_fake, self.no_fake),
            (english.not_probabilities, self.not_probabilities),
            (english.one_of_a_class, self.one_of_a_class),
            (english.no_variance, self.no_variance),
            (english.empty_mask, self.empty_mask),
            (english.full_mask, self.full_mask),
            (english.no_such_picture, self.no_such_picture),
        ];
        if let Some((_, own)) = plain.iter().find(|(english, _)| *english == why) {
            return (*own).to_owned();
        }
        let numbers: Vec<&str> =
            why.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
        if let [found, needed] = numbers[..] {
            let values = [("found", found), ("needed", needed)];
            for (english, own) in [
                (english.too_few_reals, self.too_few_reals),
                (english.too_few_of_a_class, self.too_few_of_a_class),
            ] {
                if fill(english, &values) == why {
                    return fill(own, &values);
                }
            }
        }
        why.to_owned()
    }

    /// What a check looked at.
    pub(super) fn subject<'a>(&self, subject: &'a str) -> std::borrow::Cow<'a, str> {
        match subject {
            "format" => self.subject_format,
            "short side" => self.subject_short_side,
            "long side" => self.subject_long_side,
            "aspect ratio" => self.subject_aspect,
            "bytes per pixel" => self.subject_bytes_per_pixel,
            "JPEG quality" => self.subject_jpeg_quality,
            "all together" => self.subject_combined,
            "across classes" => self.subject_classes,
            "across groups" => self.subject_groups,
            "with the training list" => self.subject_training,
            other => return other.into(),
        }
        .into()
    }

    /// A kind of fault, or why a picture has no score.
    pub(super) fn fault<'a>(&self, code: &'a str) -> std::borrow::Cow<'a, str> {
        match code {
            "malformed" => self.malformed,
            "unknown_label" => self.unknown_label,
            "missing" => self.missing,
            "unreadable" => self.unreadable,
            "repeated" => self.repeated,
            "contradiction" => self.contradiction,
            "not_a_picture" => self.not_a_picture,
            "no_mask" => self.no_mask,
            "no_picture" => self.no_picture,
            "no_frames" => self.no_frames,
            "no_score" => self.no_score,
            "bad_score" => self.bad_score,
            "one_class" => self.one_class,
            other => return other.into(),
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Feature;
    use crate::metrics::Undefined;

    /// What both languages call the same.
    const SAME: [&str; 12] = [
        "auc",
        "average_precision",
        "eer",
        "log_loss",
        "brier",
        "ece",
        "p",
        "titled",
        "pixel_f1",
        "pixel_iou",
        "pixel_mcc",
        "examples",
    ];

    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_sentence_is_there_in_both_languages_with_the_same_places() {
        for (key, english, vietnamese) in ALL {
            assert!(!english.trim().is_empty() && !vietnamese.trim().is_empty(), "{key}");
            assert_eq!(places(english), places(vietnamese), "{key}");
            assert!(english != vietnamese || SAME.contains(key), "{key} is not translated");
            assert!(english.is_ascii() || !english.chars().any(|c| "ăâđêôơư".contains(c)), "{key}");
            // Composed letters alone: NFC.
            let combining = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
            assert!(!vietnamese.contains(combining), "{key}");
        }
    }

    #[test]
    fn all_reasons_have_a_sentence_of_their_own() {
        let reasons = [
            Undefined::NoReal,
            Undefined::NoFake,
            Undefined::NotProbabilities,
            Undefined::TooFewReals { found: 4, needed: 1000 },
            Undefined::TooFewOfAClass { found: 4, needed: 5 },
            Undefined::OneOfAClass,
            Undefined::NoVariance,
            Undefined::EmptyMask,
            Undefined::FullMask,
            Undefined::NoPicture,
        ];
        for reason in reasons {
            let english = reason.to_string();
            assert_eq!(Texts::of(Language::English).undefined(&english), english);
            assert_ne!(Texts::of(Language::Vietnamese).undefined(&english), english);
        }
        let vietnamese = Texts::of(Language::Vietnamese);
        assert_eq!(
            vietnamese.undefined("4 real pictures, at least 1000 needed"),
            "có 4 ảnh thật, cần ít nhất 1000"
        );
        assert_eq!(vietnamese.undefined("something new"), "something new");
    }

    #[test]
    fn what_checks_look_at_is_known() {
        let vietnamese = Texts::of(Language::Vietnamese);
        for feature in Feature::ALL {
            assert_ne!(vietnamese.subject(feature.name()), feature.name());
        }
    }

    #[test]
    fn a_value_is_not_taken_for_a_place() {
        let values = [("a", "{b}"), ("b", "B")];
        assert_eq!(fill("{a} and {b} and {c", &values), "{b} and B and c");
    }
}
