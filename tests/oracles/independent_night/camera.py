#!/usr/bin/env python3
"""A camera file for a night made by the independent simulator: the built-in ztf camera with the
pocket parameters that the simulator drew (NIGHT/truth/truth.json).

    python3 camera.py NIGHT > camera.toml
"""
import json
import pathlib
import sys

INSTRUMENTS = pathlib.Path(__file__).resolve().parents[3] / "core" / "instruments"


def main():
    truth = json.loads((pathlib.Path(sys.argv[1]) / "truth" / "truth.json").read_text())
    parts = ["ztf.toml", "ztf/linearity_2018_03.toml", "ztf/linearity_2019_10.toml",
             "ztf/linearity_2020_04.toml"]
    text = "".join((INSTRUMENTS / part).read_text() for part in parts)
    rows = []
    pocket = {(int(ccd), int(q)): v["pocket"] for ccd, qs in truth["ccds"].items() for q, v in qs.items()}
    some = next(iter(pocket.values()))
    for ccd in range(1, 17):
        for quadrant in range(1, 5):
            p = pocket.get((ccd, quadrant), some)
            rows.append(f"  {{ detector = {ccd}, amp = {quadrant}, alpha = {p['alpha']!r}, "
                        f"cmax = {p['cmax']!r}, beta = {p['beta']!r}, nmax = {p['nmax']!r} }},")
    print(text)
    print('[[pocket]]\nsource = "truth.json of the simulated night"\nfrom = "2019-10-22"\nrows = [')
    print("\n".join(rows))
    print("]")


if __name__ == "__main__":
    main()
