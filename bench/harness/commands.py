"""Our benchmarks and the peers as commands, and what they print."""
import json
import re
from dataclasses import dataclass, field

from harness.machine import BUILD, ROOT
from harness.processes import CommandFailed, TookTooLong, run

SHAPES = ["signs", "T1", "T5", "SmolLM2", "M30"]  # in the order of bench/shapes.h


@dataclass
class Settings:
    """What the command line decides for all figures."""
    python: str = "python3"
    environment: dict = field(default_factory=dict)  # of the peers
    models: str = ""  # folder of the peers' checkpoints
    scratch: str = ""
    seconds: float = 2  # the least that a figure is measured for in a round
    rounds: int = 2
    quick: bool = False
    peers: bool = False


def with_arguments(row):
    """A benchmark's row with its arguments under "args", and with "error" where it failed."""
    row = row | {"args": {key: int(value) for key, value in re.findall(r"(\w+):(\d+)", row["name"])}}
    return row | {"error": row["error_message"]} if row.get("error_occurred") else row


def benchmarks(program, pattern, threads, seconds, timeout):
    out = json.loads(run([BUILD / program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
                          f"--benchmark_min_time={seconds}"], threads, timeout) or '{"benchmarks": []}')
    if not out["benchmarks"]:
        raise CommandFailed(f"{program} {pattern}: no such benchmark")
    return [with_arguments(row) for row in out["benchmarks"]], out["context"]


def each_alone(program, pattern, threads, seconds, timeout):
    """Each benchmark in a process of its own: what one of them does to its process is not the others' fault."""
    names = run([BUILD / program, f"--benchmark_filter={pattern}", "--benchmark_list_tests"], threads, timeout).split("\n")
    rows, context = [], {}
    for name in filter(None, names):
        try:
            found, context = benchmarks(program, f"^{re.escape(name)}$", threads, seconds, timeout)
            rows += found
        except CommandFailed as error:
            rows.append(with_arguments({"name": name, "error": str(error)}))
    return rows, context


def google_benchmark(program, pattern, threads, seconds, timeout=3600):
    """The benchmarks whose names match, as dicts with their arguments under "args", and "error" in those that failed;
    and the context."""
    try:
        return benchmarks(program, pattern, threads, seconds, timeout)
    except TookTooLong:
        raise
    except CommandFailed:
        rows, context = each_alone(program, pattern, threads, seconds, timeout)
        if not rows:
            raise
        return rows, context


def peer(settings, script, threads, *args, timeout=3600):
    """The JSON rows that a peer prints."""
    command = [settings.python, ROOT / "bench" / "peers" / script, *args, "--threads", threads,
               "--models", settings.models]
    if "--seconds" not in args:
        command += ["--seconds", settings.seconds]
    out = run(command, threads, timeout, settings.environment)
    return [json.loads(line) for line in out.splitlines() if line.startswith('{"figure"')]
