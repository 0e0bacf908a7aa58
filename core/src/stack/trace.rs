//! Trace: the clipping of one pixel's values, pass by pass, as [`super::combine`] does it.

use serde::Serialize;

use super::combine::{Params, center_and_limit, clip_once, merge, sort};

/// One pass over the values that were kept until then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pass {
    /// Values at its begin.
    pub given: usize,
    /// Their median (in the unit of the values).
    pub center: f64,
    /// Their standard deviation about the mean, ddof 0 (same unit).
    pub sigma: f64,
    /// Lowest value that stays.
    pub low: f64,
    /// Highest value that stays.
    pub high: f64,
    /// Values that it cut.
    pub cut: usize,
}

/// What became of the values of one pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The passes, the last of which cut nothing unless the recipe's number of passes was reached.
    pub passes: Vec<Pass>,
    /// Of every value the number of the pass that cut it, from 1; none of a value that was kept, and of a
    /// NaN, which never entered.
    pub cut_in: Vec<Option<usize>>,
    /// The merged value; a NaN for none.
    pub merged: f32,
}

/// Follows the values of one pixel in the order of the frames, NaN where a frame has none.
pub fn trace(values: &[f32], params: &Params) -> Trace {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let (merged, _) = merge(&mut sorted.clone(), params);
    sort(&mut sorted);
    let (mut kept, mut passes, mut cuts) = (sorted.as_slice(), Vec::new(), Vec::new());
    for _ in 0..params.maximum_passes {
        // Of one or two values none is cut.
        if kept.len() < 3 {
            break;
        }
        let (center, sigma, limit) = center_and_limit(kept, params.clip_sigma);
        let smaller = clip_once(kept, params.clip_sigma);
        let cut = if smaller.len() < 2 { 0 } else { kept.len() - smaller.len() };
        let (low, high) = (center - limit, center + limit);
        passes.push(Pass { given: kept.len(), center, sigma, low, high, cut });
        if cut == 0 {
            break;
        }
        cuts.push((center, limit));
        kept = smaller;
    }
    let cut_in = |value: &f32| {
        let outside = |(center, limit): &(f64, f64)| *limit < (f64::from(*value) - center).abs();
        cuts.iter().position(outside).map(|index| index + 1)
    };
    Trace { cut_in: values.iter().map(cut_in).collect(), passes, merged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::combine::Merge;

    const PARAMS: Params = Params { merge: Merge::Mean, ..Params::OF_TESTS };

    #[test]
    fn each_pass_names_what_it_cut() {
        let mut values: Vec<f32> = (0..20).map(|i| (i % 5) as f32).collect();
        values.extend([1e4, f32::NAN, 60.0]);
        let trace = trace(&values, &PARAMS);
        assert_eq!(
            trace.passes.iter().map(|pass| (pass.given, pass.cut)).collect::<Vec<_>>(),
            [(22, 1), (21, 1), (20, 0)]
        );
        assert_eq!(trace.cut_in.get(20..), Some(&[Some(1), None, Some(2)][..]));
        assert!(trace.cut_in.iter().take(20).all(Option::is_none));
        assert_eq!((trace.merged, trace.passes[2].center), (2.0, 2.0));
        // 0, 1, 2, 3, 4: the variance is 2.
        assert!((trace.passes[2].high - (2.0 + 3.0 * 2.0_f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn what_is_kept_is_what_the_stack_merges() {
        // A plain generator of whole numbers, a few of them far out.
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / 1e4
        };
        for count in 0..40 {
            let far = |i: usize, value: f32| if i % 7 == 3 { 60.0 * value } else { value };
            let values: Vec<f32> = (0..count).map(|i| far(i, next())).collect();
            for (merge_by, clip_sigma) in [(Merge::Mean, 1.5), (Merge::Median, 3.0)] {
                let params = Params { merge: merge_by, clip_sigma, ..PARAMS };
                let trace = trace(&values, &params);
                let kept: Vec<f32> = values
                    .iter()
                    .zip(&trace.cut_in)
                    .filter_map(|(value, cut)| cut.is_none().then_some(*value))
                    .collect();
                let (all, n) = merge(&mut values.clone(), &params);
                let unclipped = Params { maximum_passes: 0, ..params };
                let (of_kept, n_kept) = merge(&mut kept.clone(), &unclipped);
                assert_eq!((all.to_bits(), n), (of_kept.to_bits(), n_kept), "{values:?}");
            }
        }
    }

    #[test]
    fn a_single_value_and_none_are_kept_without_a_pass() {
        assert_eq!(trace(&[5.0], &PARAMS).passes, []);
        assert!(trace(&[f32::NAN], &PARAMS).merged.is_nan());
        assert!(trace(&[], &PARAMS).cut_in.is_empty());
    }
}
