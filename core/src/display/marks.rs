//! How pixels without a value and masked pixels look: by a pattern, not by a color alone.
//!
//! A pixel without a value (NaN) shows a checker of two bluish greys, 4 picture pixels to a square;
//! no color map holds either grey. A masked pixel shows stripes in the color of its lowest wanted
//! bit over what it shows otherwise: the full color on a stripe, half of it between two, so that a
//! single masked pixel is seen wherever it falls. Stripes run in one of four directions (`bit` mod
//! 4) in one of seven colors (`bit` mod 7), so that bits 0 to 27 differ pairwise. Patterns are fixed
//! to the picture, not to the image: they keep their size when one zooms.
//!
//! The colors are those of Okabe & Ito (2008), which readers with any color vision can tell apart.

/// Greys of the checker, as red, green, blue.
pub const CHECKER: [[u8; 3]; 2] = [[98, 98, 108], [138, 138, 150]];

/// Stripe colors: orange, sky blue, bluish green, yellow, blue, vermilion, reddish purple.
pub const STRIPES: [[u8; 3]; 7] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
];

/// The color of a pixel without a value at a column and line of the picture.
pub fn checker(column: usize, line: usize) -> [u8; 4] {
    let [dark, light] = CHECKER;
    let [red, green, blue] = if (column / 4 + line / 4).is_multiple_of(2) { dark } else { light };
    [red, green, blue, 255]
}

/// The color of a pixel whose lowest wanted mask bit is `bit`, at a column and line of the picture,
/// over what it would show without its mask.
pub fn hatch(bit: u32, column: usize, line: usize, under: [u8; 4]) -> [u8; 4] {
    let color = STRIPES[bit as usize % STRIPES.len()];
    if is_stripe(bit, column, line) {
        return [color[0], color[1], color[2], 255];
    }
    let half = |part: usize| ((u16::from(color[part]) + u16::from(under[part])) / 2) as u8;
    [half(0), half(1), half(2), 255]
}

/// Whether a place lies on a stripe: 2 picture pixels on, 2 off.
fn is_stripe(bit: u32, column: usize, line: usize) -> bool {
    let across = match bit % 4 {
        0 => column + line,
        1 => column + 3 * (line % 4),
        2 => line,
        _ => column,
    };
    across % 4 < 2
}

#[cfg(test)]
mod tests {
    use super::super::ColourMap;
    use super::*;

    /// 4 × 4 picture pixels of a mark over black.
    fn tile(bit: u32) -> Vec<[u8; 4]> {
        (0..16).map(|at| hatch(bit, at % 4, at / 4, [0, 0, 0, 255])).collect()
    }

    #[test]
    fn no_color_map_holds_a_grey_of_the_checker() {
        for map in ColourMap::ALL {
            assert!(CHECKER.iter().all(|grey| !map.table().contains(grey)), "{map:?}");
        }
        assert_ne!(CHECKER[0], CHECKER[1]);
    }

    #[test]
    fn the_checker_changes_every_four_pixels() {
        assert_eq!(checker(0, 0), checker(3, 3));
        assert_ne!(checker(3, 0), checker(4, 0));
        assert_ne!(checker(0, 3), checker(0, 4));
        assert_eq!(checker(0, 0), checker(4, 4));
    }

    #[test]
    fn bits_0_to_27_look_different() {
        let tiles: Vec<_> = (0..28).map(tile).collect();
        for (one, first) in tiles.iter().enumerate() {
            assert!(tiles[..one].iter().all(|other| other != first), "{one}");
        }
    }

    #[test]
    fn the_four_patterns_differ_without_their_colors() {
        let pattern = |bit| (0..16).map(|at| is_stripe(bit, at % 4, at / 4)).collect::<Vec<bool>>();
        let patterns: Vec<_> = (0..4).map(pattern).collect();
        for (one, first) in patterns.iter().enumerate() {
            assert_eq!(first.iter().filter(|&&on| on).count(), 8);
            assert!(patterns[..one].iter().all(|other| other != first));
        }
    }

    #[test]
    fn a_mark_is_opaque_and_half_of_it_lets_the_pixel_through() {
        let over = |level: u8| hatch(2, 0, 2, [level, level, level, 255]);
        assert_eq!(over(0), [0, 79, 57, 255]);
        assert_eq!(over(255), [127, 206, 185, 255]);
        assert_eq!(hatch(2, 0, 0, [9, 9, 9, 255]), [0, 158, 115, 255]);
    }
}
