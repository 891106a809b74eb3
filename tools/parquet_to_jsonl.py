#!/usr/bin/env python3
"""Converts a Parquet file to JSONL, a batch of rows at a time: parquet_to_jsonl.py IN.parquet OUT.jsonl

Needs pyarrow. For machines where r1zero was built without Apache Arrow (docs/data.md).
"""
import json
import sys

import pyarrow.parquet


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source = pyarrow.parquet.ParquetFile(sys.argv[1])
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        for batch in source.iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


if __name__ == "__main__":
    main()
