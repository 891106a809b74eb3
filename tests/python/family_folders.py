"""Makes Hugging Face folders of every family with random weights, and checks what r1zero writes of them.

usage: family_folders.py make OUT       a folder a case, with expected.json beside the model
       family_folders.py check OUT      OUT/<case>/ours, as r1zero wrote it, gives the same logits

expected.json holds token ids, the logits after each of some positions (transformers, float32), a prompt
and the 64 tokens that follow greedily; the prompt is one where no two tokens come so close that rounding
could choose. Needs torch and transformers.
"""
import json
import os
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

TOLERANCE = 1e-4  # of the largest logit
COMMON = dict(vocab_size=211, hidden_size=72, num_hidden_layers=3, intermediate_size=100, eos_token_id=1,
              pad_token_id=0, max_position_embeddings=512)
PLAIN = dict(rope_type="default", rope_theta=10000.0)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64, rope_theta=500000.0)
# name: model_type, dtype, shards, what differs
CASES = {
    "llama2": ("llama", "float16", False, dict(num_attention_heads=6, num_key_value_heads=6,
                                                 tie_word_embeddings=False, rope_parameters=PLAIN)),
    "llama31": ("llama", "bfloat16", True, dict(num_attention_heads=6, num_key_value_heads=2, head_dim=16,
                                                 tie_word_embeddings=False, rope_parameters=LLAMA3)),
    "llama32_spelled_as_4": ("llama", "bfloat16", False, dict(num_attention_heads=4, num_key_value_heads=2,
                                                 head_dim=16, tie_word_embeddings=True, rope_parameters=LLAMA3)),
    "smollm2": ("llama", "float32", False, dict(num_attention_heads=9, num_key_value_heads=3,
                                                 tie_word_embeddings=True,
                                                 rope_parameters={**PLAIN, "rope_theta": 100000.0})),
    "qwen2": ("qwen2", "bfloat16", False, dict(num_attention_heads=9, num_key_value_heads=3, tie_word_embeddings=True,
                                                 rope_parameters={**PLAIN, "rope_theta": 1000000.0})),
    "qwen25": ("qwen2", "float16", True, dict(num_attention_heads=12, num_key_value_heads=2,
                                                 tie_word_embeddings=False, rope_parameters=PLAIN)),
    "qwen3": ("qwen3", "bfloat16", False, dict(num_attention_heads=7, num_key_value_heads=7, head_dim=10,
                                                 tie_word_embeddings=True, rope_parameters=PLAIN)),
    "qwen3_untied": ("qwen3", "float32", True, dict(num_attention_heads=5, num_key_value_heads=1, head_dim=32,
                                                 tie_word_embeddings=False, rope_parameters=PLAIN)),
    "mistral": ("mistral", "float16", False, dict(num_attention_heads=6, num_key_value_heads=3, head_dim=20,
                                                 sliding_window=None, tie_word_embeddings=False,
                                                 rope_parameters=PLAIN)),
    "mistral_wide_window": ("mistral", "float32", False, dict(num_attention_heads=4, num_key_value_heads=1,
                                                 sliding_window=512, tie_word_embeddings=False,
                                                 rope_parameters=PLAIN)),
}


def random_model(model_type, dtype, settings, seed):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **COMMON, **settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.normal_(1, 0.2)
            elif parameter.dim() == 1:
                parameter.normal_(0, 0.5)
            else:
                parameter.normal_(0, 1.5 * parameter.shape[1] ** -0.5)
    return model.to(getattr(torch, dtype))


def greedy(model, prompt):
    """64 tokens, and the smallest lead of the first over the second, relative to the largest logit."""
    ids, lead, cache = torch.tensor([prompt]), 1.0, None
    out, step = [], ids
    for _ in range(64):
        result = model(step, past_key_values=cache, use_cache=True)
        cache, logits = result.past_key_values, result.logits[0, -1]
        top = logits.topk(2)
        lead = min(lead, ((top.values[0] - top.values[1]) / logits.abs().max()).item())
        out.append(top.indices[0].item())
        step = top.indices[:1].view(1, 1)
        if out[-1] == COMMON["eos_token_id"]:
            break
    return out, lead


def expected(model):
    generator = torch.Generator().manual_seed(5)
    draw = lambda n: torch.randint(2, COMMON["vocab_size"], (n,), generator=generator).tolist()
    ids, positions = draw(300), [0, 1, 15, 16, 17, 63, 64, 150, 299]
    logits = model(torch.tensor([ids])).logits[0]
    for _ in range(50):
        prompt = draw(7)
        tokens, lead = greedy(model, prompt)
        if lead > 10 * TOLERANCE and len(tokens) == 64:
            return {"ids": ids, "positions": positions, "logits": [logits[t].tolist() for t in positions],
                    "prompt": prompt, "greedy": tokens}
    raise SystemExit("no prompt without a close decision")


def spell_as_4(folder):
    """config.json as transformers 4 wrote it."""
    path = os.path.join(folder, "config.json")
    config = json.load(open(path))
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope
    config["torch_dtype"] = config.pop("dtype")
    json.dump(config, open(path, "w"))


def make(out):
    for seed, (name, (model_type, dtype, shards, settings)) in enumerate(CASES.items()):
        folder = os.path.join(out, name)
        model = random_model(model_type, dtype, settings, seed)
        model.save_pretrained(folder, max_shard_size="100KB" if shards else "5GB")
        assert os.path.exists(os.path.join(folder, "model.safetensors.index.json")) == shards
        if name.endswith("as_4"):
            spell_as_4(folder)
        loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as file:
            json.dump(expected(loaded), file)


def check(out):
    for name in CASES:
        case = json.load(open(os.path.join(out, name, "expected.json")))
        model = AutoModelForCausalLM.from_pretrained(os.path.join(out, name, "ours")).eval()
        assert model.dtype == torch.float32, (name, model.dtype)
        logits = model(torch.tensor([case["ids"]])).logits[0]
        wanted = torch.tensor(case["logits"])
        assert torch.equal(logits[case["positions"]], wanted), name
        assert greedy(model, case["prompt"])[0] == case["greedy"], name
        print(f"{name}: transformers gives the same logits for the folder that r1zero wrote")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        {"make": make, "check": check}[sys.argv[1]](sys.argv[2])
