#!/usr/bin/env python3
"""The same GRPO work as runs/signs.toml in a plain PyTorch loop: the peer that bench/run compares with.

Needs torch and safetensors. Loads the base policy that r1zero pretrained (a Hugging Face folder), then
runs STEPS steps of 16 prompts x 16 completions: batched KV-cached sampling with the finished rows dropped
as it goes, the accuracy + format reward, group advantages, one AdamW update on length-sorted
micro-batches, k3 penalty against the frozen base. Prints one JSON object.

    python3 bench/peers/plain_loop.py BASE_FOLDER --steps 10 --threads 2
"""
import argparse
import json
import random
import re
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


class Policy(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        config = json.loads((Path(folder) / "config.json").read_text())
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["num_key_value_heads"]
        self.width = config["head_dim"]
        self.layers = config["num_hidden_layers"]
        self.eps = config["rms_norm_eps"]
        tensors = load_file(Path(folder) / "model.safetensors")
        self.weights = torch.nn.ParameterDict(
            {name.replace(".", "/"): torch.nn.Parameter(t.float()) for name, t in tensors.items()})
        theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
        angle = torch.outer(torch.arange(config["max_position_embeddings"]).float(),
                            theta ** (-torch.arange(0, self.width, 2).float() / self.width))
        self.register_buffer("cos", torch.cat([angle.cos()] * 2, -1))
        self.register_buffer("sin", torch.cat([-angle.sin(), angle.sin()], -1))

    def w(self, name):
        return self.weights[name.replace(".", "/")]

    def rotate(self, x, positions):  # x: B heads T width
        half = self.width // 2
        swapped = torch.cat([x[..., half:], x[..., :half]], -1)
        return x * self.cos[positions] + swapped * self.sin[positions]

    def forward(self, tokens, first=0, cache=None):
        B, T = tokens.shape
        D = self.heads * self.width
        positions = torch.arange(first, first + T)
        x = F.embedding(tokens, self.w("model.embed_tokens.weight"))
        for layer in range(self.layers):
            p = f"model.layers.{layer}."
            h = F.rms_norm(x, (x.shape[-1],), self.w(p + "input_layernorm.weight"), self.eps)
            split = lambda y, n: y.view(B, T, n, self.width).transpose(1, 2)
            q = self.rotate(split(F.linear(h, self.w(p + "self_attn.q_proj.weight")), self.heads), positions)
            k = self.rotate(split(F.linear(h, self.w(p + "self_attn.k_proj.weight")), self.kv_heads), positions)
            v = split(F.linear(h, self.w(p + "self_attn.v_proj.weight")), self.kv_heads)
            if cache is not None:
                keys, values = cache[layer]
                keys[:, :, first:first + T] = k
                values[:, :, first:first + T] = v
                k, v = keys[:, :, :first + T], values[:, :, :first + T]
            a = F.scaled_dot_product_attention(q, k, v, is_causal=T > 1)
            x = x + F.linear(a.transpose(1, 2).reshape(B, T, D), self.w(p + "self_attn.o_proj.weight"))
            h = F.rms_norm(x, (x.shape[-1],), self.w(p + "post_attention_layernorm.weight"), self.eps)
            gated = F.silu(F.linear(h, self.w(p + "mlp.gate_proj.weight"))) * F.linear(h, self.w(p + "mlp.up_proj.weight"))
            x = x + F.linear(gated, self.w(p + "mlp.down_proj.weight"))
        x = F.rms_norm(x, (x.shape[-1],), self.w("model.norm.weight"), self.eps)
        return F.linear(x, self.w("model.embed_tokens.weight"))

    @torch.inference_mode()
    def sample(self, prompts_BT, limit, eos):
        """Completions (lists of ids) of prompts of one length; finished rows leave the batch."""
        B, P = prompts_BT.shape
        cache = [tuple(torch.zeros(B, self.kv_heads, limit, self.width) for _ in "kv") for _ in range(self.layers)]
        rows, done = torch.arange(B), [[] for _ in range(B)]
        logits = self(prompts_BT, 0, cache)[:, -1]
        for position in range(P, limit):
            cumulative = torch.softmax(logits, -1).cumsum(-1)
            token = (cumulative < torch.rand(len(rows), 1) * cumulative[:, -1:]).sum(-1)
            for row, t in zip(rows.tolist(), token.tolist()):
                done[row].append(t)
            alive = token != eos
            if not alive.any() or position == limit - 1:
                break
            if alive.float().mean() < 0.85:
                rows, token = rows[alive], token[alive]
                cache = [(k[alive], v[alive]) for k, v in cache]
            logits = self(token[:, None], position, cache)[:, -1]
        return [c[:c.index(eos) + 1] if eos in c else c for c in done]


ANSWER = re.compile(r"<answer>([^<]*)</answer>")
SHAPE = re.compile(r"<think>[^<]+</think><answer>[^<]+</answer>")


def reward(text, digits, target):
    answers = ANSWER.findall(text)
    right = len(answers) == 1 and re.fullmatch(r"\d([+-]\d)+", answers[0]) is not None \
        and [int(d) for d in re.findall(r"\d", answers[0])] == digits \
        and sum(int(t) for t in re.findall(r"[+-]?\d", answers[0])) == target
    return float(right) + 0.1 * (SHAPE.fullmatch(text) is not None)


def problem(rng):
    while True:
        digits = [rng.randint(1, 9) for _ in range(4)]
        target = digits[0] + sum(rng.choice((-1, 1)) * d for d in digits[1:])
        if 0 <= target:
            return digits, target


def logprobs_of(policy, tokens, mask):
    logprobs = torch.log_softmax(policy(tokens[:, :-1]), -1)
    return logprobs.gather(-1, tokens[:, 1:, None]).squeeze(-1) * mask


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=128)
    parser.add_argument("--group-size", type=int, default=16)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    rng = random.Random(0)
    vocab = json.loads((Path(args.base) / "tokenizer.json").read_text())["model"]["vocab"]
    word = {i: w for w, i in vocab.items()}
    match = re.compile("|".join(re.escape(w) for w in sorted(vocab, key=len, reverse=True)))
    eos = json.loads((Path(args.base) / "config.json").read_text())["eos_token_id"]
    policy, reference = Policy(args.base), Policy(args.base).requires_grad_(False)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=2e-4, betas=(0.9, 0.99), weight_decay=0.0)
    generated = trained = rollout_seconds = update_seconds = 0
    start = time.perf_counter()
    for _ in range(args.steps):
        t = time.perf_counter()
        problems = [problem(rng) for _ in range(16)]
        ids = [[vocab[w] for w in match.findall(" ".join(map(str, d)) + f"={g}:")] for d, g in problems]
        completions = [None] * len(ids)
        for length in sorted({len(p) for p in ids}):
            members = [i for i, p in enumerate(ids) if len(p) == length]
            batch = torch.tensor([ids[i] for i in members]).repeat_interleave(args.group_size, 0)
            out = policy.sample(batch, args.limit, eos)
            for j, i in enumerate(members):
                completions[i] = out[j * args.group_size:(j + 1) * args.group_size]
        rollout_seconds += time.perf_counter() - t
        t = time.perf_counter()
        rewards = torch.tensor([[reward("".join(word[c] for c in o if c != eos), *problems[i]) if o[-1] == eos else 0.0
                                 for o in completions[i]] for i in range(16)])
        advantages = (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
        rows = [(ids[i], o, float(advantages[i, j])) for i in range(16) for j, o in enumerate(completions[i])]
        rows.sort(key=lambda r: len(r[0]) + len(r[1]))
        while rows:
            longest = len(rows[-1][0]) + len(rows[-1][1])
            take = max(1, 4096 // longest)
            part, rows = rows[-take:], rows[:-take]
            tokens = torch.zeros(len(part), longest, dtype=torch.long)
            mask = torch.zeros(len(part), longest - 1)
            for r, (p, o, _) in enumerate(part):
                tokens[r, :len(p) + len(o)] = torch.tensor(p + o)
                mask[r, len(p) - 1:len(p) + len(o) - 1] = 1
            advantage = torch.tensor([a for _, _, a in part])[:, None]
            logprobs = logprobs_of(policy, tokens, mask)
            with torch.no_grad():
                ref = logprobs_of(reference, tokens, mask)
            ratio = torch.exp(logprobs - logprobs.detach())
            surrogate = torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
            kl = torch.exp(ref - logprobs) - (ref - logprobs) - 1
            weight = mask / mask.sum(1, keepdim=True) / (16 * args.group_size)
            ((0.001 * kl - surrogate) * weight).sum().backward()
            trained += int(sum(len(p) + len(o) for p, o, _ in part))
            generated += int(sum(len(o) for _, o, _ in part))
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        update_seconds += time.perf_counter() - t
    seconds = time.perf_counter() - start
    print(json.dumps({
        "peer": "plain PyTorch loop", "torch": torch.__version__, "threads": args.threads, "steps": args.steps,
        "steps_per_second": args.steps / seconds, "tokens_generated": generated, "tokens_trained": trained,
        "rollout_tokens_per_second": generated / rollout_seconds,
        "update_tokens_per_second": trained / update_seconds,
        "tokens_per_second": (generated + trained) / seconds}))


if __name__ == "__main__":
    main()
