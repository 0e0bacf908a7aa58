#!/usr/bin/env python3
"""Writes the color tables of the core: 256 colors as rrggbb, eight to a line,
with lines of comment that begin with #.

    python3 colour_maps.py FOLDER

viridis, magma and cividis are matplotlib's (made with 3.11.2). The diverging one is made here: two
hues of CIELAB whose lightness is the same at the same distance from the middle.
"""
import math
import pathlib
import sys

import matplotlib

CC0 = "CC0-1.0, by Nathaniel Smith and Stefan van der Walt (2015), as in matplotlib"
NOTES = {
    "viridis": CC0 + " (and Eric Firing)",
    "magma": CC0,
    "cividis": "by J. R. Nunez, C. R. Anderton, R. S. Renslow (2018), PLoS ONE 13, e0199239,\n"
               "# as in matplotlib (matplotlib license, BSD compatible)",
    "diverging": "made for this project with tests/oracles/display/colour_maps.py, under its license",
}

WHITE = (0.95047, 1.0, 1.08883)
LIGHT, DARK = 96.0, 32.0
BLUE_DEG, RED_DEG = 282.0, 38.0
MOST_CHROMA = 42.0


def linear_rgb(lightness, chroma, hue_deg):
    """Linear sRGB of a CIELAB color (D65)."""
    hue = math.radians(hue_deg)
    fy = (lightness + 16) / 116
    parts = (fy + chroma * math.cos(hue) / 500, fy, fy - chroma * math.sin(hue) / 200)
    x, y, z = (w * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
               for w, f in zip(WHITE, parts))
    return (3.2404542 * x - 1.5371385 * y - 0.4985314 * z,
            -0.9692660 * x + 1.8760108 * y + 0.0415560 * z,
            0.0556434 * x - 0.2040259 * y + 1.0572252 * z)


def encoded(part):
    value = 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
    return round(255 * value)


def diverging():
    colors = []
    for index in range(256):
        away = abs(index - 127.5) / 127.5
        lightness = LIGHT + (DARK - LIGHT) * away
        hue = BLUE_DEG if index < 128 else RED_DEG
        color = linear_rgb(lightness, MOST_CHROMA * math.sin(math.pi / 2 * away), hue)
        assert all(-1e-9 <= part <= 1 + 1e-9 for part in color), f"{index} is no sRGB color"
        colors.append(tuple(encoded(part) for part in color))
    return colors


def of_matplotlib(name):
    table = matplotlib.colormaps[name].resampled(256)
    return [tuple(round(255 * part) for part in table(index)[:3]) for index in range(256)]


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, note in NOTES.items():
        colors = diverging() if name == "diverging" else of_matplotlib(name)
        words = ["%02x%02x%02x" % color for color in colors]
        lines = [" ".join(words[at:at + 8]) for at in range(0, 256, 8)]
        (folder / f"{name}.txt").write_text(f"# {name}: {note}\n" + "\n".join(lines) + "\n")


main()
