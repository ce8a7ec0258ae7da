//! Banks as a user of the library meets them: lists in and out, pictures looked up, files that are damaged or shared.
#![cfg(feature = "bank")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use deepscreen::bank::{Added, Bank, Entry, ExportFormat, Imported, ListFault, Snapshot};
use deepscreen::hash::{Pdq, Transform};
use deepscreen::{
    BankAnalyzer, EntryLabel, ErrorKind, Finding, HashAnalyzer, Label, Limits, Match, MatchedBy, Media,
    Screener, Screening,
};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};

/// A folder for banks, which goes with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn bank(&self, name: &str) -> Bank {
        Bank::create(self.path(name)).unwrap()
    }
}

/// A picture with much to see and no symmetry; another for each seed.
fn picture(seed: u32) -> RgbImage {
    let blotch = |x: u32, y: u32| {
        let mixed = (x * 7919 + y * 104_729 + seed * 1_299_709 + 17).wrapping_mul(2_654_435_761);
        Rgb([(mixed >> 24) as u8, (mixed >> 16) as u8, (mixed >> 8) as u8])
    };
    imageops::resize(&RgbImage::from_fn(18, 14, blotch), 540, 420, imageops::FilterType::CatmullRom)
}

fn png(picture: &RgbImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn media(bytes: Vec<u8>) -> Media {
    Media::from_bytes(bytes, &Limits::default()).unwrap()
}

fn entry(picture: &RgbImage, label: EntryLabel) -> Entry {
    Entry::of(&media(png(picture)), label).unwrap()
}

fn pdq_entry(byte: u8) -> Entry {
    let mut entry = Entry::new(EntryLabel::KnownFake);
    entry.pdq = Some(Pdq::from_bytes([byte; 32]));
    entry
}

fn all(bank: &Bank) -> Vec<Entry> {
    let mut entries = Vec::new();
    bank.for_each(|_, entry| {
        entries.push(entry);
        Ok(())
    })
    .unwrap();
    entries
}

fn matches(screening: &Screening) -> Vec<&Match> {
    let found = screening.evidence.iter().filter_map(|evidence| match &evidence.finding {
        Finding::Match(found) => Some(found),
        _ => None,
    });
    found.collect()
}

#[test]
fn an_entry_is_there_once_and_says_one_thing() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    let mut fake = entry(&picture(1), EntryLabel::KnownFake);
    fake.note = Some("dòng một\ndòng hai".to_owned());
    fake.link = Some("https://example.org/\u{1b}[31m".to_owned());
    assert_eq!(bank.add(&fake).unwrap(), Added::New(1));
    assert_eq!(bank.add(&fake).unwrap(), Added::Known(1));
    let read = bank.entry(1).unwrap().unwrap();
    assert_eq!((read.pdq, read.note.as_deref()), (fake.pdq, Some("dòng một\ndòng hai")));
    assert_eq!(read.link.as_deref(), Some("https://example.org/\u{fffd}[31m"));
    let added_at = read.added_at.unwrap();
    assert!(added_at.len() == 20 && added_at.ends_with('Z'), "{added_at}");
    assert_eq!(bank.find(&fake.sha256.unwrap()).unwrap().unwrap().0, 1);

    let mut contrary = fake;
    contrary.label = EntryLabel::VerifiedOriginal;
    let error = bank.add(&contrary).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidBank);
    assert!(error.to_string().ends_with("a.bank: is there already as known_fake, entry 1"), "{error}");
    let error = bank.add(&Entry::new(EntryLabel::Ignore)).unwrap_err();
    assert!(error.to_string().contains("needs a SHA-256 or a PDQ hash"), "{error}");

    // A number is never given twice, so that evidence of last year names what it named then.
    bank.write(|writer| writer.remove(1)).unwrap();
    assert_eq!((bank.entry(1).unwrap(), bank.add(&contrary).unwrap()), (None, Added::New(2)));
    assert!(bank.write(|writer| writer.remove(1)).unwrap_err().to_string().contains("has no entry 1"));
}

#[test]
fn a_write_that_fails_in_the_middle_changes_nothing() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    bank.add(&pdq_entry(1)).unwrap();
    let error = bank.write(|writer| {
        writer.add(&pdq_entry(2))?;
        writer.remove(1)?;
        writer.remove(99)
    });
    assert!(error.is_err());
    assert_eq!(all(&bank).iter().map(|entry| entry.pdq).collect::<Vec<_>>(), [pdq_entry(1).pdq]);
}

#[test]
fn two_that_write_at_the_same_time_take_turns() {
    let folder = Folder::new();
    let path = folder.path("a.bank");
    Bank::create(&path).unwrap();
    std::thread::scope(|scope| {
        for half in 0..2_u8 {
            let path = &path;
            scope.spawn(move || {
                let bank = Bank::open(path).unwrap();
                for i in 0..60 {
                    // Every third is added by both.
                    let byte = if i % 3 == 0 { i } else { 60 + 2 * i + half };
                    bank.add(&pdq_entry(byte)).unwrap();
                }
            });
        }
    });
    assert_eq!(Bank::open(&path).unwrap().stats().unwrap().with_pdq, 20 + 80);
}

#[test]
fn every_form_of_list_is_read() {
    const HASH: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
    let plain = format!("# from the alliance\n\n{HASH}\n");
    let threat_exchange = format!("pdq {HASH}\n");
    let hasher = format!("{HASH},77,photos/a, b.jpg\n");
    let details = format!("hash={HASH},norm=128,delta=3,quality=77,filename=photos/a, b.jpg\n");
    let csv = format!("\u{feff}pdq,quality,filename\r\n{HASH},77,\"photos/a, b.jpg\"\r\n");
    let dataset =
        format!("signal_type,signal_str,collab,category,tags\npdq,{HASH},Sample,POSITIVE_CLASS,x y\n");
    let array = format!("[\n  {{\"pdq\": \"{HASH}\",\n   \"pdq_quality\": 77}}\n]\n");
    let lines = format!("{{\"hash\": \"{HASH}\", \"quality\": 77, \"path\": \"photos/a, b.jpg\"}}\n");
    let record = format!(
        "{{\"schema\":\"deepscreen/1\",\"input\":{{\"path\":\"photos/a, b.jpg\",\"bytes\":3}},\"hashes\":{{\"pdq\":{{\"hash\":\"{HASH}\",\"quality\":77}},\"phash\":\"00000000000000ff\"}},\"verdict\":{{\"label\":\"no_indication\"}}}}\n"
    );
    let name = Some("photos/a, b.jpg");
    for (list, quality, name) in [
        (plain, None, None),
        (threat_exchange, None, None),
        (hasher, Some(77), name),
        (details, Some(77), name),
        (csv, Some(77), name),
        (dataset, None, None),
        (array, Some(77), None),
        (lines, Some(77), name),
        (record, Some(77), name),
    ] {
        let folder = Folder::new();
        let bank = folder.bank("a.bank");
        let template = Entry::new(EntryLabel::KnownFake);
        let done = bank.import(list.as_bytes(), &template, |fault| panic!("{list}: {fault:?}")).unwrap();
        assert_eq!((done.added, done.known, done.faults), (1, 0, 0), "{list}");
        let entries = all(&bank);
        let read = &entries[0];
        assert_eq!(read.pdq.unwrap().to_string(), HASH, "{list}");
        assert_eq!((read.pdq_quality, read.name.as_deref()), (quality, name), "{list}");
        assert_eq!(read.label, EntryLabel::KnownFake, "{list}");
    }
}

#[test]
fn bad_lines_are_named_by_number_and_the_rest_is_imported() {
    let hash = |byte: u8| format!("{byte:02x}").repeat(32);
    let (a, b) = (hash(0x0a), hash(0x0b));
    let lines = format!("{a}\n{}\nsha1 {a}\n\n{a},300,x\n{}\n{b}\n{b}\n", &a[1..], a.replace('a', "g"));
    let csv = format!(
        "pdq,label,note\n{a},known_fake,\"two\nlines\"\n{b},fake,x\n,known_fake,x\n{b},ignore,x,more\n"
    );
    let json_lines = format!("{{\"pdq\":\"{a}\"}}\n[1]\n{{\"pdq\":\n{{\"pdq\":7}}\n");
    let array =
        format!("[{{\"pdq\":\"{a}\"}},\n 7,\n {{\"pdq\":\"{b}\",\"label\":\"real\"}},\n {{\"pdq\":\n");
    for (list, done, faults) in [
        (
            lines,
            (2, 1),
            vec![(2, "63 found"), (3, "\"sha1\""), (5, "0 to 100"), (6, "64 hexadecimal digits")],
        ),
        (csv, (1, 0), vec![(4, "\"fake\""), (5, "needs a SHA-256"), (6, "4 values for 3 names")]),
        (json_lines, (1, 0), vec![(2, "no JSON object"), (3, "no JSON"), (4, "pdq \"7\"")]),
        (array, (1, 0), vec![(2, "no JSON object"), (3, "\"real\""), (5, "nothing after it")]),
    ] {
        let folder = Folder::new();
        let bank = folder.bank("a.bank");
        let mut found: Vec<ListFault> = Vec::new();
        let template = Entry::new(EntryLabel::KnownFake);
        let imported = bank.import(list.as_bytes(), &template, |fault| found.push(fault)).unwrap();
        assert_eq!((imported.added, imported.known), done, "{list}: {found:?}");
        assert_eq!(imported.faults, faults.len() as u64, "{list}: {found:?}");
        for (fault, (line, says)) in found.iter().zip(faults) {
            assert_eq!(fault.line, line, "{list}: {fault:?}");
            assert!(format!("{:#}", fault.error).contains(says), "{list}: {fault:?}");
        }
    }
}

#[test]
fn lists_that_are_no_text_or_have_no_end_cost_a_line() {
    let hash = "0a".repeat(32);
    let mut list = format!("{hash}\n").into_bytes();
    list.extend([0xff, 0xfe, b'\n']);
    list.extend(vec![b'x'; 3 << 20]);
    list.extend(format!("\n{}\n", "0b".repeat(32)).bytes());
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    let mut lines = Vec::new();
    let template = Entry::new(EntryLabel::KnownFake);
    let imported = bank.import(list.as_slice(), &template, |fault| lines.push(fault.line)).unwrap();
    assert_eq!((imported.added, lines), (2, vec![2, 3]));
    for nothing in ["", "\n\n", "# nothing\n", &"\n".repeat(3 << 20)] {
        let imported = bank.import(nothing.as_bytes(), &template, |fault| panic!("{fault:?}")).unwrap();
        assert_eq!(imported, Imported::default());
    }
}

#[test]
fn what_is_exported_is_the_same_when_it_is_imported() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    let mut fake = entry(&picture(1), EntryLabel::KnownFake);
    fake.name = Some("a \"b\", c.jpg".to_owned());
    fake.source = Some("=1+1".to_owned());
    fake.note = Some("dòng một\ndòng hai".to_owned());
    bank.add(&fake).unwrap();
    bank.add(&entry(&picture(2), EntryLabel::VerifiedOriginal)).unwrap();
    bank.add(&pdq_entry(7)).unwrap();
    let mut exact = Entry::new(EntryLabel::Ignore);
    exact.sha256 = Some([9; 32]);
    bank.add(&exact).unwrap();
    let template = Entry::new(EntryLabel::KnownFake);
    for (format, label, written) in [
        (ExportFormat::Csv, None, 4),
        (ExportFormat::Json, None, 4),
        (ExportFormat::Pdq, Some(EntryLabel::KnownFake), 2),
        (ExportFormat::ThreatExchange, Some(EntryLabel::KnownFake), 2),
    ] {
        let mut list = Vec::new();
        assert_eq!(bank.export(format, label, &mut list).unwrap(), written, "{format:?}");
        let again = folder.bank(format.name());
        let imported = again.import(list.as_slice(), &template, |fault| panic!("{fault:?}")).unwrap();
        assert_eq!(imported.added, written, "{format:?}");
        if format.has_labels() {
            assert_eq!(all(&again), all(&bank), "{format:?}");
        } else {
            let hashes = |bank: &Bank| all(bank).iter().filter_map(|entry| entry.pdq).collect::<Vec<_>>();
            let expected: Vec<_> =
                hashes(&bank).into_iter().filter(|pdq| hashes(&again).contains(pdq)).collect();
            assert_eq!(hashes(&again), expected, "{format:?}");
        }
    }
    let mut empty = Vec::new();
    folder.bank("empty").export(ExportFormat::Json, None, &mut empty).unwrap();
    assert_eq!(serde_json::from_slice::<Vec<u8>>(&empty).unwrap(), [0_u8; 0]);
}

#[test]
fn banks_are_merged_with_what_they_keep() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.bank("ours.bank"), folder.bank("theirs.bank"));
    let (shared, contrary) =
        (entry(&picture(1), EntryLabel::KnownFake), entry(&picture(2), EntryLabel::KnownFake));
    ours.add(&shared).unwrap();
    ours.add(&contrary).unwrap();
    theirs.add(&shared).unwrap();
    let mut contrary = contrary;
    contrary.label = EntryLabel::VerifiedOriginal;
    theirs.add(&contrary).unwrap();
    let original = picture(3);
    let Added::New(id) = theirs.add(&entry(&original, EntryLabel::VerifiedOriginal)).unwrap() else {
        panic!()
    };
    assert!(theirs.write(|writer| writer.keep_original(id, &png(&original))).unwrap());
    assert!(!theirs.write(|writer| writer.keep_original(id, b"another")).unwrap());

    let merged = ours.merge(&theirs).unwrap();
    assert_eq!((merged.added, merged.known, merged.originals), (1, 1, 1));
    assert_eq!((merged.refused.len(), merged.refused[0].0), (1, 2));
    assert_eq!(ours.original(3).unwrap(), Some(png(&original)));
    assert!(ours.merge(&Bank::open(ours.path()).unwrap()).unwrap_err().to_string().contains("the same bank"));
    ours.write(|writer| writer.remove(3)).unwrap();
    assert_eq!((ours.original(3).unwrap(), ours.stats().unwrap().originals), (None, 0));
}

#[test]
fn a_picture_is_known_as_the_same_file_and_by_its_looks() {
    let folder = Folder::new();
    let bank = folder.bank("party.bank");
    let (fake, other) = (picture(1), picture(2));
    bank.add(&entry(&fake, EntryLabel::KnownFake)).unwrap();
    bank.add(&entry(&other, EntryLabel::VerifiedOriginal)).unwrap();
    let screener = |transforms| {
        let analyzer = BankAnalyzer::open(folder.path("party.bank")).unwrap().with_transforms(transforms);
        Screener::builder().analyzer(analyzer).analyzer(HashAnalyzer).build().unwrap()
    };
    let plain = screener(false);
    let screening = plain.screen(&media(png(&fake)));
    assert_eq!(screening.verdict.label, Label::LikelyManipulated);
    let found = matches(&screening);
    assert_eq!((found.len(), found[0].by, found[0].entry), (1, MatchedBy::Sha256, 1));
    assert_eq!(screening.replay.lists.keys().collect::<Vec<_>>(), ["bank/party"]);

    let small = imageops::resize(&fake, 270, 210, imageops::FilterType::Triangle);
    let screening = plain.screen(&media(encoded(&small, ImageFormat::Jpeg)));
    let found = matches(&screening);
    assert!(
        matches!(found[0].by, MatchedBy::Pdq { distance: 0..=20, transform: Transform::None }),
        "{found:?}"
    );
    assert_eq!(screening.verdict.label, Label::LikelyManipulated);

    let nothing = plain.screen(&media(png(&picture(3))));
    assert!(matches(&nothing).is_empty());

    // What was done to the bank's picture to give this one.
    for (turned, transform) in [
        (imageops::rotate90(&fake), Transform::Turned90),
        (imageops::rotate270(&fake), Transform::Turned270),
        (imageops::flip_horizontal(&fake), Transform::Mirrored),
    ] {
        assert!(matches(&plain.screen(&media(png(&turned)))).is_empty(), "{transform:?}");
        let screening = screener(true).screen(&media(png(&turned)));
        let found = matches(&screening);
        assert_eq!(found.len(), 1, "{transform:?}");
        assert!(matches!(found[0].by, MatchedBy::Pdq { transform: t, .. } if t == transform), "{found:?}");
    }
}

#[test]
fn what_cannot_be_decoded_is_known_by_its_bytes_and_what_is_flat_not_by_its_looks() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    let mut broken = png(&picture(1));
    broken.truncate(60);
    let mut known = Entry::new(EntryLabel::KnownFake);
    known.sha256 = Some(media(broken.clone()).sha256());
    bank.add(&known).unwrap();
    let flat = RgbImage::from_pixel(200, 200, Rgb([90; 3]));
    bank.add(&entry(&flat, EntryLabel::KnownFake)).unwrap();
    let bank = BankAnalyzer::open(bank.path()).unwrap();
    assert_eq!(bank.snapshot().len(), 2);
    let screener = Screener::builder().analyzer(bank).build().unwrap();
    let screening = screener.screen_source(broken);
    assert!(screening.is_unreadable());
    assert_eq!(screening.verdict.label, Label::LikelyManipulated);
    assert!(matches(&screener.screen_source(encoded(&flat, ImageFormat::Jpeg))).is_empty());
    assert_eq!(matches(&screener.screen_source(png(&flat))).len(), 1);
}

#[test]
fn a_bank_is_swapped_while_screening_goes_on() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    bank.add(&pdq_entry(1)).unwrap();
    let build = Screener::builder().analyzer(BankAnalyzer::open(bank.path()).unwrap());
    let before = build.threads(2).build().unwrap();
    let fake = png(&picture(1));
    let label = |screener: &Screener| screener.screen(&media(fake.clone())).verdict.label;
    assert_eq!(label(&before), Label::Inconclusive);

    let done = AtomicBool::new(false);
    let after = std::thread::scope(|scope| {
        let going_on = scope.spawn(|| {
            let endless = std::iter::from_fn(|| (!done.load(Ordering::Relaxed)).then(|| fake.clone()));
            before.screen_many(endless).map(|screening| screening.verdict.label).collect::<Vec<_>>()
        });
        bank.add(&entry(&picture(1), EntryLabel::KnownFake)).unwrap();
        let after = before.reloaded().unwrap();
        assert_eq!(label(&after), Label::LikelyManipulated);
        done.store(true, Ordering::Relaxed);
        // It goes by what the bank held when it was opened.
        assert!(going_on.join().unwrap().iter().all(|label| *label == Label::Inconclusive));
        after
    });
    assert_ne!(before.replay().lists, after.replay().lists);

    let newer = folder.bank("newer.bank");
    newer.add(&pdq_entry(1)).unwrap();
    std::fs::rename(newer.path(), bank.path()).unwrap();
    let swapped = after.with_analyzer(BankAnalyzer::open(bank.path()).unwrap());
    assert_eq!(
        (label(&after.reloaded().unwrap()), label(&swapped)),
        (Label::Inconclusive, Label::Inconclusive)
    );
    std::fs::write(folder.path("a.bank"), "no bank").unwrap();
    assert_eq!(after.reloaded().err().unwrap().kind(), ErrorKind::InvalidBank);
}

#[test]
fn lookup_finds_what_a_scan_of_all_entries_finds() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    let mut state = 88_172_645_463_325_252_u64;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut hashes: Vec<Pdq> = Vec::new();
    for i in 0..3000 {
        let mut bytes = [0; 32];
        bytes.iter_mut().for_each(|byte| *byte = draw() as u8);
        if let Some(before) = hashes.last().filter(|_| i % 3 == 1) {
            bytes = *before.as_bytes();
            (0..draw() % 40).for_each(|_| bytes[draw() as usize % 32] ^= 1 << (draw() % 8));
        }
        // A bank holds each once.
        if !hashes.contains(&Pdq::from_bytes(bytes)) {
            hashes.push(Pdq::from_bytes(bytes));
        }
    }
    bank.write(|writer| {
        for hash in &hashes {
            let mut entry = Entry::new(EntryLabel::KnownFake);
            entry.pdq = Some(*hash);
            writer.add(&entry)?;
        }
        Ok(())
    })
    .unwrap();
    let snapshot = Snapshot::of(&bank).unwrap();
    for query in hashes.iter().step_by(7) {
        let near = |distance: u32| move |(_, hash): &(usize, &Pdq)| hash.distance(query) <= distance;
        for distance in [0, 12, 31, 60] {
            let mut expected: Vec<(u32, u32)> = hashes
                .iter()
                .enumerate()
                .filter(near(distance))
                .map(|(i, hash)| (hash.distance(query), i as u32 + 1))
                .collect();
            expected.sort_unstable();
            let found: Vec<(u32, u32)> = snapshot
                .near(query, distance)
                .iter()
                .map(|found| (found.by.rank() - 1, found.entry))
                .collect();
            assert_eq!(found, expected, "{distance}");
        }
    }
}

#[test]
fn numbers_of_entries_can_be_any() {
    let folder = Folder::new();
    let bank = folder.bank("a.bank");
    // As many as there are: removing gives none back.
    bank.write(|writer| {
        (1..=200).try_for_each(|byte| {
            let Added::New(id) = writer.add(&pdq_entry(byte))? else { panic!() };
            if byte < 200 { writer.remove(id) } else { Ok(()) }
        })
    })
    .unwrap();
    let snapshot = Snapshot::of(&bank).unwrap();
    assert_eq!((snapshot.len(), snapshot.near(&pdq_entry(200).pdq.unwrap(), 0)[0].entry), (1, 200));
}

/// Whatever a stranger's file holds: an error or an answer, never a panic, and never a bank that is broken further.
#[test]
fn damaged_banks_fail_cleanly() {
    let folder = Folder::new();
    let bank = folder.bank("good.bank");
    bank.write(|writer| {
        (0..200).try_for_each(|byte| writer.add(&pdq_entry(byte)).map(drop))?;
        Ok(())
    })
    .unwrap();
    bank.add(&entry(&picture(1), EntryLabel::KnownFake)).unwrap();
    let good = std::fs::read(bank.path()).unwrap();
    let picture = media(png(&picture(1)));
    let path = folder.path("bad.bank");
    let (mut refused, mut state) = (0, 7_u32);
    for round in 0..150_usize {
        let mut bad = good.clone();
        if round < 20 {
            bad.truncate(good.len() * round / 20);
        } else {
            for _ in 0..1 + round % 40 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % bad.len();
                bad[at] ^= 1 << (state >> 29);
            }
        }
        std::fs::write(&path, &bad).unwrap();
        let look = || -> deepscreen::Result<()> {
            let analyzer = BankAnalyzer::open(&path)?;
            analyzer.bank().stats()?;
            analyzer.bank().export(ExportFormat::Csv, None, std::io::sink())?;
            let screening = Screener::builder().analyzer(analyzer).threads(1).build()?.screen(&picture);
            assert!(screening.failures.iter().all(|failure| failure.kind != ErrorKind::Panic));
            Ok(())
        };
        if let Err(error) = look() {
            assert!(error.to_string().contains("bad.bank"), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn what_looks_like_a_kept_original_is_compared_with_it() {
    let folder = Folder::new();
    let bank = folder.bank("originals.bank");
    let original = picture(1);
    let Added::New(id) = bank.add(&entry(&original, EntryLabel::VerifiedOriginal)).unwrap() else { panic!() };
    let screen = |bytes: Vec<u8>| {
        let analyzer = BankAnalyzer::open(bank.path()).unwrap().with_transforms(true);
        Screener::builder().analyzer(analyzer).build().unwrap().screen(&media(bytes))
    };
    let mut altered = original.clone();
    imageops::replace(&mut altered, &RgbImage::from_pixel(60, 45, Rgb([20, 200, 30])), 300, 200);
    let copy = encoded(&original, ImageFormat::Jpeg);
    // Of banks: that nothing else judged is a reason too.
    let reasons = |screening: &Screening| {
        let codes = screening.verdict.reasons.iter().map(|reason| reason.code());
        codes.filter(|code| code.starts_with("bank.")).collect::<Vec<_>>().join(" ")
    };

    // Nothing is kept yet.
    assert_eq!(reasons(&screen(copy.clone())), "bank.like_original");
    bank.write(|writer| writer.keep_original(id, &png(&original))).unwrap();
    let same = screen(copy);
    assert_eq!(
        (same.verdict.label, reasons(&same).as_str()),
        (Label::NoIndication, "bank.verified_original")
    );
    let forged = screen(encoded(&altered, ImageFormat::Jpeg));
    assert_eq!(
        (forged.verdict.label, reasons(&forged).as_str()),
        (Label::LikelyManipulated, "bank.altered_original")
    );
    let comparison = matches(&forged)[0].comparison.as_ref().unwrap();
    let region = comparison.regions[0];
    assert!((region.x - 300.0).abs() < 30.0 && (region.y - 200.0).abs() < 30.0, "{region:?}");
    let record: serde_json::Value =
        serde_json::from_str(&forged.to_json(deepscreen::Language::English)).unwrap();
    assert_eq!(record["evidence"][0]["comparison"]["relation"], "altered", "{record}");
    assert_eq!(
        record["evidence"][0]["comparison"]["regions"].as_array().unwrap().len(),
        comparison.regions.len()
    );

    // A crop looks less alike than a match, and is one all the same.
    let crop = imageops::crop_imm(&original, 12, 9, 516, 402).to_image();
    let cropped = screen(encoded(&crop, ImageFormat::Jpeg));
    assert!(matches(&cropped)[0].by.rank() > 32, "{:?}", matches(&cropped)[0].by);
    assert_eq!(
        (cropped.verdict.label, reasons(&cropped).as_str()),
        (Label::NoIndication, "bank.verified_original")
    );
    let shown = matches(&cropped)[0].comparison.as_ref().unwrap().shown.unwrap();
    assert!((shown.x - 12.0).abs() < 4.0 && (shown.width - 516.0).abs() < 8.0, "{shown:?}");
    assert_eq!(reasons(&screen(png(&picture(2)))), "");

    let mirrored = screen(png(&imageops::flip_horizontal(&altered)));
    let region = matches(&mirrored)[0].comparison.as_ref().unwrap().regions[0];
    assert!((region.x - 180.0).abs() < 30.0, "{region:?}");

    // A file that is kept and cannot be decoded costs the comparison, not the match.
    let other = picture(2);
    let Added::New(id) = bank.add(&entry(&other, EntryLabel::VerifiedOriginal)).unwrap() else { panic!() };
    bank.write(|writer| writer.keep_original(id, b"\xff\xd8\xff nothing")).unwrap();
    assert_eq!(reasons(&screen(encoded(&other, ImageFormat::Jpeg))), "bank.like_original");
}
