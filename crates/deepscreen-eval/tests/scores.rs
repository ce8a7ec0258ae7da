//! Score files from elsewhere.

#![allow(clippy::unwrap_used)]

use std::fs;

use deepscreen_eval::Truth::{Fake, Real};
use deepscreen_eval::metrics::Ranking;
use deepscreen_eval::{FaultKind, ScoreTable};

fn read(text: &str) -> deepscreen::Result<ScoreTable> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    fs::write(&path, text).unwrap();
    ScoreTable::read(path)
}

#[test]
fn each_named_column_with_numbers_is_a_detector() {
    let table = read(
        ",path,label,group,note,Vendor A,xception\n\
         0,a.jpg,fake,sd,hello,0.9,3.5\n\
         1,b.jpg,0,,,1e-3,-2\n\
         2,c.jpg,FAKE,sd,,,1\n\
         3,d.jpg,real,,,0.2,nan\n\
         4,e.jpg,real,,,high,inf\n",
    )
    .unwrap();
    assert_eq!(table.detectors, ["Vendor A", "xception"]);
    assert_eq!(table.other_columns, ["note"]);
    let scores: Vec<_> = table.pictures.iter().map(|picture| picture.scores.clone()).collect();
    let expected = [
        [Some(0.9), Some(3.5)],
        [Some(0.001), Some(-2.0)],
        [None, Some(1.0)],
        [Some(0.2), None],
        [None, None],
    ];
    assert_eq!(scores, expected);
    assert_eq!((table.pictures[0].group.as_deref(), table.pictures[1].truth), (Some("sd"), Real));
    let told: Vec<_> = table.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 4: c.jpg: Vendor A has no score",
            "line 5: d.jpg: the score of xception is \"nan\", which is no finite number",
            "line 6: e.jpg: the score of Vendor A is \"high\", which is no finite number",
            "line 6: e.jpg: the score of xception is \"inf\", which is no finite number",
        ]
    );

    let alone = table.common(&[0]).unwrap();
    assert_eq!((alone.scores[0].scores(), alone.left_out), (&[0.9, 0.001, 0.2][..], 2));
    let both = table.common(&[0, 1]).unwrap();
    assert_eq!((&both.pictures[..], both.left_out), (&[0, 1][..], 3));
    assert_eq!(both.scores[1].truths(), [Fake, Real]);
    assert_eq!(Ranking::new(&both.scores[1]).auc(), Ok(1.0));
    assert!(table.common(&[2]).is_err());
}

#[test]
fn lines_that_contradict_each_other_are_both_left_out() {
    let table = read(
        "filename,label,x\na,fake,0.9\na,fake,0.8\nb,fake,0.7\nb,real,0.7\nc,maybe,0.5\nd,fake\n,fake,1\ne,,1\n",
    )
    .unwrap();
    assert_eq!(table.pictures.len(), 1);
    assert_eq!(table.pictures[0].scores, [Some(0.9)]);
    use FaultKind::{Contradiction, Malformed, OneClass, Repeated, UnknownLabel};
    let told: Vec<_> = table.faults.iter().map(|fault| (fault.kind, fault.line)).collect();
    assert_eq!(
        told,
        [
            (Repeated, Some(3)),
            (Contradiction, Some(5)),
            (UnknownLabel, Some(6)),
            (Malformed, Some(7)),
            (Malformed, Some(8)),
            (UnknownLabel, Some(9)),
            (OneClass, None),
        ]
    );
    assert_eq!(table.fault_counts()[&Malformed], 2);
}

#[test]
fn a_file_without_scores_is_refused() {
    for (text, said) in [
        ("path,label\na,0\n", "no column beside the path"),
        ("path,label,note\na,0,hello\n", "no column beside the path"),
        ("path,x\na,0\n", "line 1: no column label; its columns are path, x"),
        ("label,x\n0,0\n", "line 1: no column path"),
        ("path,label,x,X\na,0,1,2\n", "line 1: column 4 is another \"x\""),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind(), deepscreen::ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(said), "{error}");
    }
    assert_eq!(ScoreTable::read("no/such.csv").unwrap_err().kind(), deepscreen::ErrorKind::Unreadable);
}
