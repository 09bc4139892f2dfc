#!/usr/bin/env python3
"""Makes Fixtures/encoder: what transformers and tokenizers compute, for the tests to compare with.

    python3 -m pip install torch transformers safetensors numpy
    python3 Fixtures/encoder/make_reference.py Fixtures/encoder MODEL

MODEL is an all-MiniLM-L6-v2 directory (`errata models pull all-MiniLM-L6-v2`). Written are

    tiny/                      a random BERT of 2 layers and width 32 with a vocabulary of its own
    tiny-reference.json        sentences and their ids
    mpnet/                     a random MPNet of 2 layers and width 24: first token, no normalization
    mpnet-reference.json       sentences and their ids, and the bucket of every distance up to 200
    mpnet-reference.safetensors
    tiny-reference.safetensors every layer's hidden states and the vectors of those sentences
    minilm-reference.json      500 sentences, their ids under the real tokenizer, characters that clean up
    minilm-reference.safetensors
                               their vectors: all in F16 (a cosine of rounded vectors is off by 4e-8), the
                               first 16 in F32

All sentences are made here from templates and seeded random numbers.
"""

import hashlib
import json
import os
import random
import sys

import numpy
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def unit_mean(hidden):
    return torch.nn.functional.normalize(hidden.mean(0, keepdim=True), dim=1)[0]


def hidden_states(model, ids):
    tokens = torch.tensor([ids])
    with torch.inference_mode():
        out = model(tokens, attention_mask=torch.ones_like(tokens), output_hidden_states=True)
    return [h[0] for h in out.hidden_states]


# The tiny model.

def tiny_vocabulary():
    letters = "abcdefghijklmnopqrstuvwxyz"
    tokens = SPECIAL + list(letters) + ["##" + c for c in letters] + list("0123456789")
    tokens += ["##" + c for c in "0123456789"] + list(".,:;!?'\"()-/&%$#@*")
    tokens += "the of is in a and who what where was has new city king queen president".split()
    tokens += "capital river chief officer company founded country language speaks".split()
    tokens += ["##s", "##ed", "##ing", "##er", "##tion", "##al", "##ly", "##on", "##an"]
    tokens += ["\u4f60", "\u597d", "\u4e16", "\u754c", "\u00df", "\u0434\u0430", "\u03c3", "##\u03c3"]
    return list(dict.fromkeys(tokens))


TINY_SENTENCES = [
    "The capital of the country is a new city.",
    "Who was the queen?",
    "",
    "[MASK] founded the company in 1998, and the river speaks languages",
    "\u4f60\u597d, \u4e16\u754c! Z\u00fcrich \u0394\u03a3 unknown\u2603",
]


def save_random(model, folder):
    """Draws weights far from their initial values, so that every parameter shows in the result."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 0.4 if parameter.dim() == 2 else 0.3
            parameter.copy_(torch.randn_like(parameter) * scale + (1 if "LayerNorm.weight" in name else 0))
    save_file(dict(model.state_dict()), os.path.join(folder, "model.safetensors"))


def write_json(value, folder, name):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)


def write_modules(folder, width, token_count, pooling, is_normalized):
    """Writes what sentence-transformers keeps beside a model."""
    write_json({"max_seq_length": token_count, "do_lower_case": False}, folder, "sentence_bert_config.json")
    paths = [("", "Transformer"), ("1_Pooling", "Pooling")] + [("2_Normalize", "Normalize")] * is_normalized
    write_json([
        {"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
        for i, (path, kind) in enumerate(paths)], folder, "modules.json")
    modes = {f"pooling_mode_{mode}": mode == pooling
             for mode in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")}
    write_json({"word_embedding_dimension": width, **modes}, folder, "1_Pooling/config.json")


def make_tiny(folder):
    model_folder = os.path.join(folder, "tiny")
    os.makedirs(os.path.join(model_folder, "1_Pooling"), exist_ok=True)
    vocabulary = tiny_vocabulary()
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(t, ids[t]) for t in ("[CLS]", "[SEP]")])
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(os.path.join(model_folder, "tokenizer.json"))
    with open(os.path.join(model_folder, "vocab.txt"), "w", encoding="utf-8") as file:
        file.write("".join(token + "\n" for token in vocabulary))

    config = dict(
        architectures=["BertModel"], model_type="bert", vocab_size=len(vocabulary), hidden_size=32,
        num_hidden_layers=2, num_attention_heads=4, intermediate_size=72, hidden_act="gelu",
        max_position_embeddings=40, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0,
        position_embedding_type="absolute")
    torch.manual_seed(7)
    model = BertModel(BertConfig(**config), add_pooling_layer=False).eval()
    save_random(model, model_folder)

    write_json(config, model_folder, "config.json")
    write_modules(model_folder, 32, 24, "mean_tokens", is_normalized=True)
    write_json({
        "do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]",
        "mask_token": "[MASK]", "tokenizer_class": "BertTokenizer"}, model_folder, "tokenizer_config.json")

    tokenizer.enable_truncation(24)
    tensors, sentences = {}, []
    for i, text in enumerate(TINY_SENTENCES):
        encoded = tokenizer.encode(text).ids
        sentences.append({"text": text, "ids": encoded})
        states = hidden_states(model, encoded)
        for layer, state in enumerate(states):
            tensors[f"{i}.hidden.{layer}"] = state.contiguous()
        tensors[f"{i}.vector"] = unit_mean(states[-1])
    save_file(tensors, os.path.join(folder, "tiny-reference.safetensors"))
    with open(os.path.join(folder, "tiny-reference.json"), "w", encoding="utf-8") as file:
        json.dump({"sentences": sentences}, file, indent=1)


# The tiny MPNet.

def make_mpnet(folder):
    model_folder = os.path.join(folder, "mpnet")
    os.makedirs(os.path.join(model_folder, "1_Pooling"), exist_ok=True)
    vocabulary = ["<s>", "<pad>", "</s>", "[UNK]"] + [t for t in tiny_vocabulary() if t not in SPECIAL] + ["<mask>"]
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", ids["</s>"]), ("<s>", ids["<s>"]))
    # The real one takes the space before it.
    mask = AddedToken("<mask>", lstrip=True, normalized=False, special=True)
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "[UNK]", mask])
    tokenizer.save(os.path.join(model_folder, "tokenizer.json"))

    config = dict(
        architectures=["MPNetModel"], model_type="mpnet", vocab_size=len(vocabulary), hidden_size=24,
        num_hidden_layers=2, num_attention_heads=3, intermediate_size=40, hidden_act="gelu",
        max_position_embeddings=202, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        relative_attention_num_buckets=32)
    torch.manual_seed(8)
    model = MPNetModel(MPNetConfig(**config), add_pooling_layer=False).eval()
    save_random(model, model_folder)

    write_json(config, model_folder, "config.json")
    write_modules(model_folder, 24, 200, "cls_token", is_normalized=False)

    tokenizer.enable_truncation(200)
    tensors, records = {}, []
    texts = [text.replace("[MASK]", "<mask>") for text in TINY_SENTENCES]
    texts += ["a <pad> b <pad> c", "the queen of the river " * 50]
    for i, text in enumerate(texts):
        encoded = tokenizer.encode(text).ids
        records.append({"text": text, "ids": encoded})
        states = hidden_states(model, encoded)
        for layer, state in enumerate(states):
            tensors[f"{i}.hidden.{layer}"] = state.contiguous()
    save_file(tensors, os.path.join(folder, "mpnet-reference.safetensors"))
    buckets = MPNetEncoder.relative_position_bucket(torch.arange(-200, 201), num_buckets=32).tolist()
    with open(os.path.join(folder, "mpnet-reference.json"), "w", encoding="utf-8") as file:
        json.dump({"buckets": buckets, "sentences": records}, file, separators=(",", ":"))


# The 500 sentences.

def sentences():
    random_ = random.Random(20)
    people = ["Linda Yaccarino", "José Ångström", "Søren Kierkegård", "Nguyễn Thị Ánh", "Łukasz Żółć",
              "Müller-Lüdenscheidt", "Ōe Kenzaburō", "王小明", "Владимир Кличко", "Γιώργος Σεφέρης"]
    places = ["Zürich", "São Paulo", "Reykjavík", "Łódź", "Kraków", "东京", "서울", "القاهرة", "Αθήνα", "Санкт-Петербург"]
    relations = ["chief executive officer", "mother tongue", "capital", "employer", "position played",
                 "twin city", "head of state", "country of citizenship", "spouse", "place of birth"]
    numbers = ["3.14159", "1,000,000", "2024-11-22", "50%", "$9.99", "№ 7", "½", "x²", "10⁻⁵", "Ⅳ"]
    templates = [
        "The {r} of {p} is {q}", "Who is the {r} of {p}?", "{p} was born in {c} in {n}.",
        "What is the {r} of {c}", "{c}'s {r} isn't {p}; it's {q}!", "In {c}, {p} met {q} ({n})",
        "Is it true that {p} moved from {c} to {d}?", "[Updated Information] The {r} of {c} is {p}",
        "{p}—{r}—{c}", "\"{p}\" said: 'the {r} is {n}'",
    ]
    out = []
    for _ in range(250):
        out.append(random_.choice(templates).format(
            p=random_.choice(people), q=random_.choice(people), c=random_.choice(places),
            d=random_.choice(places), r=random_.choice(relations), n=random_.choice(numbers)))
    out += [
        "", " ", "\t\n\r ", "\u00a0\u2003\u3000", "\u200b", "\ufeffbyte order mark", "a\u0000b", "a\u0007b\u001bc",
        "vertical\u000btab\u000cfeed\u0085next", "soft\u00adhyphen", "zero\u200bwidth\u200djoiner\u2060word",
        "\ufffd replacement \ufffd", "e\u0301 vs \u00e9", "a\u0300\u0301\u0302\u0323b", "\u0301 leading mark",
        "I\u0307stanbul İstanbul ıI", "ẞ ß STRASSE Straße", "ΑΣ Σ ς σ", "ﬁ ﬂ ﬀ ligatures", "Ｆｕｌｌ　ｗｉｄｔｈ １２３",
        "Å Å Å", "한국어 조선말", "\u1112\u1161\u11ab\u1100\u1173\u11af", "日本語のテキストです。カタカナ、ひらがな。",
        "中文字符，标点。「引号」", "𠀀𠀁 extension B", "\uf900\ufa30 compatibility", "עברית בדיקה", "שָׁלוֹם", "العَرَبِيَّة",
        "हिन्दी भाषा क्षेत्र", "தமிழ்", "ภาษาไทย ไม่มีเว้นวรรค", "ქართული ენა", "አማርኛ", "Монгол хэл", "ᠮᠣᠩᠭᠣᠯ \u1885\u1886",
        "👍", "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷 flags", "👋🏽 skin tone", "☃️ snow ❄︎ text", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f tag",
        "≠ ≤ ∑ ∫ √2 ∞", "→ ← ⇒", "© ® ™ € £ ¥", "`~!@#$%^&*()_+-=[]{}|\\;:'\",.<>/?", "...!!!???", "--__--", "«guillemets» ‹single› „low“",
        "[CLS] in text [SEP] here", "[MASK]ed", "[mask] lower [UNK] unk [PAD]", "[[CLS]]", "[CLS", "##ing ## ##s", "x[SEP]y",
        "don't can't won't it's", "state-of-the-art", "user@example.com", "https://example.com/a?b=c&d=e#f", "C++ and C#",
        "def f(x): return x**2", "<b>bold</b> &amp; &#39;", "{\"key\": [1, 2, null]}", "snake_case camelCase PascalCase",
        "a" * 100, "a" * 101, "é" * 100, "e\u0301" * 60, "supercalifragilisticexpialidocious" * 3, "antidisestablishmentarianism",
        "pneumonoultramicroscopicsilicovolcanoconiosis", "qzxjkvbwpfm", "\u0e01" * 120, "1" * 150,
        "\U000100000 linear B", "\U0001d400\U0001d401 math bold", "\ue000 private", "\U0010fffd last", "\u0378 unassigned",
        "\U0001fae0 newer emoji", "\u08d4 newer mark a\u08d4b", "\u2e56 newer bracket", "\U0001e900 adlam", "\u166d \U000111c9",
        "word " * 253, "word " * 254, "word " * 255, "long " * 600, "字" * 300, "a b c d e f " * 60, "unaffable " * 120,
        "The quick brown fox jumps over the lazy dog. " * 40, "x" * 3000, ". " * 400,
    ]
    ranges = [(0x20, 0x7f), (0xa0, 0x250), (0x250, 0x400), (0x400, 0x530), (0x590, 0x780), (0x900, 0x1000), (0x1e00, 0x2070),
              (0x2070, 0x2c00), (0x3000, 0x3400), (0x4e00, 0x5000), (0xac00, 0xad00), (0xf900, 0xfb50), (0xfe00, 0x10000),
              (0x1f300, 0x1f700), (0x0, 0x20), (0x300, 0x370), (0x10000, 0x1f000), (0x20000, 0x30000)]
    while len(out) < 470:
        chosen = [ranges[0]] * 4 + random_.sample(ranges, 3)
        letters = []
        for _ in range(random_.randint(5, 60)):
            if random_.random() < 0.15:
                letters.append(" ")
                continue
            low, high = random_.choice(chosen)
            letters.append(chr(random_.randrange(low, high)))
        out.append("".join(letters))
    vocabulary = "knowledge correct journal branch commit version reader answer question because between".split()
    while len(out) < 500:
        out.append(" ".join(random_.choice(vocabulary) for _ in range(random_.randint(3, 220))))
    assert len(out) == 500, len(out)
    return out


def scalar_digest():
    """SHA-256 over what every scalar, between two letters, becomes, and into how many words it falls."""
    normalizer = normalizers.BertNormalizer()
    splitter = pre_tokenizers.BertPreTokenizer()
    digest = hashlib.sha256()
    for value in [*range(0x3000), *range(0xA000, 0xAC00), *range(0xF900, 0x12000), *range(0x1D000, 0x1F000)]:
        text = "a" + chr(value) + "b"
        digest.update(normalizer.normalize_str(text).encode() + b" %d\n" % len(splitter.pre_tokenize_str(text)))
    return digest.hexdigest()


def make_minilm(folder, model_folder):
    tokenizer = Tokenizer.from_file(os.path.join(model_folder, "tokenizer.json"))
    tokenizer.no_padding()
    model = BertModel.from_pretrained(model_folder, add_pooling_layer=False).eval()
    records, vectors = [], []
    for text in sentences():
        tokenizer.no_truncation()
        whole = len(tokenizer.encode(text).ids)
        tokenizer.enable_truncation(256)
        ids = tokenizer.encode(text).ids
        records.append({"text": text, "ids": ids, "truncated": whole - len(ids)})
        vectors.append(unit_mean(hidden_states(model, ids)[-1]))
    vectors = torch.stack(vectors)
    save_file({"vectors": vectors.half(), "first": vectors[:16].contiguous()},
              os.path.join(folder, "minilm-reference.safetensors"))
    with open(os.path.join(folder, "minilm-reference.json"), "w", encoding="utf-8") as file:
        file.write('{"scalars": "%s",\n "sentences": [\n' % scalar_digest())
        file.write(",\n".join(json.dumps(r, separators=(",", ":")) for r in records))
        file.write("\n]}\n")


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    make_tiny(sys.argv[1])
    make_mpnet(sys.argv[1])
    make_minilm(sys.argv[1], sys.argv[2])
