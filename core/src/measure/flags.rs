//! The flags of an aperture, in one registry: bit, name, meaning.

use serde::Serialize;

/// One bit of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// Position, 0 to 30.
    pub bit: u32,
    /// Upper-case word.
    pub name: &'static str,
    /// What it says of an aperture.
    pub meaning: &'static str,
}

impl Flag {
    /// The bit as a flag value.
    pub const fn value(&self) -> i32 {
        1 << self.bit
    }
}

/// The constants, the list and the text of a registry of flags.
macro_rules! registry {
    ($($name:ident = $bit:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: i32 = 1 << $bit;)*
        /// Every bit, in order.
        pub const REGISTRY: &[$crate::measure::flags::Flag] = &[
            $($crate::measure::flags::Flag { bit: $bit, name: stringify!($name), meaning: $meaning },)*
        ];

        /// The registry as JSON text for a table's metadata.
        pub fn registry_json() -> String {
            serde_json::to_string(REGISTRY).unwrap_or_default()
        }
    };
}
pub(crate) use registry;

registry! {
    MASKED = 0, "masked pixels were left out; the flux is not scaled up for them";
    SATURATED = 1, "a saturated pixel lies in the aperture, left out or not";
    NO_ANNULUS = 2, "no unmasked pixel in the annulus: no local background was subtracted";
    BACKGROUND_FILLED = 3, "the background here was filled in from neighboring cells of the mesh";
    TRUNCATED = 4, "the aperture reaches beyond the image; the flux is that of the part inside";
    OUTSIDE = 5, "the aperture lies wholly outside the image, or nowhere (NaN): no flux";
    ALL_MASKED = 6, "every pixel of the aperture is masked: no flux";
    NO_BACKGROUND = 7, "the background of the image could not be determined and was not subtracted";
}

/// Key of the registry in a table's metadata.
pub const METADATA_KEY: &str = "aperture_flags";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_in_order_and_used_once() {
        assert!(REGISTRY.windows(2).all(|pair| pair[0].bit < pair[1].bit));
        assert!(REGISTRY.iter().all(|flag| flag.bit < 31 && !flag.meaning.is_empty()));
        assert!(registry_json().contains("\"name\":\"TRUNCATED\""));
    }
}
