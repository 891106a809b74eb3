"""Which machine and which code the figures belong to."""
import datetime
import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "release"
CORES = sorted(os.sched_getaffinity(0))


def cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def commit():
    git = lambda *args: subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")


def describe(simd, peak_flops, peer_versions):
    """The first row of a result file."""
    return {"figure": "machine", "cpu": cpu(), "cores": len(CORES), "simd": simd, "commit": commit(),
            "date": str(datetime.date.today()), "peak_gflops_a_core": round(peak_flops / 1e9, 1),
            "load_at_start": round(os.getloadavg()[0], 2), "peers": peer_versions}
