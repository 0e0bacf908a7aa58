#!/usr/bin/env python3
"""The picture of the README from a demo: python3 docs/picture.py demo docs/demo.png

Needs numpy, astropy, matplotlib, pandas, pyarrow.
"""
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.visualization import ZScaleInterval


def main():
    demo, target = map(pathlib.Path, sys.argv[1:3])
    product = sorted((demo / "run" / "products").glob("*_q1_sciimg.fits"))[0]
    stem = product.name.removeprefix("rawsky_").removesuffix("_sciimg.fits")
    raw_stem = stem.rsplit("_q", 1)[0]
    raw = next((demo / "night" / "raw").rglob(f"*{raw_stem}.fits*"))
    area = np.s_[1240:1840, 1240:1840]
    image, header = fits.getdata(product), fits.getheader(product)
    before = fits.getdata(raw, header["AMP"])
    stars = pd.read_parquet(product.with_name(product.name.replace("sciimg.fits", "apcat.parquet")))
    fig, axes = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
    panels = [(before, "raw (DN)"), (image, "science image (DN)")]
    for axis, (pixels, title) in zip(axes, panels):
        low, high = ZScaleInterval().get_limits(pixels[area])
        axis.imshow(pixels[area], origin="lower", cmap="gray", vmin=low, vmax=high)
        axis.set_title(title)
        axis.set_xticks([])
        axis.set_yticks([])
    inside = stars[(stars.x > 1240) & (stars.x < 1839) & (stars.y > 1240) & (stars.y < 1839)]
    axes[1].scatter(inside.x - 1240, inside.y - 1240, s=40, facecolors="none", edgecolors="tab:orange", lw=0.7)
    truth = next((demo / "night" / "truth").rglob(f"*{stem}_stars.parquet"))
    true = pd.read_parquet(truth)[["source_id", "flux"]]
    radius = next(c[2:] for c in stars.columns if c.startswith("r_") and stars[c].iloc[0] == 6)
    both = stars.merge(true, on="source_id")
    good = both[both.isolated & (both[f"f_{radius}_f"] == 0)]
    # One factor for all stars: the light outside six pixels, and the level of the flat.
    bright = good[good.flux > 1e4]
    unit = good.flux * np.median(bright[f"f_{radius}"] / bright.flux)
    axes[2].errorbar(good.flux, good[f"f_{radius}"] / unit, good[f"f_{radius}_e"] / unit,
                     fmt=".", ms=3, lw=0.5, color="tab:blue")
    axes[2].set(xscale="log", ylim=(0.5, 1.5), xlabel="true flux (DN)", ylabel="measured / true, one factor for all")
    axes[2].axhline(1, color="k", lw=0.6)
    axes[2].set_title(f"{len(good)} isolated stars")
    fig.savefig(target, dpi=80)


if __name__ == "__main__":
    main()
