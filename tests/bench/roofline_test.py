"""bench/harness/roofline.py: counted work and what it takes."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness import roofline  # noqa: E402
from harness.roofline import Part  # noqa: E402


def kernel(matrix, M, gflops, name="MatMul"):
    return {"shape": f"{name}/shape:1/matrix:{matrix}/M:{M}", "model": "T1", "unit": "GFLOP/s", "ours": gflops,
            "args": {"shape": 1, "matrix": matrix, "M": M}}


class Counts(unittest.TestCase):
    def test_every_part_of_an_update_moves_bytes(self):
        for model in roofline.MODELS:
            for part in roofline.update_parts(model, 128, 8, True):
                self.assertGreater(part.bytes, 0, f"{model} {part.name}")

    def test_a_product_reads_its_rows_and_weights_and_writes_its_results(self):
        V, D, L, Q, KV, F = roofline.MODELS["T1"]
        tokens = 128 * 64 + 16 * 64
        floats = 0
        for K, N in ((D, Q + 2 * KV), (Q, D), (D, 2 * F), (F, D)):
            floats += L * (tokens * (K + N) + K * N)
        forward = roofline.update_parts("T1", 128, 8, False)[0]
        self.assertEqual(forward.bytes, 4 * floats)

    def test_a_reference_pass_is_one_more_forward(self):
        alone, both = (roofline.update_parts("T1", 128, 8, reference) for reference in (False, True))
        for index in (0, 4):  # products and attention
            self.assertEqual(both[index].bytes, 2 * alone[index].bytes)
            self.assertEqual(both[index].flops, 2 * alone[index].flops)
        self.assertEqual(both[1].bytes, alone[1].bytes)

    def test_the_weights_are_those_of_the_models(self):
        self.assertEqual(roofline.layer_weights("T1") + 512 * 128, 918_656 - (2 * 4 + 1) * 128)  # all but the norms


class Bound(unittest.TestCase):
    def test_is_the_longer_of_operations_and_bytes(self):
        self.assertEqual(Part("", 200, 10, "").bound_s(100, {16: 10}), 2)
        self.assertEqual(Part("", 100, 30, "").bound_s(100, {16: 10}), 3)

    def test_takes_bytes_from_the_largest_buffer_within_the_working_set(self):
        rates = {16: 100, 1024: 10, 4096: 1}
        self.assertEqual(Part("", 0, 100, "", 2 << 20).bound_s(1, rates), 10)


class KernelSeconds(unittest.TestCase):
    def test_takes_each_matrix_at_its_own_rate(self):
        kernels = [kernel(m, 32, gflops) for m, gflops in enumerate((10.0, 20.0, 40.0, 80.0, 1.0))]
        part = roofline.rollout_parts("T1", 32, 8)[0]
        _, _, L, *_ = roofline.MODELS["T1"]
        rows = part.flops / 2 / roofline.layer_weights("T1")
        expected = sum(2 * rows * L * weights / (rate * 1e9)
                       for weights, rate in zip(roofline.matrix_weights("T1"), (10, 20, 40, 80)))
        self.assertAlmostEqual(roofline.kernel_seconds(kernels, part, "T1", 32), expected)

    def test_takes_the_head_at_the_heads_rate(self):
        kernels = [kernel(m, 32, 100.0) for m in range(4)] + [kernel(4, 32, 50.0)]
        part = roofline.rollout_parts("T1", 32, 8)[1]
        self.assertEqual(roofline.kernel_seconds(kernels, part, "T1", 32), part.flops / 50e9)

    def test_takes_the_nearest_number_of_rows(self):
        kernels = [kernel(4, M, gflops) for M, gflops in ((1, 5.0), (32, 50.0), (256, 100.0))]
        part = roofline.rollout_parts("T1", 128, 8)[1]
        self.assertEqual(roofline.kernel_seconds(kernels, part, "T1", 40), part.flops / 50e9)

    def test_is_none_where_a_matrix_was_not_measured(self):
        part = roofline.rollout_parts("T1", 32, 8)[0]
        self.assertIsNone(roofline.kernel_seconds([kernel(0, 32, 10.0)], part, "T1", 32))


if __name__ == "__main__":
    unittest.main()
