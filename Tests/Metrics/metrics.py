"""The metrics of an evaluation, written down a second time from their definitions; shares no code with Errata.

    python3 metrics.py < run.json > scores.json

Standard library only. The run: items with their questions, and for each question what a method computed: the logits
before each token of the target, with the edits and without, the generated texts, the place of the item's own edit.
"""

import json
import math
import sys
import unicodedata


def normalised(text):
    """SQuAD's normalisation: lower case, no punctuation, no articles, single spaces."""
    text = unicodedata.normalize("NFC", text).lower()
    text = "".join(" " if unicodedata.category(c).startswith("P") else c for c in text)
    return " ".join(word for word in text.split() if word not in ("a", "an", "the"))


def words(text):
    """Runs of letters, marks and digits; every other sign but white space by itself."""
    found, run = [], ""
    for c in text:
        if unicodedata.category(c)[0] in "LMN":
            run += c
            continue
        if run:
            found.append(run)
            run = ""
        if not c.isspace():
            found.append(c)
    return found + [run] if run else found


def entropy(tokens, n):
    grams = {}
    for start in range(len(tokens) - n + 1):
        gram = tuple(tokens[start:start + n])
        grams[gram] = grams.get(gram, 0) + 1
    total = sum(grams.values())
    return -sum(c / total * math.log2(c / total) for c in grams.values())


def fluency(text):
    tokens = words(text)
    return 100 * (2 / 3 * entropy(tokens, 2) + 4 / 3 * entropy(tokens, 3)) / 2


def argmax(row):
    return max(range(len(row)), key=lambda i: (row[i], -i))


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def is_local(kind):
    return kind.startswith("locality")


def is_right(question, aliases=None):
    said = normalised(question.get("text") or "")
    if is_local(question["kind"]):
        return said == normalised(question["before"].get("text") or "")
    wanted = aliases or [alias for answer in question["answers"] for alias in answer]
    return said != "" and said in [normalised(alias) for alias in wanted]


def token_share(question):
    """Teacher forced: arg-max tokens that are the target's; for locality those that are as before."""
    if is_local(question["kind"]):
        pairs = zip(question["logits"], question["before"]["logits"])
        return mean(argmax(a) == argmax(b) for a, b in pairs)
    return mean(argmax(row) == token for row, token in zip(question["logits"], question["target"]))


def scores(items, paper=False):
    questions = [q for item in items for q in item["questions"]]
    if paper:
        questions = []
        for item in items:
            kinds = [q["kind"] for q in item["questions"]]
            questions += [q for i, q in enumerate(item["questions"]) if q["kind"] not in kinds[:i]]

    def right(question):
        if paper and not is_local(question["kind"]):
            return is_right(question, [question["answers"][0][0]])
        return is_right(question)

    def by_class(prefix, value, keep=lambda q: True):
        """The mean over the classes of their means."""
        kinds = sorted({q["kind"] for q in questions if q["kind"].startswith(prefix)})
        means = [mean(value(q) for q in questions if q["kind"] == kind and keep(q)) for kind in kinds]
        return mean(m for m in means if m is not None)

    result = {"forced": {}, "exact": {}}
    for metric in ("success", "rephrasing", "portability", "locality"):
        result["forced"][metric] = 100 * by_class(metric, token_share)
        result["exact"][metric] = 100 * by_class(metric, right)

    def is_clean(q):
        return not q["asksForEdit"]
    result["forced"]["clean-locality"] = 100 * by_class("locality", token_share, is_clean)
    result["exact"]["clean-locality"] = 100 * by_class("locality", right, is_clean)
    local = [q for q in questions if is_local(q["kind"])]
    said = [(normalised(q.get("text") or ""), [normalised(a) for answer in q["answers"] for a in answer]) for q in local]
    result["exact"]["truth"] = 100 * mean(text != "" and text in answers for text, answers in said)
    own = [q for q in questions if q["kind"] == "success"]
    other = [q for q in questions if q["kind"] == "rephrasing"]
    for n in (1, 3):
        result["exact"][f"retrieval@{n}"] = 100 * mean(q.get("rank", 99) <= n for q in own)
        result["exact"][f"rephrasing-retrieval@{n}"] = 100 * mean(q.get("rank", 99) <= n for q in other)
    result["exact"]["fluency"] = mean(fluency(q["text"]) for q in own if q.get("text") and len(words(q["text"])) >= 3)
    return result


def general_scores(items):
    """Questions that no edit is about: the answer without edits again, the true one, fluent text."""
    questions = [q for item in items for q in item["questions"]]
    said = [(normalised(q.get("text") or ""), normalised(q["before"].get("text") or "")) for q in questions]
    judged = [(normalised(q.get("text") or ""), [normalised(a) for answer in q["answers"] for a in answer])
              for q in questions if q["answers"]]
    fluent = [fluency(q["text"]) for q in questions if q.get("text") and len(words(q["text"])) >= 3]
    pairs = [q for q in questions if q["answers"]]
    values = {
        "forced": {"agreement": mean(mean(argmax(a) == argmax(b) for a, b in zip(q["logits"], q["before"]["logits"]))
                                     for q in pairs)},
        "exact": {
            "agreement": mean(now == before for now, before in said),
            "accuracy": mean(text != "" and text in answers for text, answers in judged),
        },
    }
    scores = {way: {name: 100 * value for name, value in found.items() if value is not None}
              for way, found in values.items()}
    if fluent:
        scores["exact"]["fluency"] = mean(fluent)
    return scores


def main():
    run = json.load(sys.stdin)
    json.dump({
        "all": scores(run["items"]) if run["items"] else {"forced": {}, "exact": {}},
        "paper": scores(run["items"], paper=True) if run["items"] else {"forced": {}, "exact": {}},
        "general": general_scores(run["general"]),
        "fluency": [fluency(text) if len(words(text)) >= 3 else 0 for text in run["texts"]],
        "normalised": [normalised(text) for text in run["texts"]],
    }, sys.stdout)


if __name__ == "__main__":
    main()
