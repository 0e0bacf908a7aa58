#!/usr/bin/env python3
"""Small references of the peers: tests/cases/peers/ztfin2p3-0.4.json or -0.6.json.

    python3 make_cases.py

writes the file of the packages that Python finds (README.md). The inputs are made here, small enough to
be kept beside what the packages make of them: quadrants of 24 x 12 pixels with 30 of overscan, a stack
of ten frames, and an image of 40 x 36 with six stars.
"""
import json
import pathlib

import numpy as np
import pandas as pd

import peers as P

CASES = pathlib.Path(__file__).resolve().parents[2] / "cases" / "peers"
ROWS, COLUMNS, NIGHT = 24, 12, "2020-02-14"
CCD = 1


def single(array, digits=2):
    return np.round(array, digits).astype("f4")


def quadrant(ztfimg, q, rng):
    """A raw quadrant in stored order: a slope of its rows, light, charge in the first overscan columns."""
    r = np.linspace(-1, 1, ROWS)[:, None]
    level = 95 + 6 * q + 1.3 * r - 0.7 * r**2
    data = single(level + np.exp(rng.uniform(3, 10.5, (ROWS, COLUMNS))))
    overscan = level + rng.normal(0, 1.5, (ROWS, 30))
    overscan[5] += 40
    first = slice(None) if q in (1, 4) else slice(None, None, -1)
    overscan[:, first] += 20 * np.exp(-np.arange(30) / 1.5)
    overscan = single(overscan)
    image = ztfimg.RawQuadrant.from_data(data.copy(), overscan=overscan.copy())
    image._qid, image._ccdid = q, CCD
    year, month, day = NIGHT.split("-")
    image._meta = pd.Series(dict(year=year, month=month, day=day, ccdid=CCD, qid=q))
    props = P.OVERSCAN["overscan_prop"]
    spec, model = image.get_overscan("spec", **props), image.get_overscan("model", modeldegree=3, **props)
    corrected = np.array(image.get_data(corr_nl=True, corr_overscan=True, overscan_prop=props))
    return dict(quadrant=q, data=numbers(data), overscan=numbers(overscan), spec_sky=numbers(spec),
                model_sky=numbers(model), corrected_sky=numbers(corrected))


def numbers(array):
    """A list (of lists) of the shortest decimals that mean the same; none for no number."""
    array = np.asarray(array)
    if array.ndim > 1:
        return [numbers(row) for row in array]
    return [None if not np.isfinite(v) else int(v) if v == int(v) else float(str(v)) for v in array]


def stack(merge, rng):
    from ztfin2p3.builder import get_meandata
    frames = single(rng.normal(1200, 12, (10, 1, 40)))
    frames[3, 0, 5], frames[:2, 0, 6], frames[4, 0, 7] = 4000, (900, 1800), np.nan
    frames[:, 0, 8] = np.nan
    merged = get_meandata(frames.copy(), sigma_clip=3, mergedhow=merge, clipping_prop=P.CLIP)
    return dict(frames=[numbers(f[0]) for f in frames], merged=numbers(np.asarray(merged)[0]))


def stars(ztfimg, rng):
    """Image and mask in stored order; the table has positions in sky order."""
    height, width = 40, 36
    x, y = np.array([8.2, 20.0, 30.7, 35.4, 0.4, 15.3]), np.array([9.9, 30.4, 21.1, 12.0, 39.6, 18.8])
    peak = np.array([400, 900, 250, 600, 500, 800])
    rows, columns = np.mgrid[:height, :width]
    sky = 160 + 0.2 * columns - 0.1 * rows + rng.normal(0, 5, (height, width))
    for xs, ys, p in zip(x, y, peak):
        sky += p / (1 + ((columns - xs) ** 2 + (rows - ys) ** 2) / 3) ** 2.5
    sky, mask = single(sky, 1), np.zeros((height, width), "i2")
    for xs, ys in zip(x, y):
        mask[(columns - xs) ** 2 + (rows - ys) ** 2 < 9] |= 2
    mask[31, 22], mask[5, 30], mask[19, 15] = 128, 512, 2050
    image = ztfimg.ScienceQuadrant(data=sky[::-1, ::-1].copy())
    image._meta = None
    image.set_mask(mask[::-1, ::-1].copy())
    image._get_sepbackound(bw=12, bh=10, update=True)
    cat = pd.DataFrame(dict(ra=10 + 0.1 * np.arange(6), dec=np.zeros(6), x=x, y=y))
    from ztfin2p3.aperture import get_aperture_photometry
    radii = np.array([3, 4, 6])
    table = get_aperture_photometry(image, cat=cat, radius=radii, bkgann=None, seplimit=20, as_path=False)
    columns = [f"f_{i}{k}" for i in range(3) for k in ("", "_e", "_f")]
    kinds = {c: str(t) for c, t in table.dtypes.items() if c[:2] in ("f_", "r_", "x", "y")}
    return dict(image=numbers(sky[::-1, ::-1]), mask=mask[::-1, ::-1].tolist(), x_sky=x.tolist(), y_sky=y.tolist(),
                radii=radii.tolist(), mesh=[12, 10], columns={c: numbers(table[c].values) for c in columns}, kinds=kinds)


def main():
    import tempfile
    import ztfimg
    import ztfimg.raw
    peers = P.Peers.__new__(P.Peers)
    peers.set_up(tempfile.gettempdir())
    peers.set_shape((ROWS, COLUMNS))
    rng = np.random.default_rng(11)
    versions = dict(**peers.versions, numpy=np.__version__)
    out = dict(made="tests/oracles/peers/make_cases.py", versions=versions, recipe=peers.recipe, night=NIGHT, ccd=CCD,
               patched=sorted(set(P.CHANGES)), quadrants=[quadrant(ztfimg, q, rng) for q in (2, 3, 4)],
               stack=stack(peers.merge, rng))
    peers.set_shape((40, 36))
    out["stars"] = stars(ztfimg, rng)
    CASES.mkdir(parents=True, exist_ok=True)
    (CASES / f"{peers.recipe}.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
