//! Which exposures enter a master.

use super::combine::Params;
use crate::error::{Error, Result};

/// The indices of the exposures to stack, of `count` in order of time.
///
/// The first biases of a night show a dilation, so a recipe may skip so many of them, or ask for the
/// last ones only.
///
/// # Errors
/// [`Error::Undetermined`] if fewer than the recipe's minimum are left.
pub fn select(what: &str, count: usize, params: &Params) -> Result<std::ops::Range<usize>> {
    let skipped = params.skip_first.unwrap_or(0).min(count);
    let first = params.use_last.map_or(0, |last| count.saturating_sub(last)).max(skipped);
    let used = count - first;
    if used < params.minimum_frames {
        let quantity = format!("{what} (at least {} exposures)", params.minimum_frames);
        return Err(Error::Undetermined { quantity, used, given: count });
    }
    Ok(first..count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::precision::Precision;
    use crate::stack::combine::Merge;

    #[test]
    fn the_last_ten_of_twenty_and_no_day_with_too_few() {
        let params = Params {
            skip_first: None,
            use_last: Some(10),
            minimum_frames: 3,
            clip_sigma: 3.0,
            maximum_passes: 50,
            merge: Merge::Median,
            sums: Precision::F64,
            noisy_factor: None,
        };
        assert_eq!(select("master bias", 20, &params), Ok(10..20));
        assert_eq!(select("master bias", 4, &params), Ok(0..4));
        assert!(select("master bias", 2, &params).is_err());
    }

    #[test]
    fn the_first_ten_are_skipped_and_three_must_be_left() {
        let params = Params {
            skip_first: Some(10),
            use_last: None,
            minimum_frames: 3,
            clip_sigma: 3.0,
            maximum_passes: 1,
            merge: Merge::Mean,
            sums: Precision::F64,
            noisy_factor: None,
        };
        assert_eq!(select("master bias", 20, &params), Ok(10..20));
        assert_eq!(select("master bias", 14, &params), Ok(10..14));
        assert!(select("master bias", 12, &params).is_err());
        assert!(select("master bias", 4, &params).is_err());
        assert_eq!(select("bias", 14, &Params { use_last: Some(3), ..params }), Ok(11..14));
    }
}
