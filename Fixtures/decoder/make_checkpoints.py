"""Makes random decoder checkpoints and what transformers computes with them.

Needs torch, transformers, safetensors and peft.

    make_checkpoints.py                writes the tiny ones beside this script; they are committed
    make_checkpoints.py --sweep DIR    writes many bigger ones to DIR, for

        ERRATA_DECODER_SWEEP=DIR swift test --filter DecoderSweepTests

A checkpoint's folder holds config.json, the weights and reference.safetensors:

    prompt      (tokens)                  ids, as floats
    rows        (rows)                    which of the prompt's tokens have logits
    logits      (rows, vocabulary)
    greedy      (steps)                   ids that follow the prompt
    margins     (steps)                   logit of the chosen id less that of the next best, as a part of
                                          the largest

and a folder of an adapter the same, with adapter_config.json and the weights instead; its base is the
checkpoint named in base.txt. Weights are random but not tiny, so that attention is not flat and a wrong
rotation, window or norm shows. A greedy path whose margin is below 1e-4 of the largest logit is drawn
again with another seed: identity of tokens must not hang on the last bit.
"""

import argparse
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config,
    Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64, "rope_theta": 500000.0}


def spread(model, generator):
    """Gives every weight a size at which it matters."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            if name.endswith("norm.weight"):
                weight.copy_(1 + 0.2 * drawn)
            elif name.endswith("bias"):
                weight.copy_(0.5 * drawn)
            elif "embed_tokens" in name:
                weight.copy_(drawn)
            else:
                weight.copy_(drawn * 1.3 / weight.shape[1] ** 0.5)


def reference(model, vocabulary, tokens, steps, every, generator):
    prompt = torch.randint(0, vocabulary, (1, tokens), generator=generator)
    with torch.no_grad():
        logits = model(prompt, use_cache=False).logits[0].float()
        ids, margins, cache, step = [], [], None, prompt
        for _ in range(steps):
            out = model(step, past_key_values=cache, use_cache=True)
            cache, last = out.past_key_values, out.logits[0, -1].float()
            top = last.topk(2)
            ids.append(top.indices[0].item())
            margins.append(((top.values[0] - top.values[1]) / last.abs().max()).item())
            step = top.indices[:1].view(1, 1)
    if min(margins) < 1e-4:
        return None
    rows = sorted({0, 1, tokens - 1} | set(range(0, tokens, every)))
    return {
        "prompt": prompt[0].to(torch.float32), "logits": logits[rows].contiguous(),
        "rows": torch.tensor(rows, dtype=torch.float32),
        "greedy": torch.tensor(ids, dtype=torch.float32), "margins": torch.tensor(margins)}


def attempt(folder, family, keys, tokens, steps, every, save, seed):
    config_type, model_type = FAMILIES[family]
    config = config_type(**keys, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    config._attn_implementation = "eager"
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = model_type(config).float().eval()
    spread(model, generator)
    kind = {"bf16": torch.bfloat16, "f16": torch.float16}.get(save.get("type"))
    if kind is not None:
        model = model.to(kind)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=save.get("shard", "50GB"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    # What transformers reads back from the files, in float32.
    model = model_type.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval(), reference(
        model, config.vocab_size, tokens, steps, every, generator), generator


def make(root, name, family, keys, tokens=40, steps=64, every=1, save={}, adapters=(), seed=0):
    folder = root / name
    for seed in range(seed * 1000, seed * 1000 + 50):
        model, found, generator = attempt(folder, family, keys, tokens, steps, every, save, seed)
        if found is not None:
            break
    assert found is not None, name
    save_file(found, folder / "reference.safetensors")
    for adapter, settings in adapters:
        make_adapter(root, name, adapter, settings, keys["vocab_size"], tokens, steps, every, seed)
    print(name, sum(p.numel() for p in model.parameters()), "weights, seed", seed, flush=True)


def make_adapter(root, base, name, settings, vocabulary, tokens, steps, every, seed):
    from peft import LoraConfig, get_peft_model

    folder = root / name
    for seed in range(seed + 1, seed + 50):
        model = transformers.AutoModelForCausalLM.from_pretrained(
            root / base, dtype=torch.float32, attn_implementation="eager")
        generator = torch.Generator().manual_seed(seed)
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings)).eval()
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "lora_" in key:
                    weight.copy_(torch.randn(weight.shape, generator=generator) * 0.15)
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        found = reference(model, vocabulary, tokens, steps, every, generator)
        if found is not None:
            break
    assert found is not None, name
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = base
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "base.txt").write_text(base + "\n")
    save_file(found, folder / "reference.safetensors")
    print(name, "on", base, "seed", seed, flush=True)


def shape(width, heads, groups, between, layers=2, vocabulary=96, positions=512, **more):
    return dict(
        vocab_size=vocabulary, hidden_size=width, num_attention_heads=heads,
        num_key_value_heads=groups, intermediate_size=between, num_hidden_layers=layers,
        max_position_embeddings=positions, rms_norm_eps=1e-5) | more


def rope(theta=10000.0, kind="default", **more):
    return {"rope_theta": theta, "rope_type": kind, **more}


def tiny(root):
    make(root, "llama", "llama",
         shape(32, 4, 4, 80, tie_word_embeddings=False, rope_parameters=rope()),
         adapters=[
             ("llama-lora", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
             ("llama-rslora", dict(
                 r=3, lora_alpha=5, use_rslora=True,
                 target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj",
                                 "down_proj"]))])
    make(root, "llama-odd", "llama",
         shape(30, 3, 1, 53, vocabulary=97, attention_bias=True, mlp_bias=True,
               tie_word_embeddings=True, rope_parameters=rope(500.0, "linear", factor=4.0)),
         save={"type": "f16"})
    make(root, "llama-3", "llama",
         shape(32, 4, 2, 48, tie_word_embeddings=True, rope_parameters=dict(LLAMA3)),
         tokens=200, steps=100, every=25, save={"type": "bf16"})
    make(root, "mistral-window", "mistral",
         shape(32, 8, 2, 48, sliding_window=7, tie_word_embeddings=False,
               rope_parameters=rope()), steps=200, every=2)
    make(root, "mistral-shards", "mistral",
         shape(32, 4, 1, 40, sliding_window=None, head_dim=12, tie_word_embeddings=False,
               rope_parameters=rope(1e6)), every=4, save={"shard": "16KB"})
    make(root, "qwen2", "qwen2",
         shape(32, 8, 1, 56, tie_word_embeddings=True, use_sliding_window=False,
               sliding_window=None, max_window_layers=2, rope_parameters=rope(1e6)),
         save={"type": "bf16"}, every=2)
    make(root, "qwen2-window", "qwen2",
         shape(24, 2, 2, 40, layers=3, tie_word_embeddings=False, use_sliding_window=True,
               sliding_window=5, max_window_layers=1, rope_parameters=rope()), every=2)
    make(root, "qwen3", "qwen3",
         shape(40, 4, 2, 64, head_dim=16, tie_word_embeddings=True, attention_bias=False,
               use_sliding_window=False, sliding_window=None, max_window_layers=2,
               rope_parameters=rope(1e6)), steps=256, every=4,
         adapters=[("qwen3-lora", dict(
             r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"]))])


def sweep(root):
    number = 0
    for family in FAMILIES:
        for width, heads, groups, head_width in [
            (64, 1, 1, 64), (128, 8, 8, 16), (96, 8, 2, 12), (160, 8, 1, 20), (144, 6, 3, 24),
            (64, 16, 4, 32)]:
            for variant in range(4):
                number += 1
                keys = shape(
                    width, heads, groups, width * 2 + 17 * variant, layers=1 + variant,
                    vocabulary=200 + 37 * variant, positions=2048, head_dim=head_width,
                    tie_word_embeddings=variant % 2 == 0)
                kinds = [rope(), rope(1e6), rope(1e4, "linear", factor=3.0), dict(LLAMA3)]
                keys["rope_parameters"] = kinds[variant]
                if family == "llama":
                    keys |= dict(attention_bias=variant == 1, mlp_bias=variant == 2)
                if family == "mistral":
                    keys |= dict(sliding_window=[None, 8, 33, 100][variant])
                if family == "qwen3":
                    keys |= dict(attention_bias=variant == 3)
                if family.startswith("qwen"):
                    keys |= dict(
                        use_sliding_window=variant > 1, sliding_window=[None, None, 16, 64][variant],
                        max_window_layers=1)
                make(root, f"{family}-{number:03}", family, keys, tokens=300, steps=256, every=23,
                     save={"type": [None, "bf16", "f16", None][variant],
                           "shard": ["50GB", "200KB"][number % 2]}, seed=number,
                     adapters=[(f"{family}-{number:03}-lora", dict(
                         r=4, lora_alpha=4, use_rslora=variant == 3,
                         target_modules=["q_proj", "v_proj", "o_proj", "up_proj"]))]
                     if head_width == 12 else ())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sweep", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.sweep:
        sweep(arguments.sweep)
    else:
        tiny(pathlib.Path(__file__).parent)
