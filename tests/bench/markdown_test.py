"""bench/harness/markdown.py: result rows as tables."""
import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness import markdown  # noqa: E402


def rollout(**more):
    return {"figure": "rollout", "model": "T1", "shape": "batch 8", "threads": 1, "unit": "tokens/s", "ours": 20.0,
            "ours_samples": [20.0], "peer": 10.0, "peer_name": "loop", "peer_samples": {"loop": [10.0]}, "ratio": 2.0} | more


def lines_with(text, part):
    return [line for line in text.splitlines() if part in line]


class AgainstPeers(unittest.TestCase):
    def test_of_one_round_says_that_a_figure_is_a_single_sample(self):
        text = markdown.against_peers([rollout()])
        self.assertIn("One round: each figure is a single sample", text)
        self.assertIn("| 20.0 tokens/s | 10.0 | loop | 2.00x |", text)

    def test_of_several_rounds_has_the_range_beside_each_median(self):
        text = markdown.against_peers([rollout(ours_samples=[18.0, 20.0, 26.0], peer_samples={"loop": [9.0, 10.0, 12.0]})])
        self.assertIn("Medians of 3 rounds", text)
        self.assertIn("| 20.0 tokens/s (18.0 to 26.0) | 10.0 (9.00 to 12.0) |", text)

    def test_says_it_where_rows_differ_in_rounds(self):
        text = markdown.against_peers([rollout(), rollout(ours_samples=[18.0, 22.0])])
        self.assertIn("Medians of 1 to 2 rounds", text)

    def test_takes_rows_that_were_recorded_without_the_peers_samples(self):
        row = rollout(ours_samples=[18.0, 22.0])
        del row["peer_samples"]
        self.assertIn("| 20.0 tokens/s (18.0 to 22.0) | 10.0 | loop |", markdown.against_peers([row]))


def point(title, model, threads, x, ours):
    return {"figure": "curve", "curve": title, "model": model, "threads": threads, "x": x, "shape": f"x {x}", "ours": ours}


class Curves(unittest.TestCase):
    def test_of_s2_have_a_line_for_each_model_and_a_column_for_each_number_of_cores(self):
        title = "rollout of the long-tailed workload S2"
        text = markdown.curves([point(title, model, cores, cores, ours) for model, cores, ours in
                                (("T1", 1, 11.0), ("T1", 2, 22.0), ("T5", 1, 33.0), ("T5", 2, 44.0))])
        self.assertIn("| T1 |  | 11.0 | 22.0 |", text)
        self.assertIn("| T5 |  | 33.0 | 44.0 |", text)

    def test_by_model_have_a_line_for_each_number_of_cores(self):
        title = "rollout, by model (parameters), 32 sequences"
        text = markdown.curves([point(title, model, cores, x, ours) for model, cores, x, ours in
                                (("T1", 1, 900, 11.0), ("T5", 1, 5000, 22.0), ("T1", 2, 900, 33.0))])
        self.assertIn("| model | cores | 900 | 5,000 |", text)
        self.assertIn("| all | 1 | 11.0 | 22.0 |", text)
        self.assertIn("| all | 2 | 33.0 |  |", text)

    def test_no_point_of_the_recorded_files_is_lost(self):
        rows = [json.loads(line) for file in sorted((ROOT / "bench" / "results").glob("*.json"))
                for line in file.read_text().splitlines()]
        points = [r for r in rows if r["figure"] == "curve"]
        cells = [cell for title in {r["curve"] for r in points}
                 for *_, values in markdown.curve_lines(title, [r for r in points if r["curve"] == title])
                 for cell in values.values()]
        self.assertEqual(len(cells), len(points))


class Heading(unittest.TestCase):
    def machine(self, file, commit):
        return {"figure": "machine", "cpu": "CPU", "cores": 2, "simd": "AVX3", "commit": commit, "date": "2026-11-22",
                "peak_gflops_a_core": 100.0, "file": file}

    def rollout(self, file, model):
        return {"figure": "rollout", "model": model, "shape": "batch 1", "threads": 1, "ours": 1.0, "file": file}

    def test_one_commit_is_named_once(self):
        rows = [self.machine("a", "c0"), self.rollout("a", "T1"), self.machine("b", "c0"), self.rollout("b", "T5")]
        self.assertTrue(markdown.heading(rows).endswith("measured; commit c0; 2026-11-22\n"))

    def test_of_several_commits_it_says_which_rows_are_whose(self):
        rows = [self.machine("a", "c0"), self.rollout("a", "T1"), self.machine("b", "c1"), self.rollout("b", "T5")]
        self.assertIn("commit c0, 2026-11-22: rollout of T1; commit c1, 2026-11-22: rollout of T5", markdown.heading(rows))


if __name__ == "__main__":
    unittest.main()
