//! Color tables: 256 colors of rising lightness, or two hues about a light middle.
//!
//! viridis, magma (van der Walt & Smith 2015, CC0) and cividis (Nunez et al. 2018, PLoS ONE 13,
//! e0199239) are those of matplotlib 3.11, the parts rounded to bytes. They keep their order for
//! readers with any kind of color vision, and in a print without colors. The diverging one, for
//! residuals, is made by `tests/oracles/display/colour_maps.py`. The text files name their licenses.

use serde::{Deserialize, Serialize};

/// Colors of a table, as red, green, blue.
pub type Table = [[u8; 3]; 256];

/// The color tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourMap {
    /// Black to white.
    #[default]
    Grey,
    /// Dark violet over green to yellow.
    Viridis,
    /// Dark blue over grey to yellow; nearly the same for readers who lack one kind of cones.
    Cividis,
    /// Black over red to light yellow.
    Magma,
    /// Dark blue over white to dark red: for differences, with cuts symmetric about zero.
    Diverging,
}

static GREY: Table = grey();
static VIRIDIS: Table = parse(include_str!("colour_maps/viridis.txt"));
static CIVIDIS: Table = parse(include_str!("colour_maps/cividis.txt"));
static MAGMA: Table = parse(include_str!("colour_maps/magma.txt"));
static DIVERGING: Table = parse(include_str!("colour_maps/diverging.txt"));

impl ColourMap {
    /// Every map, in the order in which a page lists them.
    pub const ALL: [ColourMap; 5] = [
        ColourMap::Grey,
        ColourMap::Viridis,
        ColourMap::Cividis,
        ColourMap::Magma,
        ColourMap::Diverging,
    ];

    /// Its colors, from the low to the high cut.
    pub fn table(self) -> &'static Table {
        match self {
            ColourMap::Grey => &GREY,
            ColourMap::Viridis => &VIRIDIS,
            ColourMap::Cividis => &CIVIDIS,
            ColourMap::Magma => &MAGMA,
            ColourMap::Diverging => &DIVERGING,
        }
    }
}

const fn grey() -> Table {
    let mut table = [[0; 3]; 256];
    let mut level = 0;
    while level < 256 {
        table[level] = [level as u8; 3];
        level += 1;
    }
    table
}

/// Reads `rrggbb` words; a line that begins with `#` is a comment. It runs while compiling: a file
/// with more than 256 words does not compile, one with fewer fails a test.
const fn parse(text: &str) -> Table {
    let bytes = text.as_bytes();
    let mut table = [[0; 3]; 256];
    let (mut at, mut digits) = (0, 0);
    let mut comment = false;
    while at < bytes.len() {
        match bytes[at] {
            b'#' => comment = true,
            b'\n' => comment = false,
            b' ' | b'\r' => {}
            digit if !comment => {
                let part = &mut table[digits / 6][digits % 6 / 2];
                *part = *part * 16 + hex(digit);
                digits += 1;
            }
            _ => {}
        }
        at += 1;
    }
    table
}

const fn hex(digit: u8) -> u8 {
    if digit >= b'a' { digit - b'a' + 10 } else { digit - b'0' }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIE lightness of an sRGB color, 0 to 100.
    fn lightness(color: [u8; 3]) -> f64 {
        let [red, green, blue] = color.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
        });
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        if luminance > 0.008_856 { 116.0 * libm::cbrt(luminance) - 16.0 } else { 903.3 * luminance }
    }

    fn curve(map: ColourMap) -> Vec<f64> {
        map.table().iter().map(|&color| lightness(color)).collect()
    }

    #[test]
    fn lightness_rises_in_the_sequential_maps() {
        for map in [ColourMap::Grey, ColourMap::Viridis, ColourMap::Cividis, ColourMap::Magma] {
            let curve = curve(map);
            // Parts are whole bytes, so that a single step may fall by their rounding: not two.
            assert!(curve.windows(3).all(|step| step[0] < step[2]), "{map:?}");
            assert!(curve[255] - curve[0] > 75.0, "{map:?}");
        }
    }

    #[test]
    fn lightness_is_symmetric_in_the_diverging_map() {
        let curve = curve(ColourMap::Diverging);
        for index in 0..128 {
            assert!((curve[index] - curve[255 - index]).abs() < 0.5, "{index}");
        }
        assert!(curve[..128].windows(2).all(|pair| pair[0] < pair[1]));
        assert!(curve[127] > 95.0);
    }

    #[test]
    fn the_diverging_map_goes_from_blue_to_red() {
        let table = ColourMap::Diverging.table();
        assert!(table[..124].iter().all(|[red, _, blue]| blue > red));
        assert!(table[132..].iter().all(|[red, _, blue]| red > blue));
    }

    #[test]
    fn files_hold_256_words_of_lower_case_digits() {
        let files = [
            include_str!("colour_maps/viridis.txt"),
            include_str!("colour_maps/cividis.txt"),
            include_str!("colour_maps/magma.txt"),
            include_str!("colour_maps/diverging.txt"),
        ];
        for text in files {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let words: Vec<&str> = lines.flat_map(|line| line.split(' ')).collect();
            assert_eq!(words.len(), 256);
            let digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
            assert!(words.iter().all(|word| word.len() == 6 && word.bytes().all(digit)));
        }
    }

    #[test]
    fn ends_are_the_published_ones() {
        let ends = |map: ColourMap| (map.table()[0], map.table()[255]);
        assert_eq!(ends(ColourMap::Grey), ([0, 0, 0], [255, 255, 255]));
        assert_eq!(ends(ColourMap::Viridis), ([0x44, 0x01, 0x54], [0xfd, 0xe7, 0x25]));
        assert_eq!(ends(ColourMap::Magma), ([0x00, 0x00, 0x04], [0xfc, 0xfd, 0xbf]));
        assert_eq!(ends(ColourMap::Cividis), ([0x00, 0x22, 0x4e], [0xfe, 0xe8, 0x38]));
    }
}
