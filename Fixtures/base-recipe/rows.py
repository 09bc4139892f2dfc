"""Packs facts, passages, instructions and running text into rows, in worker processes."""

import json
import multiprocessing
import os
import threading
import time

import numpy as np

from examples import ASSISTANT, BOS, END, USER

ROW = 384
CHUNK = 64
# Codes of tokens, by which the loss weighs them.
NOTHING, PROMPT, ANSWER, TEXT = range(4)
# Shares of all tokens.
SHARES = {"fact": 0.36, "statement": 0.05, "passage": 0.30, "open": 0.06, "text": 0.23}
# Sets whose prompts are beginnings of sentences.
CLOZES = ("wiki_", "counterfact")
# Answers longer than this are weighed as running text.
SHORT_MAX = 24
# So many rows wait at most: reading them takes time from the training.
AHEAD_MAX = 60_000


class Packer:
    """Fills rows with whole examples, and what is left of them with running text."""

    def __init__(self, folder, seed):
        from passages import Passages
        from tokenizers import Tokenizer
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.text = np.fromfile(f"{folder}/text.u16", dtype=np.uint16)
        self.passages = Passages(folder, seed)
        self.random = np.random.default_rng(seed)
        self.bos, self.assistant = (self.tokenizer.token_to_id(t) for t in (BOS, ASSISTANT))
        with open(f"{folder}/facts.json", encoding="utf-8") as file:
            named = json.load(file)
        facts = [(prompt, answers[0]) for _, prompt, answers in named]
        clozes = [(prompt, answers[0]) for name, prompt, answers in named if name.startswith(CLOZES)]
        with open(f"{folder}/open.json", encoding="utf-8") as file:
            asked = json.load(file)
        self.known = {
            "fact": self.chats(facts), "open": self.chats(asked),
            "statement": self.statements(clozes)}
        self.waiting = {kind: [] for kind in SHARES}

    def encoded(self, texts):
        return [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def chats(self, pairs):
        """Returns (tokens, place where the answer begins)."""
        return [self.chat(ids) for ids in
                self.encoded([f"{BOS}{USER}{p}{END}{ASSISTANT} {a}{END}" for p, a in pairs]) if len(ids) <= ROW]

    def chat(self, ids):
        last = len(ids) - 1 - ids[::-1].index(self.assistant)
        return np.array(ids, dtype=np.uint16), last + 1

    def statements(self, pairs):
        whole = self.encoded([f"{BOS}{p} {a}.{END}" for p, a in pairs])
        heads = self.encoded([f"{BOS}{p}" for p, _ in pairs])
        return [(np.array(ids, dtype=np.uint16), len(head)) for ids, head in zip(whole, heads) if len(ids) <= ROW]

    def next(self, kind):
        """The next example of a kind, which stays the next until it is taken."""
        waiting = self.waiting[kind]
        while not waiting:
            if kind == "passage":
                texts = self.encoded([self.passages.text() for _ in range(512)])
                waiting += [self.chat(ids) for ids in texts if len(ids) <= ROW]
            else:
                known = self.known[kind]
                waiting += [known[i] for i in self.random.permutation(len(known))]
        return waiting[-1]

    def rows(self):
        """Yields (tokens, codes, documents), each CHUNK rows."""
        tokens = {kind: 0.0 for kind in SHARES}

        def behind(kinds):
            return min(kinds, key=lambda kind: tokens[kind] / SHARES[kind])

        examples = [kind for kind in SHARES if kind != "text"]
        while True:
            block = np.zeros((3, CHUNK, ROW), dtype=np.uint16)
            for row in range(CHUNK):
                used, document = 0, 1
                while used or behind(SHARES) != "text":
                    kind = behind(examples)
                    ids, start = self.next(kind)
                    end = used + len(ids)
                    if end > ROW:
                        break
                    self.waiting[kind].pop()
                    block[0, row, used:end] = ids
                    block[1, row, used + 1:used + start] = PROMPT
                    block[1, row, used + start:end] = ANSWER if len(ids) - start <= SHORT_MAX else TEXT
                    block[2, row, used:end] = document
                    tokens[kind] += len(ids)
                    used, document = end, document + 1
                count = ROW - used - 1
                if count > 8:
                    start = int(self.random.integers(len(self.text) - count))
                    block[0, row, used] = self.bos
                    block[0, row, used + 1:] = self.text[start:start + count]
                    block[1, row, used + 1:] = TEXT
                    block[2, row, used:] = document
                    tokens["text"] += count
            yield block


def work(folder, seed, queue):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    for block in Packer(folder, seed).rows():
        queue.put(block)


class Pool:
    """Rows as workers make them; each is used once, and again only when none is new."""

    def __init__(self, folder, workers, seed, row_count_max):
        self.rows = np.empty((row_count_max, 3, ROW), dtype=np.uint16)
        self.count, self.used, self.repeated = 0, 0, 0
        self.random = np.random.default_rng(seed)
        # Forked before torch is loaded: a worker is at work at once.
        context = multiprocessing.get_context("fork")
        self.queue = context.Queue(maxsize=64)
        self.workers = [context.Process(target=work, args=(folder, seed * 1000 + n, self.queue), daemon=True)
                        for n in range(workers)]
        for worker in self.workers:
            worker.start()
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while self.count + CHUNK <= len(self.rows):
            if self.count - self.used > AHEAD_MAX:
                time.sleep(0.05)
                continue
            block = self.queue.get()
            self.rows[self.count:self.count + CHUNK] = block.swapaxes(0, 1)
            self.count += CHUNK

    def batch(self, count):
        while self.count < count:
            time.sleep(0.05)
        if self.used + count <= self.count:
            rows = self.rows[self.used:self.used + count]
            self.used += count
        else:
            rows = self.rows[self.random.integers(self.count, size=count)]
            self.repeated += count
        return rows.astype(np.int32)

    def stop(self):
        for worker in self.workers:
            worker.terminate()
