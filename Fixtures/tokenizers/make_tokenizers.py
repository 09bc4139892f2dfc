#!/usr/bin/env python3
"""Makes Fixtures/tokenizers: tokenizers of each style, and what the library makes of strings.

    python3 -m pip install tokenizers==0.23.3 transformers jinja2
    python3 Fixtures/tokenizers/make_tokenizers.py fixtures Fixtures/tokenizers DATA
    python3 Fixtures/tokenizers/make_tokenizers.py parity Fixtures/tokenizers DATA OUT [COUNT]
    ERRATA_TOKENIZER_PARITY=OUT swift test --filter TokenizerTests

DATA is a directory of text files. `fixtures` trains small tokenizers on it (STYLE.json) and records the
ids and the decoded text of a few hundred strings (STYLE.expected.jsonl). `parity` records them for about
COUNT lines of DATA (40,000; all where there are fewer) and for strings made here, into OUT, and prints how
fast the library is.
"""

import json
import os
import random
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors, trainers)

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN_MARKS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|"
              r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SIZE = 2000


def special(*contents, **options):
    return [AddedToken(c, special=True, normalized=False, **options) for c in contents]


def byte_level(text, expression, normalizer, tokens, template, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=expression is None)
    if expression:
        split = pre_tokenizers.Split(Regex(expression), behavior="isolated")
        byte = pre_tokenizers.Sequence([split, byte])
    tokenizer.pre_tokenizer = byte
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=SIZE, show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(text, trainer)
    tokenizer.add_special_tokens(tokens)
    if template:
        processor = processors.TemplateProcessing(
            single=f"{template} $A", pair=f"{template} $A {template} $B",
            special_tokens=[(template, tokenizer.token_to_id(template))])
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(), processor])
    else:
        tokenizer.post_processor = processors.ByteLevel()
    return tokenizer


def sentence_piece(text, metaspace):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=SIZE, show_progress=False, special_tokens=tokens,
                                  limit_alphabet=90)
    tokenizer.train_from_iterator(text, trainer)
    # Byte tokens are ordinary tokens of the model, as in Llama's files.
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = [t for t in file["added_tokens"] if t["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(file))
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens(special("[INST]", "[/INST]"))
    tokenizer.add_tokens([AddedToken("<tool>", lstrip=True, rstrip=True, normalized=False),
                          AddedToken("Errata", single_word=True, normalized=metaspace)])
    return tokenizer


def word_piece(text):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=SIZE, show_progress=False, special_tokens=tokens,
                                        limit_alphabet=120)
    tokenizer.train_from_iterator(text, trainer)
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def styles(text):
    llama3 = special("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>",
                     "<|end_header_id|>", "<|eot_id|>")
    qwen = special("<|endoftext|>", "<|im_start|>", "<|im_end|>") + [
        AddedToken("<think>", special=False, normalized=False),
        AddedToken("</think>", special=False, normalized=False)]
    yield "llama3", byte_level(text, LLAMA3, None, llama3, "<|begin_of_text|>", ignore_merges=True)
    yield "qwen2", byte_level(text, QWEN, normalizers.NFC(), qwen, None)
    yield "qwen-marks", byte_level(text, QWEN_MARKS, normalizers.NFC(), qwen, None)
    yield "gpt2", byte_level(text, None, None, special("<|endoftext|>"), None)
    yield "llama2", sentence_piece(text, metaspace=False)
    yield "mistral", sentence_piece(text, metaspace=True)
    yield "wordpiece", word_piece(text)


def lines(data):
    for folder, _, names in sorted(os.walk(data)):
        for name in sorted(names):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                for line in file:
                    line = line.rstrip("\n")
                    if 0 < len(line) <= 4000:
                        yield line


HARD = [
    "", " ", "  ", "\n", "\r\n", "\t", " \n", "\n ", "a", " a", "a ", "  a  b   c    ", "a\n\n b\n\n\n c",
    "x \n y \r\n\r\n z\t\t\tw", " " * 40, "\n" * 30 + "x", "don't I'll we've they're she'd I'm it's",
    "DON'T I'LL WE'VE 'S'T'RE'VE'M'LL'D", "'\u017f '\u017fx 'K", "''s 't'", "1 12 123 1234 12345 1234567890",
    "3.14159 1,000,000 1e-5 0x1F", "\u0661\u0662\u0663 \u00bd \u2167 \u4e00\u4e8c", "a1b2c3 4d5e",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f1e9\U0001f1ea \u2764\ufe0f",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01 \u65e5\u672c\u8a9e\u306e\u6587\u7ae0 \ud55c\uad6d\uc5b4 \uff76\uff9e",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u202bRTL\u202c \u200f\u200e",
    "e\u0301 \u00e9 n\u0303 \u1e9b\u0323 \ufb01 \u2126 \u212b A\u030a \u0344 \u0958 \u0e33",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u0000\u0001\u001f\u007f\u0080\u009f",
    "\ufffd\ufffe\uffff\U0010ffff\ue000\U000f0000", "\u00a0\u2000\u2003\u3000\u2028\u2029\u0085x\u1680y",
    "<|begin_of_text|>hi<|eot_id|> <|endoftext|><|im_start|>user\nhi<|im_end|>", "<s>x</s> <unk> <0x41> <0x>",
    "[CLS] a [MASK] b[SEP]", "  [INST]  x  [/INST]  ", "a  <tool>  b<tool><tool> <tool>\n", "Errata Erratas xErrata Errata",
    "<think>\nx\n</think>\n\n", "<|im_start|", "<|im_start|><|im_start|", "\u2581\u2581a\u2581b", "\u2581", "\u2581 \u2581x",
    "https://a.b/c?d=e&f=%20#g", "def f(x):\n    return x ** 2  # ok\n", "{\"a\": [1, 2, {\"b\": null}]}",
    "\u0130I\u0131i \u00df \u1e9e \u03a3\u03c3\u03c2 \u01c5", "...!!!???---___***", " ...\n\n x", "!\n!\r\n !", "a" * 300, "ab" * 100,
    "\u0301\u0301 \u0301a a\u0301\u0301\u0301 1\u0301 !\u0301", "x\u200by\u200dz\ufeff", "\U000e0041 \U0001d400\U0001d7ce \U00020000",
]


def made(count, seed):
    """Strings of pieces of hard ones, words and random characters."""
    draw = random.Random(seed)
    words = "the of Errata don't 2024 \u00e9t\u00e9 na\u00efve \u5317\u4eac \u043f\u0440\u0438\u0432\u0435\u0442 x_y I'd".split()
    spaces = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "", "", "   \n "]
    pools = [(0x20, 0x7f), (0x80, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0x780), (0x900, 0xe80),
             (0x1e00, 0x2070), (0x2000, 0x2c00), (0x3000, 0x3100), (0x4e00, 0x5000), (0xac00, 0xad00),
             (0xf900, 0x10000), (0x1f300, 0x1f700), (0, 0x20), (0x10000, 0x110000)]
    for _ in range(count):
        parts = []
        for _ in range(draw.randint(1, 6)):
            kind = draw.random()
            if kind < 0.35:
                parts.append(draw.choice(words))
            elif kind < 0.55:
                hard = draw.choice(HARD)
                start = draw.randint(0, len(hard))
                parts.append(hard[start:start + draw.randint(1, 12)])
            elif kind < 0.65:
                parts.append(str(draw.randint(0, 10 ** draw.randint(1, 9))))
            else:
                low, high = draw.choice(pools)
                parts.append("".join(chr(c) for c in (draw.randrange(low, high)
                                                      for _ in range(draw.randint(1, 5)))
                                     if not 0xD800 <= c < 0xE000))
            parts.append(draw.choice(spaces))
        yield "".join(parts)


def every_character():
    """Every character, beside letters, digits and spaces."""
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    codes = [c for c in codes if c < 0x32000 or 0xE0000 <= c < 0xE0200 or c % 64 == 0]
    for start in range(0, len(codes), 24):
        yield "".join(f"a{chr(c)}b {chr(c)}1{chr(c)}" for c in codes[start:start + 24])


def record(tokenizer, strings, path):
    with open(path, "w", encoding="utf-8") as file:
        for text in strings:
            ids = tokenizer.encode(text).ids
            line = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids)}
            file.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")


def fixtures(out, data):
    text = [line for line in lines(os.path.join(data, "text")) if len(line) < 400]
    text = random.Random(5).sample(text, 20000)
    for name, tokenizer in styles(text):
        tokenizer.save(os.path.join(out, name + ".json"), pretty=False)
        record(tokenizer, HARD + list(made(200, seed=11)), os.path.join(out, name + ".expected.jsonl"))


def parity(fixtures, data, out, count=40000):
    os.makedirs(out, exist_ok=True)
    strings = list(dict.fromkeys(lines(data)))
    speed = [s for s in lines(os.path.join(data, "text")) if len(s) < 2000][:60000]
    with open(os.path.join(out, "speed.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(speed))
    strings = strings[:: max(1, len(strings) // int(count))] + HARD + list(made(20000, seed=12))
    strings += list(every_character())
    for name in sorted(os.listdir(fixtures)):
        if not name.endswith(".json"):
            continue
        tokenizer = Tokenizer.from_file(os.path.join(fixtures, name))
        record(tokenizer, strings, os.path.join(out, name[:-5] + ".parity.jsonl"))
        times = []
        for _ in range(3):
            start = time.perf_counter()
            count = sum(len(tokenizer.encode(s).ids) for s in speed)
            times.append(time.perf_counter() - start)
        size = sum(len(s.encode()) for s in speed)
        print(f"{name}: {len(strings)} strings; {count} tokens of {size} bytes in {min(times):.3f} s")


if __name__ == "__main__":
    {"fixtures": fixtures, "parity": parity}[sys.argv[1]](*sys.argv[2:])
