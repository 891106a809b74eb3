"""bench/harness/comparison.py: sides measured in turns, medians over the rounds."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness.comparison import Comparison, Side, measure  # noqa: E402
from harness.processes import CommandFailed  # noqa: E402


def side(name, values, order):
    """Gives one of the values a round; an exception is raised."""
    left = list(values)

    def measured():
        order.append(name)
        value = left.pop(0)
        if isinstance(value, Exception):
            raise value
        return [{"shape": "batch 8", "value": value, "unit": "tokens/s"}]
    return Side(name, measured)


def rows_of(ours, peers, rounds):
    order = []
    sides = [side(name, values, order) for name, values in peers.items()]
    return measure(Comparison("rollout", "T1", 1, side("r1zero", ours, order), sides), rounds, lambda text: None), order


class Measure(unittest.TestCase):
    def test_takes_turns_and_keeps_every_sample(self):
        rows, order = rows_of([20.0, 30.0, 26.0], {"loop": [10.0, 13.0, 12.0]}, 3)
        self.assertEqual(order, ["r1zero", "loop"] * 3)
        row, = rows
        self.assertEqual((row["ours"], row["peer"], row["peer_name"]), (26.0, 12.0, "loop"))
        self.assertEqual(row["ours_samples"], [20.0, 30.0, 26.0])
        self.assertEqual(row["peer_samples"], {"loop": [10.0, 13.0, 12.0]})

    def test_holds_ours_against_the_strongest_peer(self):
        (row,), _ = rows_of([20.0], {"slow": [5.0], "fast": [10.0]}, 1)
        self.assertEqual((row["peer_name"], row["ratio"]), ("fast", 2.0))

    def test_a_peer_that_fails_leaves_its_error(self):
        (row,), _ = rows_of([20.0], {"loop": [CommandFailed("took longer than 9 s")]}, 1)
        self.assertIsNone(row["ratio"])
        self.assertIn("took longer than 9 s", row["error"])

    def test_ours_that_fails_leaves_its_error(self):
        (row,), _ = rows_of([CommandFailed("exit status 1: no memory")], {"loop": [10.0]}, 1)
        self.assertIsNone(row["ours"])
        self.assertIn("no memory", row["error"])


if __name__ == "__main__":
    unittest.main()
