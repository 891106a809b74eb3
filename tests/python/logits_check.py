"""Holds `r1zero logits` to transformers for any model folder.

usage: logits_check.py R1ZERO FOLDER [COUNT]

The logits after each of COUNT (40) token ids, in float32, and 64 greedy tokens after the first 9 of them.
Exit status 1 if logits differ by more than 1e-4 of the largest, or if a greedy token differs. Needs torch
and transformers.
"""
import json
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM

TOLERANCE = 1e-4  # of the largest logit


def r1zero(program, folder, ids, *flags):
    command = [program, "logits", "--model", folder, "--ids", " ".join(map(str, ids)), "--json", *flags]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def main(program, folder, count=40):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = [(7919 * i * i + 31 * i + 504) % model.config.vocab_size for i in range(int(count))]
    theirs = model(torch.tensor([ids])).logits[0]
    ours = torch.tensor([line["logits"] for line in r1zero(program, folder, ids, "--all")])
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    greedy = r1zero(program, folder, ids[:9], "--greedy", "64")[0]["greedy"]
    prompt = torch.tensor([ids[:9]])
    wanted = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, temperature=None,
                            top_p=None, top_k=None, max_new_tokens=64)[0, 9:].tolist()
    same = greedy == wanted
    print(f"logits after {count} tokens: largest difference {error:.1e} of the largest logit")
    print(f"{len(greedy)} greedy tokens: {'the same' if same else f'{greedy}, expected {wanted}'}")
    return 0 if error < TOLERANCE and same else 1


if __name__ == "__main__":
    with torch.no_grad():
        sys.exit(main(*sys.argv[1:]))
