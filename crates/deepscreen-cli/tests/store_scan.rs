//! `scan --store` and `results`, on the binary: what is known, what goes on, and what survives SIGKILL.
//!
//! `KILLS=500 cargo nextest run -p deepscreen-cli --test store_scan killed` kills more often; `SEED` chooses the moments.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use support::{Home, Run};

/// A tiny network, so that a picture takes a moment only.
fn model() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/networks/green").display().to_string()
}

/// A home with a folder of pictures and other files, all older than just now.
fn home() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("photos")).unwrap();
    for (name, source) in [
        ("a.png", "images/png_photo.png"),
        ("b.png", "metadata/automatic1111.png"),
        ("cut.jpg", "hostile/cut_half.jpg"),
        ("flux.png", "images/watermark_flux.png"),
        ("notes.txt", "hostile/text.jpg"),
    ] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(source);
        fs::copy(source, home.path("photos").join(name)).unwrap();
        age(&home.path("photos").join(name));
    }
    home
}

fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
}

fn scan(home: &Home, rest: &str) -> Run {
    home.run(&format!("scan --engine rten --trust-models --model {} {rest}", model()))
}

/// What was printed, without what is another in each run: how long it took.
fn timeless(text: &str) -> String {
    let record = |line: &str| line.split(",\"elapsed_ms\":").next().unwrap().to_owned() + "\n";
    text.lines().map(record).collect()
}

/// Without the summary of a table.
fn lines(text: &str) -> Vec<&str> {
    text.lines().take_while(|line| !line.is_empty()).collect()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_known_file_comes_out_as_it_did_in_every_format_and_language() {
    let home = home();
    for language in ["en", "vi"] {
        for format in ["table", "jsonl", "csv"] {
            let flags = format!("--format {format} --lang {language} photos");
            let (without, store) = (scan(&home, &flags), format!("--store {language}-{format}.store"));
            let first = scan(&home, &format!("{store} {flags}"));
            let again = scan(&home, &format!("{store} {flags}"));
            // A store is of no language.
            let other = scan(&home, &format!("{store} --format {format} --lang en photos"));
            let mut expected = timeless(&without.out);
            if format == "table" {
                expected = lines(&without.out).join("\n");
                assert_eq!(
                    (lines(&first.out).join("\n"), lines(&again.out).join("\n")),
                    (expected.clone(), expected)
                );
                let known = if language == "vi" { "5 đã biết từ trước" } else { "5 known before" };
                assert!(again.out.contains(known) && !first.out.contains(known), "{}", again.out);
            } else {
                assert_eq!((timeless(&first.out), timeless(&again.out)), (expected.clone(), expected));
            }
            let english = scan(&home, &format!("--format {format} --lang en photos"));
            assert_eq!(lines(&timeless(&other.out)).len(), lines(&timeless(&english.out)).len());
            if format != "table" {
                assert_eq!(timeless(&other.out), timeless(&english.out));
            }
            assert_eq!((first.status, again.status), (0, 0), "{}", again.err);
        }
    }
}

#[test]
fn fail_on_and_lists_count_what_was_known() {
    let home = home();
    for known in [false, true] {
        let run = scan(&home, "--store results.store --fail-on flagged photos/b.png photos/notes.txt");
        assert_eq!((run.status, run.out.contains("2 known before")), (1, known), "{}", run.out);
        assert_eq!(scan(&home, "--store results.store --fail-on unreadable photos/b.png").status, 0);
    }
    let gone = home.run("results results.store --gone").out;
    assert!(gone.starts_with("0 pictures"), "what was not asked for is not gone: {gone}");
}

#[test]
fn unchanged_files_are_not_opened_and_changed_or_moved_ones_are_told_apart() {
    let home = home();
    let store = "--store results.store --format jsonl photos";
    let before = scan(&home, store);
    assert_eq!(before.status, 0, "{}", before.err);
    // What has the same size and time cannot be told apart.
    let picture = home.path("photos/a.png");
    let facts = fs::metadata(&picture).unwrap();
    fs::write(&picture, vec![b'x'; facts.len() as usize]).unwrap();
    fs::File::options().write(true).open(&picture).unwrap().set_modified(facts.modified().unwrap()).unwrap();
    let same = scan(&home, store);
    assert_eq!(timeless(&same.out), timeless(&before.out));
    assert!(same.err.contains("5 known before"), "{}", same.err);
    // Another time is looked into.
    fs::File::options().write(true).open(&picture).unwrap().set_modified(SystemTime::now()).unwrap();
    let changed = scan(&home, store);
    assert_eq!(json_lines(&changed.out)[0]["failures"][0]["code"], "not_an_image");
    assert!(changed.err.contains("4 known before"), "{}", changed.err);

    fs::rename(home.path("photos/b.png"), home.path("photos/z.png")).unwrap();
    let moved = scan(&home, store);
    assert!(moved.err.contains("5 known before"), "{}", moved.err);
    let records = json_lines(&moved.out);
    assert_eq!(records[4]["input"]["path"], "photos/z.png");
    assert_eq!(records[4]["verdict"], json_lines(&before.out)[1]["verdict"]);
    let gone = home.run("results results.store --gone --format jsonl");
    assert_eq!(json_lines(&gone.out).len(), 1);
    assert!(gone.out.contains("photos/b.png"), "{}", gone.out);
}

#[test]
fn another_model_policy_or_setting_screens_again() {
    let home = home();
    let policy = "schema = 1\n[sources.\"detector/*\"]\nrole = \"advisory\"\n";
    fs::write(home.path("policy.toml"), policy).unwrap();
    let copy = home.path("recalibrated");
    fs::create_dir(&copy).unwrap();
    for file in ["model.onnx", "model.toml"] {
        fs::copy(Path::new(&model()).join(file), copy.join(file)).unwrap();
    }
    let contract = fs::read_to_string(copy.join("model.toml")).unwrap();
    fs::write(copy.join("model.toml"), contract.replace("mean = [0.3]", "mean = [0.31]")).unwrap();
    let other = Path::new(&model()).join("../gray").display().to_string();
    for flags in [
        "--policy policy.toml".to_owned(),
        "--stability 1".to_owned(),
        "--heat-maps maps".to_owned(),
        format!("--model {other}"),
        "--model recalibrated".to_owned(),
    ] {
        scan(&home, "--store results.store photos");
        let known = scan(&home, "--store results.store photos");
        assert!(known.out.contains("5 known before"), "{}{}", known.out, known.err);
        let flags = format!("scan --engine rten --trust-models {flags} --store results.store photos");
        let flags = if flags.contains("--model") { flags } else { flags + " --model " + &model() };
        let changed = home.run(&flags);
        assert_eq!(changed.status, 0, "{}", changed.err);
        assert!(!changed.out.contains("known before"), "{flags}: {}", changed.out);
    }
}

#[test]
fn foreign_files_and_groups_are_refused_and_left_alone() {
    let home = home();
    fs::write(home.path("notes"), "not a store").unwrap();
    home.run("bank create party.bank");
    for (file, says) in
        [("notes", "not an SQLite file"), ("party.bank", "no store of results"), ("no/x", "cannot be")]
    {
        let before = fs::read(home.path(file)).ok();
        for command in ["scan --engine rten photos --store", "results"] {
            let run = home.run(&format!("{command} {file}"));
            assert_eq!((run.status, run.out.as_str()), (2, ""), "{file}");
            assert!(run.err.contains(file) && run.err.contains(says), "{}", run.err);
        }
        assert_eq!(fs::read(home.path(file)).ok(), before, "{file}");
        assert!(!home.path(&format!("{file}-lock")).exists());
    }
    let missing = home.run("results none.store");
    assert_eq!(missing.status, 2);
    assert!(!home.path("none.store").exists());
    let grouped = scan(&home, "--group --store results.store photos");
    assert_eq!(grouped.status, 2);
    assert!(grouped.err.contains("--group and --store exclude each other"), "{}", grouped.err);
    assert!(scan(&home, "--store-wait 3 photos").err.contains("--store"), "alone it means nothing");
}

#[test]
fn a_store_in_the_folder_that_is_scanned_is_not_screened() {
    let home = home();
    for known in [false, true] {
        let run = scan(&home, "--store photos/results.store --format jsonl photos");
        assert_eq!(run.out.lines().count(), 5, "{}", run.out);
        assert_eq!(run.err.contains("5 known before"), known, "{}", run.err);
    }
}

#[test]
fn results_are_listed_filtered_counted_and_exported() {
    let home = home();
    let scanned = scan(&home, "--store results.store --format csv photos");
    let list = |flags: &str| {
        let run = home.run(&format!("results results.store {flags}"));
        assert_eq!(run.status, 0, "{flags}: {}", run.err);
        run.out
    };
    let rows = |text: &str| {
        let rows = text.lines().skip(1).map(|row| row.split_once(',').unwrap().1.to_owned());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(rows(&list("--format csv")), rows(&scanned.out), "the same but for absolute paths");
    let count = |flags: &str| list(&format!("--format jsonl {flags}")).lines().count();
    assert_eq!(count(""), 5);
    assert_eq!(count("--label likely_manipulated"), 2);
    assert_eq!(count("--label likely_manipulated --label inconclusive"), 4);
    assert_eq!(count("--reason watermark"), 1);
    assert_eq!(count("--reason metadata --reason watermark.flux"), 2);
    assert_eq!(count("--path photos/b --label likely_manipulated"), 1);
    assert_eq!(count("--path */?.png"), 2);
    assert_eq!(count("--limit 3"), 3);
    assert_eq!((count("--since 1h"), count("--since 2100-01-01")), (5, 0));
    assert_eq!(count("--min-probability 1"), count("--min-probability 1.0"));
    let table = list("");
    assert!(table.contains("AI generated: watermark of FLUX"), "{table}");
    assert!(table.contains("4 pictures: 2 likely manipulated"), "{table}");
    assert!(list("--lang vi").contains("do AI tạo: thủy vân của FLUX"), "{}", list("--lang vi"));
    let summary = list("--summary");
    for part in ["5 files", "2  likely manipulated", "1  watermark.flux", "1  not a picture", "Last scan: 20"]
    {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let counts: Value = serde_json::from_str(&list("--summary --format jsonl")).unwrap();
    assert_eq!((&counts["files"], &counts["labels"]["likely_manipulated"]), (&5.into(), &2.into()));
    assert!(counts["finished_at"].is_string());
    assert!(list("--summary --format csv").contains("reason,watermark.flux,1\n"));
    assert_eq!(list("--format csv --out rows.csv"), "");
    assert_eq!(fs::read_to_string(home.path("rows.csv")).unwrap(), list("--format csv"));
    let before = fs::read(home.path("results.store")).unwrap();
    for over in [
        "results results.store --out results.store",
        "scan photos --store results.store --out ./results.store",
    ] {
        let run = home.run(over);
        assert!(run.status == 2 && run.err.contains("is the store"), "{}", run.err);
    }
    assert!(fs::read(home.path("results.store")).unwrap() == before);
    for wrong in ["--label fake", "--min-probability 2", "--since yesterday", "--format xml"] {
        assert_eq!(home.run(&format!("results results.store {wrong}")).status, 2, "{wrong}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;

    /// Files that are told apart quickly, and some pictures among them, all small.
    fn many(home: &Home, files: std::ops::Range<usize>) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        let cut = fs::read(fixtures.join("hostile/cut_half.jpg")).unwrap();
        for number in files {
            let path = home.path("many").join(format!("{:02}/{number:05}.jpg", number % 7));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match number % 25 {
                0 => image::RgbImage::from_fn(24, 24, |x, y| {
                    image::Rgb([number as u8, x as u8 * 9, y as u8 * 9])
                })
                .save_with_format(&path, image::ImageFormat::Png)
                .unwrap(),
                // The same bytes at several places.
                1 => fs::write(&path, "the same text").unwrap(),
                2 => fs::write(&path, &cut[..200 + number]).unwrap(),
                3 => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
                _ => fs::write(&path, format!("text {number}").repeat(1 + number % 300)).unwrap(),
            }
        }
    }

    fn command(home: &Home, rest: &str) -> Command {
        let mut command = home.command();
        let words = format!("scan --engine rten --threads 2 --trust-models --model {} {rest}", model());
        command.args(words.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn signal(child: &Child, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn err(child: Child) -> (Option<i32>, String, String) {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// splitmix64 (Steele, Lea and Flood, 2014).
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % bound
        }
    }

    fn number(name: &str, otherwise: u64) -> u64 {
        std::env::var(name).ok().map_or(otherwise, |value| value.parse().unwrap())
    }

    /// What is in the store, each path once, with its record.
    fn stored(home: &Home, store: &str) -> Vec<(String, String)> {
        let run = home.run(&format!("results {store} --format jsonl"));
        assert_eq!(run.status, 0, "{}", run.err);
        let path = |line: &str| {
            let record: Value = serde_json::from_str(line).unwrap();
            record["input"]["path"].as_str().unwrap().to_owned()
        };
        run.out.lines().map(|line| (path(line), timeless(line))).collect()
    }

    #[test]
    fn killed_at_any_moment_no_file_is_lost_and_none_is_there_twice() {
        let (kills, seed) = (number("KILLS", 50), number("SEED", 20_261_127));
        println!("KILLS={kills} SEED={seed}");
        let home = Home::new();
        let mut random = Random(seed);
        let (mut files, mut kept, mut cut_short) = (0, 0, 0);
        for kill in 0..kills {
            // It grows, so that there is always something to do.
            let more = if kill == 0 { 300 } else { random.below(60) as usize };
            many(&home, files..files + more);
            files += more;
            let mut child = command(&home, "--store killed.store --format jsonl many").spawn().unwrap();
            std::thread::sleep(Duration::from_millis(random.below(if kill % 5 == 0 { 120 } else { 1500 })));
            child.kill().unwrap();
            let (status, _, said) = err(child);
            assert!(said.is_empty() || status == Some(0) || status.is_none(), "{said}");
            cut_short += u64::from(status.is_none());
            // Perhaps it was killed before it had made a store.
            let is_new = |said: &str| said.contains("no results yet") || said.contains("cannot be read");
            let listed = home.run("results killed.store --format jsonl");
            if kept > 0 || listed.status == 0 || !is_new(&listed.err) {
                assert_eq!(listed.status, 0, "{}", listed.err);
                let there = listed.out.lines().count();
                assert!(there >= kept, "what was kept is lost: {kept}, then {there}");
                kept = there;
            }
        }
        assert!(cut_short * 2 > kills, "only {cut_short} of {kills} were killed before they were done");
        let (status, resumed, said) =
            err(command(&home, "--store killed.store --format jsonl many").spawn().unwrap());
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains("known before"), "{said}");
        let (_, undisturbed, _) =
            err(command(&home, "--store calm.store --format jsonl many").spawn().unwrap());
        assert_eq!(undisturbed.lines().count(), files);
        assert_eq!(timeless(&resumed), timeless(&undisturbed));
        let found = stored(&home, "killed.store");
        assert_eq!(found.len(), files);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0), "each once");
        assert_eq!(found, stored(&home, "calm.store"));
    }

    #[test]
    fn what_was_committed_a_second_ago_survives_sigkill() {
        let home = Home::new();
        // Enough for more than a second.
        many(&home, 0..6000);
        let mut child = command(&home, "--store killed.store many").spawn().unwrap();
        let start = Instant::now();
        while !home.path("killed.store").exists() || known(&home) == 0 {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(known(&home) > 0);
        let before = known(&home);
        let (status, _, said) =
            err(command(&home, "--store killed.store --format jsonl many").spawn().unwrap());
        assert_eq!(status, Some(0));
        // Those that could not be read are never known.
        let expected = said.split(" known before").next().unwrap().rsplit(' ').next().unwrap().to_owned();
        assert!(expected.parse::<usize>().unwrap() + 6000 / 25 >= before, "{said}, of {before}");
        assert_eq!(known(&home), 6000);
    }

    fn known(home: &Home) -> usize {
        let run = home.run("results killed.store --format jsonl");
        if run.status == 0 { run.out.lines().count() } else { 0 }
    }

    /// A scan that goes on until somebody reads what it prints: 1,500 records are more than a pipe holds.
    fn endless(home: &Home, rest: &str) -> Child {
        if !home.path("photos/z").exists() {
            many(home, 0..1500);
            fs::create_dir_all(home.path("photos")).unwrap();
            fs::rename(home.path("many"), home.path("photos/z")).unwrap();
        }
        begun(home, rest)
    }

    /// A scan that has printed something.
    fn begun(home: &Home, rest: &str) -> Child {
        let mut child = command(home, &format!("{rest} --format jsonl photos")).spawn().unwrap();
        let mut first = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(&first, b"{");
        child
    }

    #[test]
    fn a_second_scan_waits_says_so_and_gives_up() {
        let home = home();
        let first = endless(&home, "--store results.store");
        let second = command(&home, "--store results.store --store-wait 1 photos/a.png").spawn().unwrap();
        let (status, out, said) = err(second);
        assert_eq!((status, out.as_str()), (Some(2), ""));
        assert!(said.contains("results.store: another scan has it; waiting, 1 s at most"), "{said}");
        assert!(said.contains("another scan still has it after 1 s"), "{said}");
        let third = command(&home, "--store results.store --format jsonl photos/a.png").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(err(first).0, Some(0));
        let (status, out, said) = err(third);
        assert_eq!((status, out.lines().count()), (Some(0), 1), "{said}");
        assert!(said.contains("1 known before"), "{said}");
        assert_eq!(stored(&home, "results.store").len(), 1505);
    }

    #[test]
    fn ctrl_c_finishes_what_is_under_way_and_says_how_to_go_on() {
        let home = Home::new();
        for (store, says) in
            [("--store results.store", "deepscreen scan photos --store results.store goes on"), ("", "")]
        {
            let child = endless(&home, store);
            signal(&child, "INT");
            std::thread::sleep(Duration::from_millis(300));
            let (status, out, said) = err(child);
            assert_eq!(status, Some(130), "{said}");
            assert!(said.contains("finishing what is under way"), "{said}");
            assert!(said.contains("not looked at") && said.contains(says), "{said}");
            let seen = out.lines().count();
            assert!(seen > 0 && seen < 1500, "{seen}");
            if !store.is_empty() {
                assert_eq!(stored(&home, "results.store").len(), seen);
                let (status, out, _) =
                    err(command(&home, &format!("{store} --format jsonl photos")).spawn().unwrap());
                assert_eq!((status, out.lines().count()), (Some(0), 1500));
            }
        }
    }

    #[test]
    fn a_second_ctrl_c_ends_at_once() {
        let home = Home::new();
        fs::create_dir(home.path("photos")).unwrap();
        let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/photo_table.jpg");
        for number in 0..200 {
            fs::copy(&photo, home.path(&format!("photos/{number:03}.jpg"))).unwrap();
        }
        let mut child = begun(&home, "");
        // Some dozens of pictures are under way.
        signal(&child, "INT");
        std::thread::sleep(Duration::from_millis(100));
        assert!(child.try_wait().unwrap().is_none(), "one alone waits for what is under way");
        signal(&child, "INT");
        assert_eq!(err(child).0, Some(130));
    }

    #[test]
    fn any_name_is_stored_and_none_reaches_the_terminal() {
        use std::os::unix::ffi::OsStrExt;
        let home = home();
        let odd = home.path("photos").join(std::ffi::OsStr::from_bytes(b"b\xff\x1b[2J\n.png"));
        fs::rename(home.path("photos/b.png"), &odd).unwrap();
        for known in [0, 5] {
            let run = scan(&home, "--store results.store --format jsonl photos");
            assert_eq!(run.out.lines().count(), 5);
            assert_eq!(run.err.contains("known before"), known > 0, "{}", run.err);
        }
        let table = home.run("results results.store").out;
        assert!(!table.contains('\x1b') && table.contains("\\u{1b}[2J\\u{a}.png"), "{table}");
    }
}
