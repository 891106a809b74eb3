#!/usr/bin/env python3
"""Peer: the fastest GRPO that we know to write in eager PyTorch, in float32, with the parts of a training
step and the whole of it. torch.compile is left out: on these sizes it gained nothing over its own spread
and takes 20 to 60 s at the first call.

    python3 bench/peers/tuned_loop.py rollout --model T1 --threads 1 --batches 1,8,32,128
    python3 bench/peers/tuned_loop.py learner --model T1 --threads 1
    python3 bench/peers/tuned_loop.py step    --model T1 --threads 1 --work S1
    python3 bench/peers/tuned_loop.py first-token --model T1
"""
import time

import common

KL_COEF, MICRO_BATCH_TOKENS = 0.001, 2048


class Learner:
    """One AdamW step over rows of prompt and completion; the head on completions only, rows sorted by length
    into micro-batches that are padded to their longest."""

    def __init__(self, model, reference):
        import torch
        self.torch, self.model, self.reference = torch, model, reference
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.0, fused=True)

    def micro_batches(self, lengths, prompt_tokens):
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        while order:
            longest = prompt_tokens + lengths[order[-1]]
            count = max(1, MICRO_BATCH_TOKENS // longest)
            yield order[-count:], longest
            del order[-count:]

    def step(self, tokens_BT, lengths, prompt_tokens, advantages_B):
        """Returns the seconds that the reference pass took."""
        torch, reference_s = self.torch, 0.0
        for rows, longest in self.micro_batches(lengths, prompt_tokens):
            tokens = tokens_BT[rows, :longest]
            of_row = torch.tensor([lengths[r] for r in rows])[:, None]
            mask = torch.arange(longest - prompt_tokens) < of_row
            weight = mask / (of_row * len(lengths))
            begin = time.perf_counter()
            ref = self.reference_logprobs(tokens, prompt_tokens)
            reference_s += time.perf_counter() - begin
            self.loss(tokens, prompt_tokens, advantages_B[rows, None], weight, ref).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return reference_s

    def reference_logprobs(self, tokens, first):
        if self.reference is None:
            return None
        with self.torch.inference_mode():
            return self.reference.logprobs(tokens, first).clone()

    def loss(self, tokens, first, advantages, weight, ref):
        torch = self.torch
        logprobs = self.model.logprobs(tokens, first)
        ratio = torch.exp(logprobs - logprobs.detach())
        loss = -torch.min(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages)
        if ref is not None:
            loss = loss + KL_COEF * (torch.exp(ref - logprobs) - (ref - logprobs) - 1)
        return (loss * weight).sum()


def load(args):
    import models
    from tuned_model import Model
    return Model(models.folder(args.models, args.model))


def rollout_rows(args, batches):
    import torch
    from tuned_rollout import ATTENTIONS, Rollout
    model = load(args)
    heavy = args.model == "SmolLM2"

    def measure(batch, attention):
        group_size = min(8, batch)
        work = common.Work(batch // group_size, group_size)
        rollout = Rollout(model, work, attention)
        prompts = torch.randint(2, model.vocab, (work.prompts, work.prompt_tokens))
        seconds = common.median_seconds(lambda: rollout(prompts), args.seconds, warmup=0 if heavy else 1,
                                        least=1 if heavy else 2)
        return {"value": batch * work.completion_tokens / seconds, "unit": "tokens/s"}

    for attention in ATTENTIONS:
        for batch in batches:
            common.emit(args, "rollout", f"batch {batch}", f"tuned loop, {attention} attention",
                        lambda: measure(batch, attention))


def learner_row(args):
    import torch
    model, work = load(args), common.Work()
    learner = Learner(model, None)
    tokens = torch.randint(2, model.vocab, (work.sequences, work.prompt_tokens + work.completion_tokens))
    advantages = torch.tensor([1.0, -1.0]).repeat(work.sequences // 2)
    lengths = [work.completion_tokens] * work.sequences

    def measure():
        seconds = common.median_seconds(lambda: learner.step(tokens, lengths, work.prompt_tokens, advantages),
                                        args.seconds)
        return {"value": tokens.numel() / seconds, "unit": "tokens/s"}

    common.emit(args, "learner", "P64 C64", "tuned loop", measure)


def step_row(args):
    import torch
    from tuned_rollout import Rollout
    work, model, reference = common.workload(args.work), load(args), load(args)
    rollout = Rollout(model, work, "matmul" if work.lengths else "grouped")
    learner = Learner(model, reference.requires_grad_(False))
    lengths = work.lengths or [work.completion_tokens] * work.sequences
    parts = {"rollout_s": 0.0, "reference_s": 0.0, "update_s": 0.0, "steps": 0}

    def step():
        begin = time.perf_counter()
        prompts = torch.randint(2, model.vocab, (work.prompts, work.prompt_tokens))
        completions = rollout(prompts)
        rolled_out = time.perf_counter()
        rewards = (completions == 7).sum(1).float().view(work.prompts, work.group_size)
        advantages = ((rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)).flatten()
        tokens = torch.cat([prompts.repeat_interleave(work.group_size, 0), completions], 1)
        reference_s = learner.step(tokens, lengths, work.prompt_tokens, advantages)
        parts["rollout_s"] += rolled_out - begin
        parts["reference_s"] += reference_s
        parts["update_s"] += time.perf_counter() - rolled_out - reference_s
        parts["steps"] += 1

    def measure():
        seconds = common.median_seconds(step, args.seconds, least=args.steps)
        phases = {name: round(value / parts["steps"], 4) for name, value in parts.items() if name != "steps"}
        return {"value": 1 / seconds, "unit": "steps/s", "phases": phases}

    common.emit(args, "step", args.work, "tuned loop", measure)


def first_token(args):
    import torch
    from tuned_rollout import Rollout
    model = load(args)
    token = Rollout(model, common.Work(1, 1, 64, 1), "matmul")(torch.randint(2, model.vocab, (1, 64)))
    print("first token", int(token[0, 0]), flush=True)


def main():
    parser = common.arguments(__doc__)
    parser.add_argument("what", choices=["rollout", "learner", "step", "first-token"])
    parser.add_argument("--batches", default="1,8,32,128")
    parser.add_argument("--work", default="S1", choices=["S1", "S2"])
    parser.add_argument("--steps", type=int, default=2, help="measured steps, at least")
    args = common.start(parser)
    if args.what == "rollout":
        rollout_rows(args, [int(b) for b in args.batches.split(",")])
    else:
        {"learner": learner_row, "step": step_row, "first-token": first_token}[args.what](args)


if __name__ == "__main__":
    main()
