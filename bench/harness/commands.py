"""Runs our benchmarks and the peers, pinned to as many cores as they may use."""
import json
import os
import re
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field

from harness.machine import BUILD, CORES, ROOT

SHAPES = ["signs", "T1", "T5", "SmolLM2", "M30"]  # in the order of bench/shapes.h


class CommandFailed(Exception):
    """A program failed or took too long; the message ends with the last of what it said."""


class TookTooLong(CommandFailed):
    def __init__(self, timeout):
        super().__init__(f"took longer than {timeout:.0f} s")


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


def begin(command, threads, environment, stderr):
    """Starts it with a process group of its own, so that stop() ends what it has started too."""
    return subprocess.Popen(pin(command, threads), stdout=subprocess.PIPE, stderr=stderr, cwd=ROOT, env=environment,
                            start_new_session=True)


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in filter(None, (process.stdout, process.stderr)):
        pipe.close()


def run(command, threads, timeout, environment=None):
    """Standard output. CommandFailed otherwise."""
    process = begin(command, threads, environment, subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise TookTooLong(timeout)
    finally:
        stop(process)
    if process.returncode != 0:
        said = err.decode(errors="replace").strip().splitlines() or [""]
        raise CommandFailed(f"exit status {process.returncode}: {said[-1][-300:]}")
    return out.decode(errors="replace")


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


def lines_until(process, deadline):
    """Its lines as they come, to its end; returns early when time.monotonic() has reached the deadline."""
    rest = b""
    while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
        chunk = os.read(process.stdout.fileno(), 1 << 16)
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
        if not chunk:
            return


def seconds_to_line(command, threads, environment=None, starts_with="", timeout=300):
    """From starting a command to the first line of its output that begins so; then waits for its end. `timeout` is for
    both together."""
    began, deadline, seconds = time.perf_counter(), time.monotonic() + timeout, None
    process = begin(command, threads, environment, subprocess.DEVNULL)
    try:
        for line in lines_until(process, deadline):
            if seconds is None and line.startswith(starts_with):
                seconds = time.perf_counter() - began
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TookTooLong(timeout)
    finally:
        stop(process)
    if seconds is None:
        raise CommandFailed(f"ended without a line that begins with '{starts_with}'")
    return seconds
