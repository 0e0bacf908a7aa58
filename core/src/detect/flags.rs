//! The flags of a detected object, in one registry: bit, name, meaning. Bits 0 to 7 are sep's.

use crate::measure::flags::registry;

registry! {
    MERGED = 0, "one of several objects that were told apart in one region";
    TRUNCATED = 1, "a pixel of the object lies on the edge of the image";
    SINGULAR = 3, "as narrow as a pixel: a twelfth of a pixel squared was added to its moments";
    APERTURE_TRUNCATED = 4, "its aperture reaches beyond the image";
    APERTURE_MASKED = 5, "masked pixels, or those of another object, lie in its aperture";
    APERTURE_ALL_MASKED = 6, "no pixel of its aperture is left";
    NOT_POSITIVE = 7, "no Kron radius: the light in its ellipse is not positive";
    SHARP = 8, "sharper than the stars: a cosmic ray or a hot pixel; not used as a star";
}

/// Key of the registry in a table's metadata.
pub const METADATA_KEY: &str = "detection_flags";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_in_order_and_used_once() {
        assert!(REGISTRY.windows(2).all(|pair| pair[0].bit < pair[1].bit));
        assert!(registry_json().contains("\"name\":\"MERGED\""));
    }
}
