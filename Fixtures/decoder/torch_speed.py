"""The peer of `errata-bench decode`: the same shapes in PyTorch, float32.

    torch_speed.py [THREADS] [SIZE ...]

Prints tokens a second of a prompt of 256 tokens, and of 32 tokens after it, one by one; the median of
three.
"""

import statistics
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {
    "15m": (288, 6, 6, 6, 768, 32000), "110m": (768, 12, 12, 12, 2048, 32000),
    "0.5b": (896, 24, 14, 2, 4864, 151936)}


def measure(name, threads):
    width, layers, heads, groups, between, vocabulary = SHAPES[name]
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=groups, intermediate_size=between,
        max_position_embeddings=2048, tie_word_embeddings=True)
    with torch.device("cpu"):
        model = LlamaForCausalLM(config).eval()
    prompt = torch.tensor([[i * 37 % vocabulary for i in range(256)]])
    reading, writing = [], []
    with torch.inference_mode():
        for _ in range(3):
            start = time.perf_counter()
            out = model(prompt, use_cache=True, logits_to_keep=1)
            reading.append(time.perf_counter() - start)
            for _ in range(32):
                start = time.perf_counter()
                token = out.logits[:, -1].argmax(-1, keepdim=True)
                out = model(token, past_key_values=out.past_key_values, use_cache=True)
                writing.append(time.perf_counter() - start)
    print(f"{name}, {threads} threads: prompt {256 / statistics.median(reading):.0f} tokens a "
          f"second, then {1 / statistics.median(writing):.1f}", flush=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(count)
    for size in sys.argv[2:] or SHAPES:
        measure(size, count)
