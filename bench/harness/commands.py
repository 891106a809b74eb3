"""Runs our benchmarks and the peers, pinned to as many cores as they may use."""
import json
import re
import subprocess
import time
from dataclasses import dataclass, field

from harness.machine import BUILD, CORES, ROOT

SHAPES = ["signs", "T1", "T5", "SmolLM2", "M30"]  # in the order of bench/shapes.h


class CommandFailed(Exception):
    """A program failed or took too long; the message ends with the last of what it said."""


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


def pin(command, threads):
    return ["taskset", "-c", ",".join(map(str, CORES[:threads])), *map(str, command)]


def run(command, threads, timeout, environment=None):
    """Standard output. CommandFailed otherwise."""
    try:
        done = subprocess.run(pin(command, threads), capture_output=True, text=True, cwd=ROOT, timeout=timeout,
                              env=environment)
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"took longer than {timeout:.0f} s")
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [""]
        raise CommandFailed(f"exit status {done.returncode}: {said[-1][-300:]}")
    return done.stdout


def google_benchmark(program, pattern, threads, seconds, timeout=3600):
    """The benchmarks whose names match, as dicts with their arguments under "args"; and the context."""
    out = json.loads(run([BUILD / program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
                          f"--benchmark_min_time={seconds}"], threads, timeout))
    for row in out["benchmarks"]:
        row["args"] = {key: int(value) for key, value in re.findall(r"(\w+):(\d+)", row["name"])}
    failed = [row for row in out["benchmarks"] if row.get("error_occurred")]
    if failed or not out["benchmarks"]:
        raise CommandFailed(f"{program} {pattern}: {failed[0]['error_message'] if failed else 'no such benchmark'}")
    return out["benchmarks"], out["context"]


def peer(settings, script, threads, *args, timeout=3600):
    """The JSON rows that a peer prints."""
    command = [settings.python, ROOT / "bench" / "peers" / script, *args, "--threads", threads,
               "--models", settings.models]
    if "--seconds" not in args:
        command += ["--seconds", settings.seconds]
    out = run(command, threads, timeout, settings.environment)
    return [json.loads(line) for line in out.splitlines() if line.startswith('{"figure"')]


def seconds_to_line(command, threads, environment=None, starts_with="", timeout=300):
    """From starting a command to the first line of its output that begins so; then waits for its end."""
    begin = time.perf_counter()
    process = subprocess.Popen(pin(command, threads), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               cwd=ROOT, env=environment)
    try:
        for line in process.stdout:
            if line.startswith(starts_with):
                seconds = time.perf_counter() - begin
                process.communicate(timeout=timeout)
                return seconds
        raise CommandFailed(f"ended without a line that begins with '{starts_with}'")
    finally:
        process.kill()
        process.wait()
