"""The command line of bench/run."""
import argparse
import sys
from pathlib import Path

from harness import machine
from harness.commands import SHAPES

TABLE = ["rollout", "learner", "step", "scaling", "orchestration", "start", "demo"]
OWN = ["decode", "prefill", "kernels", "curves"]
PROGRAMS = ("kernels_bench", "rollout_bench", "grpo_bench", "r1zero", "r1zero-learner")


def parser(description):
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--peers", action="store_true", help="measure the Python peers too")
    p.add_argument("--python", default=sys.executable, help="a Python with torch, transformers and trl")
    p.add_argument("--figures", help="default: the table, with --quick without demo; 'all'; or some of: " + ", ".join(TABLE + OWN))
    p.add_argument("--models", help="default: T1,T5,SmolLM2; with --quick T1; or some of: " + ", ".join(SHAPES))
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--seconds", type=float, default=2, help="measure a figure for at least so long a round")
    p.add_argument("--quick", action="store_true", help="few and short measurements, one round: a trial")
    p.add_argument("--json", help="write the rows here")
    return p


def parse(p, argv=None):
    """What the command line says by itself; check_machine() is about where it runs."""
    args = p.parse_args(argv)
    if args.figures is None:
        args.figures = ",".join(TABLE[:-1] if args.quick else TABLE)
    args.figures = TABLE + OWN if args.figures == "all" else args.figures.split(",")
    args.models = (args.models or ("T1" if args.quick else "T1,T5,SmolLM2")).split(",")
    for name, given, known in (("figures", args.figures, TABLE + OWN), ("models", args.models, SHAPES)):
        unknown = [repr(value) for value in given if value not in known]
        if unknown:
            p.error(f"--{name}: found {', '.join(unknown)}, expected some of {','.join(known)}")
    if not all(t.isdigit() and int(t) >= 1 for t in args.threads.split(",")):
        p.error(f"--threads {args.threads}: expected numbers from 1, such as 1,2")
    args.threads = [int(t) for t in args.threads.split(",")]
    if args.rounds < 1 or args.seconds < 0:
        p.error(f"--rounds {args.rounds} --seconds {args.seconds}: expected at least 1 round and 0 seconds")
    if args.json and not Path(args.json).resolve().parent.is_dir():
        p.error(f"--json {args.json}: its folder is not there")
    return args


def check_machine(p, args):
    if max(args.threads) > len(machine.CORES):
        p.error(f"--threads {max(args.threads)}: this process may use {len(machine.CORES)} cores")
    for program in PROGRAMS:
        if not (machine.BUILD / program).exists():
            p.error(f"{machine.BUILD / program} is not there: ./quickstart --build all")
