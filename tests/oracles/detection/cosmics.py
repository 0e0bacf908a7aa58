"""What astroscrappy finds in simulated fields: python3 cosmics.py ../../cases/detection/cosmics.json

Needs numpy and astroscrappy 1.3.0. The fields are those of scene.py with a sky and straight tracks;
core/src/masks/tests.rs makes the same ones. Each case lists the pixels (row * columns + column) that
astroscrappy marks with its default options, noise from the variance.
"""
import json
import pathlib
import sys

import astroscrappy
import numpy as np

from scene import scene, uniform

TRACKS = 4 << 40
STEPS = [(0, 1), (1, 0), (1, 1), (1, -1), (0, -1), (-1, 0), (-1, -1), (-1, 1)]

CASES = {
    "plain": {"field": {"rows": 180, "columns": 230, "stars": 90, "height": 30.0}, "tracks": 60, "sky": 0.0},
    "sky and mask": {"field": {"rows": 170, "columns": 210, "stars": 200, "height": 20.0}, "tracks": 80,
                     "sky": 300.0, "mask": True},
}


def hit(image, tracks):
    rows, columns = image.shape
    for track in range(tracks):
        u, v, w, s, t = uniform(TRACKS + 5 * track, 5)
        row, column, (down, right) = int(u * rows), int(v * columns), STEPS[int(w * 8)]
        charge = np.float32(150.0 + 3000.0 * t * t)
        for _ in range(1 + int(s * 9)):
            if 0 <= row < rows and 0 <= column < columns:
                image[row, column] += charge
            row, column = row + down, column + right


def answer(case):
    image, variance, mask = scene(**case["field"])
    image += np.float32(case["sky"])
    hit(image, case["tracks"])
    found, _ = astroscrappy.detect_cosmics(
        image, inmask=mask if case.get("mask") else None, invar=variance, sigclip=4.5, sigfrac=0.3,
        objlim=5.0, gain=1.0, readnoise=0.0, satlevel=np.inf, niter=4, sepmed=True,
        cleantype="meanmask", fsmode="median")
    return case | {"found": np.flatnonzero(found).tolist()}


def main():
    made = {name: answer(case) for name, case in CASES.items()}
    pathlib.Path(sys.argv[1]).write_text(json.dumps(made, separators=(",", ":")) + "\n")
    print({name: len(case["found"]) for name, case in made.items()})


main()
