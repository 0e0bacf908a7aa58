"""Compares what `rawsky inspect --json` says of FITS and parquet files with astropy and pyarrow.

    python compare.py FOLDER [--rawsky PROGRAM]

Every file below FOLDER that either side can open is compared: kinds of HDUs, shapes, number of NaN,
least and greatest value (exactly), mean (1e-9 of the largest absolute value; sums are in float64 on
both sides, in another order). A file or HDU that neither side reads is no difference. Files that rawsky
refuses on purpose and astropy reads are those of ON_PURPOSE. The exit code is 1 if any other file differs.
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
# A checksum that does not fit, a file that says it is no standard FITS, a packing that is not supported.
ON_PURPOSE = ("needed 00000000 and", "SIMPLE is F", "whole-file bzip2 is not supported")
NAMES = (".fits", ".fit", ".fz", ".gz", ".z", ".bz2", ".parquet")


def inspected(program, path):
    """The report, or the error's text."""
    done = subprocess.run([program, "inspect", path, "--json"], capture_output=True, text=True)
    if done.returncode:
        return None, (done.stderr or done.stdout).strip().splitlines()[-1:]
    return json.loads(done.stdout), None


def of_astropy(path):
    """What astropy makes of every HDU; the reason stands for an HDU that it cannot read."""
    def one(index, hdu):
        try:
            return describe(path, index, hdu)
        except Exception as error:
            return {"refused": reason(error)}

    try:
        with fits.open(path, memmap=False) as hdus:
            return [one(index, hdu) for index, hdu in enumerate(hdus)], None
    except Exception as error:
        return None, reason(error)


def reason(error):
    return f"{type(error).__name__}: {error}".splitlines()[0]


def differences(report, needed):
    if len(report["hdus"]) != len(needed):
        yield f"{len(report['hdus'])} HDUs, needed {len(needed)}"
    for found, want in zip(report["hdus"], needed):
        place = f"HDU {found['index']}"
        if want.get("refused") or found.get("error"):
            if bool(want.get("refused")) != bool(found.get("error")):
                yield f"{place}: rawsky: {found.get('error')}, astropy: {want.get('refused')}"
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
    count = dict.fromkeys(["equal", "refused by both", "refused on purpose", "different"], 0)
    for path in paths(options.folder):
        report, error = reports[path] if reports else inspected(options.rawsky, path)
        verdict, lines = compared(path, report, error)
        count[verdict] += 1
        for line in lines:
            print(f"{path}: {verdict}: {line}")
    print(", ".join(f"{number} {verdict}" for verdict, number in count.items()))
    return count["different"] != 0


def paths(folder):
    for root, _, names in sorted(os.walk(folder)):
        yield from (os.path.join(root, name) for name in sorted(names) if name.lower().endswith(NAMES))


def compared(path, report, error):
    """A verdict, and what there is to say of it."""
    if path.endswith(".parquet"):
        lines = [error] if error else list(of_parquet(report, path))
        return ("different", lines) if lines else ("equal", [])
    needed, why = of_astropy(path)
    unread = [hdu["refused"] for hdu in needed or [] if "refused" in hdu]
    if error and (why or unread):
        return "refused by both", [f"rawsky: {error}", f"astropy: {why or unread}"]
    if error:
        return ("refused on purpose" if any(words in str(error) for words in ON_PURPOSE) else "different"), [error]
    if why:
        return "different", [f"only rawsky opens it: {why}"]
    lines = list(differences(report, needed))
    if lines:
        return "different", lines
    told = [str(hdu["error"]) for hdu in report["hdus"] if hdu.get("error")]
    return ("refused by both", [f"rawsky: {told}", f"astropy: {unread}"]) if told else ("equal", [])


if __name__ == "__main__":
    sys.exit(main())
