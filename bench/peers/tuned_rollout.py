"""Sampling as a careful PyTorch user writes it: each prompt prefilled once for its group, keys and values in
buffers that are allocated once, one uniform number a row and a search in the cumulated probabilities, no
autograd. Three ways to attend:

    sdpa      torch's fused attention over the filled part of each row's buffer
    matmul    two matrix products and a softmax over the same
    grouped   the prompt's keys and values stored once a group, read by one product for the whole group

With recorded lengths, rows that have ended leave the batch when a tenth of it has.
"""
import torch
import torch.nn.functional as F

ATTENTIONS = ("sdpa", "matmul", "grouped")


def sample(logits_BV):
    cumulated = torch.softmax(logits_BV, -1).cumsum(-1)
    drawn = torch.rand(len(logits_BV), 1) * cumulated[:, -1:]
    return torch.searchsorted(cumulated, drawn)[:, 0].clamp_(max=logits_BV.shape[-1] - 1)


class Rollout:
    """n prompts of P tokens in groups of G: B = n G rows, N / K = R query heads a key head."""

    def __init__(self, model, work, attention):
        self.model, self.work, self.attention = model, work, attention
        self.R, self.scale = model.N // model.K, model.H ** -0.5
        length = work.completion_tokens + (0 if attention == "grouped" else work.prompt_tokens)
        shape = (work.sequences, model.K, length, model.H)
        self.buffers = [(torch.zeros(shape), torch.zeros(shape)) for _ in model.layers]

    @torch.inference_mode()
    def __call__(self, prompts_nP):
        """Completions, B x completion_tokens; what lies beyond a row's length is 0."""
        work, P = self.work, self.work.prompt_tokens
        logits = self.prefill(prompts_nP)
        rows = torch.arange(work.sequences)
        lengths = torch.tensor(work.lengths) if work.lengths else None
        out = torch.zeros(work.sequences, work.completion_tokens, dtype=torch.long)
        for i in range(work.completion_tokens):
            token = sample(logits)
            if lengths is not None:
                token[lengths[rows] == i + 1] = 1
            out[rows, i] = token
            if i + 1 == work.completion_tokens:
                break
            if lengths is not None:
                rows, token = self.drop_finished(rows, token, lengths[rows] > i + 1)
            if len(rows) == 0:
                break
            logits = self.step(token, P + i)
        return out if lengths is None else out * (torch.arange(out.shape[1]) < lengths[:, None])

    def prefill(self, prompts_nP):
        kept = []
        x = self.model.hidden(prompts_nP, kept)[:, -1]
        G, P = self.work.group_size, self.work.prompt_tokens
        self.prompt = kept
        if self.attention != "grouped":
            self.cache = self.buffers
            for filled, buffers in zip(kept, self.buffers):
                for source, buffer in zip(filled, buffers):
                    buffer[:, :, :P].unflatten(0, (-1, G))[:] = source[:, None]
        return self.model.logits(x.repeat_interleave(G, 0))

    def drop_finished(self, rows, token, alive):
        assert self.attention != "grouped", "grouped attention keeps whole groups"
        if alive.float().mean() >= 0.9:
            token = torch.where(alive, token, 2)  # goes on in place; its tokens are cut off at the end
            return rows, token
        self.cache = [(k[alive], v[alive]) for k, v in self.cache]
        return rows[alive], token[alive]

    def step(self, token, position):
        model = self.model
        x = F.embedding(token, model.embed)
        at = torch.tensor([position])
        for i, layer in enumerate(model.layers):
            q, k, v = (h[:, 0] for h in model.qkv(layer, x[:, None], at))
            x = layer.finish(x, self.attend(i, q, k, v, position).flatten(1))
        return model.logits(x)

    def attend(self, i, q, k, v, position):
        """q: B N H; k, v: B K H. Returns B N H."""
        if self.attention == "grouped":
            return self.attend_grouped(i, q, k, v, position - self.work.prompt_tokens)
        keys, values = self.cache[i]
        keys[:, :, position], values[:, :, position] = k, v
        keys, values = keys[:, :, :position + 1], values[:, :, :position + 1]
        if self.attention == "sdpa":
            return F.scaled_dot_product_attention(q[:, :, None], keys, values, enable_gqa=self.R > 1)[:, :, 0]
        q = q.unflatten(1, (-1, self.R)) * self.scale
        return (torch.softmax(q @ keys.transpose(-1, -2), -1) @ values).flatten(1, 2)

    def attend_grouped(self, i, q, k, v, position):
        keys, values = self.buffers[i]
        keys[:, :, position], values[:, :, position] = k, v
        keys, values = keys[:, :, :position + 1], values[:, :, :position + 1]
        prompt_keys, prompt_values = self.prompt[i]
        G, P = self.work.group_size, self.work.prompt_tokens
        of_groups = lambda t: t.unflatten(0, (-1, G)).transpose(1, 2).flatten(2, 3)  # B K R . -> n K G R .
        of_rows = lambda t: t.unflatten(2, (G, -1)).transpose(1, 2).flatten(0, 1)
        q = q.unflatten(1, (-1, self.R)) * self.scale
        scores = torch.cat([of_rows(of_groups(q) @ prompt_keys.transpose(-1, -2)), q @ keys.transpose(-1, -2)], -1)
        w = torch.softmax(scores, -1)
        return (of_rows(of_groups(w[..., :P]) @ prompt_values) + w[..., P:] @ values).flatten(1, 2)
