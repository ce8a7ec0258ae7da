//! Masks over several pictures.

#![allow(clippy::unwrap_used)]

use deepscreen_eval::metrics::{Mask, MaskMetric, MaskTally, Undefined};

fn mask(map: &[f32], mask: &[u8]) -> Mask {
    Mask::new(map, &mask.iter().map(|pixel| *pixel == 1).collect::<Vec<_>>()).unwrap()
}

#[test]
fn pictures_with_an_empty_mask_are_told_apart() {
    let mut tally = MaskTally::new(0.5);
    assert_eq!(tally.summary().mean.f1, Err(Undefined::NoPicture));
    assert_eq!(tally.summary().pooled.f1, Err(Undefined::NoPicture));
    tally.add(&mask(&[0.9, 0.1, 0.1, 0.1], &[1, 0, 0, 0]));
    tally.add(&mask(&[0.9, 0.9, 0.1, 0.4], &[1, 0, 0, 1]));
    let before = tally.summary();
    tally.add(&mask(&[0.9, 0.1, 0.1, 0.1], &[0, 0, 0, 0]));
    tally.add(&mask(&[0.1, 0.1, 0.1, 0.1], &[0, 0, 0, 0]));
    let after = tally.summary();
    assert_eq!((after.with_mask, after.empty), (2, 2));
    assert_eq!((after.mean, after.pooled), (before.mean, before.pooled));
    assert_eq!(after.mean.f1, Ok((1.0 + 0.5) / 2.0));
    // Two hits, one false alarm, one miss.
    assert_eq!((after.pooled.f1, after.pooled.iou), (Ok(4.0 / 6.0), Ok(2.0 / 4.0)));
    // At 0.4 the second picture has one false alarm and no miss, and so have both together.
    assert_eq!((after.mean_best.f1, after.pooled_best.f1), (Ok((1.0 + 0.8) / 2.0), Ok(6.0 / 7.0)));
    assert_eq!(
        (before.false_alarms_of_empty, after.false_alarms_of_empty),
        (Err(Undefined::NoPicture), Ok(0.125))
    );
}

#[test]
fn what_a_mask_cannot_answer_is_undefined() {
    let empty = mask(&[0.9, 0.1], &[0, 0]);
    assert!(empty.is_empty());
    for metric in [MaskMetric::F1, MaskMetric::Iou, MaskMetric::Mcc] {
        assert_eq!(empty.at(0.5).measure(metric), Err(Undefined::EmptyMask));
        assert_eq!(empty.best(metric), Err(Undefined::EmptyMask));
    }
    let full = mask(&[0.9, 0.1], &[1, 1]);
    assert_eq!((full.at(0.5).iou(), full.at(0.5).mcc()), (Ok(0.5), Err(Undefined::FullMask)));
    // Silence is a bad answer, not a missing one.
    let silent = mask(&[0.1, 0.1], &[1, 0]).at(0.5);
    assert_eq!((silent.f1(), silent.iou(), silent.mcc()), (Ok(0.0), Ok(0.0), Ok(0.0)));
}

#[test]
fn a_map_that_is_no_map_is_refused() {
    for (map, said) in [
        (&[0.5, f32::NAN][..], "pixel 2 of the map is NaN, which is not from 0 to 1"),
        (&[-0.5, 0.5], "pixel 1 of the map is -0.5, which is not from 0 to 1"),
        (&[0.5], "a map of 1 pixels for a mask of 2"),
        (&[], "a map of 0 pixels for a mask of 2"),
    ] {
        assert_eq!(Mask::new(map, &[true, false]).unwrap_err().to_string(), said);
    }
    assert!(Mask::new(&[], &[]).is_err());
}

#[test]
fn values_at_the_threshold_and_at_the_ends_count() {
    let all = mask(&[0.0, 0.5, 1.0], &[1, 1, 1]);
    let flagged = |threshold| all.at(threshold).true_positives;
    assert_eq!([0.0, 0.5, 0.5004, 1.0, 1.1].map(flagged), [3, 2, 1, 1, 0]);
    assert_eq!(mask(&[0.0, 1.0], &[1, 0]).best(MaskMetric::F1), Ok((0.0, 2.0 / 3.0)));
    assert_eq!(mask(&[0.0, 1.0], &[0, 1]).best(MaskMetric::F1), Ok((1.0, 1.0)));
}
