#!/usr/bin/env python3
"""Writes s2_lengths.json: the completion lengths of the long-tailed workload S2, 16 prompts x 16, drawn
once so that every engine and every peer generates exactly the same number of tokens.

    python3 bench/data/make_s2_lengths.py > bench/data/s2_lengths.json

Lognormal with median 40 tokens and sigma 1, rounded, from 2 to 256 (cut there). A length counts the end
token.
"""
import json
import math
import random

PROMPTS, GROUP_SIZE, MEDIAN, SIGMA, SHORTEST, LONGEST, SEED = 16, 16, 40, 1.0, 2, 256, 1


def main():
    rng = random.Random(SEED)

    def draw():
        return min(LONGEST, max(SHORTEST, round(rng.lognormvariate(math.log(MEDIAN), SIGMA))))

    lengths = [[draw() for _ in range(GROUP_SIZE)] for _ in range(PROMPTS)]
    rows = ",\n    ".join(json.dumps(group) for group in lengths)
    print(f'{{\n  "seed": {SEED}, "median": {MEDIAN}, "sigma": {SIGMA}, "cut": {LONGEST},\n'
          f'  "lengths": [\n    {rows}\n  ]\n}}')


if __name__ == "__main__":
    main()
