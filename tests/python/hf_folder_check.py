"""Holds a model folder that r1zero wrote to Hugging Face transformers and tokenizers.

usage: hf_folder_check.py FOLDER CASES.json SAVED

CASES.json is what r1zero's own decoder and tokenizer gave: sequences with the logits after their last
token, prompts with their greedy continuations, texts with their ids. The folder is then saved as
transformers saves it, to SAVED, for r1zero to read back. Needs torch and transformers.
"""
import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-4  # of the largest logit


def check_logits(model, cases):
    worst = 0.0
    for case in cases:
        ours = torch.tensor(case["logits"])
        theirs = model(torch.tensor([case["tokens"]])).logits[0, -1]
        worst = max(worst, ((ours - theirs).abs().max() / theirs.abs().max()).item())
    assert worst < TOLERANCE, f"logits differ by {worst:.2e} of the largest"
    print(f"{len(cases)} sequences: largest difference {worst:.1e} of the largest logit")


def check_greedy(model, cases):
    for case in cases:
        prompt = torch.tensor([case["tokens"]])
        output = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                                temperature=None, top_p=None, top_k=None,
                                max_length=None, max_new_tokens=len(case["continuation"]))
        theirs = output[0, prompt.shape[1]:].tolist()
        assert theirs == case["continuation"], (theirs, case["continuation"])
    print(f"{len(cases)} greedy continuations: the same tokens")


def check_tokenizer(tokenizer, cases, pad, eos):
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (pad, eos)
    for case in cases:
        ids = tokenizer(case["text"])["input_ids"]
        assert ids == case["ids"], (case["text"], ids, case["ids"])
        decoded = tokenizer.decode([pad] + ids + [eos], skip_special_tokens=True)
        assert decoded == case["text"], (case["text"], decoded)
    print(f"{len(cases)} texts: the same ids, and the same text back")


def main(folder, cases_file, saved):
    torch.set_num_threads(1)  # the model is tiny; threads would only wait for each other
    with open(cases_file, encoding="utf-8") as file:
        cases = json.load(file)
    model = AutoModelForCausalLM.from_pretrained(folder).float().eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        check_logits(model, cases["logits"])
        check_greedy(model, cases["greedy"])
    check_tokenizer(tokenizer, cases["texts"], cases["pad"], cases["eos"])
    model.save_pretrained(saved)
    tokenizer.save_pretrained(saved)


if __name__ == "__main__":
    main(*sys.argv[1:])
