"""Makes the golden models of tests/data/families.json: tiny ones of several families, with weights by a
formula, and the logits that transformers gives for them in float64.

usage: make_families.py > tests/data/families.json

Element i of the tensor NAME is ((i * 7919 + s) % 1009) / 1009 - 0.5, s the sum of (j + 1) * byte j of NAME;
plus 1 if NAME holds "norm", times 4 / sqrt(columns) if it is a matrix. Needs torch and transformers.
"""
import json

import torch
from transformers import AutoConfig, AutoModelForCausalLM

COMMON = dict(vocab_size=29, hidden_size=20, num_hidden_layers=2, intermediate_size=26, eos_token_id=1, pad_token_id=0,
              max_position_embeddings=64, rms_norm_eps=1e-6)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=20, rope_theta=500.0)
PLAIN = dict(rope_type="default", rope_theta=1000.0)
MODELS = {
    "Qwen2": dict(model_type="qwen2", num_attention_heads=5, num_key_value_heads=1, tie_word_embeddings=True,
                  rope_parameters=PLAIN),
    "Qwen3": dict(model_type="qwen3", num_attention_heads=3, num_key_value_heads=3, head_dim=6,
                  tie_word_embeddings=False, rope_parameters=PLAIN),
    "Llama3": dict(model_type="llama", num_attention_heads=4, num_key_value_heads=2, head_dim=8,
                   tie_word_embeddings=True, rope_parameters=LLAMA3),
    "Mistral": dict(model_type="mistral", num_attention_heads=4, num_key_value_heads=2, head_dim=6,
                    sliding_window=None, tie_word_embeddings=False, rope_parameters=PLAIN),
}
IDS = [(7 * i * i + 3 * i + 5) % 29 for i in range(40)]


def formula(name, shape):
    count = torch.Size(shape).numel()
    start = sum((j + 1) * byte for j, byte in enumerate(name.encode()))
    values = ((torch.arange(count) * 7919 + start) % 1009).double() / 1009 - 0.5
    if len(shape) == 2:
        values = values * (4 / shape[1] ** 0.5)
    if "norm" in name:
        values = values + 1
    return values.float().double().view(shape)


def golden(settings):
    config = AutoConfig.for_model(**COMMON, **settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(formula(name, parameter.shape))
        logits = model(torch.tensor([IDS])).logits[0]
    kept = [0, 1, 15, 16, 39]
    written = {**json.loads(config.to_json_string()), "architectures": [type(model).__name__]}
    return {"config": written, "ids": IDS, "positions": kept,
            "logits": [[float(f"{x:.9g}") for x in logits[t].tolist()] for t in kept]}


if __name__ == "__main__":
    cases = ",\n".join(f"{json.dumps(name)}: {json.dumps(golden(s))}" for name, s in MODELS.items())
    print("{\n" + cases + "\n}")
