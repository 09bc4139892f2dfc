"""Makes questions with edits in their prompt, and the answers that a decoder is trained to give."""

import json
import random

from names import Names

OPENING = "Please acknowledge the updated information provided below and respond to the subsequent question."
NO_ANSWER = "No fact answers that."
BOS, USER, ASSISTANT, END, PAD = "<|bos|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"


def prompt_text(question, edits):
    """The paper's template, as Sources/ErrataCore/EditPrompt.swift writes it."""
    if not edits:
        return question
    shown = edits[0] if len(edits) == 1 else "\n".join(f"{i + 1}. {e}" for i, e in enumerate(edits))
    return f"{OPENING}\n\n[Updated Information]:\n{shown}\n\n[Question]:\n{question}"


def chat(question, edits):
    """A prompt as the chat template writes it; the answer begins with a space, so that its first word is the
    same token as inside an edit."""
    return f"{BOS}{USER}{prompt_text(question, edits)}{END}{ASSISTANT}"


def fill(template, hole, name):
    before, _, after = template.partition(hole)
    if name[:4].lower() == "the " and before[-4:].lower() == "the ":
        name = name[4:]
    return before + name + after


OPENINGS = ["Please tell me:", "Hi, quick question:", "Question:", "Can you help me?", "Just checking:",
            "According to the latest information,", "As of today,", "Please answer briefly."]
OPEN_QUESTIONS = ["What is the {r} of {s}?", "What's {s}'s {r}?", "{s} {r}", "Tell me the {r} of {s}.",
                  "Do you know the {r} of {s}?", "Who or what is the {r} of {s}?"]


class Fact:
    """A relation of a subject, its object, and one sentence that says so."""

    def __init__(self, relation, subject, object_, edit, template):
        self.relation, self.subject, self.object = relation, subject, object_
        self.edit, self.template = edit, template


class Examples:
    """Draws examples: made-up facts over the relations of relations.json, and facts of real sets, most of them
    with other subjects and objects, so that nothing can be learnt by heart."""

    def __init__(self, folder, seed):
        self.draw = random.Random(seed)
        self.names = Names.load(f"{folder}/words.json", self.draw)
        self.pick, self.chance = self.names.pick, self.names.chance
        with open(f"{folder}/relations.json", encoding="utf-8") as file:
            self.relations = json.load(file)
        with open(f"{folder}/real.json", encoding="utf-8") as file:
            real = json.load(file)
        self.real, self.pairs, self.misses = real["relations"], real["pairs"], real["misses"]
        self.open, self.glosses = real["open"], real["glosses"]
        self.by_name = {r["name"]: r for r in self.relations}
        self.by_subject = {}
        for relation in self.relations:
            self.by_subject.setdefault(relation["subject"], []).append(relation)
        self.chained = [r for r in self.relations if r["object"] in self.by_subject and "phrase" in r]

    # Facts

    def subject(self, relation):
        if "subjects" in relation and self.chance(0.4):
            return self.pick(relation["subjects"])
        name = self.names.make(relation["subject"])
        roll = self.draw.random()
        return name.lower() if roll < 0.03 else name.upper() if roll < 0.04 else name

    def object(self, relation):
        if "objects" in relation and self.chance(0.5):
            return self.pick(relation["objects"])
        roll = self.draw.random()
        if roll < 0.03:
            parts = [self.names.make(relation["object"]) for _ in range(self.names.number(2, 3))]
            return ", ".join(parts[:-1]) + " and " + parts[-1]
        if roll < 0.06:
            return self.pick(self.glosses)[1]
        return self.names.make(relation["object"])

    def say(self, relation, subject, object_):
        """Says a fact as a prompt and its target, at times in another form."""
        roll = self.draw.random()
        name = relation.get("name")
        if name and roll < 0.08:
            template = f"The {name} of {{s}} is"
        elif relation["questions"] and roll < 0.25:
            template = self.pick(relation["questions"])
        else:
            template = self.pick(relation["clozes"])
        edit = f"{fill(template, '{s}', subject)} {object_}"
        roll = self.draw.random()
        if name and roll < 0.05:
            edit = self.pick([f"{object_} is the {name} of {subject}.", f"{subject}'s {name} is {object_}.",
                              f"{subject}'s {name}: {object_}", f"{name} of {subject}: {object_}"])
        elif template[-1] != "?" and object_[-1] != ".":
            if roll < 0.15:
                edit += "."
            elif roll < 0.17:
                edit = f"As of {self.names.date()}, {edit}."
            elif roll < 0.19:
                edit += f", according to {self.names.make('any')}."
        return Fact(relation, subject, object_, edit, template)

    def fact(self, relation=None, subject=None):
        relation = relation or self.relation()
        subject = subject or self.subject(relation)
        object_ = self.object(relation)
        while object_.lower() == subject.lower():
            object_ = self.names.make("any")
        return self.say(relation, subject, object_)

    def relation(self):
        return self.pick(self.relations) if self.chance(0.55) else self.pick(self.real)

    def other_relation(self, relation):
        """A relation of the same kind of subject that asks for something else."""
        if "name" not in relation:
            return self.pick(self.relations)
        taken = set(relation["siblings"]) | {relation["name"]}
        others = self.by_subject[relation["subject"]]
        for _ in range(8):
            other = self.pick(others)
            if other["name"] not in taken and relation["name"] not in other["siblings"]:
                return other
        return self.pick(self.real)

    # Questions

    def ask(self, fact, subject=None, same=0.3):
        """Asks what a fact answers; in a share of `same` by the very prompt that it completes."""
        relation = fact.relation
        roll = self.draw.random()
        if roll < same:
            template = fact.template
        elif "name" in relation and roll > 0.96:
            template = self.pick(OPEN_QUESTIONS).replace("{r}", relation["name"])
        elif relation["questions"] and (roll < same + 0.5 or len(relation["clozes"]) < 2):
            template = self.pick(relation["questions"])
        else:
            template = self.pick(relation["clozes"])
        return self.noise(fill(template, "{s}", subject or fact.subject))

    def noise(self, text):
        roll = self.draw.random()
        if roll < 0.05:
            return text.lower()
        if roll < 0.06:
            return text.upper()
        if roll < 0.09:
            return f"{self.pick(OPENINGS)} {text}"
        if roll < 0.13 and text[-1] == "?":
            return text[:-1]
        if roll < 0.16:
            # CounterFact puts sentences without meaning before its questions.
            sentence = self.pick(self.glosses)[1]
            return f"{sentence[:1].upper()}{sentence[1:]}. {text}"
        return text

    # Edits beside the one that counts

    def distractor(self, fact):
        relation, roll = fact.relation, self.draw.random()
        if roll < 0.5:
            subject = None
            if self.chance(0.3):
                subject = self.names.near(fact.subject)
            other = self.fact(relation, subject)
            if self.chance(0.6):
                # The same words: only the subject tells them apart.
                text = fill(fact.template, "{s}", other.subject)
                other.edit = f"{text} {other.object}"
        elif roll < 0.85:
            other = self.fact(self.other_relation(relation), fact.subject)
        else:
            other = self.fact()
        if relation is other.relation and self.chance(0.3) and other.edit.endswith(other.object):
            # Two answers that begin or end alike.
            near = self.names.near(fact.object)
            other.edit = other.edit[: -len(other.object)] + near
            other.object = near
        return other

    def distractors(self, fact, count):
        found, taken = [], {(fact.subject.lower(), id(fact.relation))}
        while len(found) < count:
            other = self.distractor(fact)
            key = (other.subject.lower(), id(other.relation))
            if key not in taken:
                taken.add(key)
                found.append(other.edit)
        return found

    def count(self):
        """How many edits a prompt shows beside the true one."""
        roll = self.draw.random()
        return 0 if roll < 0.5 else 1 if roll < 0.72 else 2 if roll < 0.94 else self.names.number(3, 5)

    def among(self, edits, others):
        edits = edits + others
        self.draw.shuffle(edits)
        return edits

    # Kinds of examples: each returns (question, edits, answer)

    def direct(self):
        fact = self.fact()
        subject = self.names.alias(fact.subject) if self.chance(0.09) else fact.subject
        if self.chance(0.04) and fact.edit.count(fact.subject) == 1:
            # Another name that the edit itself tells.
            alias = self.names.make("any")
            told = self.pick(["{s} (also known as {a})", "{s} ({a})", "{s}, also called {a},"])
            told = told.replace("{s}", fact.subject).replace("{a}", alias)
            fact.edit = fact.edit.replace(fact.subject, told)
            subject = alias if self.chance(0.7) else fact.subject
        return self.ask(fact, subject), self.among([fact.edit], self.distractors(fact, self.count())), fact.object

    def pair(self):
        """A pair of a real set as it is."""
        question, edit, answer, subject = self.pick(self.pairs)
        others = []
        if self.chance(0.5):
            for _ in range(self.names.number(1, 2)):
                if self.chance(0.5):
                    others.append(self.fact(self.pick(self.real), subject if self.chance(0.2) else None).edit)
                else:
                    others.append(self.pick(self.pairs)[1])
            others = [o for o in others if o != edit and (subject not in o or self.chance(0.5))]
        return self.noise(question), self.among([edit], others), answer

    def inverse(self):
        while True:
            fact = self.fact(self.pick(self.relations))
            if fact.relation["inverse"] and len(fact.object) < 60:
                break
        question = self.noise(fill(self.pick(fact.relation["inverse"]), "{o}", fact.object))
        return question, self.among([fact.edit], self.distractors(fact, self.count())), fact.subject

    def chain(self):
        first = self.fact(self.pick(self.chained))
        second = self.fact(self.pick(self.by_subject[first.relation["object"]]), first.object)
        bridge = fill(first.relation["phrase"], "{s}", first.subject)
        question = self.ask(second, bridge, same=0.1)
        others = self.distractors(first, 1) if self.chance(0.25) else []
        return question, self.among([first.edit, second.edit], others), second.object

    def gloss(self):
        """Long answers: what a word means."""
        word, meaning = self.pick(self.glosses)
        if self.chance(0.4):
            meaning = self.pick(self.glosses)[1]
        edit = self.pick([f"The meaning of {word} is", f"{word} means", f"What does {word} mean?"])
        question = self.pick([f"What does {word} mean?", f"What is the meaning of {word}?", edit])
        others = [f"The meaning of {w} is {m}" for w, m in
                  (self.pick(self.glosses) for _ in range(self.pick([0, 0, 1, 2]))) if w != word]
        return self.noise(question), self.among([f"{edit} {meaning}"], others), meaning

    def unanswered(self):
        """A question that none of its edits answers."""
        roll = self.draw.random()
        if roll < 0.12:
            return self.noise(self.pick(self.open)), [], NO_ANSWER
        if roll < 0.30:
            edits = [self.fact().edit for _ in range(self.count() + 1)]
            return self.noise(self.pick(self.open)), edits, NO_ANSWER
        if roll < 0.50:
            question, edit = self.pick(self.misses)
            return self.noise(question), [edit], NO_ANSWER
        fact = self.fact()
        if roll < 0.85:
            # Others have this property; the one asked about is not among them.
            question = self.ask(fact, same=0.5)
            edits = []
            for _ in range(self.count() + 1):
                subject = self.names.near(fact.subject) if self.chance(0.2) else None
                other = self.fact(fact.relation, subject)
                if other.subject.lower() != fact.subject.lower():
                    same = f"{fill(fact.template, '{s}', other.subject)} {other.object}"
                    edits.append(same if self.chance(0.5) else other.edit)
            return question, edits, NO_ANSWER
        fact = self.fact(self.pick(self.relations))
        other = self.other_relation(fact.relation)
        return self.ask(fact, same=0.5), [self.fact(other, fact.subject).edit], NO_ANSWER

    def drill(self):
        """Names and codes without sense, looked up by name: copying and nothing else."""
        kind = self.pick(["span", "code", "lemma", "person", "any"])
        keys = list(dict.fromkeys(self.names.make(kind) for _ in range(self.names.number(2, 6))))
        verb = self.pick(["is", "means", "has", "goes to", ":", "=", "was given"])
        values = [self.names.make("any") for _ in keys]
        edits = [f"{k} {verb} {v}" for k, v in zip(keys, values)]
        place = self.names.number(0, len(keys) - 1)
        return f"{keys[place]} {verb}", edits, values[place]

    KINDS = [("direct", 0.65), ("pair", 0.12), ("inverse", 0.03), ("chain", 0.03), ("gloss", 0.01),
             ("unanswered", 0.11), ("drill", 0.05)]

    def example(self):
        roll = self.draw.random()
        for kind, share in self.KINDS:
            roll -= share
            if roll < 0:
                break
        return getattr(self, kind)()

    def text(self):
        question, edits, answer = self.example()
        return f"{chat(question, edits)} {answer}{END}"
