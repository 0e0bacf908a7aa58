//! What a page draws and shows of an image: pictures, cuts, statistics, histograms, profiles.
//!
//! ```text
//! image ─ cuts ─▶ low, high ─┐
//! image ─ overview ─▶ 1/2 …  ├─▶ raster ─▶ RGBA bytes
//!   stretch × colour map ────┘           (or footprint and table ─▶ a graphics processor)
//! image ─▶ region × statistics, histogram, profile ─▶ numbers
//! ```
//!
//! Images are `(row, column)` arrays in sky order: row 0 is the bottom of the picture, column 0 its
//! left edge, and an integer coordinate is a pixel's center. Pictures are rows of RGBA bytes, the
//! topmost first. Nothing here flips an image.
//!
//! The bytes and numbers are the same on every target, so that a picture can be tested bit by bit:
//! transcendental functions are `libm`'s, sums are `f64` in a fixed order.

pub mod colour_map;
pub mod cuts;
#[cfg(test)]
mod fixture;
pub mod footprint;
pub mod histogram;
pub mod marks;
pub mod overview;
pub mod pixels;
pub mod profile;
pub mod raster;
pub mod region;
pub mod statistics;
pub mod stretch;
pub mod style;
pub mod table;
pub mod zscale;

pub use colour_map::ColourMap;
pub use cuts::Cuts;
pub use footprint::{Footprint, Place};
pub use histogram::Histogram;
pub use pixels::Pixels;
pub use raster::{Frame, Layer, draw, draw_part};
pub use region::Region;
pub use statistics::Statistics;
pub use stretch::Stretch;
pub use style::{Lookup, Style};
