//! Products against the truth of a simulated exposure: what a reduction gets wrong, in numbers.

pub mod pulls;
pub mod residuals;
