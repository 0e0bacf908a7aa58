#!/usr/bin/env python3
"""One small table, written by the programs that users have, in the ways that they offer: the files
that core/src/formats/parquet/tests.rs reads.

    pip install pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.0 fastparquet==2026.9.0
    python3 make.py ../../../core/src/formats/parquet/fixtures
"""
import datetime
import decimal
import pathlib
import sys

import duckdb
import fastparquet
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet

ROWS = 40


def columns():
    rows = range(ROWS)
    return {
        "id": pyarrow.array([4295806720123456700 + i for i in rows], pyarrow.int64()),
        "ra": pyarrow.array([10.0 + i / 7 for i in rows], pyarrow.float64()),
        "mag": pyarrow.array([None if i % 7 == 3 else i / 4 for i in rows], pyarrow.float32()),
        "gap": pyarrow.array([None if i % 5 == 2 else i - 20 for i in rows], pyarrow.int32()),
        "name": pyarrow.array([None if i % 11 == 4 else f"α{i % 6}" for i in rows], pyarrow.string()),
        "good": pyarrow.array([i % 3 == 0 for i in rows], pyarrow.bool_()),
        "u8": pyarrow.array([250 if i == 9 else i for i in rows], pyarrow.uint8()),
        "i16": pyarrow.array([-300 * i for i in rows], pyarrow.int16()),
        "u32": pyarrow.array([4294967295 - i for i in rows], pyarrow.uint32()),
        "u64": pyarrow.array([2**63 + 2**40 if i == 1 else i for i in rows], pyarrow.uint64()),
        "when": pyarrow.array([datetime.datetime(2020, 1, 1 + i % 9) for i in rows],
                              pyarrow.timestamp("ms")),
        "cost": pyarrow.array([decimal.Decimal(i) / 4 for i in rows], pyarrow.decimal128(9, 2)),
        "list": pyarrow.array([[i, i] if i % 2 else None for i in rows], pyarrow.list_(pyarrow.int64())),
        "inner": pyarrow.array([{"a": i} for i in rows], pyarrow.struct([("a", pyarrow.int64())])),
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    table = pyarrow.table(columns())
    flat = table.drop_columns(["list", "inner"])
    simple = flat.drop_columns(["cost"])

    def arrow(name, table=table, **options):
        pyarrow.parquet.write_table(table, folder / f"pyarrow_{name}.parquet", **options)

    arrow("default")
    arrow("v2_gzip", data_page_version="2.0", compression="gzip", row_group_size=16, use_dictionary=False)
    arrow("v2_dictionary_lz4", data_page_version="2.0", compression="lz4", row_group_size=30)
    arrow("plain_none", compression="none", use_dictionary=False, data_page_size=64, write_batch_size=8)
    packings = {"id": "DELTA_BINARY_PACKED", "gap": "DELTA_BINARY_PACKED", "ra": "BYTE_STREAM_SPLIT",
                "mag": "BYTE_STREAM_SPLIT", "good": "RLE", "name": "DELTA_BYTE_ARRAY",
                "i16": "BYTE_STREAM_SPLIT"}
    for version in ["1.0", "2.0"]:
        arrow(f"packings_{version[0]}", flat, use_dictionary=False, column_encoding=packings,
              data_page_version=version, compression="snappy")
    arrow("lengths", flat, use_dictionary=False, column_encoding={"name": "DELTA_LENGTH_BYTE_ARRAY"})
    arrow("zstd", simple, compression="zstd")
    arrow("brotli", simple, compression="brotli")
    frame = simple.to_pandas().astype({"gap": "Int32"})
    frame.to_parquet(folder / "pandas.parquet")
    fastparquet.write(folder / "fastparquet.parquet", frame, compression="GZIP")
    for compression in ["snappy", "uncompressed"]:
        path = folder / f"polars_{compression}.parquet"
        polars.from_arrow(flat).write_parquet(path, compression=compression)
    stars = table  # noqa: F841, duckdb finds it by its name
    for version in ["V1", "V2"]:
        path = folder / f"duckdb_{version.lower()}.parquet"
        duckdb.sql(f"copy (from stars) to '{path}' (format parquet, parquet_version {version})")


if __name__ == "__main__":
    main()
