//! The native side of rawsky: the sandbox, the plan of a night, and the commands.
//!
//! # Where to start
//! [`sandbox`] runs one job shut in; [`child`] does so in a process of its own; [`runner`] stages,
//! runs, checks and publishes one piece of [`work`]. [`dag`] turns the files of a [`night`] into a
//! [`plan`], [`run`] brings it to an end. [`single`], [`batch`] and [`simulate`] are the commands.

pub mod args;
pub mod attempt;
pub mod batch;
pub mod check;
pub mod child;
pub mod class;
pub mod code;
pub mod context;
pub mod dag;
pub mod difference;
pub mod digests;
pub mod disk;
pub mod exec;
pub mod gc;
pub mod guest;
pub mod hdus;
pub mod headers;
pub mod index;
pub mod keep;
pub mod log;
pub mod names;
pub mod night;
pub mod owner;
pub mod plan;
pub mod pool;
pub mod progress;
pub mod provenance;
pub mod publish;
pub mod resolve;
pub mod room;
pub mod run;
pub mod runner;
pub mod sandbox;
pub mod scratch;
pub mod serve;
pub mod show;
pub mod simulate;
pub mod single;
pub mod sky;
pub mod staging;
pub mod state;
pub mod status;
pub mod subject;
pub mod summary;
pub mod survey;
pub mod trend;
pub mod verify;
pub mod view;
pub mod warnings;
pub mod work;
