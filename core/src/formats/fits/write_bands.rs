//! Planes written in bands of rows: the bytes of [`FitsWriter::write_hdu`], without holding a plane.

use super::tiled::PackedRows;
use super::write::{FitsWriter, PixelData, big_endian};
use crate::error::{Error, Result};
use crate::header::Header;

/// A plane of floats under way, which is written as it comes.
#[derive(Debug)]
pub struct FloatRows {
    /// Numbers that are still to come.
    left: usize,
    total: usize,
}

/// A mask under way, which is packed as it comes.
pub struct MaskRows {
    shape: (usize, usize),
    rows: PackedRows,
}

impl FitsWriter<'_> {
    /// Begins an HDU of floats as they are, of so many rows and columns.
    ///
    /// # Errors
    /// Those of [`FitsWriter::write_hdu`].
    pub fn begin_floats(
        &mut self,
        header: &Header,
        name: Option<&str>,
        shape: (usize, usize),
    ) -> Result<FloatRows> {
        let odd = || Error::input("fits", "pixels to write", format!("{shape:?}"), "a plane");
        // One number as a plane of that shape: the header asks for no more.
        let number = ndarray::arr0(0.0);
        let plane = number.broadcast(shape).filter(|plane| !plane.is_empty()).ok_or_else(odd)?;
        self.begin_plain(header, name, PixelData::F32(plane))?;
        Ok(FloatRows { left: plane.len(), total: plane.len() })
    }

    /// Appends the next pixels of it; with the last one the HDU is whole.
    ///
    /// # Errors
    /// [`Error::Input`] if there are more than its shape has, [`Error::Store`] if the sink cannot take them.
    pub fn append_floats(&mut self, rows: &mut FloatRows, pixels: &[f32]) -> Result<()> {
        let left = rows.left.checked_sub(pixels.len()).ok_or_else(|| {
            Error::input("fits", "pixels to write", pixels.len(), format!("at most {}", rows.left))
        })?;
        rows.left = left;
        self.run(pixels, big_endian)?;
        if left == 0 { self.pad(4 * rows.total) } else { Ok(()) }
    }

    /// Appends a mask that [`MaskRows`] has gathered, Rice-packed as 32-bit whole numbers.
    ///
    /// # Errors
    /// Those of [`FitsWriter::write_hdu`]; [`Error::Input`] if rows are missing.
    pub fn write_mask_rows(
        &mut self,
        header: &Header,
        name: Option<&str>,
        mask: MaskRows,
    ) -> Result<()> {
        self.write_packed(header, name, &mask.rows.finish(mask.shape)?)
    }
}

impl MaskRows {
    /// A mask of so many rows and columns, of which no row is there.
    pub fn new(shape: (usize, usize)) -> MaskRows {
        MaskRows { shape, rows: PackedRows::default() }
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// [`Error::Input`] if they are no whole rows.
    pub fn take(&mut self, bits: &[u32]) -> Result<()> {
        self.rows.take(bits, self.shape.1)
    }
}

#[cfg(feature = "tiles")]
#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::Encoding;
    use super::super::fixture::{noise, written};
    use super::*;

    const SHAPE: (usize, usize) = (37, 71);

    fn header() -> Header {
        let mut header = Header::new();
        header.set("AMP", 3, "amplifier");
        header
    }

    #[test]
    fn floats_in_bands_are_the_bytes_of_the_plane() {
        let mut pixels = noise(SHAPE);
        pixels[[36, 70]] = f32::from_bits(0xffc0_1234);
        let plane = PixelData::F32(pixels.view());
        let whole = written(|w| w.write_hdu(&header(), Some("X"), plane, Encoding::Plain));
        let bands = written(|writer| {
            let mut rows = writer.begin_floats(&header(), Some("X"), SHAPE)?;
            for band in pixels.as_slice().unwrap().chunks(16 * SHAPE.1) {
                writer.append_floats(&mut rows, band)?;
            }
            assert!(writer.append_floats(&mut rows, &[1.0]).is_err());
            Ok(())
        });
        assert!(whole.unwrap() == bands.unwrap());
        assert!(written(|w| w.begin_floats(&header(), None, (0, 3)).map(|_| ())).is_err());
    }

    #[test]
    fn a_mask_in_bands_is_the_bytes_of_the_plane() {
        let few = Array2::from_shape_fn(SHAPE, |(row, column)| match (row, column) {
            (20, 5) => 1 << 31 | 5,
            (21, 6) => 1,
            _ => 0,
        });
        let many = Array2::from_shape_fn(SHAPE, |(row, column)| (row * 7919 + column * 31) as u32);
        for (mask, height) in [(&few, 16), (&few, 1), (&many, 16), (&many, 37)] {
            let bits = PixelData::Mask(mask.view());
            let packed = Encoding::RiceInteger32;
            let whole = written(|w| w.write_hdu(&header(), Some("M"), bits, packed));
            let bands = written(|writer| {
                let mut rows = MaskRows::new(SHAPE);
                for band in mask.as_slice().unwrap().chunks(height * SHAPE.1) {
                    rows.take(band)?;
                }
                writer.write_mask_rows(&header(), Some("M"), rows)
            });
            assert!(whole.unwrap() == bands.unwrap(), "{height}");
        }
        let short = written(|w| w.write_mask_rows(&header(), None, MaskRows::new(SHAPE)));
        assert!(short.is_err());
    }
}
