"""The matrix products of a layer by torch (MKL), GFLOP/s: beside `kernels_bench --benchmark_filter=^MatMul/` it
says whether a product or what lies between the products makes a difference.

    python bench/peers/products.py [--threads N] [--seconds S]
"""
import common

ROWS = (32, 256, 2048)


def gflops(torch, M, K, N, seconds):
    x_MK, w_NK, y_MN = torch.randn(M, K), torch.randn(N, K), torch.empty(M, N)
    took = common.median_seconds(lambda: torch.mm(x_MK, w_NK.t(), out=y_MN), seconds, warmup=3)
    return 2 * M * K * N / took / 1e9


def main():
    args = common.start(common.arguments(__doc__))
    import torch
    from models import SHAPES
    for model in ("T1", "T5", "SmolLM2"):
        _, hidden, _, heads, kv_heads, intermediate = SHAPES[model]
        width = hidden + 2 * kv_heads * hidden // heads
        for name, K, N in (("qkv", hidden, width), ("o", hidden, hidden), ("gate_up", hidden, 2 * intermediate),
                           ("down", intermediate, hidden)):
            for M in ROWS:
                print(f"{model} {name} M {M}: {gflops(torch, M, K, N, args.seconds / 8):.1f} GFLOP/s", flush=True)


main()
