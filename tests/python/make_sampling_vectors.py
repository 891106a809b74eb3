"""Writes tests/data/sampling.json: distributions as transformers' logits processors leave them.

    pip install torch transformers && python tests/python/make_sampling_vectors.py tests/data/sampling.json

Each case is a row of float32 logits, the tokens before it, the settings, and the log-probabilities of the
tokens that are left, in float64, after the processors in the order of generate(): repetition penalty,
temperature, top_k, top_p, min_p.
"""

import json
import sys

import torch
import transformers
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

SETTINGS = [
    {"repetition_penalty": 1.2},
    {"repetition_penalty": 0.8, "temperature": 0.6},
    {"top_k": 5},
    {"top_p": 0.9},
    {"min_p": 0.05},
    {"temperature": 1.7, "top_k": 30, "top_p": 0.8},
    {"repetition_penalty": 1.3, "temperature": 0.7, "top_k": 20, "top_p": 0.95, "min_p": 0.02},
    {"repetition_penalty": 2.0, "top_k": 1},
]


def processors(s):
    chain = []
    if "repetition_penalty" in s:
        chain.append(RepetitionPenaltyLogitsProcessor(penalty=s["repetition_penalty"]))
    if "temperature" in s:
        chain.append(TemperatureLogitsWarper(s["temperature"]))
    if "top_k" in s:
        chain.append(TopKLogitsWarper(s["top_k"]))
    if "top_p" in s:
        chain.append(TopPLogitsWarper(s["top_p"]))
    if "min_p" in s:
        chain.append(MinPLogitsWarper(s["min_p"]))
    return LogitsProcessorList(chain)


def case(settings, vocab_size, seed):
    random = torch.Generator().manual_seed(seed)
    logits = (3 * torch.randn(1, vocab_size, generator=random)).float()
    before = torch.randint(vocab_size, (1, 20), generator=random)
    scores = processors(settings)(before, logits.double())
    logprobs = torch.log_softmax(scores, -1)[0]
    kept = [v for v in range(vocab_size) if logprobs[v] > -float("inf")]
    return {
        "settings": settings,
        "logits": logits[0].tolist(),
        "before": before[0].tolist(),
        "kept": kept,
        "logprobs": [logprobs[v].item() for v in kept],
    }


cases = [case(s, 61 + 30 * (i % 2), i) for i, s in enumerate(SETTINGS)]
with open(sys.argv[1], "w") as file:
    json.dump({"transformers": transformers.__version__, "cases": cases}, file, indent=None)
    file.write("\n")
