"""Counted floating-point operations and bytes of each part of a rollout and of an update, the time that the
machine's peaks would allow for them, and the time at the rates that the kernels reach by themselves."""
from dataclasses import dataclass

# vocabulary, hidden, layers, query width, key/value width, intermediate: bench/shapes.h.
MODELS = {"signs": (121, 96, 3, 96, 96, 256), "T1": (512, 128, 4, 128, 128, 384),
          "T5": (512, 256, 6, 256, 256, 768), "M30": (8192, 512, 8, 512, 512, 1536),
          "SmolLM2": (49152, 576, 30, 576, 192, 1536)}
PROMPT = NEW = 64


@dataclass
class Part:
    name: str
    flops: float
    bytes: float  # read and written at least once, beyond the first-level cache
    kernel: str   # whose measured rate stands for it, by the beginning of the benchmark's name
    working_set: float = 1 << 20  # bytes that it goes over again and again: decides which cache they come from
    matrices: tuple = ()  # bench/kernels/matmul_bench.cc's numbers of the matrices that it multiplies by, all of them alike

    def bound_s(self, peak_flops, bandwidths):
        """bandwidths: bytes a second by buffer size in KiB. That of the largest buffer within the working set counts,
        which is no slower than the working set's own."""
        within = [kib for kib in bandwidths if kib * 1024 <= self.working_set]
        bandwidth = bandwidths[max(within) if within else min(bandwidths)]
        return max(self.flops / peak_flops, self.bytes / bandwidth)


LAYER, HEAD = (0, 1, 2, 3), (4,)


def matrix_weights(model):
    """Of qkv, o, gate_up and down of one layer, and of the head."""
    V, D, _, Q, KV, F = MODELS[model]
    return [D * (Q + 2 * KV), Q * D, 2 * D * F, D * F, V * D]


def layer_weights(model):
    return MODELS[model][2] * sum(matrix_weights(model)[m] for m in LAYER)


def rollout_parts(model, batch, group_size):
    """A whole rollout of 64 + 64 tokens, each prompt prefilled once a group and its keys read once for the group."""
    V, D, L, Q, KV, F = MODELS[model]
    new, prompts = batch * NEW, batch / group_size * PROMPT
    keys = new * (PROMPT + NEW / 2) + prompts * PROMPT / 2  # seen, summed over query rows
    read_keys = new * (PROMPT / group_size + NEW / 2) + prompts
    tokens = new + prompts
    return [
        Part("matrix products", 2 * layer_weights(model) * tokens, 4 * layer_weights(model) * NEW, "MatMul/",
             4 * layer_weights(model), LAYER),
        Part("head", 2 * D * V * new, 4 * D * V * NEW, "MatMul/", 4 * D * V, HEAD),
        Part("attention", 4 * keys * Q * L, 8 * read_keys * KV * L, "AttentionDecode/",
             8 * batch * (PROMPT / group_size + NEW / 2) * KV * L),
        Part("norms, rotary embedding, SwiGLU", 0, 4 * tokens * L * (4 * D + 2 * (Q + KV) + 3 * F), "SwiGluForward/"),
        Part("sampling", 0, 4 * new * V, f"Sample/plain/V:{V}"),
    ]


def update_parts(model, sequences, group_size, reference):
    """One update over 64 + 64 tokens, each prompt computed once a group. Every operand counts as read, and every result
    as written, once a pass over all tokens, weights too: what micro-batches and tiles read again is not in it."""
    V, D, L, Q, KV, F = MODELS[model]
    completions, prompts = sequences * NEW, sequences / group_size * PROMPT
    tokens = completions + prompts
    keys = completions * (PROMPT + NEW / 2) + prompts * PROMPT / 2
    forward = 2 if reference else 1
    weights, parameters = layer_weights(model), layer_weights(model) + V * D
    flops = 2 * weights * tokens
    rows = tokens * L * (4 * D + 2 * Q + 2 * KV + 3 * F)  # in and out of a layer's four products
    qkvo, gradient_qkvo = tokens * L * (2 * Q + 2 * KV), tokens * L * (4 * Q + 4 * KV)
    elementwise = 4 * tokens * L * (10 * D + 4 * (Q + KV) + 8 * F)
    return [
        Part("matrix products, forward", forward * flops, 4 * forward * (rows + weights), "MatMul/", matrices=LAYER),
        Part("matrix products, input gradients", flops, 4 * (rows + weights), "MatMulInputGradient/", matrices=LAYER),
        Part("matrix products, weight gradients", flops, 4 * (rows + 2 * weights), "MatMulWeightGradient/",
             matrices=LAYER),
        Part("head", (forward * 2 + 6) * D * V * completions,
             4 * ((forward + 2) * D * completions + (forward + 3) * D * V), "HeadBackward/"),
        Part("attention, forward", forward * 4 * keys * Q * L, 4 * forward * qkvo, "AttentionForward/"),
        Part("attention, backward", 10 * keys * Q * L, 4 * gradient_qkvo, "AttentionBackward/"),
        Part("norms, rotary embedding, SwiGLU", 0, elementwise * (forward + 1) / 2, "SwiGluGradient/"),
        Part("AdamW and gradient norm", 0, 4 * 8 * parameters, "AdamWUpdate/", 16 * parameters),
    ]


def kernel_rate(kernels, part, model, rows, matrix=None):
    """What the part's kernel reached at this model: the median, over its benchmarks with about as many rows."""
    found = [k for k in kernels if k["shape"].startswith(part.kernel) and k["model"] in (model, "") and k["ours"] and
             matrix in (None, k["args"].get("matrix"))]
    near = [k for k in found if k["args"].get("M", rows) == min((f["args"].get("M", rows) for f in found),
                                                                 key=lambda m: abs(m - rows))]
    rates = sorted(k["ours"] * 1e9 for k in near)
    return rates[len(rates) // 2] if rates else None


def kernel_seconds(kernels, part, model, rows):
    """Each matrix at its own rate; None where one was not measured."""
    if part.matrices:
        weights = {matrix: matrix_weights(model)[matrix] for matrix in part.matrices}
        rates = {matrix: kernel_rate(kernels, part, model, rows, matrix) for matrix in weights}
        if None in rates.values():
            return None
        return part.flops / sum(weights.values()) * sum(weights[matrix] / rates[matrix] for matrix in weights)
    rate = kernel_rate(kernels, part, model, rows)
    if rate is None:
        return None
    is_flops = next(k["unit"] for k in kernels if k["shape"].startswith(part.kernel)) == "GFLOP/s"
    return (part.flops if is_flops else part.bytes) / rate
