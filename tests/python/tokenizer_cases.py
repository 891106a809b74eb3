"""Cases for the tests of byte-level BPE, with the ids and texts that Hugging Face's tokenizers give.

  tokenizer_cases.py vectors FILE           the small golden that is committed, tests/data/bpe_vectors.json
  tokenizer_cases.py cases FOLDER SHARED    10,000 texts for every pre-tokenizer, and for the tokenizers of
                                            SHARED/tokenizers where these are there
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tokenizer_texts import SENTENCES, texts

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + REST
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + REST
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_level(**changes):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True, **changes}


def split(regex):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def digits(one_by_one):
    return {"type": "Digits", "individual_digits": one_by_one}


def bos(name, token):
    return {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {name: {"id": name, "ids": [token], "tokens": [name]}}}


def trained():
    """The model of a tokenizer of 700 tokens, as JSON."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=700, min_frequency=2, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    corpus = [text for text in texts(7, 400) if "gizmo" not in text]  # an added token, not one of the vocabulary
    tokenizer.train_from_iterator(SENTENCES * 3 + corpus, trainer)
    return json.loads(tokenizer.to_str())["model"]


def added_tokens(first):
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    tokens = [{"content": "<|endoftext|>"}, {"content": "<|im_start|>"}, {"content": "<|im_end|>"},
              {"content": "<think>", "special": False}, {"content": "<mask>", "lstrip": True, "rstrip": True},
              {"content": "gizmo", "single_word": True, "special": False},
              {"content": "e\u0301t\u0301", "normalized": True, "special": False}, {"content": "<s>"}]
    return [{"id": first + i, **flags, **token} for i, token in enumerate(tokens)]


def variants(model):
    """Name -> what is another in its tokenizer.json than in the base."""
    first = len(model["vocab"])
    nfc = {"type": "NFC"}
    return {
        "gpt2": {},
        "gpt2_prefix_space": {"pre_tokenizer": byte_level(add_prefix_space=True)},
        "gpt2_split": {"pre_tokenizer": sequence(split(GPT2), byte_level(use_regex=False)),
                       "normalizer": {"type": "Sequence", "normalizers": [nfc]}},
        "qwen": {"normalizer": nfc, "pre_tokenizer": sequence(split(QWEN), byte_level(use_regex=False))},
        "llama3": {"pre_tokenizer": sequence(split(LLAMA3), byte_level(use_regex=False)),
                   "post_processor": {"type": "Sequence", "processors": [byte_level(), bos("<s>", first + 7)]},
                   "model": {"ignore_merges": True}},
        "smollm2": {"pre_tokenizer": sequence(digits(True), byte_level())},
        "digits_together": {"pre_tokenizer": sequence(digits(False), byte_level(add_prefix_space=True))},
    }


def base(model):
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": added_tokens(len(model["vocab"])), "normalizer": None, "pre_tokenizer": byte_level(),
            "post_processor": byte_level(trim_offsets=False), "decoder": byte_level(add_prefix_space=True),
            "model": model}


def changed(root, change):
    model = {**root["model"], **change.get("model", {})}
    return {**root, **change, "model": model}


def expected(tokenizer, strings):
    """For each text its ids, the ids of it as a prompt, and what the ids and half of them decode to."""
    ids = [e.ids for e in tokenizer.encode_batch(strings, add_special_tokens=False)]
    return {"ids": ids,
            "prompt_ids": [e.ids for e in tokenizer.encode_batch(strings)],
            "decoded": tokenizer.decode_batch(ids),
            "half_decoded": tokenizer.decode_batch([i[:len(i) // 2] for i in ids])}


def write(path, value):
    pathlib.Path(path).write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def write_vectors(path):
    model = trained()
    root, strings, cases = base(model), texts(11, 40), []
    for name, change in variants(model).items():
        answers = expected(Tokenizer.from_str(json.dumps(changed(root, change))), strings)
        cases.append({"name": name, "change": change, "ids": answers["ids"], "prompt_ids": answers["prompt_ids"],
                      "half_decoded": answers["half_decoded"]})
    write(path, {"base": root, "texts": strings, "cases": cases})


def write_cases(folder, shared):
    folder = pathlib.Path(folder)
    model = trained()
    files = {}
    for name, change in variants(model).items():
        files[name] = folder / f"{name}.tokenizer.json"
        write(files[name], changed(base(model), change))
    for path in sorted(pathlib.Path(shared).glob("tokenizers/*/tokenizer.json")):
        files[path.parent.name] = path
    strings = texts(20, 10_000)
    write(folder / "texts.json", strings)
    for name, path in files.items():
        write(folder / f"{name}.cases.json",
              {"tokenizer": str(path), **expected(Tokenizer.from_file(str(path)), strings)})


if __name__ == "__main__":
    {"vectors": write_vectors, "cases": write_cases}[sys.argv[1]](*sys.argv[2:])
