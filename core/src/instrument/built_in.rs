//! The cameras that come with the core.

/// Name and description file of each built-in camera.
pub const BUILT_IN: &[(&str, &str)] = &[];

/// The description file of a built-in camera.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
