//! Masters from stacks of exposures.
//!
//! [`combine`] merges one amplifier's frames pixel by pixel (`blocks` four at a time), [`median_variance`] says how noisy the
//! result is, [`noisy`] marks pixels that scatter, [`normalize`] gives a flat its level, [`lamps`] averages
//! the lamps of a band, [`select`] chooses the frames, [`trace`] tells what became of each value of one pixel.

mod blocks;
pub mod combine;
pub mod lamps;
pub mod median_variance;
pub mod noisy;
pub mod normalize;
pub mod select;
pub mod trace;
