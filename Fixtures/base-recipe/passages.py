"""Makes short passages about made-up facts, and questions over them, in many forms but for the paper's."""

import json
import random

from examples import ASSISTANT, BOS, END, USER, fill
from names import Names

ONE = [
    "Passage: {p}\nQuestion: {q}",
    "Passage: {p}\n\n{q}",
    "Read this: {p}\n\n{q}",
    "{p}\n{q}",
    "{p}\n\n{q}",
    "{p} {q}",
    "{q}\n\nText: {p}",
    "{q}\n{p}",
    "Question: {q}\nContext: {p}",
    "Context:\n{p}\n\nQ: {q}\nA:",
    "Here is a note:\n\"{p}\"\n{q}",
    "Use the text below.\n\n{p}\n\n{q}",
    "I read this today. {p} {q}",
    "Given that {p}\nAnswer: {q}",
    "{q} (Source: {p})",
    "Article: {p}\n###\n{q}",
    "<text>{p}</text>\n{q}",
    "From my notes: {p}\nNow tell me: {q}",
    "Someone told me: {p}\n{q}",
    "Text:\n{p}\n\nTask: complete or answer.\n{q}",
    "{p}\n---\n{q}",
    "Suppose this is true. {p}\n{q}",
]
LISTS = [
    "Facts:\n{l}\n\n{q}",
    "Notes:\n{l}\n\nQuestion: {q}",
    "{l}\n\n{q}",
    "Question: {q}\n\nWhat is known:\n{l}",
    "Read these sentences.\n{l}\n\n{q}",
]
SAID = ["Noted.", "Thank you.", "All right.", "I will keep that in mind."]
TURNS = "{told}" + END + ASSISTANT + " {said}" + END + USER + "{q}"


class Passages:
    """Draws questions with a passage that answers them; nothing is drawn twice on purpose."""

    def __init__(self, folder, seed):
        self.draw = random.Random(seed)
        self.names = Names.load(f"{folder}/words.json", self.draw)
        self.pick, self.chance = self.names.pick, self.names.chance
        with open(f"{folder}/relations.json", encoding="utf-8") as file:
            self.relations = json.load(file)

    def fact(self, relation=None):
        """Returns (relation, subject, object, template, sentence)."""
        relation = relation or self.pick(self.relations)
        subject, object_ = self.names.make(relation["subject"]), self.names.make(relation["object"])
        while object_.lower() == subject.lower():
            object_ = self.names.make("any")
        asks = relation["questions"] and self.chance(0.1)
        template = self.pick(relation["questions"] if asks else relation["clozes"])
        sentence = f"{fill(template, '{s}', subject)} {object_}"
        name = relation["name"]
        roll = self.draw.random()
        if roll < 0.06:
            sentence = f"The {name} of {subject} is {object_}"
        elif roll < 0.10:
            sentence = self.pick([f"{object_} is the {name} of {subject}", f"{subject}'s {name} is {object_}",
                                  f"{subject}: {name} {object_}"])
        if sentence[-1] != "." and not self.chance(0.12):
            sentence += "."
        return relation, subject, object_, template, sentence

    def question(self, relation, subject, template):
        if self.chance(0.05):
            subject = self.names.alias(subject)
        roll = self.draw.random()
        if roll > 0.35:
            template = self.pick(relation["questions"] or relation["clozes"]) if roll < 0.8 else \
                self.pick(relation["clozes"])
        text = fill(template, "{s}", subject)
        return text.lower() if self.chance(0.03) else text

    def content(self, question, sentences):
        """What the user says: the sentences and the question in one of the forms, or in two turns."""
        if self.chance(0.04):
            told = " ".join(sentences)
            return TURNS.replace("{told}", told).replace("{said}", self.pick(SAID)).replace("{q}", question)
        if self.chance(0.6 if len(sentences) > 1 else 0.1):
            mark = self.pick(["- ", "* ", "", "• "])
            listed = "\n".join(mark + s for s in sentences)
            return self.pick(LISTS).replace("{l}", listed).replace("{q}", question)
        passage = self.pick([" ", " ", "\n"]).join(sentences)
        return self.pick(ONE).replace("{p}", passage).replace("{q}", question)

    def example(self, others=None, near=False):
        """Returns (content, answer). Most passages are one sentence, and the others are about other things: what
        tells near facts apart is not taught here."""
        relation, subject, object_, template, sentence = self.fact()
        question = self.question(relation, subject, template)
        if others is None:
            others = self.names.number(1, 3) if self.chance(0.2) else 0
        sentences = [sentence] + [self.fact(relation if near else None)[4] for _ in range(others)]
        self.draw.shuffle(sentences)
        return self.content(question, sentences), object_

    def text(self):
        content, answer = self.example()
        return f"{BOS}{USER}{content}{END}{ASSISTANT} {answer}{END}"
