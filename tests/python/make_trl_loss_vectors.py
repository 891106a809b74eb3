"""Writes tests/data/trl_loss.json: losses, gradients and advantages as TRL computes them.

    pip install torch trl && python tests/python/make_trl_loss_vectors.py tests/data/trl_loss.json

TRL's own GRPOTrainer._compute_loss and _generate_and_score_completions run here, on random
log-probabilities and rewards in float64: a trainer object is made without its constructor, and the model's
forward pass, generation and reward functions are replaced by the given tensors. Nothing of the
formulas is repeated in this file.
"""

import json
import sys
from collections import defaultdict
from types import SimpleNamespace

import torch
import trl
from trl import GRPOConfig, GRPOTrainer

MAX_COMPLETION_LENGTH = 9
LENGTHS = [3, 1, 6, 4]


class Accelerator:
    """One process."""

    device = torch.device("cpu")
    num_processes = 1
    process_index = 0
    sync_gradients = True

    def gather(self, x):
        return x

    def reduce(self, x, reduction="sum"):
        return x


class Given(GRPOTrainer):
    """A GRPOTrainer whose model, generations and rewards are given."""

    def _get_per_token_logps_and_entropies(self, *args, **kwargs):
        return self.given_logps, torch.zeros_like(self.given_logps), None

    def _generate(self, prompts):
        ids = [[2, 3] for _ in prompts]
        return ids, ids, None, ["text"] * len(prompts), None, {}, None, None

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids_list):
        return self.given_rewards


def given_trainer(**options):
    trainer = object.__new__(Given)
    defaults = GRPOConfig(output_dir="/tmp/trl", report_to=[], bf16=False, use_cpu=True)
    trainer.args = defaults
    trainer.accelerator = Accelerator()
    trainer.model = SimpleNamespace(training=False, is_gradient_checkpointing=False)
    trainer._metrics = {"train": defaultdict(list), "eval": defaultdict(list)}
    trainer._logs = {key: [] for key in ("prompt", "completion", "advantages", "images")}
    trainer._logs |= {"rewards": defaultdict(list), "extra": defaultdict(list)}
    trainer._pending_extra_logs = defaultdict(list)
    trainer._pending_metrics = defaultdict(list)
    trainer._tokenizer = SimpleNamespace(pad_token_id=0)
    for name in ("environment_factories", "environments", "tools", "pad_to_multiple_of"):
        setattr(trainer, name, None)
    trainer.importance_sampling_level = defaults.importance_sampling_level
    trainer.top_entropy_quantile = 1.0
    trainer.off_policy_mask_threshold = None
    trainer.use_vllm = False
    trainer.aux_loss_enabled = False
    trainer._entropy_bonus_enabled = False
    trainer.mask_truncated_completions = False
    trainer.current_gradient_accumulation_steps = 1
    trainer.max_completion_length = MAX_COMPLETION_LENGTH
    trainer.multi_objective_aggregation = "sum_then_normalize"
    trainer.num_iterations = 1
    for name, value in options.items():
        setattr(trainer, name, value)
    return trainer


def loss_case(loss_type, beta, epsilon, epsilon_high, seed):
    random = torch.Generator().manual_seed(seed)
    shape = (len(LENGTHS), max(LENGTHS))

    def normal(spread):
        return spread * torch.randn(shape, generator=random, dtype=torch.float64)

    # float32 values, so that the file holds exactly what both sides compute from.
    logps = (-1.5 + normal(0.4)).float().double()
    old = (logps + normal(0.3)).float().double()
    ref = (logps + normal(0.3)).float().double()
    advantages = torch.randn(shape[0], generator=random, dtype=torch.float64).float().double()
    mask = (torch.arange(shape[1]) < torch.tensor(LENGTHS).unsqueeze(1)).long()
    ids = torch.full(shape, 2)

    logps.requires_grad_(True)
    trainer = given_trainer(
        loss_type=loss_type, beta=beta, epsilon_low=epsilon, epsilon_high=epsilon_high, given_logps=logps
    )
    loss = trainer._compute_loss(
        trainer.model,
        {
            "prompt_ids": torch.full((shape[0], 1), 2),
            "prompt_mask": torch.ones((shape[0], 1), dtype=torch.long),
            "completion_ids": ids,
            "completion_mask": mask,
            "advantages": advantages,
            "old_per_token_logps": old,
            "ref_per_token_logps": ref,
            "num_items_in_batch": mask.sum(),
        },
    )
    loss.backward()
    metrics = {name: values[0] for name, values in trainer._metrics["eval"].items()}

    def flat(x):
        return x.detach()[mask.bool()].tolist()

    return {
        "loss_type": loss_type,
        "beta": beta,
        "epsilon": epsilon,
        "epsilon_high": epsilon_high,
        "lengths": LENGTHS,
        "advantages": advantages.tolist(),
        "logps": flat(logps),
        "old_logps": flat(old),
        "ref_logps": flat(ref),
        "loss": loss.item(),
        "grad": flat(logps.grad),
        "kl": metrics.get("kl"),
        "clip_low": metrics["clip_ratio/low_mean"],
        "clip_high": metrics["clip_ratio/high_mean"],
        "clip_region": metrics["clip_ratio/region_mean"],
    }


def advantage_case(scale_rewards, rewards, num_generations):
    trainer = given_trainer(
        scale_rewards=scale_rewards,
        beta=0.0,
        num_generations_eval=num_generations,
        reward_weights=torch.ones(1, dtype=torch.float64),
        reward_func_names=["given"],
        given_rewards=torch.tensor(rewards, dtype=torch.float64).unsqueeze(1),
    )
    out = trainer._generate_and_score_completions([{"prompt": "p"} for _ in rewards])
    metrics = trainer._metrics["eval"]
    return {
        "scale_rewards": scale_rewards,
        "num_generations": num_generations,
        "rewards": rewards,
        "advantages": out["advantages"].tolist(),
        "reward": metrics["reward"][0],
        "reward_std": metrics["reward_std"][0],
        "frac_reward_zero_std": metrics["frac_reward_zero_std"][0],
    }


def main(path):
    losses = [
        loss_case(loss_type, beta, epsilon, epsilon_high, seed)
        for seed, (loss_type, beta, epsilon, epsilon_high) in enumerate(
            (loss_type, beta, *clip)
            for loss_type in ("grpo", "bnpo", "dapo", "dr_grpo")
            for beta in (0.0, 0.04)
            for clip in ((0.2, 0.2), (0.2, 0.28), (0.1, 5.0))
        )
    ]
    rewards = [1.1, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0, 1.0, 1.1, 0.1]
    advantages = [advantage_case(scale, rewards, 4) for scale in ("group", "batch", "none")]
    with open(path, "w") as out:
        json.dump({"trl": trl.__version__, "torch": torch.__version__, "losses": losses, "advantages": advantages}, out)
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
