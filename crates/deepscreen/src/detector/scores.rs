//! What a network gives for the views of one picture in, its log-odds or probability out.

use super::contract::{Output, OutputKind, Pool, sigmoid};
use crate::error::{Error, ErrorKind, Result};

/// A network's answer for one picture, pooled over its views, before calibration.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    /// Log-odds of fake for logits, else the probability of fake.
    pub(super) value: f64,
    /// Whether `value` is log-odds.
    is_log_odds: bool,
    /// The probability of each class, the mean over the views; empty for a network without classes.
    pub(super) classes: Vec<f64>,
}

impl Raw {
    /// The network's own probability of fake.
    pub(super) fn probability(&self) -> f64 {
        if self.is_log_odds { sigmoid(self.value) } else { self.value }
    }

    /// Infinite where the network's probability is 0 or 1.
    pub(super) fn log_odds(&self) -> f64 {
        if self.is_log_odds { self.value } else { (self.value / (1.0 - self.value)).ln() }
    }
}

impl Output {
    /// Numbers a view.
    pub(super) fn width(&self) -> usize {
        if self.pool == Pool::FirstAndRestApart { 2 } else { self.classes.len().max(1) }
    }

    /// Reads the numbers of one picture's views, [`width`](Self::width) of each.
    ///
    /// # Errors
    /// [`Inference`](ErrorKind::Inference) for what is no number, and for probabilities that are none.
    pub(super) fn read(&self, numbers: &[f32]) -> Result<Raw> {
        self.read_from(0, numbers)
    }

    /// Reads the numbers of one window as those of a view that is not the first.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub(super) fn read_window(&self, numbers: &[f32]) -> Result<Raw> {
        self.read_from(1, numbers)
    }

    /// Reads the views of one picture, of which the first stands at a place.
    fn read_from(&self, place: usize, numbers: &[f32]) -> Result<Raw> {
        if let Some(wrong) = numbers.iter().find(|number| number.is_nan()) {
            return Err(Error::new(
                ErrorKind::Inference,
                format!("the network gave {wrong}, which is no score"),
            ));
        }
        let views: Vec<Vec<f64>> = numbers
            .chunks_exact(self.width())
            .map(|view| view.iter().map(|n| f64::from(*n)).collect())
            .collect();
        let is_log_odds = matches!(self.kind, OutputKind::Logit | OutputKind::Logits);
        let fake: Vec<bool> = self.classes.iter().map(|class| self.fake.contains(class)).collect();
        let mut scores = Vec::with_capacity(views.len());
        let mut classes = vec![0.0; self.classes.len()];
        for (at, view) in views.iter().enumerate() {
            let probabilities = match self.kind {
                OutputKind::Logit | OutputKind::Probability => {
                    scores.push(self.one(view[(place + at).min(view.len() - 1)])?);
                    continue;
                }
                OutputKind::Logits => {
                    scores.push(log_sum(view, &fake, true) - log_sum(view, &fake, false));
                    let all = log_sum(view, &vec![true; view.len()], true);
                    view.iter().map(|logit| (logit - all).exp()).collect()
                }
                OutputKind::Probabilities => {
                    let view = view.iter().map(|p| probability(*p)).collect::<Result<Vec<_>>>()?;
                    let sum: f64 = view.iter().zip(&fake).filter(|(_, fake)| **fake).map(|(p, _)| p).sum();
                    scores.push(sum.min(1.0));
                    view
                }
            };
            classes.iter_mut().zip(probabilities).for_each(|(sum, p)| *sum += p / views.len() as f64);
        }
        Ok(Raw { value: self.pool.of(scores), is_log_odds, classes })
    }

    /// One number a view.
    fn one(&self, number: f64) -> Result<f64> {
        match (self.kind, self.inverted) {
            (OutputKind::Logit, false) => Ok(number),
            (OutputKind::Logit, true) => Ok(-number),
            (_, false) => probability(number),
            (_, true) => Ok(1.0 - probability(number)?),
        }
    }
}

/// Probabilities of 16-bit networks go a little beyond 0 and 1.
fn probability(number: f64) -> Result<f64> {
    if !(-0.01..=1.01).contains(&number) {
        let message = format!("the network gave {number}, which is no probability: does it give logits?");
        return Err(Error::new(ErrorKind::Inference, message));
    }
    Ok(number.clamp(0.0, 1.0))
}

/// `ln(sum(exp(logit)))` of the logits whose flag is `which`, without overflow.
fn log_sum(logits: &[f64], flags: &[bool], which: bool) -> f64 {
    let chosen = || logits.iter().zip(flags).filter(|(_, flag)| **flag == which).map(|(logit, _)| *logit);
    let most = chosen().fold(f64::NEG_INFINITY, f64::max);
    if most.is_infinite() {
        most
    } else {
        most + chosen().map(|logit| (logit - most).exp()).sum::<f64>().ln()
    }
}

impl Pool {
    fn of(self, mut scores: Vec<f64>) -> f64 {
        if let (Self::FirstAndRest | Self::FirstAndRestApart, [first, rest @ ..]) = (self, scores.as_slice())
            && !rest.is_empty()
        {
            return (first + rest.iter().sum::<f64>() / rest.len() as f64) / 2.0;
        }
        scores.sort_by(|a, b| b.total_cmp(a));
        let taken = match self {
            Self::Mean | Self::FirstAndRest | Self::FirstAndRestApart => scores.len(),
            Self::Max => 1,
            Self::TopK(count) => scores.len().min(count as usize),
        };
        scores[..taken].iter().sum::<f64>() / taken as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(kind: OutputKind, classes: &[&str], fake: &[&str]) -> Output {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Output {
            name: None,
            kind,
            pool: Pool::Mean,
            inverted: false,
            classes: names(classes),
            fake: names(fake),
            map: None,
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn one_number_is_read_as_it_is_meant() {
        let mut logit = output(OutputKind::Logit, &[], &[]);
        assert!(close(logit.read(&[1.0, 3.0]).unwrap().probability(), sigmoid(2.0)));
        logit.inverted = true;
        assert!(close(logit.read(&[1.0, 3.0]).unwrap().probability(), sigmoid(-2.0)));
        let mut real = output(OutputKind::Probability, &[], &[]);
        real.inverted = true;
        assert!(close(real.read(&[0.25]).unwrap().probability(), 0.75));
        assert!(close(real.read(&[0.25]).unwrap().log_odds(), 3.0_f64.ln()));
        assert!(real.read(&[7.0]).unwrap_err().message().contains("logits?"));
        assert!(real.read(&[f32::NAN]).is_err());
    }

    #[test]
    fn classes_that_mean_fake_are_added_up() {
        let three = output(OutputKind::Logits, &["real", "gan", "diffusion"], &["gan", "diffusion"]);
        let raw = three.read(&[1.0, 2.0, 3.0]).unwrap();
        let sum = 1_f64.exp() + 2_f64.exp() + 3_f64.exp();
        assert!(close(raw.probability(), (2_f64.exp() + 3_f64.exp()) / sum));
        assert!(close(raw.classes[0], 1_f64.exp() / sum) && close(raw.classes.iter().sum(), 1.0));
        // Far from zero too.
        assert_eq!(three.read(&[-9e3, 9e3, 9e3]).unwrap().probability(), 1.0);
        let live = output(OutputKind::Probabilities, &["print", "live", "replay"], &["print", "replay"]);
        assert!(close(live.read(&[0.25, 0.5, 0.25]).unwrap().probability(), 0.5));
    }

    #[test]
    fn views_are_pooled() {
        let mut two = output(OutputKind::Probability, &[], &[]);
        for (pool, expected) in [
            (Pool::Mean, 0.375),
            (Pool::Max, 0.75),
            (Pool::TopK(2), 0.5),
            (Pool::TopK(9), 0.375),
            (Pool::FirstAndRest, 1.0 / 3.0),
        ] {
            two.pool = pool;
            assert!(close(two.read(&[0.25, 0.75, 0.25, 0.25]).unwrap().probability(), expected), "{pool:?}");
        }
        assert!(close(two.read(&[0.75]).unwrap().probability(), 0.75));
    }

    #[test]
    fn the_first_view_has_its_own_number() {
        let mut apart = output(OutputKind::Probability, &[], &[]);
        apart.pool = Pool::FirstAndRestApart;
        let numbers = [0.125, 0.9, 0.8, 0.75, 0.7, 0.25];
        assert_eq!(apart.width(), 2);
        assert!(close(apart.read(&numbers).unwrap().probability(), (0.125 + 0.5) / 2.0));
        assert!(close(apart.read(&numbers[..2]).unwrap().probability(), 0.125));
        assert!(close(apart.read_window(&numbers[2..4]).unwrap().probability(), 0.75));
    }
}
