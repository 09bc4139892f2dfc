"""The peer of `errata-bench train-decoder`: the same shapes in PyTorch. Needs transformers and peft.

    torch_training_speed.py WIDTH LAYERS HEADS GROUPS BETWEEN VOCABULARY TEXTS TOKENS THREADS \\
        full|lora keep|recompute float32|mixed|bfloat16

Does a step for every line of its input and prints how many seconds passed and how many it was busy. A step is
the loss of the answers, the last quarter of each text, whose logits alone are computed, the gradient, clipping,
AdamW. "mixed" computes in bfloat16 where autocast does and keeps weights in float32, as Errata does; "bfloat16"
keeps weights and the optimizer's means in bfloat16 too.
"""

import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def main():
    (width, layers, heads, groups, between, vocabulary, texts, tokens, threads) = map(
        int, sys.argv[1:10])
    method, memory, precision = sys.argv[10:13]
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=groups, intermediate_size=between,
        max_position_embeddings=2048, tie_word_embeddings=True))
    if method == "lora":
        from peft import LoraConfig, get_peft_model
        model = get_peft_model(model, LoraConfig(
            r=8, lora_alpha=16, lora_dropout=0.05, task_type="CAUSAL_LM",
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj"]))
    if memory == "recompute":
        model.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False})
        if method == "lora":
            model.enable_input_require_grads()
    if precision == "bfloat16":
        model = model.to(torch.bfloat16)
    model.train()
    values = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(values, lr=1e-5)
    ids = torch.tensor([
        [(i * 37 + text * 11) % vocabulary for i in range(tokens)] for text in range(texts)])
    answer = tokens - max(1, tokens // 4)
    for _ in sys.stdin:
        start, busy = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed"):
            logits = model(
                ids, use_cache=False, logits_to_keep=torch.arange(answer - 1, tokens - 1)).logits
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), ids[:, answer:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(values, 1.0)
        optimizer.step()
        print(time.perf_counter() - start, time.process_time() - busy, flush=True)


if __name__ == "__main__":
    main()
