//! Columns of small numbers in, small decision trees out (CART: Breiman et al., "Classification and regression trees",
//! 1984), by the share of each class, so that a rare class weighs as much as the other.

use super::folds::class;
use crate::Truth;
use crate::random::Random;

/// At most so many bins a column.
const BINS: usize = 64;

/// Trees of a forest.
const TREES: usize = 15;

/// A feature, each value as the number of its bin.
pub(super) type Column = Vec<u8>;

/// Bins of equal values, or of about as many pictures where there are more values than bins. Looks at no label.
pub(super) fn binned(values: &[f64]) -> Column {
    let mut cuts = values.to_vec();
    cuts.sort_by(f64::total_cmp);
    let all = cuts.clone();
    cuts.dedup();
    if cuts.len() > BINS {
        cuts = (0..BINS).map(|i| all[i * all.len() / BINS]).collect();
        cuts.dedup();
    }
    values.iter().map(|value| (cuts.partition_point(|cut| cut <= value).max(1) - 1) as u8).collect()
}

/// A node: a leaf, or a column and the last bin that goes to the first of two nodes.
enum Node {
    Leaf(f64),
    Split { column: usize, last: u8, children: Box<[Node; 2]> },
}

/// A tree, or several whose scores are averaged.
pub(super) struct Forest(Vec<Node>);

impl Forest {
    /// One tree of two levels over one column.
    pub(super) fn stump(column: &Column, truths: &[Truth], pictures: &[usize]) -> Self {
        Self(vec![grow(std::slice::from_ref(column), truths, pictures, totals(truths, pictures), 2)])
    }

    /// Trees of three levels, each on a resample of the pictures (Breiman, "Bagging predictors", 1996).
    pub(super) fn bagged(
        columns: &[Column],
        truths: &[Truth],
        pictures: &[usize],
        random: &mut Random,
    ) -> Self {
        let tree = |_| {
            let drawn = (0..pictures.len().div_ceil(2)).flat_map(|_| random.two_below(pictures.len() as u32));
            let resample: Vec<usize> = drawn.map(|place| pictures[place as usize]).collect();
            grow(columns, truths, &resample, totals(truths, &resample), 3)
        };
        Self((0..TREES).map(tree).collect())
    }

    /// 0 to 1: how much more of the fakes than of the reals lie where that picture lies.
    pub(super) fn score(&self, columns: &[Column], picture: usize) -> f64 {
        let score = |mut node: &Node| loop {
            match node {
                Node::Leaf(score) => return *score,
                Node::Split { column, last, children } => {
                    node = &children[usize::from(columns[*column][picture] > *last)];
                }
            }
        };
        self.0.iter().map(score).sum::<f64>() / self.0.len() as f64
    }
}

/// Fakes and reals.
pub(super) fn totals(truths: &[Truth], pictures: &[usize]) -> [f64; 2] {
    let mut counts = [0.0; 2];
    pictures.iter().for_each(|picture| counts[class(truths[*picture])] += 1.0);
    counts
}

/// The share of the fakes by that of both classes, drawn to 0.5 by half a picture of each.
pub(super) fn leaning(counts: [f64; 2], totals: [f64; 2]) -> f64 {
    let [fakes, reals] = [0, 1].map(|class| (counts[class] + 0.5) / (totals[class] + 1.0));
    fakes / (fakes + reals)
}

fn grow(columns: &[Column], truths: &[Truth], pictures: &[usize], of_all: [f64; 2], levels: u32) -> Node {
    let here = totals(truths, pictures);
    let leaf = Node::Leaf(leaning(here, of_all));
    if levels == 0 || here.contains(&0.0) {
        return leaf;
    }
    let weights = of_all.map(|total| 1.0 / total);
    let impurity = |counts: [f64; 2]| {
        let [fakes, reals] = [counts[0] * weights[0], counts[1] * weights[1]];
        if fakes + reals > 0.0 { 2.0 * fakes * reals / (fakes + reals) } else { 0.0 }
    };
    let mut best = (impurity(here) - 1e-9, None);
    for (number, column) in columns.iter().enumerate() {
        let mut bins = [[0.0; 2]; BINS];
        for picture in pictures {
            bins[usize::from(column[*picture])][class(truths[*picture])] += 1.0;
        }
        let mut below = [0.0; 2];
        for (last, bin) in (0..).zip(bins) {
            below = [below[0] + bin[0], below[1] + bin[1]];
            let split = impurity(below) + impurity([here[0] - below[0], here[1] - below[1]]);
            if split < best.0 {
                best = (split, Some((number, last)));
            }
        }
    }
    let Some((column, last)) = best.1 else { return leaf };
    let sides: (Vec<usize>, Vec<usize>) =
        pictures.iter().partition(|picture| columns[column][**picture] <= last);
    let children = [sides.0, sides.1].map(|side| grow(columns, truths, &side, of_all, levels - 1));
    Node::Split { column, last, children: Box::new(children) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_keep_the_order_and_equal_values_together() {
        assert_eq!(binned(&[3.0, 1.0, 3.0, 2.0]), [2, 0, 2, 1]);
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        let bins = binned(&many);
        assert!(bins.is_sorted() && bins[0] == 0 && bins[999] == 63);
    }

    #[test]
    fn two_levels_find_an_interval() {
        let truths: Vec<_> =
            (0..90).map(|i| if (30..60).contains(&i) { Truth::Fake } else { Truth::Real }).collect();
        let column = binned(&(0..90).map(f64::from).collect::<Vec<_>>());
        let all: Vec<usize> = (0..90).collect();
        let stump = Forest::stump(&column, &truths, &all);
        let columns = [column];
        assert!(stump.score(&columns, 45) > 0.9);
        assert!(stump.score(&columns, 5) < 0.2 && stump.score(&columns, 85) < 0.2);
    }
}
