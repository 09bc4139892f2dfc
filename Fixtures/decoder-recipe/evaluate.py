"""Generates answers greedily and compares them with the right ones.

    python3 evaluate.py DIR CHECKPOINT COUNT        with transformers, on the CPU
"""

import collections
import json
import random
import re
import string
import sys
import unicodedata

import torch

NEW_MAX = 32


def normal(text):
    """Case, articles, punctuation and spaces aside."""
    text = unicodedata.normalize("NFC", text).lower()
    text = "".join(c for c in text if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def measured(folder, count_max):
    """The prompts to measure with, at most so many of each kind."""
    with open(f"{folder}/measured.json", encoding="utf-8") as file:
        items = json.load(file)
    random.Random(4).shuffle(items)
    seen = collections.Counter()
    chosen = []
    for item in items:
        seen[item[0], item[1]] += 1
        if seen[item[0], item[1]] <= count_max:
            chosen.append(item)
    return chosen


@torch.no_grad()
def generate(model, prompts, end, pad, device):
    """Returns what follows each prompt, up to the token `end`. Nothing is kept between tokens."""
    lengths = torch.tensor([len(p) for p in prompts], device=device)
    width = int(lengths.max()) + NEW_MAX
    tokens = torch.full((len(prompts), width), pad, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        tokens[row, :len(prompt)] = torch.tensor(prompt)
    tokens = tokens.to(device)
    starts, open_rows = lengths.clone(), torch.arange(len(prompts), device=device)
    for _ in range(NEW_MAX):
        used = int(lengths[open_rows].max())
        hidden = model.hidden(tokens[open_rows, :used])
        last = hidden[torch.arange(len(open_rows), device=device), lengths[open_rows] - 1]
        found = model.logits(last).argmax(-1)
        tokens[open_rows, lengths[open_rows]] = found
        lengths[open_rows] += 1
        open_rows = open_rows[found != end]
        if not len(open_rows):
            break
    return [tokens[r, starts[r]:lengths[r]].tolist() for r in range(len(prompts))]


def measure(model, folder, count_max, batch=2048):
    """Returns the share of exact answers by set and kind, a few wrong ones beside them."""
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    end, pad = tokenizer.token_to_id("<|end|>"), tokenizer.token_to_id("<|pad|>")
    device = next(model.parameters()).device
    items = measured(folder, count_max)
    prompts = [e.ids for e in tokenizer.encode_batch([i[2] for i in items], add_special_tokens=False)]
    order = sorted(range(len(items)), key=lambda i: len(prompts[i]))
    right, total, wrong = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    for start in range(0, len(order), batch):
        part = order[start:start + batch]
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            outputs = generate(model, [prompts[i] for i in part], end, pad, device)
        for place, output in zip(part, outputs):
            name, kind, text, answers = items[place]
            answer = tokenizer.decode(output)
            key = f"{name} {kind}"
            total[key] += 1
            if normal(answer) in [normal(a) for a in answers]:
                right[key] += 1
            elif len(wrong[key]) < 12:
                shown = text.split("[Updated Information]:\n")[-1].split("<|end|>")[0]
                wrong[key].append([shown, answers[0], answer])
    return {key: {"right": right[key], "of": total[key], "wrong": wrong[key]} for key in sorted(total)}


def table(result):
    return "\n".join(f"{key:32} {100 * r['right'] / r['of']:5.1f} %  of {r['of']}" for key, r in result.items())


def main(folder, checkpoint, count):
    from model import CONFIG, Llama
    from safetensors.torch import load_file
    model = Llama(CONFIG)
    tensors = load_file(f"{checkpoint}/model.safetensors")
    model.load_state_dict({k.removeprefix("model."): v.float() for k, v in tensors.items()})
    result = measure(model.eval(), folder, int(count), batch=32)
    print(table(result))
    for key, r in result.items():
        for shown, wanted, got in r["wrong"][:3]:
            print(f"--- {key}\n{shown}\n=> {got!r}, not {wanted!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
