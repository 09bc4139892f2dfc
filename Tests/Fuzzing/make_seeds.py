"""Writes the inputs that fuzzing starts from, and the words that it puts in: make_seeds.py KIND ROOT OUT.

Small ones, since libFuzzer grows by what is short and covers something new: tokenizers of the fixtures with
the first 300 tokens of their vocabularies, and files of a few tensors.
"""

import json
import pathlib
import struct
import sys

NUMBERS = ["null", "true", "false", "-1", "1e9", "99999999999", "18446744073709551615", "[]", "{}"]
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U8": 1, "F64": 8, "BOOL": 1}


def strings(value):
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            if key != "vocab":
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str) and len(value) < 40:
        yield value


def tokenizers(root, seeds):
    words = set(NUMBERS)
    for path in sorted((root / "Fixtures/tokenizers").glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        model = file["model"]
        kept = {token: id for token, id in model["vocab"].items() if id < 300}
        model["vocab"] = kept
        if "merges" in model:
            pairs = [m if isinstance(m, list) else m.split(" ") for m in model["merges"]]
            model["merges"] = [p for p in pairs if {*p, "".join(p)} <= kept.keys()]
        file["added_tokens"] = [t for t in file["added_tokens"] if t["id"] < 300]
        (seeds / path.name).write_text(
            json.dumps(file, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        model.pop("merges", None)
        words |= set(strings(file))
    return words


def tensors(seeds):
    shapes = [
        [("a", "F32", [2, 2])], [("a", "BF16", [3]), ("b.w", "F16", [2, 2]), ("n", "F32", [0, 4])],
        [(f"t{i}", kind, [1, i]) for i, kind in enumerate(SIZES)], [("s", "F32", [])], []]
    for number, entries in enumerate(shapes):
        header, end = {"__metadata__": {"format": "pt"}} if number == 1 else {}, 0
        for name, kind, shape in entries:
            start, count = end, SIZES[kind]
            for dimension in shape:
                count *= dimension
            end += count
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
        text = json.dumps(header, separators=(",", ":")).encode() + b" " * number
        (seeds / str(number)).write_bytes(
            struct.pack("<Q", len(text)) + text + bytes(i % 7 for i in range(end)))
    return {*NUMBERS, *SIZES, "dtype", "shape", "data_offsets", "__metadata__", "F8_E4M3", "[0,0]"}


def main():
    kind, root, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    words = tokenizers(root, out / "seeds") if kind == "tokenizer" else tensors(out / "seeds")
    with open(out / "dictionary", "w", encoding="ascii") as file:
        for word in sorted(filter(None, words)):
            file.write('"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n')


if __name__ == "__main__":
    main()
