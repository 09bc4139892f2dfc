"""A Llama in plain PyTorch, with the names and the arithmetic of transformers' LlamaForCausalLM."""

import json
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "bfloat16",
    "vocab_size": 8192, "hidden_size": 384, "intermediate_size": 832, "num_hidden_layers": 8,
    "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 64, "hidden_act": "silu",
    "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
    "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0, "tie_word_embeddings": True,
    "initializer_range": 0.02, "use_cache": True}


class Norm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        x = x.float()
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return self.weight * x


def rotated(x, cosine, sine):
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), -1)
    return x * cosine + turned * sine


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.groups, self.head = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        width = c["hidden_size"]
        self.q_proj = nn.Linear(width, self.heads * self.head, bias=False)
        self.k_proj = nn.Linear(width, self.groups * self.head, bias=False)
        self.v_proj = nn.Linear(width, self.groups * self.head, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head, width, bias=False)

    def forward(self, x, cosine, sine, mask):
        rows, tokens, _ = x.shape

        def split(y, count):
            return y.view(rows, tokens, count, self.head).transpose(1, 2)

        q = rotated(split(self.q_proj(x), self.heads), cosine, sine)
        k = rotated(split(self.k_proj(x), self.groups), cosine, sine)
        v = split(self.v_proj(x), self.groups)
        k = k.repeat_interleave(self.heads // self.groups, 1).to(v.dtype)
        v = v.repeat_interleave(self.heads // self.groups, 1)
        y = F.scaled_dot_product_attention(q.to(v.dtype), k, v, attn_mask=mask, is_causal=mask is None)
        return self.o_proj(y.transpose(1, 2).reshape(rows, tokens, self.heads * self.head))


class FeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(c["intermediate_size"], c["hidden_size"], bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = Norm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = Norm(c["hidden_size"], c["rms_norm_eps"])
        self.mlp = FeedForward(c)

    def forward(self, x, cosine, sine, mask):
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, c=CONFIG):
        super().__init__()
        self.config = c
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Block(c) for _ in range(c["num_hidden_layers"]))
        self.norm = Norm(c["hidden_size"], c["rms_norm_eps"])
        steps = torch.arange(0, c["head_dim"], 2).float() / c["head_dim"]
        angles = torch.outer(torch.arange(c["max_position_embeddings"]).float(), c["rope_theta"] ** -steps)
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        for name, value in self.named_parameters():
            if value.dim() == 2:
                # What is added to the residual stream starts at nothing.
                ends = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.zeros_(value) if ends else nn.init.normal_(value, std=0.02)

    def hidden(self, tokens, mask=None):
        count = tokens.shape[1]
        x = self.embed_tokens(tokens)
        for block in self.layers:
            x = block(x, self.cosine[:count], self.sine[:count], mask)
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.embed_tokens.weight)

    def save(self, folder, shards=1):
        """Writes a checkpoint in bfloat16, in so many files of about the same size."""
        os.makedirs(folder, exist_ok=True)
        tensors = {"model." + k: v.detach().to("cpu", torch.bfloat16).contiguous()
                   for k, v in self.state_dict().items()}
        parts = [{} for _ in range(shards)]
        for name, value in sorted(tensors.items(), key=lambda item: -item[1].numel()):
            min(parts, key=lambda p: sum(v.numel() for v in p.values()))[name] = value
        for number, part in enumerate(parts):
            name = "model.safetensors" if shards == 1 else f"model-{number + 1}.safetensors"
            save_file(part, os.path.join(folder, name), metadata={"format": "pt"})
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(self.config, file, indent=2)
