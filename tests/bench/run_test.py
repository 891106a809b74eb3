"""bench/run: what cannot be measured is said before anything is."""
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness import machine, options, plan  # noqa: E402
from harness.commands import Settings  # noqa: E402


def bench_run(*args):
    return subprocess.run([sys.executable, "-B", ROOT / "bench" / "run", *args], capture_output=True, text=True, timeout=60)


def planned(*argv):
    args = options.parse(options.parser(""), argv)
    found = plan.comparisons(args, Settings(quick=args.quick, peers=args.peers))
    return [(c.figure, c.model, c.threads) for c in found], plan.left_out(args, found)


class Plan(unittest.TestCase):
    def test_scaling_needs_one_and_two_cores(self):
        self.assertEqual(planned("--figures", "scaling", "--threads", "2"), ([], ["scaling"]))
        self.assertEqual(planned("--figures", "scaling", "--threads", "1,2"), ([("scaling", "T1", 2)] * 3, []))

    def test_the_largest_models_have_no_learner_and_no_step(self):
        for model in ("SmolLM2", "M30"):
            self.assertEqual(planned("--figures", "learner,step", "--models", model), ([], ["learner", "step"]))

    def test_m30_has_a_rollout(self):
        self.assertEqual(planned("--figures", "rollout", "--models", "M30", "--threads", "1"), ([("rollout", "M30", 1)], []))

    def test_figures_without_comparisons_are_not_left_out(self):
        self.assertEqual(planned("--figures", "kernels,curves,decode"), ([], []))


class Refuses(unittest.TestCase):
    def check(self, argv, said):
        done = bench_run(*argv)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(said, done.stderr)

    def test_a_command_that_leaves_nothing_to_measure(self):
        self.check(["--figures", "scaling", "--threads", "2"], "nothing is left of --figures scaling with")
        self.check(["--figures", "step", "--models", "SmolLM2"], "learner and step have signs, T1 and T5")

    def test_a_model_that_does_not_exist_and_names_all_that_do(self):
        self.check(["--models", "T2"], "found 'T2', expected some of signs,T1,T5,SmolLM2,M30")

    def test_a_figure_that_does_not_exist_and_names_all_that_do(self):
        self.check(["--figures", "rollouts"], "found 'rollouts', expected some of rollout,learner,")

    @unittest.skipUnless(all((machine.BUILD / p).exists() for p in options.PROGRAMS), "the benchmarks are not built")
    def test_peers_that_a_python_does_not_have_before_the_peaks_are_measured(self):
        for python, said in (("/bin/false", "has no torch, transformers and trl"), ("/nowhere/python", "No such file")):
            done = bench_run("--figures", "rollout", "--models", "T1", "--threads", "1", "--peers", "--python", python)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"--peers: {python}", done.stderr)
            self.assertIn(said, done.stderr)
            self.assertNotIn("comparisons", done.stderr)


if __name__ == "__main__":
    unittest.main()
