"""Records gradients and ten optimizer steps of the tiny decoders in PyTorch and PEFT.

Needs torch, transformers, peft and safetensors. Writes training.json and training.safetensors beside itself:

    training.json          the batches, the settings, each run's ten losses
    training.safetensors   RUN.gradient.NAME    every STRIDE-th number of the first batch's gradient
                           RUN.initial.NAME     where a run starts, unless at the checkpoint's numbers

Texts go through the model one by one, so that packing them is compared too. A batch's loss is the sum of its
answers' cross-entropy over the number of their tokens; matrices decay, norms and biases do not; the rate
rises for two steps and falls along a cosine; gradients are clipped to a norm of 1.
"""

import json
import math
import pathlib
import random

import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
CHECKPOINTS = [
    "llama", "llama-odd", "llama-3", "mistral-window", "mistral-shards", "qwen2", "qwen2-window",
    "qwen3"]
TRAINED = ["llama", "qwen2"]
STEPS, WARM_UP, RATE, DECAY, STRIDE = 10, 2, 2e-3, 0.01, 5
LORA = dict(
    r=3, lora_alpha=5, lora_dropout=0.0, use_rslora=True, bias="none", task_type="CAUSAL_LM",
    target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])


def main():
    torch.set_num_threads(1)
    torch.manual_seed(5)
    random.seed(5)
    batches = [[example() for _ in range(4)] for _ in range(STEPS)]
    record = {
        "batches": batches, "rank": LORA["r"], "alpha": LORA["lora_alpha"], "warmUp": WARM_UP,
        "rate": RATE, "decay": DECAY, "stride": STRIDE, "losses": {}}
    tensors = {}
    for name in CHECKPOINTS:
        for method in ("full", "lora"):
            model = load(name, method)
            run = f"{name}.{method}"
            values = {n: v for n, v in model.named_parameters() if v.requires_grad}
            if method == "lora":
                for n, value in values.items():
                    tensors[f"{run}.initial.{table_name(n)}"] = value.detach().clone()
            loss(model, batches[0]).backward()
            for n, value in values.items():
                tensors[f"{run}.gradient.{table_name(n)}"] = value.grad.flatten()[::STRIDE].clone()
            if name in TRAINED:
                record["losses"][run] = train(model, values, batches)
                print(run, record["losses"][run])
    (HERE / "training.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    save_file(tensors, HERE / "training.safetensors")


def load(name, method):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        HERE / name, dtype=torch.float32, attn_implementation="eager")
    if method == "lora":
        model = get_peft_model(model, LoraConfig(**LORA))
        with torch.no_grad():
            for n, value in model.named_parameters():
                if "lora_" in n:
                    value.copy_(0.2 * torch.randn(value.shape))
    return model.train()


def table_name(name):
    return name.replace(".default.", ".")


def example():
    """Ids below 96, the smallest vocabulary, but 0, which torch does not train: it is the padding.

    Some are longer than a window, and than a block of queries.
    """
    count = random.choice([6, 20, 75])
    return {
        "ids": [random.randrange(1, 96) for _ in range(count)],
        "answer": random.randint(1, count - 1)}


def loss(model, batch):
    total, count = 0, 0
    for text in batch:
        ids = torch.tensor(text["ids"])
        logits = model(ids[None], use_cache=False).logits[0, text["answer"] - 1:-1]
        total = total + torch.nn.functional.cross_entropy(
            logits, ids[text["answer"]:], reduction="sum")
        count += len(ids) - text["answer"]
    return total / count


def train(model, values, batches):
    optimizer = torch.optim.AdamW([
        {"params": [v for v in values.values() if (v.dim() > 1) == decays],
         "weight_decay": DECAY if decays else 0.0} for decays in (True, False)], lr=RATE)
    losses = []
    for step, batch in enumerate(batches):
        share = (step - WARM_UP) / (STEPS - WARM_UP)
        factor = (step + 1) / WARM_UP if step < WARM_UP else (1 + math.cos(math.pi * share)) / 2
        for group in optimizer.param_groups:
            group["lr"] = RATE * factor
        optimizer.zero_grad()
        value = loss(model, batch)
        value.backward()
        torch.nn.utils.clip_grad_norm_(values.values(), 1.0)
        optimizer.step()
        losses.append(value.item())
    return losses


if __name__ == "__main__":
    main()
