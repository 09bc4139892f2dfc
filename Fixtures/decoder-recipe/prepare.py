"""Makes what train.py reads: tokenizer, word lists, templates of real sets, text, and questions to measure with.

    errata align dataset --recipe pairs.json --data DATA --out PAIRS
    python3 prepare.py DATA PAIRS OUT
"""

import collections
import hashlib
import json
import os
import random
import re
import shutil
import sys
import unicodedata

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

import examples
from examples import BOS, END, Examples, chat

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "Sources")
VOCABULARY = 8192
# The pattern of Qwen's tokenizers: single digits, which makes numbers easy to copy.
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
           r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def write_json(value, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))


def lines(*path):
    with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
        return [line.rstrip("\n") for line in file]


def is_held_back(subject):
    return hashlib.sha256(unicodedata.normalize("NFC", subject).encode()).digest()[0] < 51


# Word lists and names


def swift_words():
    """The word lists of WordLists.swift, so that they are written down once."""
    source = "\n".join(lines(SOURCES, "ErrataAlignment", "Dataset", "WordLists.swift"))
    found = {}
    for name, body in re.findall(r"static let (\w+) =(.*?)(?=\n    static|\n    private|\n}\n?$)", source, re.S):
        words = []
        for text in re.findall(r'words\(\s*(?:"""(.*?)"""|"(.*?)")\s*\)', body, re.S):
            words += "".join(text).split()
        rest = re.sub(r'words\(\s*(?:""".*?"""|".*?")\s*\)', "", body, flags=re.S)
        found[name] = words + re.findall(r'"([^"]+)"', rest)
    return {name: words for name, words in found.items() if words}


NAME = re.compile(r"[A-Z][\w'’.-]+(?: (?:of |the |de |van |von |and |for |in )?[A-Z][\w'’.-]+)*")


def spans(sentences, count, draw):
    """Names in running text, but for those at the start of a sentence."""
    found = set()
    for sentence in sentences:
        for match in NAME.finditer(sentence, 1):
            name = match.group().rstrip(".'’-")
            is_one = not re.search(r"[a-z]{3}\. ", name)
            if is_one and 2 < len(name) < 50 and (" " in name or draw.random() < 0.4):
                found.add(name)
    found = sorted(found)
    return draw.sample(found, min(count, len(found)))


# Real sets


def loose_pairs(data):
    """CounterFact's own rephrasings, of which the dataset builder leaves out those that ask for more than the edit
    says ("X is known for"). The reader decides what an edit answers; the decoder is to follow it."""
    for name in ["counterfact-train", "counterfact-val"]:
        for record in read_json(data, "train", f"{name}.json"):
            if not is_held_back(record["subject"]):
                edit = f"{record['prompt']} {record['target_new']}"
                yield {"question": record["rephrase_prompt"], "edit": edit, "scope": "in", "part": "object",
                       "answer": record["target_new"], "kind": "rephrase", "subject": record["subject"]}


def real_sets(path, data):
    """Pairs, the templates that they are filled from, and pairs that do not fit."""
    clozes = collections.defaultdict(lambda: {"questions": set(), "subjects": set(), "objects": set()})
    pairs, misses, questions = [], [], set()
    for pair in [json.loads(line) for line in lines(path)] + list(loose_pairs(data)):
        question, edit, subject = pair["question"], pair["edit"], pair["subject"]
        if pair["scope"] == "out":
            if pair["kind"] == "open":
                questions.add(question)
            elif pair["kind"] in ("otherSubject", "nearName", "distractor"):
                misses.append([question, edit])
            elif pair["kind"] == "otherRelation" and len(misses) % 5 == 0:
                misses.append([question, edit])
            continue
        if pair["kind"] == "reasoning":
            continue
        pairs.append([question, edit, pair["answer"], subject])
        answer = pair["answer"]
        if pair["part"] != "object" or not edit.endswith(" " + answer) or edit.count(subject) != 1:
            continue
        cloze = edit[: -len(answer) - 1].replace(subject, "{s}")
        if "{s}" not in cloze:
            continue
        group = clozes[cloze]
        group["subjects"].add(subject)
        group["objects"].add(answer)
        if question.count(subject) == 1:
            group["questions"].add(question.replace(subject, "{s}"))
    relations = [
        {"subject": "any", "object": "any", "clozes": [cloze], "questions": sorted(g["questions"]),
         "subjects": sorted(g["subjects"]), "objects": sorted(g["objects"])}
        for cloze, g in sorted(clozes.items())]
    return relations, pairs, misses, sorted(questions)


# Text


def plain(text):
    """Undoes the spaces that WikiSplit and WikiText put around marks."""
    text = text.replace("''", '"').replace(" @-@ ", "-").replace(" @,@ ", ",").replace(" @.@ ", ".")
    text = re.sub(r" ([.,;:!?)%]|'s\b|n't\b)", r"\1", text)
    return re.sub(r"([(]) ", r"\1", text)


def texts(data):
    glosses = lines(data, "text", "wordnet-glosses.txt")
    for start in range(0, len(glosses), 8):
        yield "\n".join(glosses[start:start + 8])
    for part in ["tune", "validation", "test"]:
        for line in lines(data, "text", f"wiki-split-{part}.tsv"):
            whole, _, split = line.partition("\t")
            yield plain(whole) + "\n" + plain(split.replace("<::::> ", ""))
    article = []
    for line in lines(data, "text", "wikitext2-valid.txt"):
        if line.startswith(" = ") and not line.startswith(" = = ") and article:
            yield "\n".join(article)
            article = []
        if line.strip() and "<unk>" not in line:
            article.append(plain(line.strip()))
    yield "\n".join(article)
    for item in read_json(data, "qa", "roleplay-simple-deduped-roleplay-instruct.json"):
        yield f"{item['instruction']}\n{item['input']}\n{item['response']}".replace("\n\n", "\n")
    for line in lines(data, "qa", "en_100_tree.jsonl"):
        prompt = json.loads(line)["prompt"]
        if prompt["replies"]:
            yield prompt["text"] + "\n" + prompt["replies"][0]["text"]


def train_tokenizer(text):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    # An answer begins with the space before its first word.
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    special = [examples.PAD, BOS, END, examples.USER, examples.ASSISTANT]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(special), show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(text, trainer)
    tokenizer.add_special_tokens([AddedToken(c, special=True, normalized=False) for c in special])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(),
        processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B",
                                      special_tokens=[(BOS, tokenizer.token_to_id(BOS))])])
    return tokenizer


# Questions to measure with


class Nearest:
    """Finds the edits that share the most telling words."""

    def __init__(self, edits):
        self.bags = [set(re.findall(r"\w+", e.lower())) for e in edits]
        self.places = collections.defaultdict(list)
        for place, bag in enumerate(self.bags):
            for word in bag:
                self.places[word].append(place)

    def __call__(self, place, count, fits):
        scores = collections.Counter()
        for word in self.bags[place]:
            found = self.places[word]
            for other in found[:3000]:
                scores[other] += 1 / len(found)
        return [p for p, _ in scores.most_common(200) if p != place and fits(p)][:count]


def measured(data):
    """Prompts of the development sets: the edit alone, and with one and two near edits about others."""
    draw = random.Random(3)
    items = []
    sets = {
        "zsre": read_json(data, "dev", "zsre-test-half.json"),
        "counterfact": read_json(data, "dev", "counterfact-edit-half.json")}
    for name in ["wiki_counterfact", "wiki_recent"]:
        records = read_json(data, "train", f"{name}-train.json")
        sets[name] = [r for r in records if is_held_back(r["subject"])]
    for name, records in sets.items():
        edits = [f"{r['prompt']} {r['target_new']}" for r in records]
        nearest = Nearest(edits)
        chosen = range(len(records))
        if len(records) > 1500:
            chosen = sorted(draw.sample(chosen, 1500))
        for place in chosen:
            record = records[place]
            subject = record["subject"].lower()
            near = nearest(place, 2, lambda p: records[p]["subject"].lower() != subject)
            asked = [("prompt", record["prompt"])]
            if "rephrase_prompt" in record:
                asked.append(("rephrase", record["rephrase_prompt"]))
            for alias in record.get("portability", {}).get("Subject_Aliasing", [])[:1]:
                asked.append(("alias", alias["prompt"]))
            for kind, question in asked:
                for count in range(3):
                    shown = [edits[place]] + [edits[p] for p in near[:count]]
                    draw.shuffle(shown)
                    items.append([name, f"{kind}+{count}", chat(question, shown), [record["target_new"]]])
            outside = [p["prompt"] for p in record.get("locality", {}).get("Relation_Specificity", [])[:1]]
            for question in outside:
                items.append([name, "same subject", chat(question, [edits[place]]), [examples.NO_ANSWER]])
            if "locality_prompt" in record:
                items.append([name, "other subject", chat(record["locality_prompt"], [edits[place]]),
                              [examples.NO_ANSWER]])
    for line in lines(data, "qa", "NQ-open.dev.jsonl")[:500]:
        shown = draw.sample(items, 1)[0][2].split("[Updated Information]:\n")[1].split("\n\n[Question]")[0]
        items.append(["open", "unrelated", chat(json.loads(line)["question"], [shown.split("\n")[0]]),
                      [examples.NO_ANSWER]])
    return items


def main(data, pairs, out):
    os.makedirs(out, exist_ok=True)
    draw = random.Random(1)
    documents = list(texts(data))
    relations, real_pairs, misses, questions = real_sets(os.path.join(pairs, "pairs.train.jsonl"), data)
    glosses = []
    lemmas = []
    for line in lines(data, "text", "wordnet-glosses.txt"):
        heads, _, gloss = line.partition(": ")
        lemmas += [h for h in heads.split(", ") if len(h) < 30]
        meaning = gloss.split(". ")[0].rstrip(".")
        if 15 < len(meaning) < 140:
            glosses.append([heads.split(", ")[0], meaning])
    pools = {"span": spans([d for d in documents], 60000, draw), "lemma": draw.sample(lemmas, 40000)}
    write_json({"words": swift_words(), "pools": pools}, out, "words.json")
    write_json({"relations": relations, "pairs": real_pairs, "misses": misses, "open": questions,
                "glosses": draw.sample(glosses, 20000)}, out, "real.json")
    shutil.copy(os.path.join(SOURCES, "CErrataData", "relations.json"), os.path.join(out, "relations.json"))

    made = Examples(out, seed=2)
    text = [re.sub(r"<\|\w+\|>", "\n", made.text()) for _ in range(60000)]
    tokenizer = train_tokenizer(text + documents)
    tokenizer.save(os.path.join(out, "tokenizer.json"), pretty=False)
    draw.shuffle(documents)
    tokens = []
    for encoding in tokenizer.encode_batch([f"{d}{END}" for d in documents]):
        tokens += encoding.ids
    np.array(tokens, dtype=np.uint16).tofile(os.path.join(out, "text.u16"))
    items = measured(data)
    write_json(items, out, "measured.json")
    print(f"{len(relations)} real templates, {len(real_pairs)} pairs, {len(misses)} misses, "
          f"{len(tokens)} tokens of text, {len(items)} prompts to measure with")


if __name__ == "__main__":
    main(*sys.argv[1:])
