//! A race: all sides of a case in turn, each in a process of its own, as many rounds as asked.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::cases::{Case, Peer, Tolerance};

/// Who runs a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Machine code.
    Native,
    /// WebAssembly under wasmtime.
    Wasmtime,
    /// WebAssembly under V8.
    V8,
    /// A peer of the case, by its place.
    Peer(usize),
}

/// What one process found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// Median CPU seconds of its runs.
    pub(super) seconds: f64,
    /// The most memory of the process (MiB).
    pub(super) peak_mib: f64,
    /// How far its answer is from the native one.
    pub(super) apart: Apart,
}

/// How two answers differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Apart {
    /// Numbers that differ.
    pub(super) numbers: u64,
    /// The largest difference.
    pub(super) absolute: f64,
    /// The largest difference relative to the peer's number.
    pub(super) relative: f64,
}

/// What is known of a side after a race.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// One sample of each round.
    Ran(Vec<Sample>),
    /// It is not on this machine, or does not have this case.
    Absent(String),
}

/// A case after its race.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) case: Case,
    pub(super) sides: BTreeMap<Side, Outcome>,
}

/// Median, smallest and largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of the values, if there are any.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Spread { median: (low + high) / 2.0, least, most })
    }

    /// A number over these.
    pub(super) fn under(self, over: f64) -> Spread {
        let Spread { median, least, most } = self;
        Spread { median: over / median, least: over / most, most: over / least }
    }
}

/// Runs a case; `start` runs one side once, or says why it cannot. Answers are compared before times
/// are: one that is too far from ours ends the race.
///
/// # Errors
/// If the native program fails, or an answer is too far from it.
pub(super) fn race(
    case: &Case,
    rounds: usize,
    mut start: impl FnMut(Side) -> Result<Result<Sample, String>>,
) -> Result<Found> {
    let mut sides = vec![Side::Native, Side::Wasmtime, Side::V8];
    sides.extend((0..case.peers.len()).map(Side::Peer));
    let mut found = Found { case: *case, sides: BTreeMap::new() };
    for _ in 0..rounds {
        for &side in &sides {
            let outcome = found.sides.entry(side).or_insert_with(|| Outcome::Ran(Vec::new()));
            let Outcome::Ran(samples) = outcome else { continue };
            match start(side)? {
                Ok(sample) => {
                    check(case, side, &sample.apart)?;
                    samples.push(sample);
                }
                Err(why) => *outcome = Outcome::Absent(why),
            }
        }
    }
    Ok(found)
}

/// Refuses an answer that is too far from the native one.
fn check(case: &Case, side: Side, apart: &Apart) -> Result<()> {
    let tolerance = match side {
        Side::Native => return Ok(()),
        Side::Wasmtime | Side::V8 => Some(Tolerance { absolute: 0.0, relative: 0.0 }),
        Side::Peer(at) => case.peers.get(at).and_then(|peer| peer.tolerance),
    };
    let Some(Tolerance { absolute, relative }) = tolerance else { return Ok(()) };
    if apart.absolute <= absolute || apart.relative <= relative {
        return Ok(());
    }
    let Apart { numbers, absolute: most, relative: share } = apart;
    bail!(
        "{}: {side:?} differs in {numbers} numbers, by {most:e} at most ({share:e} of the peer's), \
         more than {absolute:e} or {relative:e}",
        case.title
    )
}

impl Found {
    fn samples(&self, side: Side) -> &[Sample] {
        match self.sides.get(&side) {
            Some(Outcome::Ran(samples)) => samples,
            _ => &[],
        }
    }

    /// Why a side did not run.
    pub(super) fn absent(&self, side: Side) -> Option<&str> {
        match self.sides.get(&side) {
            Some(Outcome::Absent(why)) => Some(why),
            _ => None,
        }
    }

    /// CPU seconds of a side.
    pub(super) fn seconds(&self, side: Side) -> Option<Spread> {
        Spread::of(self.samples(side).iter().map(|sample| sample.seconds))
    }

    /// The most memory of a side (MiB).
    pub(super) fn peak_mib(&self, side: Side) -> Option<f64> {
        Spread::of(self.samples(side).iter().map(|sample| sample.peak_mib)).map(|peak| peak.most)
    }

    /// CPU time of one side over that of another: of the medians, and from round to round.
    pub(super) fn ratio(&self, over: Side, under: Side) -> Option<Spread> {
        let (over_all, under_all) = (self.samples(over), self.samples(under));
        let pairs = over_all.iter().zip(under_all).map(|(a, b)| a.seconds / b.seconds);
        let rounds = Spread::of(pairs)?;
        let median = self.seconds(over)?.median / self.seconds(under)?.median;
        Some(Spread { median, ..rounds })
    }

    /// How far a side's answer is from ours.
    pub(super) fn apart(&self, side: Side) -> Option<Apart> {
        self.samples(side).last().map(|sample| sample.apart)
    }

    /// The peers with their sides.
    pub(super) fn peers(&self) -> impl Iterator<Item = (Side, &'static Peer)> + use<> {
        self.case.peers.iter().enumerate().map(|(at, peer)| (Side::Peer(at), peer))
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::ALL;
    use super::*;

    fn sample(seconds: f64, absolute: f64) -> Sample {
        Sample { seconds, peak_mib: 1.0, apart: Apart { numbers: 1, absolute, relative: absolute } }
    }

    #[test]
    fn ratios_have_the_spread_of_the_rounds() {
        let mut rounds = [1.0, 8.0, 2.0, 10.0, 1.5, 30.0].into_iter();
        let found = race(&ALL[1], 3, |side| {
            Ok(match side {
                Side::Native | Side::Peer(_) => Ok(sample(rounds.next().unwrap(), 0.0)),
                _ => Err("no Node".to_owned()),
            })
        });
        let found = found.unwrap();
        let ratio = found.ratio(Side::Peer(0), Side::Native).unwrap();
        assert!((ratio.median - 10.0 / 1.5).abs() < 1e-12, "{ratio:?}");
        assert!((ratio.least, ratio.most) == (5.0, 20.0), "{ratio:?}");
        assert_eq!(found.absent(Side::V8), Some("no Node"));
        assert_eq!(found.ratio(Side::Wasmtime, Side::Native), None);
    }

    #[test]
    fn an_answer_too_far_from_ours_ends_the_race() {
        let far = race(&ALL[0], 1, |side| {
            Ok(Ok(sample(1.0, if side == Side::Peer(0) { 1e-9 } else { 0.0 })))
        });
        let message = far.unwrap_err().to_string();
        assert!(message.contains("Peer(0) differs in 1 numbers"), "{message}");
        let executor = race(&ALL[0], 1, |side| {
            Ok(Ok(sample(1.0, if side == Side::V8 { f64::INFINITY } else { 0.0 })))
        });
        assert!(executor.is_err());
    }
}
