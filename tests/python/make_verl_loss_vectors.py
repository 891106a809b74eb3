"""Writes tests/data/verl_loss.json: losses, gradients and advantages as verl computes them.

    pip install torch && pip install --no-deps verl
    python tests/python/make_verl_loss_vectors.py tests/data/verl_loss.json

verl's own core_algos.py runs here (compute_policy_loss_vanilla, agg_loss, kl_penalty_forward,
compute_grpo_outcome_advantage) on random tensors in float64. What it imports beside PyTorch and
NumPy (Ray, tensordict, omegaconf, configuration classes) is not used by these functions and is replaced by
empty modules.
"""

import importlib.metadata
import importlib.util
import json
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import torch

LENGTHS = [3, 1, 6, 4]
MAX_COMPLETION_TOKENS = 9
KL_COEF = 0.04


def load_core_algos():
    root = Path(importlib.util.find_spec("verl").submodule_search_locations[0])
    for name in ("verl", "verl.trainer", "verl.trainer.ppo", "verl.utils", "verl.workers"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    unused = (
        "omegaconf",
        "tensordict",
        "verl.trainer.config",
        "verl.utils.device",
        "verl.utils.import_utils",
        "verl.workers.config",
    )
    for name in unused:
        sys.modules[name] = MagicMock()
    sys.modules["verl.utils.import_utils"].deprecated = lambda *args: lambda function: function
    sys.modules["verl.trainer.config"].AlgoConfig = type("AlgoConfig", (), {})
    sys.modules["verl.utils"].as_torch_index = sys.modules["verl.utils"].group_mean_std = None
    import verl.utils.torch_functional  # noqa: F401
    from verl.trainer.ppo import core_algos

    return core_algos


class ActorConfig:
    def __init__(self, clip_low, clip_high):
        self.clip_ratio = self.clip_ratio_low = clip_low
        self.clip_ratio_high = clip_high
        self.global_batch_info = {"loss_scale_factor": MAX_COMPLETION_TOKENS}

    def get(self, name, default):
        return {"clip_ratio_c": 1e9}.get(name, default)  # no dual clip


def loss_case(core_algos, aggregation, estimator, clip_low, clip_high, seed):
    random = torch.Generator().manual_seed(seed)
    shape = (len(LENGTHS), max(LENGTHS))

    def normal(spread):
        return spread * torch.randn(shape, generator=random, dtype=torch.float64)

    # float32 values, so that the file holds exactly what both sides compute from.
    logps = (-1.5 + normal(0.4)).float().double()
    old = (logps + normal(0.3)).float().double()
    ref = (logps + normal(0.3)).float().double()
    advantages = torch.randn(shape[0], generator=random, dtype=torch.float64).float().double()
    mask = (torch.arange(shape[1]) < torch.tensor(LENGTHS).unsqueeze(1)).double()

    logps.requires_grad_(True)
    pg_loss, metrics = core_algos.compute_policy_loss_vanilla(
        old_log_prob=old,
        log_prob=logps,
        advantages=advantages.unsqueeze(1).expand(shape),
        response_mask=mask,
        loss_agg_mode=aggregation,
        config=ActorConfig(clip_low, clip_high),
    )
    kl = core_algos.kl_penalty_forward(logps, ref, estimator)
    kl_loss = core_algos.agg_loss(kl, mask, aggregation, loss_scale_factor=MAX_COMPLETION_TOKENS)
    loss = pg_loss + KL_COEF * kl_loss
    loss.backward()

    def flat(x):
        return x.detach()[mask.bool()].tolist()

    return {
        "aggregation": aggregation,
        "kl_estimator": estimator,
        "kl_coef": KL_COEF,
        "clip_low": clip_low,
        "clip_high": clip_high,
        "lengths": LENGTHS,
        "advantages": advantages.tolist(),
        "logps": flat(logps),
        "old_logps": flat(old),
        "ref_logps": flat(ref),
        "loss": loss.item(),
        "pg_loss": pg_loss.item(),
        "kl_loss": kl_loss.item(),
        "grad": flat(logps.grad),
        "ppo_kl": metrics["actor/ppo_kl"],
        "pg_clipfrac": metrics["actor/pg_clipfrac"],
    }


def advantage_case(core_algos, rewards, group_size, by_std):
    scores = torch.tensor(rewards, dtype=torch.float64).unsqueeze(1)
    index = np.arange(len(rewards)) // group_size
    advantages, _ = core_algos.compute_grpo_outcome_advantage(
        scores, torch.ones_like(scores), index, norm_adv_by_std_in_grpo=by_std
    )
    return {"by_std": by_std, "group_size": group_size, "rewards": rewards, "advantages": advantages[:, 0].tolist()}


def main(path):
    core_algos = load_core_algos()
    aggregations = ("seq-mean-token-mean", "token-mean", "seq-mean-token-sum-norm", "seq-mean-token-sum", "token-sum")
    cases = [(a, k, *clip) for a in aggregations for k in ("k1", "k2", "k3") for clip in ((0.2, 0.2), (0.2, 0.28))]
    rewards = [1.1, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0, 1.0, 1.1, 0.1]
    vectors = {
        "verl": importlib.metadata.version("verl"),
        "losses": [loss_case(core_algos, *case, seed) for seed, case in enumerate(cases)],
        "advantages": [advantage_case(core_algos, rewards, 4, by_std) for by_std in (True, False)],
    }
    with open(path, "w") as out:
        json.dump(vectors, out)
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
