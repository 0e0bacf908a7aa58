"""Compares what `rawsky inspect --json` says of FITS and parquet files with astropy and pyarrow.

    python compare.py FOLDER [--rawsky PROGRAM]

Every file below FOLDER that either side can open is compared: kinds of HDUs, shapes, number of NaN,
least and greatest value (exactly), mean (1e-9 of the largest absolute value; sums are in float64 on
both sides, in another order). A file that only one side opens is listed with the reason.
"""

import argparse
import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pyarrow.parquet as pq
from astropy.io import fits

from make import describe

warnings.simplefilter("ignore")
NAMES = (".fits", ".fit", ".fz", ".gz", ".z", ".bz2", ".parquet")


def inspected(program, path):
    """The report, or the error's text."""
    done = subprocess.run([program, "inspect", path, "--json"], capture_output=True, text=True)
    if done.returncode:
        return None, (done.stderr or done.stdout).strip().splitlines()[-1:]
    return json.loads(done.stdout), None


def of_astropy(path):
    try:
        with fits.open(path, memmap=False) as hdus:
            return [describe(path, index, hdu) for index, hdu in enumerate(hdus)], None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}".splitlines()[0]


def differences(report, needed):
    if len(report["hdus"]) != len(needed):
        yield f"{len(report['hdus'])} HDUs, needed {len(needed)}"
    for found, want in zip(report["hdus"], needed):
        place = f"HDU {found['index']}"
        if found.get("error"):
            yield f"{place}: {found['error']}"
            continue
        if found["kind"] != want["kind"]:
            yield f"{place}: {found['kind']}, needed {want['kind']}"
            continue
        if want["kind"] != "image":
            continue
        image = found["image"]
        for key in ["shape", "nan", "min", "max"]:
            if image[key] != want[key]:
                yield f"{place}: {key} {image[key]}, needed {want[key]}"
        if (image["mean"] is None) != (want["mean"] is None):
            yield f"{place}: mean {image['mean']}, needed {want['mean']}"
        elif want["mean"] is not None:
            size = max(abs(want["min"]), abs(want["max"]))
            if abs(image["mean"] - want["mean"]) > 1e-9 * size:
                yield f"{place}: mean {image['mean']}, needed {want['mean']}"


def of_parquet(report, path):
    table = pq.read_table(path)
    if report["table"]["rows"] != table.num_rows:
        yield f"{report['table']['rows']} rows, needed {table.num_rows}"
    left_out = " ".join(w["text"] for w in report["table"]["warnings"] if w["kind"] == "column-left-out")
    names = {column["name"]: column for column in report["table"]["columns"]}
    for name in table.column_names:
        if name not in names:
            if f"column {name} " not in left_out:
                yield f"column {name} is not told of"
            continue
        if names[name]["type"] == "text":
            continue
        values = np.asarray(table[name].to_pandas(), dtype="f8")
        finite = values[np.isfinite(values)]
        for key, function in [("min", np.min), ("max", np.max)]:
            want = float(function(finite)) if finite.size else None
            if names[name][key] != want:
                yield f"column {name}: {key} {names[name][key]}, needed {want}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--rawsky", default="rawsky")
    parser.add_argument("--reports", help="JSON lines of path and report, instead of the program")
    options = parser.parse_args()
    reports = {}
    if options.reports:
        for line in open(options.reports):
            line = json.loads(line)
            failed = line["report"].get("failed")
            reports[line["path"]] = (None, failed) if failed else (line["report"], None)
    equal, other = 0, 0
    for root, _, names in sorted(os.walk(options.folder)):
        for name in sorted(names):
            path = os.path.join(root, name)
            if not name.lower().endswith(NAMES):
                continue
            report, error = reports[path] if reports else inspected(options.rawsky, path)
            if name.endswith(".parquet"):
                lines = [error] if error else list(of_parquet(report, path))
            else:
                needed, why = of_astropy(path)
                if error and why:
                    print(f"both refuse {path}\n    rawsky: {error}\n    astropy: {why}")
                    continue
                if error or why:
                    lines = [f"only astropy opens it: {error}" if error else f"only rawsky opens it: {why}"]
                    lines += [str(h.get("error")) for h in (report or {}).get("hdus", []) if h.get("error")]
                else:
                    lines = list(differences(report, needed))
            equal, other = equal + (not lines), other + bool(lines)
            for line in lines:
                print(f"{path}: {line}")
    print(f"{equal} files equal, {other} not")
    return other != 0


if __name__ == "__main__":
    sys.exit(main())
