"""r1zero's byte-level BPE beside Hugging Face's tokenizers: one thread each, in turn, on the same documents.

  python bench/peers/tokenizers_peer.py --bench build/release/tokenizer_bench --tokenizer DIR/tokenizer.json \
      --data gsm8k/train.jsonl [--rounds 3]

Needs `tokenizers`. The documents are the rows' questions and answers with their line ends as spaces. Each round runs
ours, then theirs (encode one by one, and encode_batch_fast); the best of each is shown, with all rounds.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import tokenizers  # noqa: E402  (reads the environment)


def documents(path):
    rows = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    return [" ".join(f"{row['question']} {row['answer']}".splitlines()) for row in rows]


def ours(bench, tokenizer, text):
    environment = {**os.environ, "R1ZERO_BENCH_TOKENIZER": tokenizer, "R1ZERO_BENCH_TEXT": text}
    run = subprocess.run([bench, "--benchmark_format=json", "--benchmark_filter=Load|Encode"], env=environment,
                         capture_output=True, check=True, text=True)
    named = {b["name"]: b for b in json.loads(run.stdout)["benchmarks"]}
    return {"encode": named["BM_Encode"]["bytes_per_second"] / 1e6, "load": named["BM_Load"]["cpu_time"] / 1e3,
            "tokens": int(named["BM_Encode"]["tokens"])}


def theirs(path, lines, num_bytes):
    start = time.process_time()
    tokenizer = tokenizers.Tokenizer.from_file(path)
    load = time.process_time() - start
    start = time.process_time()
    tokens = sum(len(tokenizer.encode(line, add_special_tokens=False).ids) for line in lines)
    encode = num_bytes / 1e6 / (time.process_time() - start)
    start = time.process_time()
    tokenizer.encode_batch_fast(lines, add_special_tokens=False)
    return {"encode": max(encode, num_bytes / 1e6 / (time.process_time() - start)), "load": load, "tokens": tokens}


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--bench", required=True)
    flags.add_argument("--tokenizer", required=True)
    flags.add_argument("--data", required=True)
    flags.add_argument("--rounds", type=int, default=3)
    args = flags.parse_args()
    lines = documents(args.data)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as text:
        text.write("\n".join(lines) + "\n")
        text.flush()
        num_bytes = os.path.getsize(text.name)
        rounds = [(ours(args.bench, args.tokenizer, text.name), theirs(args.tokenizer, lines, num_bytes))
                  for _ in range(args.rounds)]
    for a, b in rounds:
        assert a["tokens"] == b["tokens"], (a, b)
        print(f"encode {a['encode']:.1f} MB/s, tokenizers {b['encode']:.1f}: {a['encode'] / b['encode']:.1f}x;   "
              f"load {a['load']:.3f} s, tokenizers {b['load']:.3f}: {b['load'] / a['load']:.1f}x")
    best_of = [max(r[i]["encode"] for r in rounds) for i in (0, 1)]
    print(f"{num_bytes / 1e6:.1f} MB, tokenizers {tokenizers.__version__}, CPU time of one thread; best of "
          f"{args.rounds}: {best_of[0]:.1f} and {best_of[1]:.1f} MB/s, {best_of[0] / best_of[1]:.1f}x")


if __name__ == "__main__":
    main()
