"""Astrometry of a real ZTF image, its WCS removed: python3 image.py RAWSKY DATA

RAWSKY is the command, DATA the folder of real data. The start is 10 arcminutes, 5 degrees and 1 % of scale off, given by
--pointing; then

tycho     the 113 Tycho-2 stars around, as the catalogue has them (epoch 2000, no motions): their scatter is that
          of 20 years of proper motion and of saturated images
detected  objects of the image itself put on the sky by the archive's map, every other one given 25 mas of noise and
          kept as a catalogue, a tenth of them moved by arcseconds: how well a map of that form is recovered
wrong     Tycho stars mirrored about the middle of the image: must be refused

Says how far the map is from the archive's. Needs astropy, numpy, pandas, pyarrow.
"""
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

warnings.simplefilter("ignore", FITSFixedWarning)
NAME = "ztf_20200924431759_000655_zr_c13_o_q3"
OF_MAP = ("CTYPE", "CRPIX", "CRVAL", "CD1_", "CD2_", "PV1_", "PV2_", "CUNIT", "WCS", "RADESYS")


def bare(path, target):
    with fits.open(path) as hdus:
        image = next(hdu for hdu in hdus if hdu.data is not None)
        header = image.header.copy()
        truth = WCS(header)
        for key in [key for key in header if key.startswith(OF_MAP)]:
            del header[key]
        assert WCS(header).wcs.ctype[0] == ""
        fits.PrimaryHDU(image.data, header).writeto(target)
    return truth, image.data.shape


def run(program, folder, catalogue, truth, extra=()):
    middle = truth.all_pix2world([[1535.5, 1539.5]], 0)[0]
    ra, dec = middle[0] + 10 / 60 / np.cos(np.radians(middle[1])), middle[1] - 10 / 60
    line = [program, "calibrate", "bare.fits", "--catalogue", catalogue, "--pointing", f"{ra},{dec}", "--scale", "1.02",
            "--rotation", "183.4", "--mirrored", "-o", "out.fits", *extra]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
    return done.returncode == 0, "; ".join(done.stdout.splitlines()[:-3] + done.stderr.splitlines()) + ";"


def distance(folder, truth, shape):
    found = WCS(fits.getheader(folder / "out.fits"))
    y, x = np.mgrid[0 : shape[0] - 1 : 40j, 0 : shape[1] - 1 : 40j]
    one, two = (wcs.all_pix2world(x.ravel(), y.ravel(), 0) for wcs in (found, truth))
    off = np.array([(one[0] - two[0]) * np.cos(np.radians(two[1])), one[1] - two[1]]) * 3600
    rms = np.sqrt((off**2).mean(axis=1))
    return f"from the archive's map: rms {rms[0]:.4f} east, {rms[1]:.4f} north, at most {np.hypot(*off).max():.4f} arcsec"


def main():
    program, data = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    extra = sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        truth, shape = bare(data / f"ztf/science/{NAME}_sciimg.fits.fz", folder / "bare.fits")
        extra += ["--masks", str((data / f"ztf/science/{NAME}_mskimg.fits.fz").resolve())]
        tycho = fits.getdata(data / "ztf/catalogue/tycho2_field655_c13q3.fits")
        tycho = pd.DataFrame({"ra": tycho["RA"], "dec": tycho["DEC"], "mag": tycho["MAG_VT"]}).astype(float)
        tycho.to_csv(folder / "tycho.csv", index=False)
        good, told = run(program, folder, "tycho.csv", truth, extra)
        print("tycho:", told, distance(folder, truth, shape) if good else "")
        objects = pd.read_parquet(folder / "out_objects.parquet")
        chosen = objects[(objects.flag == 0) & (objects.flux_aper > 50 * objects.fluxerr_aper)].iloc[::2]
        ra, dec = truth.all_pix2world(chosen.xwin, chosen.ywin, 0)
        noise = np.random.default_rng(1)
        ra += noise.normal(0, 0.025, len(ra)) / 3600 / np.cos(np.radians(dec))
        dec += noise.normal(0, 0.025, len(dec)) / 3600
        far = noise.random(len(dec)) < 0.1
        dec[far] += noise.normal(0, 5, far.sum()) / 3600
        mag = 26.3 - 2.5 * np.log10(chosen.flux_aper) + noise.normal(0, 0.02, len(ra))
        pd.DataFrame({"ra": ra, "dec": dec, "mag": mag}).to_csv(folder / "detected.csv", index=False)
        good, told = run(program, folder, "detected.csv", truth, extra)
        print("detected:", told, distance(folder, truth, shape) if good else "")
        middle = tycho.dec.median()
        tycho.assign(dec=2 * middle - tycho.dec).to_csv(folder / "wrong.csv", index=False)
        (folder / "out_objects.parquet").unlink()
        good, told = run(program, folder, "wrong.csv", truth, extra)
        kept = (folder / "out_objects.parquet").exists()
        print("wrong:", "BELIEVED" if good else "refused;", f"objects {'kept' if kept else 'LOST'};", told)


main()
