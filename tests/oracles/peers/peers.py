"""The peers, step by step: ztfimg and ztfin2p3 on one night of one CCD and one filter.

What is patched so that the packages of the index run, all of it listed in CHANGES (no formula is touched):

* numpy 2 has lost NaN, float_ and ndarray.newbyteorder, which ztfimg 0.19.0 uses;
* ztfin2p3 0.4.1 uses two names that it does not define (`parse_singledate`, `flat_coef`);
* both hold 3080 x 3072 pixels as a constant: smaller nights set it.

What is replaced: the list of files (by name instead of a metadata data base), the catalogue (as a table,
moved to the date as the newer release does it), the level of the focal plane (of the flats present; the
helper of 0.4.1 multiplies every CCD by the level of the first one).
"""
import os
import pathlib
import warnings

CHANGES = []

import numpy as np  # noqa: E402

for _name, _value in (("NaN", np.nan), ("NAN", np.nan), ("float_", np.float64), ("int_", np.int64)):
    if not hasattr(np, _name):
        setattr(np, _name, _value)
        CHANGES.append(f"numpy.{_name} restored")

os.environ.setdefault("MPLBACKEND", "Agg")
warnings.simplefilter("ignore")

CLIP = dict(maxiters=1, cenfunc="median", stdfunc="std", masked=False, copy=False)
OVERSCAN = dict(overscan_prop=dict(userange=[25, 30]))
RADII = np.arange(3, 13)
LEDS = {"zg": (2, 3, 4, 5), "zr": (7, 8, 9, 10), "zi": (11, 12, 13)}
SKIP = 10


def native(array):
    """The same numbers in this machine's byte order, as sep wants them."""
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="), copy=False)


class Peers:
    """The packages that Python finds, set up for a night."""

    def __init__(self, night):
        self.set_up(night)
        first = sorted(self.night.glob("raw/**/*_b.fits.fz"))[0]
        with self.fits.open(first) as hdus:
            self.set_shape(hdus[1].shape)

    def set_up(self, night):
        self.night = pathlib.Path(night)
        os.environ["ZTFDATA"] = os.path.join(self.night.resolve(), "")
        import ztfimg, ztfimg.raw, ztfimg.science, ztfin2p3, ztfin2p3.metadata, ztfin2p3.science
        from astropy.io import fits
        self.ztfimg, self.fits = ztfimg, fits
        self.versions = dict(ztfimg=ztfimg.__version__, ztfin2p3=ztfin2p3.__version__)
        # The releases that subtract the overscan first are the ones that know the pocket.
        self.newer = hasattr(ztfimg.RawQuadrant, "get_data_and_overscan")
        self.recipe = "ztfin2p3-0.6" if self.newer else "ztfin2p3-0.4"
        self.merge = "nanmedian" if self.newer else "nanmean"
        self._fix_names()

    def _fix_names(self):
        import ztfimg.science as science, ztfin2p3.metadata as metadata, ztfin2p3.science as build
        if not hasattr(np.ndarray, "newbyteorder") and not hasattr(self.ztfimg.utils.tools, "numpy_ordering"):
            def background(image, bw=192, bh=192, update=False, **more):
                if not hasattr(image, "_sepbackground") or update:
                    import sep
                    mask = native(image.get_mask(psfsources=True, sexsources=True))
                    image._sepbackground = sep.Background(native(image.get_data()), mask=mask, bw=bw, bh=bh, **more)
                return image._sepbackground
            science.ComplexImage._get_sepbackound = background
            CHANGES.append("byte order of the background's arrays by numpy 2's function")
        if not hasattr(metadata, "parse_singledate"):
            from ztfin2p3.utils.tools import parse_singledate
            metadata.parse_singledate = parse_singledate
            CHANGES.append("ztfin2p3.metadata.parse_singledate imported")
        if not hasattr(build, "flat_coef") and not self.newer:
            build.flat_coef = None
            CHANGES.append("ztfin2p3.science.flat_coef = None")

    def set_shape(self, shape):
        """Rows and columns of a quadrant."""
        self.shape = tuple(shape)
        if self.shape != self.ztfimg.base.Quadrant.SHAPE:
            rows, columns = self.shape
            self.ztfimg.base.Quadrant.SHAPE = self.shape
            self.ztfimg.base.CCD.SHAPE = (2 * rows, 2 * columns)
            self.ztfimg.raw.RawQuadrant.SHAPE_OVERSCAN = (rows, 30)
            CHANGES.append(f"SHAPE = {self.shape}")

    # ---- files of the night

    def raws(self, kind, band, ccd):
        return [str(p) for p in sorted(self.night.glob(f"raw/**/ztf_*_{band}_c{ccd:02d}_{kind}.fits.fz"))]

    def led(self, path):
        return self.fits.getheader(path)["ILUM_LED"]

    def quadrants_of(self, ccd_array):
        """Sky order; row 0 at the bottom: q2 | q1 over q3 | q4."""
        rows, columns = self.shape
        return {1: ccd_array[rows:, columns:], 2: ccd_array[rows:, :columns],
                3: ccd_array[:rows, :columns], 4: ccd_array[:rows, columns:]}

    def archive(self, raw, quadrant, what):
        name = os.path.basename(raw).replace(".fits.fz", f"_q{quadrant}_{what}.fits")
        return str(next(self.night.glob(f"sci/**/{name}")))

    # ---- steps

    def overscan_model(self, raw, quadrant):
        image = self.ztfimg.RawQuadrant.from_filename(raw, qid=quadrant, as_path=True)
        return image.get_overscan("model", modeldegree=3, **OVERSCAN["overscan_prop"])

    def corrected(self, raw, linearity=True):
        """Overscan (and linearity) in the order of the release, sky order, whole CCD."""
        image = self.ztfimg.RawCCD.from_filename(raw, as_path=True)
        return np.array(image.get_data(corr_nl=linearity, corr_overscan=True, **OVERSCAN))

    def merged(self, paths, bias=None):
        from ztfin2p3 import builder
        common = dict(corr_nl=True, corr_overscan=True, sigma_clip=3, mergedhow=self.merge,
                      clipping_prop=CLIP, get_data_props=OVERSCAN)
        if bias is None:
            return np.array(builder.calib_from_filenames(paths, **common))
        if self.newer:
            return np.array(builder.calib_from_filenames(paths, corr=bias, **common))
        return np.array(builder.calib_from_filenames_withcorr(paths, corr=bias, **common))

    def master_bias(self, ccd):
        return self.merged(self.raws("b", "bi", ccd)[SKIP:])

    def master_flat(self, band, ccd, bias):
        """Flat of the band and its level."""
        paths = self.raws("f", band, ccd)
        flats, norms = [], []
        for led in LEDS[band]:
            flat = self.merged([p for p in paths if self.led(p) == led], bias)
            norms.append(np.nanmedian(flat))
            flats.append(flat / norms[-1])
        return np.average(flats, axis=0), float(np.average(norms))

    def science(self, raw, bias, flat, scale):
        """Science quadrants in stored order."""
        from ztfin2p3.science import build_science_data
        folder = self.night / "ztfin2p3"
        folder.mkdir(exist_ok=True)
        paths = [str(folder / name) for name in ("compare_bias.fits", "compare_flat.fits")]
        for path, array in zip(paths, (bias, flat)):
            self.fits.writeto(path, array, overwrite=True)
        made = build_science_data(raw, paths[1], paths[0], corr_nl=True, corr_overscan=True, **OVERSCAN)
        data = made[0] if self.newer else made
        for path in paths:
            os.remove(path)
        return {q: np.asarray(d) * np.float32(scale) for q, d in zip((1, 2, 3, 4), data)}

    def still_stars(self):
        """Identifiers of the catalogue's stars without a proper motion. The others' places depend on the scale
        of time too: theirs takes the date as UTC, ours as the catalogue's (69 s)."""
        import pandas as pd
        files = sorted((self.night / "calibrator" / "gaia_dr3_astro").glob("*.parquet"))
        stars = pd.concat([pd.read_parquet(f, columns=["source_id", "pmra"]) for f in files])
        return set(stars.source_id[stars.pmra.isna()])

    def catalogue(self, image, mjd):
        """All stars of the night's catalogue on the image, moved to the date."""
        import astropy.units as u
        import pandas as pd
        from astropy.coordinates import SkyCoord
        from astropy.time import Time
        files = sorted((self.night / "calibrator" / "gaia_dr3_astro").glob("*.parquet"))
        stars = pd.concat([pd.read_parquet(f) for f in files]).reset_index(drop=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            at = SkyCoord(stars.ra.values, stars.dec.values, unit="deg", obstime=Time("J2016"),
                          pm_ra_cosdec=stars.pmra.fillna(0).values * u.mas / u.yr,
                          pm_dec=stars.pmdec.fillna(0).values * u.mas / u.yr)
            at = at.apply_space_motion(Time(mjd, format="mjd"))
        stars["ra"], stars["dec"] = at.ra.deg, at.dec.deg
        stars = image.add_coord_to_catalog(stars, coord="xy", in_fov=True)
        names = ["source_id", "ra", "dec", "phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag", "x", "y"]
        return stars[names].reset_index(drop=True)

    def apertures(self, data, header, mask):
        """The table of one science quadrant (arrays in stored order)."""
        from ztfin2p3.aperture import get_aperture_photometry
        image = self.ztfimg.ScienceQuadrant(data=np.array(data), header=header)
        image._meta = None
        image.set_mask(mask)
        stars = self.catalogue(image, float(header["OBSMJD"]))
        return get_aperture_photometry(image, cat=stars, radius=RADII, bkgann=None, seplimit=20, as_path=False)
