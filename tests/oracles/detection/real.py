"""Detection on a real image, beside sep: python3 real.py PROGRAM IMAGE.fits [MASK.fits]

PROGRAM is `cargo build --release -p rawsky-core --example detect`. Both sides get the same image, its
background subtracted by sep, and the square of sep's rms map as the variance. Needs astropy, sep, scipy.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import sep
from astropy.io import fits
from scipy.spatial import cKDTree


def read(path):
    with fits.open(path) as hdus:
        return next(hdu.data for hdu in hdus if hdu.data is not None)


def ours(program, image, variance):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("image", "variance")]
        for path, plane in zip(paths, (image, variance)):
            path.write_bytes(plane.astype("<f4").tobytes())
        start = time.perf_counter()
        text = subprocess.run([program, *paths, *map(str, image.shape)], check=True, capture_output=True,
                              text=True).stdout
        print(f"ours: {time.perf_counter() - start:.2f} s with photometry and reading")
    return np.array([line.split() for line in text.splitlines()], float)


def main():
    program, path, *mask = sys.argv[1:]
    image = read(path).astype(np.float32)
    bad = ~np.isfinite(image)
    if mask:
        bad |= read(mask[0]) & ~0b100000000010 != 0
    background = sep.Background(image, mask=bad, bw=128, bh=128)
    image = image - background.back()
    variance = background.rms().astype(np.float32) ** 2
    sep.set_extract_pixstack(3_000_000)
    sep.set_sub_object_limit(8192)
    start = time.perf_counter()
    theirs = sep.extract(image, 5.0, var=variance, mask=bad)
    print(f"sep: {time.perf_counter() - start:.2f} s for detection alone; {bad.mean():.4%} of the pixels masked")
    holes = np.where(bad, np.nan, image)
    found = ours(program, holes, variance)
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
