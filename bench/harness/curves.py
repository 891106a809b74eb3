"""How cost grows, and what each kernel reaches: our own figures, without peers."""
from dataclasses import dataclass

from harness.commands import SHAPES, google_benchmark


@dataclass
class Curve:
    title: str
    program: str
    pattern: str  # of benchmark names
    x: str        # the argument that is varied
    seconds: float  # expected


CURVES = [
    Curve("rollout, by sequences decoded together", "rollout_bench", "^Rollout/shape:[12]/", "batch", 120),
    Curve("rollout, by model (parameters), 32 sequences", "rollout_bench", "^Rollout/shape:./batch:32/", "parameters", 130),
    Curve("rollout of the long-tailed workload S2", "rollout_bench", "^LongTailed/", "threads", 40),
    Curve("decoding, by prompt length, 16 sequences", "rollout_bench", "^DecodeByLength/", "length", 150),
    Curve("prefill, by prompt length", "rollout_bench", "^Prefill/", "length", 120),
    Curve("rollout, by group size, 64 sequences of 256 + 64 tokens", "rollout_bench", "^RolloutByGroupSize/", "group", 30),
    Curve("learner, by sequence length, 8,192 tokens", "grpo_bench", "^LearnerByLength/", "length", 180),
    Curve("learner, by group size, 64 sequences of 256 + 64 tokens", "grpo_bench",
          "^LearnerByGroupSize/.*/shared:1", "group", 70),
    Curve("learner, by group size, no prompt shared (the same sequences as groups of one)", "grpo_bench",
          "^LearnerByGroupSize/.*/shared:0", "group", 90),
    Curve("learner, by model (parameters), groups of 8", "grpo_bench", "^Learner/shape:./group:8/kl:0/", "parameters", 120),
]
QUICK = {"rollout, by sequences decoded together": "^Rollout/shape:1/batch:(1|32)/",
         "learner, by group size, 64 sequences of 256 + 64 tokens":
         "^LearnerByGroupSize/shape:1/group:(1|64)/shared:1",
         "learner, by group size, no prompt shared (the same sequences as groups of one)":
         "^LearnerByGroupSize/shape:1/group:(1|64)/shared:0"}


def measure_curve(curve, settings):
    """Tokens a second at each point, and the cost a token relative to the first point."""
    pattern = QUICK[curve.title] if settings.quick else curve.pattern
    found, _ = google_benchmark(curve.program, pattern, 2, settings.seconds / 2)
    rows = []
    for r in found:
        x = int(r["parameters"]) if curve.x == "parameters" else r["args"][curve.x]
        rows.append({"figure": "curve", "curve": curve.title, "model": SHAPES[r["args"]["shape"]],
                     "shape": f"{curve.x} {x}", "x": x, "threads": r["args"].get("threads", 1), "unit": "tokens/s",
                     "ours": r["tokens/s"]})
    return sorted(rows, key=lambda row: (SHAPES.index(row["model"]) if curve.x != "parameters" else 0,
                                         row["threads"], row["x"]))


def measure_peaks(settings):
    """Peaks of one core: multiply-adds in FLOP/s, and reads in bytes a second by buffer size in KiB."""
    found, context = google_benchmark("kernels_bench", "^(MultiplyAddPeak|StreamRead)", 1, 0.5)
    flops = next(r["FLOP/s"] for r in found if "FLOP/s" in r)
    return flops, {r["args"]["KiB"]: r["bytes_per_second"] for r in found if "KiB" in r["args"]}, context["simd"]


def measure_kernels(settings):
    """Every benchmark of kernels_bench but the peaks."""
    pattern = "^(MatMul|Head).*shape:1" if settings.quick else "-^(MultiplyAddPeak|StreamRead)"
    found, _ = google_benchmark("kernels_bench", pattern, 1, 0.05 if settings.quick else 0.3)
    rows = []
    for r in found:
        is_flops = "FLOP/s" in r
        rows.append({"figure": "kernel", "model": SHAPES[r["args"]["shape"]] if "shape" in r["args"] else "",
                     "shape": r["name"], "label": r.get("label", ""), "threads": 1,
                     "unit": "GFLOP/s" if is_flops else "GB/s",
                     "ours": r["FLOP/s" if is_flops else "bytes_per_second"] / 1e9,
                     "share_of_peak": r.get("share_of_peak"), "args": r["args"]})
    return rows
