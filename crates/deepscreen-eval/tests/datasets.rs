//! Data sets as the field lays them out, whole and broken.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use deepscreen::ErrorKind;
use deepscreen_eval::Truth::{Fake, Real};
use deepscreen_eval::dataset::{Layout, Options};
use deepscreen_eval::{Dataset, FaultKind, Item, Truth};
use tempfile::TempDir;

/// A folder with these files; those that have a text hold it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn empty(names: &[&str]) -> TempDir {
    folder(&names.iter().map(|name| (*name, "")).collect::<Vec<_>>())
}

fn read(path: impl AsRef<Path>) -> Dataset {
    Dataset::read(path, &Options::default()).unwrap()
}

/// Path below the folder, truth and group.
fn shown<'a>(folder: &TempDir, items: &'a [Item]) -> Vec<(String, Truth, Option<&'a str>)> {
    let below =
        |item: &Item| item.path.strip_prefix(folder.path()).unwrap().to_str().unwrap().replace('\\', "/");
    items.iter().map(|item| (below(item), item.truth, item.group.as_deref())).collect()
}

fn faults(dataset: &Dataset) -> Vec<(FaultKind, Option<u64>)> {
    dataset.faults.iter().map(|fault| (fault.kind, fault.line)).collect()
}

#[test]
fn folders_of_classes_are_found_at_any_depth_and_those_above_are_the_group() {
    let folder = empty(&[
        "real/r.jpg",
        "fake/f.png",
        "progan/airplane/0_real/1.png",
        "progan/airplane/1_fake/2.png",
        "Midjourney/val/ai/000/3.png",
        "Midjourney/val/nature/4.JPEG",
        "FAKE/deep/er/5.webp",
    ]);
    let dataset = read(folder.path());
    assert_eq!(dataset.layout, Layout::Tree);
    let expected: Vec<_> = [
        ("FAKE/deep/er/5.webp", Fake, None),
        ("Midjourney/val/ai/000/3.png", Fake, Some("Midjourney/val")),
        ("Midjourney/val/nature/4.JPEG", Real, Some("Midjourney/val")),
        ("fake/f.png", Fake, None),
        ("progan/airplane/0_real/1.png", Real, Some("progan/airplane")),
        ("progan/airplane/1_fake/2.png", Fake, Some("progan/airplane")),
        ("real/r.jpg", Real, None),
    ]
    .into_iter()
    .map(|(path, truth, group)| (path.to_owned(), truth, group))
    .collect();
    assert_eq!(shown(&folder, &dataset.items), expected);
    assert_eq!(dataset.faults, []);
    assert_eq!((dataset.count(Fake), dataset.count(Real)), (4, 3));
}

#[test]
fn what_a_tree_has_beside_its_pictures_is_told() {
    let folder = empty(&[
        "real/0/r.jpg",
        "fake/f.jpg",
        "fake/notes.txt",
        "fake/._f.jpg",
        "masks/m.png",
        "fake/nature/ambiguous.jpg",
    ]);
    let dataset = read(folder.path());
    assert_eq!(dataset.items.len(), 2);
    let told: Vec<_> = dataset
        .faults
        .iter()
        .map(|fault| (fault.kind.code(), fault.path.as_ref().unwrap().file_name().unwrap().to_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("not_a_picture", "._f.jpg"),
            ("unknown_label", "ambiguous.jpg"),
            ("not_a_picture", "notes.txt"),
            ("unknown_label", "m.png"),
        ]
    );
    assert_eq!(dataset.fault_counts()[&FaultKind::NotAPicture], 2);
}

#[test]
fn one_class_and_no_class_are_told_apart() {
    let dataset = read(empty(&["real/a.jpg", "real/b.jpg"]).path());
    assert_eq!(dataset.items.len(), 2);
    assert_eq!(dataset.faults[0].to_string(), "all pictures are real");
    let folder = empty(&["a.jpg", "0/b.jpg"]);
    let error = Dataset::read(folder.path(), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("no folder below is named after a class"), "{error}");
    let error = Dataset::read(folder.path().join("absent"), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}

#[test]
fn a_csv_tells_each_line_that_it_cannot_use() {
    let list = "path,label,group,video\n\
                a.jpg,REAL,phones,\n\
                sub/b.jpg,1,\"sd, v4\",clip\n\
                \n\
                absent.jpg,fake,,\n\
                c.jpg,unsure,,\n\
                ./a.jpg,nature,,\n\
                d.jpg,ai,,\n\
                sub/../d.jpg,0,,\n\
                c.jpg\n\
                ,fake,,\n\
                c.jpg,,,\n\
                c.jpg,manipulated,,\n";
    for list in
        [list.to_owned(), format!("\u{feff}\r\n{}", list.replace('\n', "\r\n")), list.replace(',', ";")]
    {
        let shift = u64::from(list.starts_with('\u{feff}'));
        let list = list.replace("sd; v4", "sd, v4");
        let folder =
            folder(&[("list.csv", &list), ("a.jpg", ""), ("sub/b.jpg", ""), ("c.jpg", ""), ("d.jpg", "")]);
        let dataset = read(folder.path().join("list.csv"));
        assert_eq!(dataset.layout, Layout::Csv);
        assert_eq!(
            shown(&folder, &dataset.items),
            [
                ("a.jpg".into(), Real, Some("phones")),
                ("sub/b.jpg".into(), Fake, Some("sd, v4")),
                ("c.jpg".into(), Fake, None)
            ]
        );
        assert_eq!(dataset.items[1].video.as_deref(), Some("clip"));
        let expected = [
            (FaultKind::Missing, 5),
            (FaultKind::UnknownLabel, 6),
            (FaultKind::Repeated, 7),
            (FaultKind::Contradiction, 9),
            (FaultKind::Malformed, 10),
            (FaultKind::Malformed, 11),
            (FaultKind::UnknownLabel, 12),
        ]
        .map(|(kind, line)| (kind, Some(line + shift)));
        assert_eq!(faults(&dataset), expected);
        let said = |i: usize| dataset.faults[i].to_string();
        assert_eq!(said(1), format!("line {}: c.jpg: the label is \"unsure\"", 6 + shift));
        assert_eq!(said(2), format!("line {}: ./a.jpg: was there before in line {}", 7 + shift, 2 + shift));
        let contradiction = format!("is real here and fake in line {}: neither is taken", 8 + shift);
        assert_eq!(said(3), format!("line {}: sub/../d.jpg: {contradiction}", 9 + shift));
    }
}

#[test]
fn a_csv_may_name_files_and_masks_and_begin_elsewhere() {
    let lists = folder(&[
        ("dfdc.csv", "Filename,Label\nr.png,REAL\nf.png,FAKE\n"),
        ("masks.csv", "image,mask\nr.png,m.png\nf.png,absent.png\n"),
        ("text.csv", "hello\nworld\n"),
        ("twice.csv", "path,label,Path\na,b,c\n"),
        ("empty.csv", ""),
    ]);
    let pictures = empty(&["r.png", "f.png", "m.png"]);
    let options = Options { root: Some(pictures.path().into()), ..Options::default() };
    let dataset = Dataset::read(lists.path().join("dfdc.csv"), &options).unwrap();
    assert_eq!(
        shown(&pictures, &dataset.items),
        [("r.png".into(), Real, None), ("f.png".into(), Fake, None)]
    );
    let dataset = Dataset::read(lists.path().join("masks.csv"), &options).unwrap();
    assert_eq!(dataset.items[0].mask, Some(pictures.path().join("m.png")));
    assert_eq!(faults(&dataset), [(FaultKind::NoMask, Some(3)), (FaultKind::OneClass, None)]);
    for (name, said) in [
        ("text.csv", "line 1: a list needs a column path"),
        ("twice.csv", "line 1: column 3 is another \"path\""),
        ("empty.csv", "line 1: a list needs a column path"),
    ] {
        let path = lists.path().join(name);
        let error = Dataset::read(&path, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().starts_with(&format!("{}: {said}", path.display())), "{error}");
    }
}

#[test]
fn a_line_that_is_no_text_is_told() {
    let folder = empty(&["a.jpg", "b.jpg"]);
    fs::write(folder.path().join("list.csv"), b"path,label\na.jpg,0\n\xff.jpg,1\nb.jpg,1\n").unwrap();
    let dataset = read(folder.path().join("list.csv"));
    assert_eq!((dataset.items.len(), faults(&dataset)), (2, vec![(FaultKind::Malformed, Some(3))]));
}

#[test]
fn a_json_array_tells_each_entry_that_it_cannot_use() {
    let list = "[{\"path\": \"a.jpg\", \"label\": 0, \"group\": \"g\"},\n\
                 {\"filename\": \"b.jpg\", \"label\": \"Fake\", \"video\": 7},\n\
                 7,\n\
                 {\"path\": [], \"label\": 1},\n\
                 {\"path\": \"c.jpg\", \"label\": 2},\n\
                 {\"path\": \"c.jpg\"},\n\
                 {\"label\": 1}]";
    let folder = folder(&[("list.json", list), ("a.jpg", ""), ("b.jpg", ""), ("c.jpg", "")]);
    let dataset = read(folder.path().join("list.json"));
    assert_eq!(dataset.layout, Layout::Json);
    assert_eq!(
        shown(&folder, &dataset.items),
        [("a.jpg".into(), Real, Some("g")), ("b.jpg".into(), Fake, None)]
    );
    assert_eq!(dataset.items[1].video.as_deref(), Some("7"));
    use FaultKind::{Malformed, UnknownLabel};
    let kinds = [(Malformed, 3), (Malformed, 4), (UnknownLabel, 5), (UnknownLabel, 6), (Malformed, 7)];
    assert_eq!(faults(&dataset), kinds.map(|(kind, line)| (kind, Some(line))));
}

#[test]
fn json_that_is_cut_off_is_an_error_with_its_line() {
    for (text, place) in
        [("[{\"path\": \"a.jpg\",\n\"label\": 0},", "line 2"), ("7", "line 1"), ("[] []", "line 1")]
    {
        let folder = folder(&[("list.json", text)]);
        let error = Dataset::read(folder.path().join("list.json"), &Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.message().contains(place), "{}", error.message());
    }
}

/// As `preprocessing/rearrange.py` writes it.
const DEEPFAKEBENCH: &str = r#"{"FF-DF": {
    "FF-real": {
        "train": {"c23": {"001": {"label": "FF-real", "frames": ["ff/c23/001/000.png"]}}},
        "test": {
            "c23": {"000": {"label": "FF-real", "frames": ["ff/c23/000/000.png", "ff/c23/000/010.png"]}},
            "c40": {"000": {"label": "FF-real", "frames": ["ff/c40/000/000.png"]}}},
        "val": {}},
    "FF-DF": {
        "train": {}, "val": {},
        "test": {"c23": {
            "000_003": {"label": "FF-DF", "frames": ["ff\\c23\\000_003\\000.png", "ff/absent.png"],
                        "masks": ["ff/masks/000_003/000.png"]},
            "test": {"label": "FF-DF", "frames": []},
            "odd": {"label": "FF-XY", "frames": ["ff/c23/000/000.png"]},
            "bare": 7}}}}}"#;

#[test]
fn deepfakebench_gives_the_frames_of_a_split_with_their_videos() {
    let folder = folder(&[
        ("json/FF-DF.json", DEEPFAKEBENCH),
        ("ff/c23/000/000.png", ""),
        ("ff/c23/000/010.png", ""),
        ("ff/c23/001/000.png", ""),
        ("ff/c40/000/000.png", ""),
        ("ff/c23/000_003/000.png", ""),
        ("ff/masks/000_003/000.png", ""),
    ]);
    let list = folder.path().join("json/FF-DF.json");
    let root = Some(folder.path().to_owned());
    let dataset = Dataset::read(&list, &Options { root: root.clone(), ..Options::default() }).unwrap();
    assert_eq!(dataset.layout, Layout::DeepfakeBench);
    assert_eq!(
        shown(&folder, &dataset.items),
        [
            ("ff/c23/000_003/000.png".into(), Fake, Some("FF-DF")),
            ("ff/c23/000/000.png".into(), Real, Some("FF-real")),
            ("ff/c23/000/010.png".into(), Real, Some("FF-real")),
        ]
    );
    let videos: Vec<_> = dataset.items.iter().map(|item| item.video.as_deref().unwrap()).collect();
    assert_eq!(videos, ["FF-DF/FF-DF/c23/000_003", "FF-DF/FF-real/c23/000", "FF-DF/FF-real/c23/000"]);
    assert_eq!(dataset.items[0].mask, Some(folder.path().join("ff/masks/000_003/000.png")));
    assert_eq!(dataset.left_out, 2);
    let told: Vec<_> = dataset.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "ff/absent.png: does not exist",
            "FF-DF/FF-DF/test/c23/bare: is neither a video nor a group of videos",
            "FF-DF/FF-DF/c23/odd: the label is \"FF-XY\"",
            "FF-DF/FF-DF/c23/test: the video has no frames",
        ]
    );
    let all = Dataset::read(&list, &Options { root, split: None, compression: None }).unwrap();
    assert_eq!((all.items.len(), all.left_out), (5, 0));
}

#[test]
fn pictures_and_masks_are_paired_by_name() {
    let folder = empty(&[
        "images/a.jpg",
        "images/splice/b.tif",
        "images/c.jpg",
        "images/d.jpg",
        "masks/a.png",
        "masks/splice/b_gt.png",
        "masks/d_mask.png",
        "masks/e.png",
        "masks/readme.txt",
    ]);
    let dataset = read(folder.path());
    assert_eq!(dataset.layout, Layout::Pairs);
    assert_eq!(
        shown(&folder, &dataset.items),
        [("images/a.jpg", None), ("images/d.jpg", None), ("images/splice/b.tif", Some("splice"))]
            .map(|(path, group)| (path.to_owned(), Fake, group))
    );
    let masks =
        ["masks/a.png", "masks/d_mask.png", "masks/splice/b_gt.png"].map(|mask| folder.path().join(mask));
    assert!(dataset.items.iter().map(|item| item.mask.as_ref()).eq(masks.iter().map(Some)));
    use FaultKind::{NoMask, NoPicture, NotAPicture, OneClass};
    assert_eq!(faults(&dataset), [NotAPicture, NoMask, NoPicture, OneClass].map(|kind| (kind, None)));
}
