"""One figure measured for ours and for its peers in turns: A/B/A/B."""
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable

from harness.processes import CommandFailed


@dataclass
class Side:
    """Something that measures: returns rows {shape, value, unit, [peer], [phases], [error]}."""
    name: str
    measure: Callable[[], list]
    seconds: float = 10  # that one call is expected to take


@dataclass
class Comparison:
    figure: str
    model: str
    threads: int
    ours: Side
    peers: list = field(default_factory=list)
    lower_is_better: bool = False
    peer_shape: dict = field(default_factory=dict)  # our shape -> the peers' shape, where they differ
    rounds: int = 0  # 0: as the command line says

    def estimate(self, rounds):
        return (self.rounds or rounds) * (self.ours.seconds + sum(side.seconds for side in self.peers))


class Samples:
    """What each round gave, by (name, shape)."""

    def __init__(self):
        self.values, self.units, self.phases, self.errors = {}, {}, {}, {}

    def add(self, name, row):
        key = (row.get("peer", name), row["shape"])
        if "error" in row:
            self.errors[key] = row["error"]
            return
        self.values.setdefault(key, []).append(row["value"])
        self.units[row["shape"]] = row["unit"]
        for phase, seconds in row.get("phases", {}).items():
            self.phases.setdefault(key, {}).setdefault(phase, []).append(seconds)

    def median_phases(self, key):
        return {phase: statistics.median(seconds) for phase, seconds in self.phases[key].items()}

    def take(self, side, shapes):
        try:
            for row in side.measure():
                self.add(side.name, row)
        except (CommandFailed, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            print(f"{side.name}: {error}", file=sys.stderr)
            for shape in shapes or ["all"]:
                self.errors[(side.name, shape)] = f"{type(error).__name__}: {error}"

    def shapes_of(self, name):
        found = {shape: None for key in (self.values, self.errors) for peer, shape in key if peer == name}
        return list(found)


def measure(comparison, rounds, log):
    """The comparison's rows, one a shape and group of peers (TRL and the loop are held apart)."""
    ours, peers = Samples(), Samples()
    for number in range(comparison.rounds or rounds):
        log(f"round {number + 1}: ours")
        ours.take(comparison.ours, [])
        shapes = [comparison.peer_shape.get(s, s) for s in ours.shapes_of(comparison.ours.name)]
        for side in comparison.peers:
            log(f"round {number + 1}: {side.name}")
            peers.take(side, shapes)
    rows = []
    for shape in ours.shapes_of(comparison.ours.name):
        rows += rows_of(comparison, shape, ours, peers)
    return rows


def rows_of(comparison, shape, ours, peers):
    key = (comparison.ours.name, shape)
    row = {"figure": comparison.figure, "model": comparison.model, "shape": shape, "threads": comparison.threads,
           "unit": ours.units.get(shape), "lower_is_better": comparison.lower_is_better, "ours": None}
    if key not in ours.values:
        return [row | {"error": "ours: " + ours.errors[key]}]
    row |= {"ours": statistics.median(ours.values[key]), "ours_samples": ours.values[key]}
    if key in ours.phases:
        row["phases"] = ours.median_phases(key)
    if not comparison.peers:
        return [row]
    return [row | against(comparison, row["ours"], peers, group, comparison.peer_shape.get(shape, shape))
            for group in groups_of(comparison.figure)]


def groups_of(figure):
    """Steps and starts are held against each peer by itself, all else against the strongest."""
    return ["TRL", "tuned loop"] if figure in ("step", "start") else ["any"]


def against(comparison, ours, peers, group, shape):
    of_group = lambda key: key[1] == shape and (group == "any" or key[0].startswith(group))
    medians = {key[0]: statistics.median(v) for key, v in peers.values.items() if of_group(key)}
    errors = {key[0]: e for key, e in peers.errors.items() if of_group(key) or key[1] == "all"}
    row = {"against": group, "peer": None, "peer_name": None, "ratio": None, "peers": medians,
           "peer_samples": {key[0]: v for key, v in peers.values.items() if of_group(key)}}
    if errors:
        row["error"] = "; ".join(f"{name}: {error}" for name, error in errors.items())
    if not medians:
        return row
    best = (min if comparison.lower_is_better else max)(medians, key=medians.get)
    ratio = medians[best] / ours if comparison.lower_is_better else ours / medians[best]
    row |= {"peer": medians[best], "peer_name": best, "ratio": ratio}
    if (best, shape) in peers.phases:
        row["peer_phases"] = peers.median_phases((best, shape))
    return row
