//! Reports as people and programs read them: the page, the plots, the tables.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use deepscreen::Language;
use deepscreen_eval::ScoreTable;
use deepscreen_eval::comparison::Comparison;
use deepscreen_eval::metrics::Bootstrap;
use deepscreen_eval::report::{Check, Cost, Figure, Masks, Report, Tier, Trial, csv, group_csv, html, plots};
use quick_xml::events::Event;

const LANGUAGES: [Language; 2] = [Language::English, Language::Vietnamese];
/// Names that try to be more than names.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "]]></style></svg>{{ 7 * 7 }}",
    "\u{202e}gpj.exe",
    "two\nlines\u{0}\u{1}",
    "=HYPERLINK(\"http://x\")",
];

/// Scores between 0 and 1 that follow no pattern and are the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }
}

/// A score file with these columns: the first detector is the best, the second leaves some pictures out.
fn score_file(detectors: &[&str], groups: &[&str], classes: &[&str], pictures: usize) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let names: Vec<String> = detectors.iter().map(|name| quoted(name)).collect();
    let mut file = format!("path,label,group,video,{}\n", names.join(","));
    let mut noise = Noise(7);
    for i in 0..pictures {
        let class = classes[i % classes.len()];
        let group = groups[(i / 2) % groups.len()];
        write!(file, "{},{class},{},", quoted(&format!("data/{class}/{i:04}.png")), quoted(group)).unwrap();
        // Every other picture is a frame of a video of four.
        if i % 4 < 2 {
            write!(file, "{class}-{}", i / 16).unwrap();
        }
        for place in 0..detectors.len() {
            let pull = [0.45, 0.35, 0.12][place.min(2)];
            let truth = if class == "fake" { 0.97 } else { 0.03 };
            let score = pull * truth + (1.0 - pull) * noise.next();
            if place == 1 && i % 50 == 3 { file.push(',') } else { write!(file, ",{score:.4}").unwrap() }
        }
        file.push('\n');
    }
    file
}

fn read(file: &str) -> ScoreTable {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    fs::write(&path, file).unwrap();
    ScoreTable::read(path).unwrap()
}

fn trial(file: &str) -> Trial {
    let bootstrap = Bootstrap { resamples: 60, ..Bootstrap::default() };
    let comparison = Comparison { bootstrap, ..Comparison::default() };
    let mut trial = comparison.of_scores("scores.csv".to_owned(), read(file));
    // The second has a threshold of its own.
    trial.detectors.iter_mut().skip(1).take(1).for_each(|detector| detector.threshold = 0.6);
    trial
}

/// Everything that a report can have.
fn full() -> Report {
    let groups = ["sdxl-1.0", "FLUX.1-dev", "Midjourney 6", ""];
    let mut trial = trial(&score_file(&["ai-image", "npr", "CNNDetect"], &groups, &["fake", "real"], 480));
    let clean = &trial.tiers[0];
    let worse = [("web", 0.7), ("hard", 0.4), ("jpeg:60", 0.8)].map(|(name, keep)| {
        let mut table = clean.table.clone();
        let mut noise = Noise(11);
        for score in table.pictures.iter_mut().flat_map(|picture| &mut picture.scores).flatten() {
            *score = (keep * *score + (1.0 - keep) * noise.next()).clamp(0.0, 1.0);
        }
        Tier { degradation: name.to_owned(), table, failures: clean.failures.clone(), masks: Vec::new() }
    });
    trial.tiers.extend(worse);
    let check = |check, subject: &str, warns, auc, share| Check {
        check,
        subject: subject.to_owned(),
        warns,
        auc,
        share,
        message: format!("{subject} (p 0.0001, 480 pictures)"),
        examples: if warns { vec!["data/fake/0001.png, data/real/0002.png".to_owned()] } else { Vec::new() },
    };
    trial.checks = vec![
        check("confound", "JPEG quality", true, Some(0.93), None),
        check("confound", "short side", false, Some(0.52), None),
        check("leakage", "across classes", true, None, Some(0.031)),
    ];
    trial.cost = Some(Cost {
        seconds: 83.25,
        computed: 460,
        known: 20,
        pictures_per_second: Some(5.52),
        peak_memory: Some(734_003_200),
        threads: 2,
    });
    for (i, detector) in trial.detectors.iter_mut().enumerate() {
        detector.model = format!("{}@1", detector.name);
        detector.sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned();
        detector.engine = "onnxruntime 1.24".to_owned();
        detector.threshold_max_fpr = (i == 0).then_some(0.01);
        detector.milliseconds = Some(31.4);
    }
    let mut report = trial.report().unwrap();
    for outcome in &mut report.outcomes {
        let figure = |code: &str, value: Option<f64>| Figure {
            metric: code.to_owned(),
            value,
            interval: None,
            undefined: value.is_none().then(|| "no such picture".to_owned()),
        };
        outcome.masks = (outcome.detector == 0).then(|| Masks {
            pictures: 96,
            without_map: 4,
            metrics: vec![
                figure("pixel_f1", Some(0.412)),
                figure("pixel_iou", Some(0.301)),
                figure("pixel_mcc", Some(0.398)),
                figure("pixel_f1_best", Some(0.57)),
                figure("pixel_iou_best", Some(0.44)),
                figure("pixel_mcc_best", Some(0.52)),
                figure("pixel_false_alarm_rate", None),
            ],
        });
    }
    report
}

fn hostile() -> Report {
    trial(&score_file(&HOSTILE[..5], &HOSTILE, &["fake", "real"], 240)).report().unwrap()
}

fn one_class() -> Report {
    trial(&score_file(&["alone"], &["sdxl"], &["fake"], 40)).report().unwrap()
}

/// A small PNG for each picture whose number ends in 0.
fn thumbnails(report: &Report) -> BTreeMap<String, Vec<u8>> {
    let mut png = Vec::new();
    let picture = image::RgbImage::from_fn(96, 64, |x, y| image::Rgb([x as u8 * 2, y as u8 * 3, 90]));
    picture.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let mistakes = report.outcomes.iter().flat_map(|outcome| &outcome.mistakes);
    let some = mistakes.filter(|mistake| !mistake.path.ends_with("1.png"));
    some.map(|mistake| (mistake.path.clone(), png.clone())).collect()
}

fn is_in_order(page: &str, parts: &[&str]) {
    let mut rest = page;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{part} is not there, or too early");
        };
        rest = after;
    }
}

/// Pages for `.ci/pages.py`, which opens them in a browser.
#[test]
fn pages_are_kept_for_the_browser() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    fs::create_dir_all(&folder).unwrap();
    let report = full();
    for language in LANGUAGES {
        let page = html(&report, &thumbnails(&report), language);
        fs::write(folder.join(format!("full-{}.html", language.code())), page).unwrap();
    }
}

#[test]
fn a_page_says_everything_in_order() {
    let report = full();
    let page = html(&report, &thumbnails(&report), Language::English);
    is_in_order(
        &page,
        &[
            "<!doctype html>",
            "<html lang=\"en\">",
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
            "<title>Comparison of detectors: scores.csv</title>",
            "240 real, 240 fake",
            "of 60 resamples",
            "<main>",
            "Before you believe these figures",
            "“JPEG quality” alone tells real from fake with an AUC of 0.930.",
            "Near-duplicates across classes: 3.1\u{a0}% of the pictures.",
            "npr did not score 10 of 480 pictures on every degradation.",
            "10 of 480 pictures are in no figure on every degradation, because",
            "<h2 id=\"figures-title\">Figures</h2>",
            "TPR at 0.1\u{a0}%\u{a0}FPR",
            "Why figures have no value",
            "real pictures, at least 1000 needed",
            "Differences between detectors",
            "paired bootstrap",
            "<h2 id=\"plots-title\">",
            "aria-labelledby=\"roc-clean.svg\"",
            "aria-labelledby=\"robustness.svg\"",
            "<h2 id=\"groups-title\">",
            "<h2 id=\"masks-title\">",
            "0.412",
            "<h2 id=\"mistakes-title\">",
            "<img src=\"data:image/png;base64,",
            "no thumbnail",
            "Mistakes on hard",
            "<h2 id=\"faults-title\">",
            "<h2 id=\"cost-title\">",
            "9f86d081884c7d65",
            "83.2 s with 2 threads",
            "700 MiB",
            "<h2 id=\"glossary-title\">",
            "</html>",
        ],
    );
    for detector in &report.detectors {
        let auc = |outcome: &&deepscreen_eval::report::Outcome| {
            report.detectors[outcome.detector].name == detector.name && outcome.degradation == "hard"
        };
        let auc = report.outcomes.iter().find(auc).unwrap().figure("auc").unwrap().value.unwrap();
        assert!(page.contains(&format!("{auc:.3}")), "{}: {auc}", detector.name);
    }
    assert!(!page.contains("<script"));
    assert!(!page.contains("http://www.w3.org/1999") && !page.contains("https://"));
}

#[test]
fn a_vietnamese_page_is_vietnamese() {
    let report = full();
    let page = html(&report, &thumbnails(&report), Language::Vietnamese);
    is_in_order(
        &page,
        &[
            "<html lang=\"vi\">",
            "So sánh các bộ phát hiện: scores.csv",
            "240 thật, 240 giả",
            "Trước khi tin các con số này",
            "Chỉ riêng “chất lượng JPEG” đã phân biệt được thật với giả, AUC 0,930.",
            "Độ chính xác cân bằng",
            "Báo nhầm",
            "ảnh thật, cần ít nhất 1000",
            "không có ảnh thu nhỏ",
            "83,2 giây với 2 luồng",
        ],
    );
    let english =
        ["Before you", "Figures", "threshold", "Recall", "False alarms", "higher is better", "no value"];
    for word in english {
        assert!(!page.contains(word), "{word}");
    }
    // Composed letters alone: NFC.
    assert!(!page.contains(|c| ('\u{300}'..='\u{36f}').contains(&c)));
}

#[test]
fn the_best_of_a_column_is_marked_in_words_too() {
    let report =
        trial("path,label,good,bad\na,fake,0.9,0.1\nb,fake,0.8,0.6\nc,real,0.1,0.7\nd,real,0.2,0.3\n");
    let page = html(&report.report().unwrap(), &BTreeMap::new(), Language::English);
    let best = "★</span>1.000<span class=\"unseen\"> (best)</span>";
    assert!(page.contains(best));
    let row = page.split("<bdi>bad</bdi><small>").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.contains("0.250") && !row.contains('★'), "{row}");
    let alone = trial("path,label,good\na,fake,0.9\nc,real,0.1\n").report().unwrap();
    assert!(!html(&alone, &BTreeMap::new(), Language::English).contains("(best)"));
}

#[test]
fn what_has_no_value_says_why_and_is_never_0() {
    let page = html(&one_class(), &BTreeMap::new(), Language::English);
    assert!(page.contains("No picture is real. Nothing can be said of false alarms"));
    assert!(page.contains("<sup>a</sup> no picture is real"));
    let row = page.split("<bdi>alone</bdi><small>").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.starts_with("threshold 0.5") && row.contains("no value"), "{row}");
    assert!(!row.contains(">0.000") && !row.contains(">0.0\u{a0}%"), "{row}");
    let names: Vec<String> =
        plots(&one_class(), Language::English).into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.starts_with("roc")), "{names:?}");

    let table = csv(&one_class());
    let rows: Vec<_> =
        ::csv::Reader::from_reader(table.as_bytes()).into_records().map(Result::unwrap).collect();
    let auc = rows.iter().find(|row| &row[3] == "auc").unwrap();
    assert_eq!((&auc[4], &auc[7], &auc[8], &auc[9]), ("", "0", "40", "no picture is real"));
}

#[test]
fn names_stay_names_on_a_page() {
    let report = hostile();
    for language in LANGUAGES {
        let page = html(&report, &BTreeMap::new(), language);
        for bad in ["<script", "<img src=x", "]]></style>", "\u{202e}", "\u{0}", "\u{1}"] {
            assert!(!page.contains(bad), "{bad:?}");
        }
        assert!(page.contains("{{ 7 * 7 }}"));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;"));
        assert!(page.contains("\\u{202e}gpj.exe"));
        assert!(page.contains("two\\nlines\\u{0}\\u{1}"));
    }
}

/// The words of a picture; fails where it is no XML, or a part stands where none may.
fn words(svg: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let (mut words, mut depth) = (vec![String::new()], 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                depth += 1;
                let known = ["svg", "title", "style", "text"];
                assert!(known.contains(&std::str::from_utf8(tag.name().as_ref()).unwrap()), "{tag:?}");
                tag.attributes().for_each(|attribute| assert!(attribute.is_ok(), "{attribute:?}"));
                words.push(String::new());
            }
            Event::Empty(tag) => {
                let known = ["rect", "line", "polyline", "polygon", "circle"];
                assert!(known.contains(&std::str::from_utf8(tag.name().as_ref()).unwrap()), "{tag:?}");
            }
            Event::End(_) => depth -= 1,
            Event::Text(text) => words.last_mut().unwrap().push_str(text.decode().unwrap().trim()),
            Event::GeneralRef(name) => {
                let letter = match name.decode().unwrap().as_ref() {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    other => panic!("&{other};"),
                };
                words.last_mut().unwrap().push(letter);
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(depth, 0);
    words
}

#[test]
fn plots_are_pictures_with_a_name_whatever_detectors_are_called() {
    let report = hostile();
    for (name, svg) in plots(&report, Language::English) {
        assert!(svg.contains("role=\"img\"") && svg.contains("<title id="), "{name}");
        let words = words(&svg);
        assert!(words.iter().any(|text| text.contains("<script>al")), "{name}: {words:?}");
        assert!(!svg.contains(['\u{202e}', '\u{0}', '\u{1}']), "{name}");
    }
}

#[test]
fn each_degradation_has_its_plots_and_they_are_the_same_every_time() {
    let report = full();
    let plots_of = |language| plots(&report, language);
    let drawn = plots_of(Language::English);
    let names: Vec<&str> = drawn.iter().map(|(name, _)| name.as_str()).collect();
    for kind in ["roc", "roc-log", "precision-recall", "calibration", "groups"] {
        for degradation in ["clean", "web", "hard", "jpeg-60"] {
            assert!(names.contains(&format!("{kind}-{degradation}.svg").as_str()), "{names:?}");
        }
    }
    assert_eq!(names.len(), 21);
    assert_eq!(names.last(), Some(&"robustness.svg"));
    assert_eq!(drawn, plots_of(Language::English));
    let (_, vietnamese) = plots_of(Language::Vietnamese).swap_remove(0);
    assert!(words(&vietnamese).iter().any(|text| text == "Tỉ lệ báo nhầm"));
    let page = || html(&report, &thumbnails(&report), Language::English);
    assert_eq!(page(), page());
}

#[test]
fn a_plot_of_many_groups_grows() {
    let height = |count: usize| {
        let names: Vec<String> = (0..count).map(|i| format!("group {i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let report = trial(&score_file(&["one", "two"], &names, &["fake", "real"], 480)).report().unwrap();
        let (_, svg) = plots(&report, Language::English).pop().unwrap();
        assert!(words(&svg).iter().any(|text| text.starts_with(&format!("group {}", count - 1))));
        let height = svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap();
        height.parse::<f64>().unwrap()
    };
    assert!(height(60) > 8.0 * height(4));
}

#[test]
fn scores_that_are_no_probabilities_have_no_calibration() {
    let report = trial("path,label,logit\na,fake,3.5\nb,fake,1\nc,real,-2\nd,real,2\n").report().unwrap();
    let names: Vec<String> = plots(&report, Language::English).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["roc-clean.svg", "roc-log-clean.svg", "precision-recall-clean.svg"]);
    let page = html(&report, &BTreeMap::new(), Language::English);
    assert!(page.contains("some scores are not from 0 to 1"));
}

#[test]
fn a_table_has_a_row_for_each_figure() {
    let report = full();
    let text = csv(&report);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let head = "detector,degradation,level,metric,value,low,high,pictures_real,pictures_fake,undefined";
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), head);
    let rows: Vec<_> = reader.into_records().map(Result::unwrap).collect();
    let count = |outcome: &deepscreen_eval::report::Outcome| {
        outcome.metrics.len()
            + outcome.video_metrics.len()
            + outcome.masks.as_ref().map_or(0, |it| it.metrics.len())
    };
    assert_eq!(rows.len(), report.outcomes.iter().map(count).sum::<usize>());
    assert!(report.outcomes.iter().all(|outcome| !outcome.video_metrics.is_empty()));
    for row in &rows {
        assert_eq!(row[4].is_empty(), !row[9].is_empty(), "{row:?}");
    }
    let row = rows.iter().find(|row| &row[0] == "npr" && &row[1] == "web" && &row[3] == "auc").unwrap();
    let outcome = report.outcomes.iter().find(|it| it.detector == 1 && it.degradation == "web").unwrap();
    let figure = outcome.figure("auc").unwrap();
    assert_eq!(row[4].parse(), Ok(figure.value.unwrap()));
    assert_eq!([5, 6].map(|end| row[end].parse::<f64>().unwrap()), figure.interval.unwrap());
    assert_eq!((&row[2], &row[7], &row[8]), ("picture", "230", "240"));
}

#[test]
fn a_table_of_groups_has_a_row_for_each_class_of_each() {
    let report = full();
    let text = group_csv(&report);
    let rows: Vec<_> =
        ::csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), report.outcomes.iter().map(|outcome| outcome.groups.len()).sum::<usize>());
    let pictures: u64 = rows
        .iter()
        .filter(|row| &row[0] == "npr" && &row[1] == "hard")
        .map(|row| row[4].parse::<u64>().unwrap())
        .sum();
    assert_eq!(pictures, 470);
    assert!(rows.iter().any(|row| row[2].is_empty() && &row[3] == "real"));
}

#[test]
fn a_name_in_a_table_is_no_formula() {
    let mut report = hostile();
    report.detectors[0].name = "=cmd|' /C calc'!A0".to_owned();
    for text in [csv(&report), group_csv(&report)] {
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        for row in reader.records().map(Result::unwrap) {
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '@'])), "{row:?}");
        }
        assert!(text.contains("'=cmd|"));
    }
}
