//! Bytes in, bytes out: the only layer that knows how a file is laid out.
//!
//! | file | what it does | feature |
//! |---|---|---|
//! | [`fits`] | FITS images, plain and tile-compressed, and headers; read and written | `fits` |
//! | [`parquet`] | tables as Apache Parquet; read and written | `parquet` |
//! | [`csv`] | tables as comma-separated text; read and written | `parquet` |
//! | `plain` | tables that only this build reads again | none, where `parquet` is not |
//!
//! Everything comes from a [`Source`](crate::store::Source) and goes to a
//! [`Sink`](crate::store::Sink). Inputs are not trusted: a size is checked against the bytes that
//! are there before anything of that size is allocated, and a damaged file is one
//! [`Error::Format`](crate::error::Error::Format) with the file, the place and the reason.

#[cfg(feature = "parquet")]
pub mod csv;
#[cfg(feature = "fits")]
pub mod fits;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(any(test, all(feature = "fits", not(feature = "parquet"))))]
pub(crate) mod plain;

#[cfg(all(test, any(feature = "fits", feature = "parquet")))]
pub(crate) mod memory;
