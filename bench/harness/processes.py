"""Programs pinned to as many cores as they may use, and ended at their time limit."""
import os
import select
import signal
import subprocess
import time

from harness.machine import CORES, ROOT


class CommandFailed(Exception):
    """A program failed or took too long; the message ends with the last of what it said."""


class TookTooLong(CommandFailed):
    def __init__(self, timeout):
        super().__init__(f"took longer than {timeout:.0f} s")


def pin(command, threads):
    """To the first `threads` cores, or to those of a list."""
    cores = CORES[:threads] if isinstance(threads, int) else threads
    return ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]


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
