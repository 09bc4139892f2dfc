"""Makes what pretrain.py reads: facts before any edit, instructions, running text, and questions to measure with.

    python3 collect.py DATA OUT
"""

import collections
import json
import os
import random
import re
import shutil
import sys

import numpy as np
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "decoder-recipe"))

from evaluate import normal  # noqa: E402
from examples import END  # noqa: E402
from prepare import SOURCES, lines, measured, plain, read_json, spans, swift_words, write_json  # noqa: E402

TOKENIZER = os.path.join(SOURCES, "CErrataDecoder", "tokenizer.json")
MEASURED = {("zsre", "prompt+0"), ("zsre", "rephrase+0"), ("zsre", "prompt+2"),
            ("counterfact", "prompt+0"), ("counterfact", "prompt+2")}


# Facts


def answers(truth):
    """The names of the first answer that has any, then those of the others."""
    if isinstance(truth, str):
        return [truth.strip()] if truth.strip() else []
    return [name for item in truth for name in answers(item)]


def probes(record):
    for probe in record["locality"].get("Relation_Specificity", []):
        yield probe["prompt"], probe["ground_truth"]


def real_facts(data):
    """Yields (set, prompt, truth) as the sets have it before they edit."""
    for record in read_json(data, "train", "wiki_counterfact-train.json"):
        yield "wiki_counterfact prompt", record["prompt"], record["ground_truth"]
        for prompt, truth in probes(record):
            yield "wiki_counterfact probe", prompt, truth
    for name in ["counterfact-train", "counterfact-val"]:
        for record in read_json(data, "train", f"{name}.json"):
            yield "counterfact prompt", record["prompt"], record["ground_truth"]
            yield "counterfact rephrase", record["rephrase_prompt"], record["ground_truth"]
            yield "counterfact probe", record["locality_prompt"], record["locality_ground_truth"]
    for record in read_json(data, "train", "zsre-train-1k.json"):
        yield "zsre prompt", record["src"], record["answers"]
        yield "zsre rephrase", record["rephrase"], record["answers"]
        yield "zsre probe", record["loc"].removeprefix("nq question: "), record["loc_ans"]
    for record in read_json(data, "train", "wiki_recent-train.json"):
        for prompt, truth in probes(record):
            yield "wiki_recent probe", prompt, truth
    for name in ["webquestions-trainmodel", "webquestions-val"]:
        for item in read_json(data, "qa", f"{name}.json"):
            yield "webquestions", item["qText"], item["answers"]
    for name in ["NQ-open.dev", "NQ-open.efficientqa.dev.1.1", "NQ-open.efficientqa.test.1.1"]:
        for line in lines(data, "qa", f"{name}.jsonl"):
            item = json.loads(line)
            yield "nq", item["question"], item["answer"]


def edited(data):
    """What edits of the train sets make of a prompt, all prompts of the development sets, and the subjects that
    those give an object."""
    new, dev, subjects = collections.defaultdict(set), set(), collections.defaultdict(set)
    for name in ["wiki_counterfact-train", "wiki_recent-train", "counterfact-train", "counterfact-val"]:
        for record in read_json(data, "train", f"{name}.json"):
            for prompt in [record["prompt"], record.get("rephrase_prompt")]:
                if prompt:
                    new[normal(prompt)].add(normal(record["target_new"]))
    for record in read_json(data, "train", "zsre-train-1k.json"):
        for prompt in [record["src"], record["rephrase"]]:
            new[normal(prompt)].add(normal(record["alt"]))
    for name in ["zsre-test-half", "counterfact-edit-half"]:
        for record in read_json(data, "dev", f"{name}.json"):
            asked = [record["prompt"], record["rephrase_prompt"], record.get("locality_prompt")]
            for part in ["portability", "locality"]:
                asked += [p["prompt"] for probe in record.get(part, {}).values() for p in probe]
            dev |= {normal(p) for p in asked if p}
            subjects[normal(record["target_new"])].add(normal(record["subject"]))
    return new, dev, subjects


def facts(data):
    """Every prompt once; none that a development set asks, none with what an edit makes of it."""
    new, dev, subjects = edited(data)
    found, left_out = {}, collections.Counter()
    for name, prompt, truth in real_facts(data):
        prompt, names = prompt.strip(), answers(truth)
        key = normal(prompt)
        if not names or len(names[0]) > 80 or len(prompt) > 400:
            left_out["no short answer"] += 1
        elif key in found:
            left_out["asked before"] += 1
        elif key in dev:
            left_out["asked by a development set"] += 1
        elif normal(names[0]) in new[key] or any(s in key for s in subjects[normal(names[0])]):
            left_out["what an edit says"] += 1
        else:
            found[key] = [name, prompt, names[:20]]
    print("left out:", dict(left_out))
    return list(found.values())


# Instructions and text


def shortened(text, word_count=45):
    """The first sentences, until there are so many words."""
    kept = []
    for sentence in re.split(r"(?<=[.!?])\s+", " ".join(text.split())):
        kept.append(sentence)
        if sum(len(s.split()) for s in kept) >= word_count:
            break
    return " ".join(kept)


def instructions(data, draw):
    """Pairs of what is asked and what is answered, in a sentence or two."""
    found = []
    for item in read_json(data, "qa", "roleplay-simple-deduped-roleplay-instruct.json"):
        found.append([f"{item['instruction']}\n{item['input']}".strip(), item["response"]])
    for line in lines(data, "qa", "en_100_tree.jsonl"):
        prompt = json.loads(line)["prompt"]
        found += [[prompt["text"], reply["text"]] for reply in prompt["replies"][:1]]
    for name in ["seed_tasks", "user_oriented_instructions"]:
        for line in lines(data, "qa", f"{name}.jsonl"):
            item = json.loads(line)
            for instance in item["instances"][:1]:
                found.append([f"{item['instruction']}\n{instance['input']}".strip(), instance["output"]])
    meanings = []
    for line in lines(data, "text", "wordnet-glosses.txt"):
        heads, _, gloss = line.partition(": ")
        meaning = gloss.split(". ")[0].rstrip(".")
        if 30 < len(meaning) < 120:
            meanings.append([heads.split(", ")[0], meaning])
    for word, meaning in draw.sample(meanings, 2000):
        asked = draw.choice(["What does {w} mean?", "Explain the word {w}.", "Define {w} in a sentence."])
        found.append([asked.replace("{w}", word), f"{meaning[:1].upper()}{meaning[1:]}."])
    return [[a, shortened(b)] for a, b in found if b.strip() and len(a) < 700 and len(shortened(b)) < 700]


def texts(data):
    glosses = lines(data, "text", "wordnet-glosses.txt")
    for start in range(0, len(glosses), 8):
        yield "\n".join(glosses[start:start + 8])
    for part in ["tune", "validation", "test"]:
        for line in lines(data, "text", f"wiki-split-{part}.tsv"):
            yield plain(line.partition("\t")[2].replace("<::::> ", ""))
    yield from articles(data, "valid")


def articles(data, part):
    article = []
    for line in lines(data, "text", f"wikitext2-{part}.txt"):
        if line.startswith(" = ") and not line.startswith(" = = ") and article:
            yield "\n".join(article)
            article = []
        if line.strip() and "<unk>" not in line:
            article.append(plain(line.strip()))
    yield "\n".join(article)


# What to measure with


def measurements(data, known, draw):
    """Own facts, alone and behind an edit that has nothing to do with them; the paper's template; text not seen."""
    items, by_set = [], collections.defaultdict(list)
    paper = [item for item in measured(data) if (item[0], item[1]) in MEASURED]
    edits = [item[2].split("[Updated Information]:\n")[1].split("\n\n[Question]")[0]
             for item in paper if item[1] == "prompt+0"]
    for fact in known:
        by_set[fact[0]].append(fact)
    for name, group in sorted(by_set.items()):
        for _, prompt, names in draw.sample(group, min(500, len(group))):
            items.append({"kind": f"own {name}", "question": prompt, "edits": [], "answers": names})
    for _, prompt, names in draw.sample(known, 500):
        items.append({"kind": "own, unrelated edit shown", "question": prompt, "edits": [draw.choice(edits)],
                      "answers": names})
    seen = collections.Counter()
    draw.shuffle(paper)
    for name, kind, chat, wanted in paper:
        seen[name, kind] += 1
        if seen[name, kind] <= 500:
            items.append({"kind": f"paper {name} {kind}", "chat": chat, "answers": wanted})
    unseen = "\n".join(articles(data, "test"))
    return {"items": items, "text": unseen[:200_000]}


def main(data, out):
    os.makedirs(out, exist_ok=True)
    draw = random.Random(1)
    known = facts(data)
    documents = list(texts(data))
    lemmas = [head for line in lines(data, "text", "wordnet-glosses.txt")
              for head in line.partition(": ")[0].split(", ") if len(head) < 30]
    pools = {"span": spans(documents, 40000, draw), "lemma": draw.sample(lemmas, 30000)}
    asked = instructions(data, draw)
    write_json(known, out, "facts.json")
    write_json(asked, out, "open.json")
    write_json({"words": swift_words(), "pools": pools}, out, "words.json")
    write_json(measurements(data, known, draw), out, "measured.json")
    shutil.copy(os.path.join(SOURCES, "CErrataData", "relations.json"), os.path.join(out, "relations.json"))
    shutil.copy(TOKENIZER, os.path.join(out, "tokenizer.json"))
    draw.shuffle(documents)
    tokenizer = Tokenizer.from_file(TOKENIZER)
    tokens = []
    for encoding in tokenizer.encode_batch([f"{d}{END}" for d in documents], add_special_tokens=False):
        tokens += encoding.ids
    np.array(tokens, dtype=np.uint16).tofile(os.path.join(out, "text.u16"))
    print(f"{len(known)} facts, {len(asked)} instructions, {len(tokens)} tokens of text")
    print(dict(collections.Counter(fact[0] for fact in known)))


if __name__ == "__main__":
    main(*sys.argv[1:])
