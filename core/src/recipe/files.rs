//! The files of the recipes that come with the core.

/// Name and text of the recipes that come with the core.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("../../recipes/default.toml")),
    ("with-darks", include_str!("../../recipes/with-darks.toml")),
    ("ztfin2p3-0.4", include_str!("../../recipes/ztfin2p3-0.4.toml")),
    ("ztfin2p3-0.6", include_str!("../../recipes/ztfin2p3-0.6.toml")),
];
