"""The shapes of bench/shapes.h as random Llama checkpoints that transformers and TRL load, with a tokenizer
of one word a token: 0 is padding, 1 the end token, and one id past the model's last row never comes, for
runs in which every completion has its full length.
"""
import json
from pathlib import Path

SHAPES = {  # vocabulary, hidden, layers, heads, key/value heads, intermediate
    "signs": (121, 96, 3, 4, 4, 256),
    "T1": (512, 128, 4, 4, 4, 384),
    "T5": (512, 256, 6, 4, 4, 768),
    "M30": (8192, 512, 8, 8, 8, 1536),
    "SmolLM2": (49152, 576, 30, 9, 3, 1536),
}
END, NEVER = "<eos>", "<never>"


def folder(models, name):
    """Path of the checkpoint; made at the first call."""
    path = Path(models) / name
    if not (path / "tokenizer.json").exists():
        write(path, *SHAPES[name])
    return path


def write(path, vocab, hidden, layers, heads, kv_heads, intermediate):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocab, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, intermediate_size=intermediate, max_position_embeddings=4352,
        tie_word_embeddings=True, bos_token_id=None, eos_token_id=None, pad_token_id=0, dtype="float32"))
    model.generation_config = GenerationConfig(bos_token_id=None, eos_token_id=None, pad_token_id=0)
    model.save_pretrained(path)
    words = ["<pad>", END, *(f"w{i}" for i in range(2, vocab)), NEVER]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token=END, unk_token="<pad>",
                            padding_side="left", model_max_length=4352).save_pretrained(path)


def config(path):
    return json.loads((Path(path) / "config.json").read_text())
