"""The Llama of the tuned loop: eager PyTorch with one matrix for q, k, v and one for gate and up, RMSNorm and
SDPA from torch, and the head on the positions that need it only."""
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import models


class Layer(torch.nn.Module):
    def __init__(self, weights, prefix, eps):
        super().__init__()
        take = lambda name: weights[prefix + name + ".weight"]
        parameter = lambda *names: torch.nn.Parameter(torch.cat([take(n) for n in names]))
        self.eps = eps
        self.norm = parameter("input_layernorm")
        self.qkv = parameter("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
        self.out = parameter("self_attn.o_proj")
        self.mlp_norm = parameter("post_attention_layernorm")
        self.gate_up = parameter("mlp.gate_proj", "mlp.up_proj")
        self.down = parameter("mlp.down_proj")

    def project(self, x):
        return F.linear(F.rms_norm(x, x.shape[-1:], self.norm, self.eps), self.qkv)

    def finish(self, x, attended):
        x = x + F.linear(attended, self.out)
        gate, up = F.linear(F.rms_norm(x, x.shape[-1:], self.mlp_norm, self.eps), self.gate_up).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)


class Model(torch.nn.Module):
    """B rows, T positions, N query heads, K key/value heads of width H."""

    def __init__(self, folder):
        super().__init__()
        c = models.config(folder)
        weights = load_file(Path(folder) / "model.safetensors")
        self.N, self.K = c["num_attention_heads"], c["num_key_value_heads"]
        self.H = c.get("head_dim") or c["hidden_size"] // self.N
        self.eps, self.vocab = c["rms_norm_eps"], c["vocab_size"]
        self.embed = torch.nn.Parameter(weights["model.embed_tokens.weight"])
        self.layers = torch.nn.ModuleList(
            Layer(weights, f"model.layers.{i}.", self.eps) for i in range(c["num_hidden_layers"]))
        self.norm = torch.nn.Parameter(weights["model.norm.weight"])
        theta = c.get("rope_theta") or c["rope_parameters"]["rope_theta"]
        angles = torch.outer(torch.arange(c["max_position_embeddings"]).float(),
                             theta ** (-torch.arange(0, self.H, 2).float() / self.H))
        self.register_buffer("cos", torch.cat([angles.cos()] * 2, -1))
        self.register_buffer("signed_sin", torch.cat([-angles.sin(), angles.sin()], -1))

    def rotate(self, x, positions):
        """x: ... T heads H."""
        return x * self.cos[positions][:, None] + x.roll(self.H // 2, -1) * self.signed_sin[positions][:, None]

    def qkv(self, layer, x, positions):
        """x: B T D. q: B T N H; k, v: B T K H."""
        heads = layer.project(x).unflatten(-1, (self.N + 2 * self.K, self.H))
        qk = self.rotate(heads[..., :self.N + self.K, :], positions)
        return qk[..., :self.N, :], qk[..., self.N:, :], heads[..., self.N + self.K:, :]

    def hidden(self, tokens_BT, keep=None):
        """Whole sequences. keep, if given, receives (k, v), each B K T H, of every layer."""
        x = F.embedding(tokens_BT, self.embed)
        positions = torch.arange(tokens_BT.shape[1])
        for layer in self.layers:
            q, k, v = (h.transpose(1, 2) for h in self.qkv(layer, x, positions))
            if keep is not None:
                keep.append((k, v))
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.N != self.K)
            x = layer.finish(x, a.transpose(1, 2).flatten(2))
        return x

    def logits(self, x):
        return F.linear(F.rms_norm(x, x.shape[-1:], self.norm, self.eps), self.embed)

    def logprobs(self, tokens_BT, first):
        """Of tokens [first, T) of each row: B T-first."""
        logits = self.logits(self.hidden(tokens_BT)[:, first - 1:-1])
        return torch.log_softmax(logits, -1).gather(-1, tokens_BT[:, first:, None])[..., 0]
