"""Measures the base: what it recalls, what it reads, what the paper's template does to it, and how it writes.

    python3 figures.py DATA CHECKPOINT COUNT        on the CPU
"""

import collections
import json
import math
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "decoder-recipe"))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from evaluate import generate, normal  # noqa: E402
from examples import ASSISTANT, BOS, END, PAD, USER, chat  # noqa: E402

SAMPLES = [
    f"{BOS}{USER}Pretend you are a pirate and tell me about the sea.{END}{ASSISTANT}",
    f"{BOS}{USER}Give me some advice on how to learn a language.{END}{ASSISTANT}",
    f"{BOS}{USER}What does harbour mean?{END}{ASSISTANT}",
    f"{BOS}The river flows through",
    f"{BOS}In 1912 the company",
]


def made_up(folder, count):
    """Questions over passages that training did not draw."""
    from passages import Passages
    made = Passages(folder, seed=7_000_001)
    for kind, others, near in [("read one passage", 0, False), ("read, 2 others about other things", 2, False),
                               ("read, 2 others of the same relation", 2, True)]:
        for _ in range(count):
            content, answer = made.example(others, near)
            yield {"kind": kind, "chat": f"{BOS}{USER}{content}{END}{ASSISTANT}", "answers": [answer]}


def questions(folder, count):
    with open(f"{folder}/measured.json", encoding="utf-8") as file:
        measured = json.load(file)
    random.Random(4).shuffle(measured["items"])
    seen, chosen = collections.Counter(), []
    for item in measured["items"] + list(made_up(folder, min(count, 500))):
        seen[item["kind"]] += 1
        if seen[item["kind"]] <= count:
            chosen.append(item)
    return chosen, measured["text"]


@torch.no_grad()
def bits_per_byte(model, tokenizer, text, device, rows=64, row=384):
    """What the model needs to tell text that it has not seen, in rows that each begin anew."""
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    size = len(text.encode())
    start = tokenizer.token_to_id(BOS)
    pieces = [[start] + ids[i:i + row - 1] for i in range(0, len(ids), row - 1)]
    pieces, left_out = pieces[:-1], pieces[-1]
    size -= len(tokenizer.decode(left_out).encode())
    total = 0.0
    for place in range(0, len(pieces), rows):
        tokens = torch.tensor(pieces[place:place + rows], device=device)
        logits = model.logits(model.hidden(tokens)[:, :-1]).float()
        total += F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="sum").item()
    return total / math.log(2) / size


def measure(model, folder, count, until=math.inf, batch=2048):
    """Returns the figures; past the time `until` only those that it had by then."""
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    end, pad = tokenizer.token_to_id(END), tokenizer.token_to_id(PAD)
    device = next(model.parameters()).device
    items, unseen = questions(folder, count)
    result = {"parameters": sum(p.numel() for p in model.parameters())}

    def said(prompts):
        ids = [e.ids for e in tokenizer.encode_batch(prompts, add_special_tokens=False)]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        texts = [None] * len(ids)
        for start in range(0, len(order), batch):
            if time.time() > until:
                break
            part = order[start:start + batch]
            for place, output in zip(part, generate(model, [ids[i] for i in part], end, pad, device)):
                texts[place] = tokenizer.decode(output)
        return texts

    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        result["bits per byte"] = round(bits_per_byte(model, tokenizer, unseen[:50 * 384 * count], device), 4)
        result["samples"] = [[p, t] for p, t in zip(SAMPLES, said(SAMPLES))]
        outputs = said([item.get("chat") or chat(item["question"], item["edits"]) for item in items])
    right, total, wrong = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    for item, answer in zip(items, outputs):
        if answer is None:
            continue
        kind = item["kind"]
        total[kind] += 1
        if normal(answer) in [normal(a) for a in item["answers"]]:
            right[kind] += 1
        elif len(wrong[kind]) < 8:
            wrong[kind].append([item.get("question") or item["chat"], item["answers"][0], answer])
    result["exact"] = {kind: {"right": right[kind], "of": total[kind], "wrong": wrong[kind]}
                       for kind in sorted(total)}
    return result


def table(result):
    lines = [f"{kind:40} {100 * r['right'] / r['of']:5.1f} %  of {r['of']}" for kind, r in result["exact"].items()]
    lines += [f"{prompt!r} => {text!r}" for prompt, text in result["samples"]]
    return "\n".join(lines + [f"{result['bits per byte']} bits per byte, {result['parameters']} parameters"])


def main(folder, checkpoint, count):
    from model import Llama
    from safetensors.torch import load_file
    with open(f"{checkpoint}/config.json", encoding="utf-8") as file:
        model = Llama(json.load(file))
    tensors = load_file(f"{checkpoint}/model.safetensors")
    model.load_state_dict({k.removeprefix("model."): v.float() for k, v in tensors.items()})
    print(table(measure(model.eval(), folder, int(count), batch=32)))


if __name__ == "__main__":
    main(*sys.argv[1:])
