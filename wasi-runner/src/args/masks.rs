//! Options of the masks that a science image gets before its objects are found.

use clap::{Args, ValueEnum};

use super::above_zero;

/// What is marked.
#[derive(Debug, Clone, Args)]
pub struct Masks {
    /// How cosmic rays are found: by their shape, by L.A.Cosmic, or not at all [default: the recipe's, by
    /// their shape].
    #[arg(long, value_enum, value_name = "HOW")]
    pub cosmic_rays: Option<RaysName>,
    /// Full width of the stars at half their height (pix), for the search by shape [default: the recipe's, the header's,
    /// else that of the image's stars; below 2 they are not searched for].
    #[arg(long, value_parser = above_zero, value_name = "PIX")]
    pub fwhm: Option<f64>,
    /// Do not look for the trails of saturated stars.
    #[arg(long)]
    pub no_trails: bool,
    /// Width of the margin that is marked along every side (pix) [default: the recipe's, 1].
    #[arg(long, value_name = "PIX")]
    pub edge: Option<u32>,
    /// A bit of the mask, by its name, and how far it grows; may be given several times [default: the
    /// recipe's, SATURATED=1 SPILLAGE=1].
    #[arg(long, value_parser = grown, value_name = "BIT=PIX")]
    pub grow: Vec<(String, u32)>,
    /// Bits of the mask, by their names, whose pixels get the values between their neighbors in the row.
    #[arg(long, value_delimiter = ',', num_args = 1, value_name = "BITS")]
    pub interpolate: Vec<String>,
}

/// How cosmic rays are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RaysName {
    /// By their shape.
    Shape,
    /// By L.A.Cosmic.
    Laplacian,
    /// Not at all.
    None,
}

impl RaysName {
    /// Its name in a recipe.
    pub fn name(self) -> &'static str {
        match self {
            RaysName::Shape => "shape",
            RaysName::Laplacian => "laplacian",
            RaysName::None => "none",
        }
    }
}

fn grown(text: &str) -> Result<(String, u32), String> {
    let needed = || format!("{text:?} is not a bit and pixels, as SATURATED=2");
    let (bit, by) = text.split_once('=').ok_or_else(needed)?;
    Ok((bit.trim().to_owned(), by.trim().parse().map_err(|_| needed())?))
}
