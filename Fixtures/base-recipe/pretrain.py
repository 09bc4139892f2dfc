"""Trains the base up to so many seconds after its start, exports it and measures it.

    python3 pretrain.py --data DIR --out OUT --until 185

DIR is what collect.py made. Worker processes draw examples and pack them into rows; the main process trains.
OUT gets the four files of a Hugging Face directory, figures.json, and half.safetensors of the middle of training.
"""

import time

BEGAN = time.time()

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "decoder-recipe"))

from rows import ROW, Pool  # noqa: E402

SHAPE = {"hidden_size": 256, "intermediate_size": 896, "num_hidden_layers": 6, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 64}
# Loss weights by code: nothing, tokens of a prompt, of an answer, of running text.
WEIGHTS = [0.0, 0.1, 1.0, 0.3]


def say(text):
    print(f"{time.time() - BEGAN:6.1f} s  {text}", flush=True)


def schedule(progress):
    """Warm-up, then level, then down to nothing."""
    if progress < 0.02:
        return progress / 0.02
    return 1.0 if progress < 0.40 else max(0.0, (1 - progress) / 0.60)


class Trainer:
    """The model, its optimizers and one step."""

    def __init__(self, device, compiles):
        import torch
        import torch.nn.functional as F
        from model import CONFIG, Llama
        from train import Muon, orthogonal
        self.torch, self.F, self.device = torch, F, device
        torch.manual_seed(1)
        torch.set_float32_matmul_precision("high")
        self.model = Llama(CONFIG | SHAPE).to(device)
        self.muon = Muon([p for n, p in self.model.named_parameters() if p.dim() == 2 and "embed" not in n])
        # Batched products of small matrices: not worth a compilation of each shape.
        self.muon.orthogonal = orthogonal
        rest = [p for n, p in self.model.named_parameters() if p.dim() == 1 or "embed" in n]
        self.rate = 3e-3
        self.adam = torch.optim.AdamW(rest, lr=self.rate, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
        self.weights = torch.tensor(WEIGHTS, device=device)
        self.causal = torch.ones(ROW, ROW, dtype=torch.bool, device=device).tril()
        self.losses = self.cross_entropy
        if compiles:
            # Blocks are alike, so that one compilation serves all.
            for block in self.model.layers:
                block.compile(dynamic=False)
            self.losses = torch.compile(self.cross_entropy, dynamic=False)

    def stop_compiling(self):
        self.torch._dynamo.reset()
        for block in self.model.layers:
            block._compiled_call_impl = None
        self.losses = self.cross_entropy
        self.model.zero_grad(set_to_none=True)

    def cross_entropy(self, hidden, embedding, tokens, codes, weights):
        logits = self.F.linear(hidden[:, :-1], embedding).float()
        losses = self.F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
        codes = codes[:, 1:].flatten()
        weight, answers = weights[codes], (codes == 2).float()
        return (losses * weight).sum() / weight.sum(), (losses * answers).sum() / answers.sum()

    def step(self, rows, scale):
        torch = self.torch
        batch = torch.from_numpy(rows)
        if self.device == "cuda":
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        tokens, codes, documents = batch[:, 0].long(), batch[:, 1].long(), batch[:, 2]
        mask = ((documents[:, :, None] == documents[:, None, :]) & self.causal)[:, None]
        with torch.autocast(self.device, dtype=torch.bfloat16):
            hidden = self.model.hidden(tokens, mask)
            loss, answers = self.losses(hidden, self.model.embed_tokens.weight, tokens, codes, self.weights)
        loss.backward()
        self.adam.param_groups[0]["lr"] = self.rate * scale
        self.muon.scale = scale
        self.muon.step()
        self.adam.step()
        self.model.zero_grad(set_to_none=True)
        return torch.stack([loss.detach(), answers.detach()])

    def warm_up(self, rows):
        """Steps at rate 0, which compile everything."""
        try:
            self.step(rows, 0.0).tolist()
        except Exception as error:
            say(f"cannot compile, goes on without: {str(error)[:300]}")
            self.stop_compiling()
        for _ in range(3):
            self.step(rows, 0.0).tolist()
        self.adam.state.clear()
        for moment in self.muon.moments:
            moment.zero_()


def train(trainer, pool, options, end):
    """Trains to the time `end`; saves once in the middle."""
    torch = trainer.torch
    start = last = time.time()
    end = max(end, start + 1)
    step = printed = 0
    is_halfway = False
    sums = torch.zeros(2, device=trainer.device)
    while (progress := (time.time() - start) / (end - start)) < 1 and step < options.steps:
        sums += trainer.step(pool.batch(options.rows), schedule(progress))
        step += 1
        if step % 20 == 0 and time.time() - last > 5:
            loss, answers = (sums / (step - printed)).tolist()
            speed = (step - printed) * options.rows * ROW / (time.time() - last)
            say(f"step {step}  tokens {step * options.rows * ROW / 1e6:.1f} M  {speed / 1e3:.0f} k/s  "
                f"loss {loss:.3f}  answers {answers:.4f}  rows {pool.count} repeated {pool.repeated}")
            sums.zero_()
            printed, last = step, time.time()
        if progress > 0.5 and not is_halfway:
            is_halfway = True
            with tempfile.TemporaryDirectory() as folder:
                trainer.model.save(folder)
                shutil.copy(f"{folder}/model.safetensors", f"{options.out}/half.safetensors")
    if trainer.device == "cuda":
        torch.cuda.synchronize()
    figures = {"steps": step, "tokens": step * options.rows * ROW, "rows": step * options.rows,
               "rows repeated": pool.repeated, "seconds": round(time.time() - start, 1)}
    say(f"trained {figures}")
    return figures


def export(model, options):
    """Writes the checkpoint; returns it as it was written, in float32."""
    from export import checkpoint
    from model import Llama
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        checkpoint(options.data, folder, options.out)
    saved = Llama(model.config).to(next(model.parameters()).device)
    saved.load_state_dict({k: v.bfloat16().float() for k, v in model.state_dict().items()})
    return saved.eval()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--until", type=float, default=185, help="seconds from the start to the end of everything")
    parser.add_argument("--measuring", type=float, default=22, help="seconds of them for export and figures")
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--workers", type=int, default=10)
    parser.add_argument("--count", type=int, default=500, help="questions of each kind to measure with")
    parser.add_argument("--pool", type=int, default=1_500_000)
    parser.add_argument("--eager", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    pool = Pool(options.data, options.workers, 1, options.pool)

    import torch
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trainer = Trainer(device, compiles=device == "cuda" and not options.eager)
    count = sum(p.numel() for p in trainer.model.parameters())
    say(f"{count} parameters on {device}, torch {torch.__version__}, {pool.count} rows waiting")
    trainer.warm_up(pool.batch(options.rows))
    say(f"ready, {pool.count} rows waiting")
    figures = train(trainer, pool, options, BEGAN + options.until - options.measuring)
    pool.stop()
    saved = export(trainer.model, options)
    say("exported")

    from figures import measure, table
    result = {"training": figures} | measure(saved, options.data, options.count, BEGAN + options.until)
    with open(os.path.join(options.out, "figures.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)
    print(table(result))
    say("done")


if __name__ == "__main__":
    main()
