#!/usr/bin/env python3
"""Measures PyTorch's training of the reader on random tokens, the peer of `errata-bench train`.

Usage: torch_speed.py ENCODER-DIRECTORY [--batch 32] [--tokens 36] [--steps 10] [--threads 1]
"""

import argparse
import json
import pathlib
import random
import statistics
import time

import torch
from safetensors.torch import load_file

from torch_reader import TorchReader


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("encoder", type=pathlib.Path)
    for name, value in (("batch", 32), ("tokens", 36), ("steps", 10), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = json.loads((options.encoder / "config.json").read_text())
    base = {n: t.float() for n, t in load_file(options.encoder / "model.safetensors").items()}
    for rank in (0, 32):
        values = parameters(config, base, rank)
        reader = TorchReader(config, base, values, rank, 2.0)
        optimizer = torch.optim.AdamW(values.values(), lr=1e-4)
        batch = [pair(config["vocab_size"], options.tokens) for _ in range(options.batch)]
        times = []
        for _ in range(options.steps + 1):
            start = time.perf_counter()
            optimizer.zero_grad()
            reader.loss(batch).backward()
            torch.nn.utils.clip_grad_norm_(values.values(), 1.0)
            optimizer.step()
            times.append(time.perf_counter() - start)
        median = statistics.median(times[1:])
        name = f"low-rank, rank {rank}" if rank else "full"
        print(f"{name}: {options.batch / median:.1f} pairs a second, {1000 * median:.0f} ms a step")


def parameters(config, base, rank):
    width, values = config["hidden_size"], {}
    for name, tensor in base.items():
        if not name.startswith("encoder.") and not name.startswith("embeddings."):
            continue
        if "word_embeddings" in name or "token_type" in name or "position_ids" in name:
            continue
        if not rank or "LayerNorm" in name:
            values[name] = tensor.clone()
        elif name.startswith("encoder.") and name.endswith(".weight"):
            stem = name.removesuffix(".weight")
            values[stem + ".lora_A.weight"] = torch.randn(rank, tensor.shape[1]) * 0.02
            values[stem + ".lora_B.transposed"] = torch.zeros(rank, tensor.shape[0])
    values["reader.segment.weight"] = torch.randn(4, width) * 0.02
    for name, outputs in (("scope", 1), ("direction", 1), ("span", 2)):
        values[f"reader.{name}.weight"] = torch.randn(outputs, width) * 0.02
        values[f"reader.{name}.bias"] = torch.zeros(outputs)
    return {name: value.requires_grad_() for name, value in values.items()}


def pair(vocabulary, tokens):
    half = tokens // 2
    return {
        "ids": [random.randrange(vocabulary) for _ in range(tokens)],
        "segments": [int(i >= half) for i in range(tokens)], "edit": [half, tokens - 1],
        "scope": random.random() < 0.5, "subject": False, "answer": [2, 4]}


if __name__ == "__main__":
    main()
