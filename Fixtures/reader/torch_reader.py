"""The reader in PyTorch, plain and slow: what the Swift trainer is compared with.

Tensors are named as in Errata's parameter table; lora_B is kept transposed there.
"""

import math

import torch
import torch.nn.functional as F


class TorchReader:
    """A BERT encoder with segments, heads and, in low-rank training, updates of its linear maps."""

    def __init__(self, config, base, values, rank=0, scale=0.0):
        self.config, self.base, self.values = config, base, values
        self.rank, self.scale = rank, scale

    def tensor(self, name):
        return self.values.get(name, self.base.get(name))

    def linear(self, x, name):
        weight = self.tensor(name + ".weight")
        if self.rank:
            down = self.values[name + ".lora_A.weight"]
            up = self.values[name + ".lora_B.transposed"]
            weight = weight + self.scale * (up.t() @ down)
        return F.linear(x, weight, self.tensor(name + ".bias"))

    def norm(self, x, name):
        return F.layer_norm(
            x, x.shape[-1:], self.tensor(name + ".weight"), self.tensor(name + ".bias"),
            self.config["layer_norm_eps"])

    def hidden(self, ids, segments, mask):
        """ids, segments and mask are (pairs, tokens); returns (pairs, tokens, width)."""
        x = self.tensor("embeddings.word_embeddings.weight")[ids]
        x = x + self.tensor("reader.segment.weight")[segments]
        x = x + self.tensor("embeddings.position_embeddings.weight")[: ids.shape[1]]
        x = self.norm(x, "embeddings.LayerNorm")
        heads = self.config["num_attention_heads"]
        pairs, tokens, width = x.shape
        hidden_mask = (1 - mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        for layer in range(self.config["num_hidden_layers"]):
            prefix = f"encoder.layer.{layer}."

            def split(part):
                y = self.linear(x, prefix + "attention.self." + part)
                return y.view(pairs, tokens, heads, width // heads).transpose(1, 2)

            q, k, v = split("query"), split("key"), split("value")
            scores = q @ k.transpose(-1, -2) / math.sqrt(width // heads) + hidden_mask
            context = (scores.softmax(-1) @ v).transpose(1, 2).reshape(pairs, tokens, width)
            attended = self.linear(context, prefix + "attention.output.dense")
            x = self.norm(attended + x, prefix + "attention.output.LayerNorm")
            inner = F.gelu(self.linear(x, prefix + "intermediate.dense"))
            x = self.norm(
                self.linear(inner, prefix + "output.dense") + x, prefix + "output.LayerNorm")
        return x

    def head(self, x, name):
        return F.linear(x, self.values[f"reader.{name}.weight"], self.values[f"reader.{name}.bias"])

    def loss(self, batch, weights=(1.0, 0.3, 0.2)):
        """The mean loss of a batch of dicts: ids, segments, edit, scope, subject, answer."""
        longest = max(len(pair["ids"]) for pair in batch)

        def padded(key):
            return torch.tensor([p[key] + [0] * (longest - len(p[key])) for p in batch])

        mask = torch.tensor(
            [[1] * len(p["ids"]) + [0] * (longest - len(p["ids"])) for p in batch])
        x = self.hidden(padded("ids"), padded("segments"), mask)
        scope, direction = self.head(x[:, 0], "scope")[:, 0], self.head(x[:, 0], "direction")[:, 0]
        target = torch.tensor([float(p["scope"]) for p in batch])
        total = weights[0] * F.binary_cross_entropy_with_logits(scope, target, reduction="sum")
        for i, pair in enumerate(batch):
            if not pair["scope"]:
                continue
            total = total + weights[1] * F.binary_cross_entropy_with_logits(
                direction[i], torch.tensor(float(pair["subject"])))
            if pair["answer"]:
                start, end = pair["edit"]
                spans = self.head(x[i, start:end], "span")
                total = total + weights[2] / 2 * (
                    F.cross_entropy(spans[None, :, 0], torch.tensor([pair["answer"][0]]))
                    + F.cross_entropy(spans[None, :, 1], torch.tensor([pair["answer"][1] - 1])))
        return total / len(batch)
