"""bench/harness/peaks.py: a figure is held against the peaks of its own file."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness import peaks, roofline  # noqa: E402


def peak(file, gflops):
    row = {"figure": "peak", "shape": "multiply-adds", "ours": gflops, "unit": "GFLOP/s", "file": file}
    return [row, row | {"shape": "read, 16 KiB", "ours": 100.0, "unit": "GB/s"}]


def learner(file, model):
    return {"figure": "learner", "model": model, "shape": "P64 C64 G8", "threads": 1, "ours": 10000.0, "file": file}


KERNEL = {"figure": "kernel", "model": "T1", "shape": "MatMul/shape:1/matrix:0/M:32", "threads": 1, "unit": "GFLOP/s",
          "ours": 60.0, "share_of_peak": 0.5, "args": {"shape": 1, "matrix": 0, "M": 32}, "file": "kernels"}
ROWS = peak("fast", 160.0) + peak("slow", 110.0) + peak("kernels", 150.0) + [learner("fast", "T1"), learner("slow", "T5"), KERNEL]


def cells(text, first):
    return next([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith(first))


class Peaks(unittest.TestCase):
    def test_the_learners_share_is_of_the_peak_of_its_own_file(self):
        text = peaks.learner_share(ROWS)
        for model, gflops in (("T1", 160.0), ("T5", 110.0)):
            parameters = roofline.layer_weights(model) + roofline.MODELS[model][0] * roofline.MODELS[model][1]
            share = f"{10000 * 6 * parameters / (gflops * 1e9):.0%}"
            self.assertEqual(cells(text, f"| {model} ")[-2:], [share, f"{gflops} GFLOP/s"])

    def test_the_bound_is_that_of_its_own_file(self):
        products = roofline.update_parts("T5", 128, 8, False)[0]
        row = cells(peaks.distance(ROWS), "| T5: update")
        self.assertEqual(float(row[4]), round(products.flops / 110e9, 3))

    def test_every_file_has_its_peaks_in_the_table(self):
        text = peaks.all_of_them(ROWS)
        self.assertIn("| of one core | fast | slow | kernels |", text)
        self.assertEqual(cells(text, "| multiply-adds |"), ["multiply-adds", "160.0 GFLOP/s", "110.0 GFLOP/s", "150.0 GFLOP/s"])

    def test_the_peak_that_the_kernels_process_found_is_among_them(self):
        self.assertEqual(cells(peaks.all_of_them(ROWS), "| multiply-adds, beside")[-1], "120.0 GFLOP/s")

    def test_work_that_was_not_measured_has_no_bound(self):
        self.assertNotIn("rollout", peaks.distance(ROWS))


if __name__ == "__main__":
    unittest.main()
