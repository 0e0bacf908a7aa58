//! The files of the cameras that come with the core.
//!
//! A built-in camera is one text, complete in itself: printed to a file it is a camera file to start
//! from. Long tables are kept in files of their own and joined here.

/// Name and description file of each built-in camera.
pub const BUILT_IN: &[(&str, &str)] = &[
    (
        "ztf",
        concat!(
            include_str!("../../instruments/ztf.toml"),
            include_str!("../../instruments/ztf/linearity_2018_03.toml"),
            include_str!("../../instruments/ztf/linearity_2019_10.toml"),
            include_str!("../../instruments/ztf/linearity_2020_04.toml"),
            include_str!("../../instruments/ztf/pocket.toml"),
        ),
    ),
    ("toy", include_str!("../../instruments/toy.toml")),
    ("teaching", include_str!("../../instruments/teaching.toml")),
    ("generic", include_str!("../../instruments/generic.toml")),
    ("kast_blue", include_str!("../../instruments/kast_blue.toml")),
    ("saao", include_str!("../../instruments/saao.toml")),
    ("stl1001", include_str!("../../instruments/stl1001.toml")),
    ("lsst", include_str!("../../instruments/lsst.toml")),
];
