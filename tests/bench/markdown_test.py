"""bench/harness/markdown.py: result rows as tables."""
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


if __name__ == "__main__":
    unittest.main()
