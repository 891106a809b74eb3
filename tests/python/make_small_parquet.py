"""Writes tests/data/small.parquet: six rows as verl has them, the fifth without an answer.

Needs pyarrow. make_small_parquet.py OUT.parquet
"""
import sys

import pyarrow as pa
import pyarrow.parquet as pq

message = pa.struct([("content", pa.string()), ("role", pa.string())])
extra = pa.struct([("index", pa.int64()), ("big", pa.uint64()), ("half", pa.float64()), ("right", pa.bool_()),
                   ("kind", pa.dictionary(pa.int8(), pa.string())), ("list", pa.list_(pa.int32())), ("none", pa.string())])
schema = pa.schema([("data_source", pa.string()), ("prompt", pa.list_(message)), ("ability", pa.string()),
                    ("reward_model", pa.struct([("ground_truth", pa.string()), ("style", pa.string())])),
                    ("extra_info", extra), ("image", pa.binary())])


def row(i):
    return {"data_source": "tests", "ability": "none", "image": b"\xff\x00",
            "prompt": [{"role": "user", "content": f'q{i} "\u00e9" \\ \n\x01'}],
            "reward_model": {"style": "rule", "ground_truth": None if i == 4 else str(i)},
            "extra_info": {"index": i, "big": 2**64 - 1, "half": i / 2, "right": True,
                           "kind": ["even", "odd"][i % 2], "list": list(range(i)), "none": None}}


table = pa.Table.from_pylist([row(i) for i in range(6)], schema=schema)
pq.write_table(table, sys.argv[1], row_group_size=4, compression="snappy")
