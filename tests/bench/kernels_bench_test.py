"""kernels_bench: measures on the instruction set that R1ZERO_SIMD names, and says so, or not at all."""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness.machine import BUILD  # noqa: E402

PROGRAM = BUILD / "kernels_bench"


def peak(simd):
    return subprocess.run([PROGRAM, "--benchmark_filter=MultiplyAddPeak", "--benchmark_min_time=0.01",
                           "--benchmark_format=json"], env=os.environ | {"R1ZERO_SIMD": simd}, capture_output=True,
                          text=True, timeout=60)


@unittest.skipUnless(PROGRAM.exists(), f"{PROGRAM} is not built")
class KernelsBench(unittest.TestCase):
    def test_refuses_an_instruction_set_that_does_not_exist(self):
        done = peak("bogus")
        self.assertEqual(done.returncode, 1)
        self.assertIn("R1ZERO_SIMD is 'bogus', expected ", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_names_the_one_that_it_was_told_to_take(self):
        listed = peak("bogus").stderr.split("expected ")[1].split(", which")[0].split(" or ")
        for simd in listed:
            self.assertEqual(json.loads(peak(simd).stdout)["context"]["simd"], simd)


if __name__ == "__main__":
    unittest.main()
