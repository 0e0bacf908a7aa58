"""Detection on a real image, beside sep: python3 real.py PROGRAM IMAGE.fits [MASK.fits] [--fwhm PIXELS]

PROGRAM is `cargo build --release -p rawsky-core --example detect`. Both sides get the same image, its
background subtracted by sep, and the square of sep's rms map as the variance; with --fwhm both have a Gaussian
filter of that width, an area of one pixel and no cleaning. Needs astropy, sep, scipy.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import sep
from astropy.io import fits
from scipy.spatial import cKDTree


def read(path):
    with fits.open(path) as hdus:
        return next(hdu.data for hdu in hdus if hdu.data is not None)


def gaussian(fwhm):
    """A Gaussian filter within three sigma."""
    sigma = fwhm / np.sqrt(8 * np.log(2))
    half = int(np.ceil(3 * sigma))
    square = np.arange(-half, half + 1) ** 2
    return np.exp(-0.5 * (square + square[:, None]) / sigma**2).astype(np.float32)


def ours(program, image, variance, width):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("image", "variance")]
        for path, plane in zip(paths, (image, variance)):
            path.write_bytes(plane.astype("<f4").tobytes())
        start = time.perf_counter()
        text = subprocess.run([program, *paths, *map(str, image.shape), *width], check=True, capture_output=True,
                              text=True).stdout
        print(f"ours: {time.perf_counter() - start:.2f} s with photometry and reading")
    return np.array([line.split() for line in text.splitlines()], float)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("image")
    parser.add_argument("mask", nargs="?")
    parser.add_argument("--fwhm", type=float)
    arguments = parser.parse_args()
    image = read(arguments.image).astype(np.float32)
    bad = ~np.isfinite(image)
    if arguments.mask:
        bad |= read(arguments.mask) & ~0b100000000010 != 0
    background = sep.Background(image, mask=bad, bw=128, bh=128)
    image = image - background.back()
    variance = background.rms().astype(np.float32) ** 2
    sep.set_extract_pixstack(3_000_000)
    sep.set_sub_object_limit(8192)
    start = time.perf_counter()
    matched, width = {}, []
    if arguments.fwhm:
        matched, width = {"filter_kernel": gaussian(arguments.fwhm), "minarea": 1, "clean": False}, [str(arguments.fwhm)]
    theirs = sep.extract(image, 5.0, var=variance, mask=bad, **matched)
    print(f"sep: {time.perf_counter() - start:.2f} s for detection alone; {bad.mean():.4%} of the pixels masked")
    holes = np.where(bad, np.nan, image)
    found = ours(arguments.program, holes, variance, width)
    theirs = theirs[theirs["thresh"] < 1e6] if bad.any() else theirs
    places = np.column_stack([theirs["x"], theirs["y"]])
    distance, index = cKDTree(found[:, :2]).query(places)
    common = distance < 0.5
    print(f"objects: ours {len(found)}, sep {len(theirs)}; in common {common.mean():.3%} of sep's")
    clean = common & (theirs["flag"] == 0)
    pair = found[index[clean]]
    print(f"unblended: {clean.sum()}; position {distance[clean].max():.2e} pix,"
          f" flux {np.abs(pair[:, 2] / theirs['flux'][clean] - 1).max():.2e},"
          f" pixels that differ {np.abs(pair[:, 3] - theirs['npix'][clean]).max():.0f}")
    print(f"all: position, 99 % below {np.percentile(distance[common], 99):.2e} pix")


main()
