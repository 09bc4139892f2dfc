"""Trains the decoder for so many seconds, and measures it.

    python3 train.py --data DIR --out OUT --seconds 480

DIR is what prepare.py made. Worker processes draw examples and pack them into rows; the main process trains.
"""

import argparse
import json
import multiprocessing
import os
import threading
import time

import numpy as np
import torch
import torch.nn.functional as F

from evaluate import measure, table
from examples import ASSISTANT, BOS, END, USER, Examples
from model import CONFIG, Llama

ROW = 384
CHUNK = 64
# Loss weights by code: nothing, tokens of a prompt, of an answer, of running text.
WEIGHTS = [0.0, 0.1, 1.0, 0.3]
TEXT_ROWS = 0.03


class Packer:
    """Fills rows with whole examples, and what is left of them with running text."""

    def __init__(self, folder, seed):
        from tokenizers import Tokenizer
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.text = np.memmap(f"{folder}/text.u16", dtype=np.uint16, mode="r")
        self.examples = Examples(folder, seed)
        self.random = np.random.default_rng(seed)
        ids = self.tokenizer.token_to_id
        self.bos, self.user, self.assistant, self.end = ids(BOS), ids(USER), ids(ASSISTANT), ids(END)

    def rows(self):
        """Yields (tokens, codes, documents), each CHUNK rows."""
        waiting = []
        while True:
            block = np.zeros((3, CHUNK, ROW), dtype=np.uint16)
            for row in range(CHUNK):
                used, document = 0, 1
                while self.random.random() > TEXT_ROWS or used:
                    if not waiting:
                        texts = [self.examples.text() for _ in range(512)]
                        waiting = [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]
                    if len(waiting[-1]) > ROW:
                        waiting.pop()
                        continue
                    if used + len(waiting[-1]) > ROW:
                        break
                    ids = waiting.pop()
                    start = ids.index(self.assistant) + 1
                    end = used + len(ids)
                    block[0, row, used:end] = ids
                    block[1, row, used + 2:used + start - 1] = 1
                    block[1, row, used + start:end] = 2
                    block[2, row, used:end] = document
                    used, document = end, document + 1
                if ROW - used > 16:
                    count = ROW - used - 1
                    start = int(self.random.integers(len(self.text) - count))
                    block[0, row, used] = self.bos
                    block[0, row, used + 1:] = self.text[start:start + count]
                    block[1, row, used + 1:] = 3
                    block[2, row, used:] = document
            yield block


def work(folder, seed, queue):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    for block in Packer(folder, seed).rows():
        queue.put(block)


class Pool:
    """Rows as workers make them; each is used once, and again only when none is new."""

    def __init__(self, folder, workers, seed, row_count_max):
        self.rows = np.empty((row_count_max, 3, ROW), dtype=np.uint16)
        self.count, self.used, self.repeated = 0, 0, 0
        self.random = np.random.default_rng(seed)
        context = multiprocessing.get_context("spawn")
        self.queue = context.Queue(maxsize=64)
        self.workers = [context.Process(target=work, args=(folder, seed * 1000 + n, self.queue), daemon=True)
                        for n in range(workers)]
        for worker in self.workers:
            worker.start()
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while self.count + CHUNK <= len(self.rows):
            block = self.queue.get()
            self.rows[self.count:self.count + CHUNK] = block.swapaxes(0, 1)
            self.count += CHUNK

    def batch(self, count):
        while self.count < count:
            time.sleep(0.05)
        if self.used + count <= self.count:
            rows = self.rows[self.used:self.used + count]
            self.used += count
        else:
            rows = self.rows[self.random.integers(self.count, size=count)]
            self.repeated += count
        return torch.from_numpy(rows.astype(np.int32))

    def stop(self):
        for worker in self.workers:
            worker.terminate()


def orthogonal(g):
    """Five Newton-Schulz steps: the nearest thing to the orthogonal matrix closest to each of a stack."""
    x = g.bfloat16()
    if g.shape[-2] > g.shape[-1]:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.mT if g.shape[-2] > g.shape[-1] else x).float()


class Muon:
    """Momentum, made orthogonal (Jordan and others, 2024), for the matrices between the embeddings."""

    def __init__(self, parameters, rate=0.02, momentum=0.95, decay=0.1):
        self.rate, self.momentum, self.decay, self.scale = rate, momentum, decay, 1.0
        by_shape = {}
        for p in parameters:
            by_shape.setdefault(tuple(p.shape), []).append(p)
        self.groups = list(by_shape.values())
        self.moments = [torch.zeros((len(g), *g[0].shape), device=g[0].device) for g in self.groups]
        self.orthogonal = torch.compile(orthogonal, dynamic=False) if parameters[0].is_cuda else orthogonal

    @torch.no_grad()
    def step(self):
        rate = self.rate * self.scale
        for group, moment in zip(self.groups, self.moments):
            gradient = torch.stack([p.grad for p in group])
            moment.lerp_(gradient, 1 - self.momentum)
            update = self.orthogonal(gradient.lerp(moment, self.momentum))
            update *= max(1, update.shape[-2] / update.shape[-1]) ** 0.5
            torch._foreach_mul_(group, 1 - rate * self.decay)
            torch._foreach_add_(group, list(update.unbind()), alpha=-rate)


def loss_of(model, batch, weights, causal):
    tokens, codes, documents = batch[:, 0].long(), batch[:, 1].long(), batch[:, 2]
    mask = (documents[:, None, :, None] == documents[:, None, None, :]) & causal
    hidden = model.hidden(tokens, mask)[:, :-1]
    losses = F.cross_entropy(model.logits(hidden).float().flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    codes = codes[:, 1:].flatten()
    weight = weights[codes]
    answers = (codes == 2).float()
    return (losses * weight).sum() / weight.sum(), (losses * answers).sum() / answers.sum()


def schedule(progress):
    """Warm-up, then level, then down to nothing."""
    if progress < 0.02:
        return progress / 0.02
    return 1.0 if progress < 0.45 else max(0.0, (1 - progress) / 0.55)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    parser.add_argument("--measure-every", type=float, default=120)
    parser.add_argument("--measure-count", type=int, default=60)
    parser.add_argument("--final-count", type=int, default=10**9)
    parser.add_argument("--config", default="{}")
    parser.add_argument("--pool", type=int, default=3_000_000)
    options = parser.parse_args()
    began = time.time()
    pool = Pool(options.data, options.workers, 1, options.pool)

    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Llama(CONFIG | json.loads(options.config)).to(device)
    print(f"{sum(p.numel() for p in model.parameters())} parameters on {device}, {torch.__version__}")
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.dim() == 1 or "embed" in n]
    muon = None
    if options.optimizer == "muon":
        muon = Muon(matrices)
        adam = torch.optim.AdamW(rest, lr=3e-3, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    else:
        groups = [{"params": matrices, "lr": 2e-3}, {"params": rest, "lr": 3e-3}]
        adam = torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    rates = [g["lr"] for g in adam.param_groups]
    weights = torch.tensor(WEIGHTS, device=device)
    causal = torch.ones(ROW, ROW, dtype=torch.bool, device=device).tril()
    compiled = torch.compile(loss_of) if device == "cuda" else loss_of

    def train(batch, scale):
        with torch.autocast(device, dtype=torch.bfloat16):
            loss, answers = compiled(model, batch, weights, causal)
        loss.backward()
        for group, rate in zip(adam.param_groups, rates):
            group["lr"] = rate * scale
        if muon:
            muon.scale = scale
            muon.step()
        adam.step()
        model.zero_grad(set_to_none=True)
        return loss.detach(), answers.detach()

    def batch():
        rows = pool.batch(options.rows)
        return rows.pin_memory().to(device, non_blocking=True) if device == "cuda" else rows

    # Steps at rate 0 compile everything before the clock starts.
    for _ in range(3):
        train(batch(), 0.0)[0].item()
    adam.state.clear()
    print(f"ready after {time.time() - began:.0f} s, {pool.count} rows waiting", flush=True)

    start, step, last_print, last_measure = time.time(), 0, time.time(), time.time()
    sums = torch.zeros(2, device=device)
    printed = 0
    while True:
        progress = (time.time() - start) / options.seconds
        if progress >= 1:
            break
        loss, answers = train(batch(), schedule(progress))
        sums += torch.stack([loss, answers])
        step += 1
        if step % 20 == 0 and time.time() - last_print > 8:
            average = (sums / (step - printed)).tolist()
            speed = (step - printed) * options.rows * ROW / (time.time() - last_print)
            print(f"{time.time() - start:6.1f} s  step {step}  tokens {step * options.rows * ROW / 1e6:.1f} M  "
                  f"{speed / 1e3:.0f} k/s  loss {average[0]:.3f}  answers {average[1]:.4f}  "
                  f"rows {pool.count} repeated {pool.repeated}", flush=True)
            sums.zero_()
            printed, last_print = step, time.time()
        if time.time() - last_measure > options.measure_every:
            print(table(measure(model, options.data, options.measure_count)), flush=True)
            model.save(options.out, shards=2)
            last_measure = last_print = time.time()
            printed = step
            sums.zero_()
    pool.stop()
    model.save(options.out, shards=2)
    print(f"trained {step} steps, {step * options.rows * ROW} tokens, {pool.repeated} rows of "
          f"{step * options.rows} repeated", flush=True)
    model.to(torch.bfloat16).float()
    result = measure(model, options.data, options.final_count)
    print(table(result))
    with open(os.path.join(options.out, "figures.json"), "w") as file:
        json.dump(result, file, indent=1)
    print(f"done after {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
