"""How cost grows, and what each kernel reaches: our own figures, without peers."""
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.commands import SHAPES, google_benchmark
from harness.machine import CORES
from harness.peaks import MULTIPLY_ADDS
from harness.processes import CommandFailed


@dataclass
class Curve:
    title: str
    program: str
    pattern: str  # of benchmark names
    x: str        # the argument that is varied
    seconds: float  # expected
    figure: str = "curve"  # of its rows; decode and prefill are figures of their own
    models: tuple = ()  # that there are, where the pattern has {shapes}


CURVES = [
    Curve("rollout, by sequences decoded together", "rollout_bench", "^Rollout/shape:[12]/", "batch", 120),
    Curve("rollout, by model (parameters), 32 sequences", "rollout_bench", "^Rollout/shape:./batch:32/", "parameters", 130),
    Curve("rollout of the long-tailed workload S2", "rollout_bench", "^LongTailed/", "threads", 40),
    Curve("decoding, by prompt length, 16 sequences", "rollout_bench", "^DecodeByLength/shape:({shapes})/", "length", 150,
          "decode", ("T1", "T5")),
    Curve("prefill, by prompt length", "rollout_bench", "^Prefill/shape:({shapes})/", "length", 120,
          "prefill", ("T1", "T5", "SmolLM2")),
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
         "^LearnerByGroupSize/shape:1/group:(1|64)/shared:0",
         "decoding, by prompt length, 16 sequences": "^DecodeByLength/shape:1/length:(64|256)/",
         "prefill, by prompt length": "^Prefill/shape:1/length:(64|256)/"}


def wanted(figures, models, quick):
    """The curves of these figures: `curves` are all of them, `decode` and `prefill` those of these models."""
    found = []
    for curve in CURVES:
        own = curve.figure in figures and (not curve.models or set(models) & set(curve.models))
        if ("curves" in figures or own) and (not quick or curve.title in QUICK):
            found.append(curve)
    return found


def pattern_of(curve, models, quick):
    if quick:
        return QUICK[curve.title]
    of = [m for m in curve.models if m in models] or curve.models
    return curve.pattern.replace("{shapes}", "|".join(str(SHAPES.index(m)) for m in of))


def row_of(curve, r):
    """One point; where it failed it has an `error`, and no `x` if that was to be found by running it."""
    x = r["args"].get(curve.x, r.get(curve.x))
    row = {"figure": curve.figure, "curve": curve.title, "model": SHAPES[r["args"]["shape"]],
           "shape": r["name"] if x is None else f"{curve.x} {int(x)}", "threads": r["args"].get("threads", 1),
           "unit": "tokens/s", "ours": r.get("tokens/s")}
    return row | ({} if x is None else {"x": int(x)}) | ({"ours": None, "error": r["error"]} if "error" in r else {})


def measure_curve(curve, models, settings):
    """Tokens a second at each point; a point that failed, or a curve, has a row with its error."""
    try:
        found, _ = google_benchmark(curve.program, pattern_of(curve, models, settings.quick), 2, settings.seconds / 2)
    except (CommandFailed, ValueError) as error:
        return [{"figure": curve.figure, "curve": curve.title, "model": "", "shape": "all", "threads": 0,
                 "unit": "tokens/s", "ours": None, "error": str(error)}]
    return sorted((row_of(curve, r) for r in found), key=lambda row: (
        SHAPES.index(row["model"]) if curve.x != "parameters" else 0, row["threads"], row.get("x", 0)))


def measure_peaks(cores=1):
    """Peaks of one core: multiply-adds in FLOP/s, and reads in bytes a second by buffer size in KiB."""
    found, context = google_benchmark("kernels_bench", "^(MultiplyAddPeak|StreamRead)", cores, 0.5)
    failed = [r["error"] for r in found if "error" in r]
    if failed:
        raise CommandFailed(failed[0])
    flops = next(r["FLOP/s"] for r in found if "FLOP/s" in r)
    return flops, {r["args"]["KiB"]: r["bytes_per_second"] for r in found if "KiB" in r["args"]}, context["simd"]


def peak_rows(prefix, peaks):
    """Of several cores' peaks the least."""
    rows = [{"figure": "peak", "shape": prefix + MULTIPLY_ADDS, "ours": min(p[0] for p in peaks) / 1e9, "unit": "GFLOP/s"}]
    return rows + [{"figure": "peak", "shape": f"{prefix}read, {kib} KiB", "ours": min(p[1][kib] for p in peaks) / 1e9,
                    "unit": "GB/s"} for kib in peaks[0][1]]


def measure_peaks_at_once():
    """The same of each of all cores while the others do it too: what they share shows here."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda core: measure_peaks([core]), CORES))


def kernel_row(r):
    is_flops = "FLOP/s" in r
    rate = r.get("FLOP/s" if is_flops else "bytes_per_second")
    row = {"figure": "kernel", "model": SHAPES[r["args"]["shape"]] if "shape" in r["args"] else "",
           "shape": r["name"], "label": r.get("label", ""), "threads": 1, "unit": "GFLOP/s" if is_flops else "GB/s",
           "ours": rate / 1e9 if rate else None, "share_of_peak": r.get("share_of_peak"), "args": r["args"]}
    return row | ({"ours": None, "error": r["error"]} if "error" in r else {})


def measure_kernels(settings):
    """Every benchmark of kernels_bench but the peaks; one that failed has a row with its error."""
    pattern = "^(MatMul|Head).*shape:1" if settings.quick else "-^(MultiplyAddPeak|StreamRead)"
    try:
        found, _ = google_benchmark("kernels_bench", pattern, 1, 0.05 if settings.quick else 0.3)
    except (CommandFailed, ValueError) as error:
        return [{"figure": "kernel", "model": "", "shape": "all", "label": "", "threads": 1, "unit": "GFLOP/s",
                 "ours": None, "share_of_peak": None, "args": {}, "error": str(error)}]
    return [kernel_row(r) for r in found]
