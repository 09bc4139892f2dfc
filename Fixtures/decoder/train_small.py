"""Trains a small Llama on a text, and measures its perplexity on another with transformers.

Needs torch, transformers and tokenizers. With WikiText-2 (CC BY-SA), on one thread:

    train_small.py --train wikitext2-valid.txt --test wikitext2-test.txt DIR
    errata-bench perplexity --model DIR --text wikitext2-test.txt

The first makes DIR, a checkpoint of 3 million parameters with a byte-level tokenizer of 4096 tokens, and
writes what transformers gives to DIR/perplexity.json; the second gives Errata's, in float32 and in 8 bits.
Both cut the text's tokens into windows of 256 and score each window's tokens but the first, so that the
two must agree to rounding. DIR takes ten minutes on an idle core and is not committed.
"""

import argparse
import json
import math
import pathlib

import tokenizers
import torch
import transformers

WINDOW = 256


def make_tokenizer(text, directory):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.train_from_iterator(
        text.splitlines(keepends=True),
        tokenizers.trainers.BpeTrainer(
            vocab_size=4096, special_tokens=["<s>", "</s>"], show_progress=False,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.save(str(directory / "tokenizer.json"))
    return tokenizer


def make_model():
    torch.manual_seed(1)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=4096, hidden_size=192, intermediate_size=512, num_hidden_layers=6,
        num_attention_heads=6, num_key_value_heads=3, max_position_embeddings=1024,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=1))


def rate(share):
    """Warm-up, then half a cosine to a tenth."""
    return min(share / 0.03, 0.1 + 0.45 * (1 + math.cos(math.pi * share)))


def train(model, ids, steps):
    weights = [w for w in model.parameters() if w.dim() > 1]
    others = [w for w in model.parameters() if w.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 0.1}, {"params": others, "weight_decay": 0}],
        lr=2e-3, betas=(0.9, 0.95))
    generator = torch.Generator().manual_seed(2)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * rate(step / steps)
        places = torch.randint(len(ids) - WINDOW, (8,), generator=generator)
        batch = torch.stack([ids[place:place + WINDOW] for place in places])
        loss = model(batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.3f}", flush=True)


def perplexity(model, ids):
    total, count = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(ids), WINDOW):
            window = ids[start:start + WINDOW]
            if len(window) < 2:
                continue
            logits = model(window[None]).logits[0, :-1].double()
            scores = torch.log_softmax(logits, -1)[torch.arange(len(window) - 1), window[1:]]
            total -= scores.sum().item()
            count += len(window) - 1
    return math.exp(total / count), count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=pathlib.Path, required=True)
    parser.add_argument("--test", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("directory", type=pathlib.Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.directory.mkdir(parents=True)
    text = options.train.read_text()
    tokenizer = make_tokenizer(text, options.directory)
    model = make_model()
    print(f"{model.num_parameters()} parameters", flush=True)
    train(model, torch.tensor(tokenizer.encode(text).ids), options.steps)
    model.eval()
    model.save_pretrained(options.directory)
    ids = torch.tensor(tokenizer.encode(options.test.read_text()).ids)
    value, count = perplexity(model, ids)
    print(f"perplexity {value} over {count} tokens")
    (options.directory / "perplexity.json").write_text(
        json.dumps({"perplexity": value, "tokens": count, "window": WINDOW}) + "\n")


if __name__ == "__main__":
    main()
