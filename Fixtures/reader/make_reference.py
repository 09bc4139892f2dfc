#!/usr/bin/env python3
"""Records gradients and ten optimizer steps of the reader in PyTorch, on the tiny encoder.

Needs torch and safetensors. Writes reference.json and reference.safetensors beside itself.
"""

import json
import pathlib
import random

import torch
from safetensors.torch import load_file, save_file

from torch_reader import TorchReader

HERE = pathlib.Path(__file__).parent
TINY = HERE.parent / "encoder" / "tiny"
STEPS, RANK, SCALE = 10, 4, 2.0
RATES = {"encoder": 1e-3, "heads": 2e-3}


def main():
    torch.manual_seed(3)
    random.seed(3)
    config = json.loads((TINY / "config.json").read_text())
    base = {name: t.float() for name, t in load_file(TINY / "model.safetensors").items()}
    batches = [[pair(config["vocab_size"]) for _ in range(7)] for _ in range(STEPS)]
    tensors, record = {}, {"batches": batches, "rank": RANK, "scale": SCALE, "losses": {}}
    for method in ("full", "lowRank"):
        values = parameters(config, base, method)
        for name, value in values.items():
            tensors[f"{method}.initial.{name}"] = value.detach().clone()
        reader = TorchReader(config, base, values, *((RANK, SCALE) if method == "lowRank" else ()))
        reader.loss(batches[0]).backward()
        for name, value in values.items():
            tensors[f"{method}.gradient.{name}"] = value.grad.clone()
            value.grad = None
        record["losses"][method] = train(reader, values, batches)
    (HERE / "reference.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    save_file(tensors, HERE / "reference.safetensors")


def parameters(config, base, method):
    width, values = config["hidden_size"], {}
    for name, tensor in base.items():
        is_linear = name.endswith(".weight") and tensor.dim() == 2
        if not name.startswith("encoder.") and not name.startswith("embeddings."):
            continue
        if "word_embeddings" in name or "token_type" in name or "position_ids" in name:
            continue
        if method == "full" or "LayerNorm" in name:
            values[name] = tensor.clone()
        elif is_linear and name.startswith("encoder."):
            stem = name.removesuffix(".weight")
            values[stem + ".lora_A.weight"] = torch.randn(RANK, tensor.shape[1]) * 0.2
            values[stem + ".lora_B.transposed"] = torch.randn(RANK, tensor.shape[0]) * 0.2
    values["reader.segment.weight"] = torch.randn(4, width) * 0.5
    for name, outputs in (("scope", 1), ("direction", 1), ("span", 2)):
        values[f"reader.{name}.weight"] = torch.randn(outputs, width) * 0.2
        values[f"reader.{name}.bias"] = torch.randn(outputs) * 0.1
    return {name: value.requires_grad_() for name, value in values.items()}


def pair(vocabulary):
    question, edit = random.randint(1, 6), random.randint(1, 20)
    ids = [random.randrange(vocabulary) for _ in range(question + edit + 3)]
    segments = [random.choice([0, 2]) for _ in range(question + 2)]
    segments += [random.choice([1, 3]) for _ in range(edit + 1)]
    start = random.randrange(edit)
    answer = [start, random.randint(start + 1, edit)] if random.random() < 0.7 else None
    return {
        "ids": ids, "segments": segments, "edit": [question + 2, question + 2 + edit],
        "scope": random.random() < 0.6, "subject": random.random() < 0.4, "answer": answer}


def train(reader, values, batches):
    groups = []
    for group in ("encoder", "heads"):
        for decay in (0.01, 0.0):
            chosen = [
                value for name, value in values.items()
                if is_head(name) == (group == "heads") and decays(name, value) == (decay > 0)]
            groups.append({"params": chosen, "lr": RATES[group], "weight_decay": decay})
    optimizer = torch.optim.AdamW(groups)
    # Two steps up, then down to 0: the schedule of LearningSchedule(stepCount: 10, warmUp: 0.2).
    factors = [(s + 1) / 2 if s < 2 else (10 - s) / 8 for s in range(STEPS)]
    losses = []
    for factor, batch in zip(factors, batches):
        for group in optimizer.param_groups:
            group.setdefault("full", group["lr"])
            group["lr"] = group["full"] * factor
        optimizer.zero_grad()
        loss = reader.loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(values.values(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def is_head(name):
    return name.startswith("reader.") and "segment" not in name


def decays(name, value):
    return value.dim() == 2 and "segment" not in name


if __name__ == "__main__":
    main()
