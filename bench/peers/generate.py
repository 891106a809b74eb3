#!/usr/bin/env python3
"""Peer: transformers' generate(), what most people call. New tokens a second, prompt 64, exactly 64 new
tokens, temperature 1, with the growing and with the preallocated (static) key/value cache. It prefills
every row's prompt, also where rows share one.

    python3 bench/peers/generate.py --model T1 --threads 1 --batches 1,8,32,128
"""
import common

NEW = PROMPT = 64


def main():
    parser = common.arguments(__doc__)
    parser.add_argument("--batches", default="1,8,32,128")
    parser.add_argument("--caches", default="dynamic,static")
    args = common.start(parser)
    import torch
    from transformers import AutoModelForCausalLM

    import models
    model = AutoModelForCausalLM.from_pretrained(models.folder(args.models, args.model), dtype=torch.float32).eval()

    def measure(batch, cache):
        prompt = torch.randint(2, model.config.vocab_size, (batch, PROMPT))
        options = {} if cache == "dynamic" else {"cache_implementation": "static"}

        @torch.inference_mode()
        def work():
            out = model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), do_sample=True,
                                 temperature=1.0, top_k=0, top_p=1.0, min_new_tokens=NEW, max_new_tokens=NEW,
                                 eos_token_id=None, pad_token_id=0, disable_compile=True, **options)
            assert out.shape == (batch, PROMPT + NEW)

        heavy = args.model == "SmolLM2"  # one call takes half a minute
        seconds = common.median_seconds(work, args.seconds, warmup=0 if heavy else 1, least=1 if heavy else 2)
        return {"value": batch * NEW / seconds, "unit": "tokens/s"}

    for cache in args.caches.split(","):
        for batch in map(int, args.batches.split(",")):
            common.emit(args, "rollout", f"batch {batch}", f"transformers generate, {cache} cache",
                        lambda: measure(batch, cache))


if __name__ == "__main__":
    main()
