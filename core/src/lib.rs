//! From raw CCD exposures to science images and aperture catalogues, without I/O.
//!
//! ```text
//! bytes in ── Store ──▶ formats ▸ instrument ▸ plan ▸ steps ▸ formats ──▶ Store ── bytes out
//!                                                │
//!                                                ▼ Probe (evidence, planes after each step)
//! ```
//!
//! # Where to start
//! [`job`] is the whole system from outside: a job, a store, a probe. [`pipeline`] is one exposure
//! as calls in order. [`recipe`] is the order itself. Each file of [`steps`] is one correction with
//! its formula.
//!
//! # Layers
//! 0 words ([`error`], [`geometry`], [`image`], [`header`], [`mask`], [`table`], …), 1 [`numerics`],
//! 2 [`instrument`], 3 [`steps`], [`stack`], [`measure`], [`detect`], [`astrometry`],
//! [`calibrate`], [`psf`], [`masks`], [`simulate`], [`validate`], [`display`],
//! 4 [`formats`], 5 [`recipe`], [`pipeline`], [`job`], [`mod@bench`]. A layer imports lower ones only; 3
//! and 4 do not see each other. A test reads every `use` line.
//!
//! # Conventions
//! * Arrays are `(row, column)`, zero-based; an integer coordinate is a pixel's centre. FITS counts
//!   from one, and only inside [`formats`].
//! * Sections are half-open. Pixels are in *readout* order (first read pixel at `[0, 0]`) until
//!   `assemble`, in *sky* order (+RA right, +Dec up) on the detector, in *stored* order (as in the
//!   raw file) in a science image. [`geometry`] holds the conversions.
//! * Planes are `f32`, sums are `f64`. A NaN pixel holds no data and is masked.
//! * Pixels are in DN (ADU), gain is electron/DN, read noise is electron, variance is DN².
//! * Angles are radians inside and `_deg`, `_arcsec` in names at the border; times are UTC as MJD.
//!
//! # Determinism
//! The same input gives the same bytes natively, in a WASI sandbox and in a browser: transcendental
//! functions come from `libm`, sums have a fixed order, no map has a hash order, every stored NaN
//! is [`image::CANONICAL_NAN`].

#![cfg_attr(test, allow(clippy::float_cmp, reason = "values that must be exact are compared so"))]

pub mod error;
pub mod geometry;
pub mod header;
pub mod ids;
pub mod image;
pub mod json;
pub mod mask;
pub mod probe;
pub mod provenance;
pub mod store;
pub mod table;
pub mod time;
pub mod warning;

pub mod numerics;

pub mod instrument;

pub mod astrometry;
pub mod calibrate;
pub mod detect;
pub mod display;
pub mod masks;
pub mod measure;
pub mod psf;
pub mod simulate;
pub mod stack;
pub mod steps;
pub mod validate;

pub mod formats;

pub mod recipe;

pub mod pipeline;

#[cfg(feature = "fits")]
pub mod bench;
#[cfg(feature = "fits")]
pub mod job;
#[cfg(feature = "fits")]
pub mod master;
#[cfg(feature = "fits")]
pub mod raw;

pub use error::{Error, Result};
