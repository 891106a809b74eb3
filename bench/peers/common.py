"""What the peers share: arguments, threads, the workloads, timing, and one JSON object a line as output.

Import it before torch: it fixes the number of threads that torch starts with.
"""
import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

# For whoever starts a peer. glibc keeps freed memory instead of handing it back to the system, which
# spares torch thousands of page faults a step; Hugging Face's libraries stay offline and quiet.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(16 << 30), "MALLOC_TOP_PAD_": str(256 << 20),
    "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1"}


@dataclass
class Work:
    """The workload of one GRPO step, as bench/workload.h has it."""
    prompts: int = 16
    group_size: int = 8
    prompt_tokens: int = 64
    completion_tokens: int = 64  # of each, or the most where lengths are given
    lengths: list = field(default_factory=list)  # one a completion, end token included

    @property
    def sequences(self):
        return self.prompts * self.group_size


def workload(name):
    if name == "S1":
        return Work()
    recorded = json.loads((Path(__file__).parent.parent / "data" / "s2_lengths.json").read_text())["lengths"]
    return Work(16, 16, 256, 256, [length for group in recorded for length in group])


def arguments(description):
    """The parser with what every peer takes; add to it, then call start()."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="T1", help="a shape of models.py")
    parser.add_argument("--models", default=os.path.join(tempfile.gettempdir(), "r1zero-bench-models"),
                        help="folder of the random checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2, help="measure each figure for at least so long")
    return parser


def start(parser, argv=None):
    """Parses, and sets torch's threads before it is imported anywhere."""
    args = parser.parse_args(argv)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(args.threads)
    import torch
    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    return args


def median_seconds(work, seconds, warmup=1, least=2):
    """Of work(), after `warmup` calls, over at least `least` calls and `seconds` seconds."""
    for _ in range(warmup):
        work()
    samples = []
    while len(samples) < least or sum(samples) < seconds:
        begin = time.perf_counter()
        work()
        samples.append(time.perf_counter() - begin)
    return statistics.median(samples)


def emit(args, figure, shape, peer, measure):
    """Prints what measure() returns, a dict with `value` and `unit`; or its error: a peer that fails is a row too."""
    row = {"figure": figure, "model": args.model, "shape": shape, "threads": args.threads, "peer": peer}
    try:
        row |= measure()
    except Exception as error:  # whatever a library may throw
        row["error"] = f"{type(error).__name__}: {str(error)[:200]}"
    print(json.dumps(row), flush=True)
