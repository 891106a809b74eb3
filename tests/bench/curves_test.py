"""bench/harness/curves.py and the programs that it runs: a point that fails leaves a row, and no other is lost."""
import functools
import json
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness import commands, curves, markdown  # noqa: E402

# Stands for a benchmark program: of its three benchmarks one reports an error or, told to, ends the process.
PROGRAM = """#!{python}
import json, re, sys
flags = dict(arg[2:].split("=", 1) if "=" in arg else (arg[2:], "") for arg in sys.argv[1:])
names = ["Prefill/shape:1/length:%d/real_time" % n for n in (64, 128, 256)]
names = [name for name in names if re.search(flags["benchmark_filter"], name)]
if "benchmark_list_tests" in flags:
    print("\\n".join(names))
    sys.exit()
if {crashes} and any("length:128" in name for name in names):
    sys.exit("out of memory")
rows = [{{"name": name, "tokens/s": 10.0}} for name in names]
for row in rows:
    if "length:128" in row["name"]:
        row.update(error_occurred=True, error_message="no such prompt")
print(json.dumps({{"benchmarks": rows, "context": {{}}}}))
"""

PREFILL = next(c for c in curves.CURVES if c.figure == "prefill")
SETTINGS = commands.Settings(seconds=0)


@functools.cache
def measured(crashes):
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "rollout_bench")
        program.write_text(PROGRAM.format(python=sys.executable, crashes=crashes))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        with mock.patch.object(commands, "BUILD", Path(folder)):
            return curves.measure_curve(PREFILL, ["T1"], SETTINGS)


class MeasureCurve(unittest.TestCase):
    def check(self, rows, error):
        self.assertEqual([(r["figure"], r["shape"], r["ours"]) for r in rows],
                         [("prefill", "length 64", 10.0), ("prefill", "length 128", None), ("prefill", "length 256", 10.0)])
        self.assertEqual([r.get("error") for r in rows], [None, error, None])
        json.dumps(rows)

    def test_a_point_that_reports_an_error_has_a_row_with_it(self):
        self.check(measured(crashes=False), "no such prompt")

    def test_a_point_that_ends_its_process_has_a_row_with_the_reason(self):
        self.check(measured(crashes=True), "exit status 1: out of memory")

    def test_a_program_that_is_not_there_leaves_a_row_for_the_curve(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(commands, "BUILD", Path(folder)):
            row, = curves.measure_curve(PREFILL, ["T1"], SETTINGS)
        self.assertEqual((row["shape"], row["ours"]), ("all", None))
        self.assertIn("rollout_bench", row["error"])

    def test_the_report_names_the_point_and_its_error(self):
        text = markdown.curves(measured(crashes=True))
        self.assertIn("| T1 | 1 | 10.0 | error | 10.0 |", text)
        self.assertIn("T1 length 128: exit status 1: out of memory", text)


class Wanted(unittest.TestCase):
    def test_decode_and_prefill_are_figures_of_their_own(self):
        self.assertEqual([c.figure for c in curves.wanted(["decode"], ["T1"], False)], ["decode"])
        self.assertEqual([c.figure for c in curves.wanted(["prefill"], ["SmolLM2"], False)], ["prefill"])
        self.assertEqual(curves.wanted(["decode"], ["SmolLM2"], False), [])

    def test_curves_are_all_of_them_and_no_one_twice(self):
        self.assertEqual(curves.wanted(["curves", "decode"], ["T1"], False), curves.CURVES)

    def test_measures_the_models_that_were_asked_for(self):
        self.assertEqual(curves.pattern_of(PREFILL, ["T5", "SmolLM2"], False), "^Prefill/shape:(2|3)/")


if __name__ == "__main__":
    unittest.main()
