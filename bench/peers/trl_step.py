#!/usr/bin/env python3
"""Peer: TRL's GRPOTrainer on the CPU in float32: generation with transformers, beta 0.001, AdamW, one
optimizer step a batch, one iteration. Steps a second after the first step, and the seconds of its phases.

    python3 bench/peers/trl_step.py --model T1 --threads 1 --work S1 --steps 3
    python3 bench/peers/trl_step.py --model T1 --work first-step     prints a line when the first step is done

S1: every completion has 64 tokens, because the end token lies outside the model's head. S2: a logits
processor ends each completion at its recorded length.
"""
import random
import statistics
import tempfile
import time

import common


class Phases:
    """Seconds by phase, gathered by wrapping the trainer's own methods."""

    def __init__(self):
        self.seconds = {}

    def wrap(self, owner, name, key, only=lambda args: True):
        inner = getattr(owner, name)

        def timed(*args, **kwargs):
            if not only(args):
                return inner(*args, **kwargs)
            begin = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[key] = self.seconds.get(key, 0.0) + time.perf_counter() - begin

        setattr(owner, name, timed)


def force_lengths(model, lengths, prompt_tokens, end):
    """Makes model.generate() end row r after lengths[r] tokens, end token included."""
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList
    lengths = torch.tensor(lengths)

    class ForceLengths(LogitsProcessor):
        def __call__(self, input_ids, scores):
            assert len(scores) == len(lengths), "one generate() call a step was expected"
            scores = scores.clone()
            scores[:, end] = -torch.inf
            ending = lengths == input_ids.shape[1] - prompt_tokens + 1
            scores[ending] = -torch.inf
            scores[ending, end] = 0
            return scores

    inner = model.generate
    model.generate = lambda *args, **kwargs: inner(
        *args, logits_processor=LogitsProcessorList([ForceLengths()]), **kwargs)


def make_trainer(args, work, steps, callbacks):
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    import models
    folder = models.folder(args.models, args.model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.eos_token = models.END if work.lengths else models.NEVER
    words = [f"w{i}" for i in range(2, models.SHAPES[args.model][0])]
    random.seed(0)
    prompts = [{"prompt": " ".join(random.choices(words, k=work.prompt_tokens))} for _ in range(16 * 64)]
    generated = []

    def reward(completion_ids, **_):
        generated.extend(len(c) for c in completion_ids)
        return [float(c.count(7)) for c in completion_ids]

    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(), use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False,
        report_to="none", logging_strategy="no", save_strategy="no", disable_tqdm=True, max_steps=steps,
        per_device_train_batch_size=args.per_device, gradient_accumulation_steps=work.sequences // args.per_device,
        num_generations=work.group_size, num_iterations=1, max_completion_length=work.completion_tokens, beta=0.001,
        learning_rate=1e-6, temperature=1.0, cache_implementation=args.cache, dataloader_pin_memory=False, seed=1)
    trainer = GRPOTrainer(model=str(folder), reward_funcs=reward, args=config,
                          train_dataset=Dataset.from_list(prompts), processing_class=tokenizer, callbacks=callbacks)
    if work.lengths:
        force_lengths(trainer.model, work.lengths, work.prompt_tokens, tokenizer.eos_token_id)
    return trainer, generated


def run(args, steps):
    from transformers import TrainerCallback
    work = common.workload("S1" if args.work == "first-step" else args.work)
    phases, ends = Phases(), []

    class Clock(TrainerCallback):
        def on_step_end(self, *_, **__):
            ends.append((time.perf_counter(), dict(phases.seconds)))
            if len(ends) == 1 and args.work == "first-step":
                print("first step done", flush=True)

    trainer, generated = make_trainer(args, work, steps, [Clock()])
    phases.wrap(trainer.model, "generate", "rollout_s")
    phases.wrap(trainer, "_get_per_token_logps_and_entropies", "reference_s",
                lambda a: bool(a) and a[0] is trainer.ref_model)
    phases.wrap(trainer, "compute_loss", "forward_s")
    phases.wrap(trainer.accelerator, "backward", "backward_s")
    trainer.train()
    expected = sum(work.lengths) or work.sequences * work.completion_tokens
    if sum(generated) != expected * len(ends):
        raise RuntimeError(f"{sum(generated)} tokens in {len(ends)} steps, expected {expected} a step")
    return ends


def measure(args):
    ends = run(args, args.steps + 1)
    seconds = statistics.median(b[0] - a[0] for a, b in zip(ends, ends[1:]))
    first, last = ends[0][1], ends[-1][1]
    phases = {name: round((last[name] - first.get(name, 0.0)) / args.steps, 4) for name in last}
    return {"value": 1 / seconds, "unit": "steps/s", "phases": phases}


def main():
    parser = common.arguments(__doc__)
    parser.add_argument("--work", default="S1", choices=["S1", "S2", "first-step"])
    parser.add_argument("--steps", type=int, default=3, help="measured steps; one more comes before")
    parser.add_argument("--per-device", type=int, default=32)
    parser.add_argument("--cache", choices=["static"], help="transformers' cache implementation; dynamic by default")
    args = common.start(parser)
    if args.work == "first-step":
        run(args, 1)
    else:
        common.emit(args, "step", args.work, "TRL GRPOTrainer" + (", static cache" if args.cache else ""),
                    lambda: measure(args))


if __name__ == "__main__":
    main()
