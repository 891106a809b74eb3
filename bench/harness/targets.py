"""Holds rows against bench/targets.json."""
import json

from harness.machine import ROOT

KEYS = ("figure", "model", "shape", "threads")


def load():
    return json.loads((ROOT / "bench" / "targets.json").read_text())["targets"]


def judge(row, targets):
    """The row with target, target_is ("ratio" or "value"), stretch, limit and met, where it has a target."""
    for target in targets:
        same = all(row.get(key) == target[key] for key in KEYS)
        if not same or ("ratio" in target and target["against"] != row.get("against")):
            continue
        kind = "ratio" if "ratio" in target else "value"
        row |= {"target": target[kind], "target_is": kind, "stretch": target.get("stretch"), "limit": target.get("limit")}
        reached = row.get("ratio") if kind == "ratio" else row.get("ours")
        if reached is not None:
            row["met"] = reached >= target[kind] if kind == "ratio" else reached <= target[kind]
    return row
