"""Makes names of people, places, works, things, and values such as dates and codes.

A copy of the grammars of Sources/ErrataAlignment/Dataset, and wilder: a decoder learns to copy only from
names that it cannot know by heart.
"""

import json
import random
import unicodedata


class Names:
    """Makes a name of a kind, from word lists (`words`) and from real names (`pools`, by kind)."""

    def __init__(self, words, pools, draw=random):
        self.words, self.pools, self.draw = words, pools, draw
        self.makers = self.made_by()

    @staticmethod
    def load(path, draw):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        return Names(data["words"], data["pools"], draw)

    def pick(self, items):
        return items[int(self.draw.random() * len(items))]

    def word(self, name):
        return self.pick(self.words[name])

    def number(self, low, high):
        return low + int(self.draw.random() * (high - low + 1))

    def chance(self, share):
        return self.draw.random() < share

    # Parts of names

    def syllables(self, low, high):
        text = ""
        for _ in range(self.number(low, high)):
            if not text or self.chance(0.8):
                text += self.word("onsets")
            text += self.word("vowels")
            if self.chance(0.35):
                text += self.word("codas")
        return text[:1].upper() + text[1:]

    def letters(self, count):
        return "".join(self.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(count))

    def given(self):
        return self.word("given") if self.chance(0.7) else self.syllables(1, 3)

    def family(self):
        return self.word("family") if self.chance(0.6) else self.syllables(2, 3)

    def brand(self):
        return self.word("brandParts") + self.word("brandEnds")

    # Kinds

    def person(self):
        given, family = self.given(), self.family()
        roll = self.draw.random()
        if roll < 0.60:
            return f"{given} {family}"
        if roll < 0.70:
            return f"{given} {self.given()} {family}"
        if roll < 0.77:
            return f"{given} {self.letters(1)}. {family}"
        if roll < 0.80:
            return f"{self.letters(1)}. {self.letters(1)}. {family}"
        if roll < 0.84:
            return f"{given} {self.word('particles')} {family}".replace("al- ", "al-")
        if roll < 0.86:
            return f"{given} {family}-{self.family()}"
        if roll < 0.89:
            return f"{self.word('titles')} {given} {family}"
        if roll < 0.91:
            return f"{given} {family} Jr."
        if roll < 0.93:
            return f"{given} {self.pick(['II', 'III', 'IV', 'V', 'VI'])} of {self.syllables(2, 3)}"
        if roll < 0.95:
            return f"{given}, {self.number(2, 19)}th Baron {family}"
        if roll < 0.97:
            return given
        return f"{self.syllables(1, 2)} {self.syllables(1, 3)}"

    def city(self):
        core = self.syllables(1, 2) + self.word("placeEnds")
        roll = self.draw.random()
        if roll < 0.1:
            return f"{self.word('surfaces')} {core}"
        if roll < 0.3:
            return self.syllables(1, 3)
        if roll < 0.35:
            return f"{core}, {self.country()}"
        if roll < 0.4:
            return f"{core}-sur-{self.syllables(1, 2)}"
        return core

    def country(self):
        core = self.syllables(1, 2) + self.pick(["ia", "land", "stan", "ania", "istan", "ora", "e", ""])
        roll = self.draw.random()
        if roll < 0.1:
            return f"{self.pick(['Republic', 'Kingdom', 'Duchy', 'United States'])} of {core}"
        return f"{self.word('surfaces')} {core}" if roll < 0.2 else core

    def work(self):
        adjective, noun, other = self.word("adjectives"), self.word("nouns"), self.word("nouns")
        return self.pick([
            lambda: f"The {adjective} {noun}", lambda: f"{noun} {self.word('genitives')} {other}",
            lambda: f"{adjective} {noun}", lambda: f"A {noun} for {self.given()}",
            lambda: f"{self.given()} {self.family()}", lambda: f"The {noun}'s {other}", lambda: noun,
            lambda: f"{noun}: The {adjective} {other}", lambda: self.syllables(2, 3),
            lambda: self.phrase(2, 4).title()])()

    def group_head(self):
        return self.pick([
            self.brand, self.family, lambda: f"{self.family()} & {self.family()}",
            lambda: f"{self.word('adjectives')} {self.word('nouns')}",
            lambda: self.letters(self.number(2, 4)), lambda: self.syllables(2, 3)])()

    def group(self, ends):
        return f"{self.group_head()} {self.pick(ends)}"

    def place(self, ends):
        return f"{self.city() if self.chance(0.7) else self.family()} {self.pick(ends)}"

    def phrase(self, low, high):
        """Words of the dictionary, small, that need not make sense."""
        return " ".join(self.pick(self.pools["lemma"]) for _ in range(self.number(low, high)))

    def code(self):
        number = self.number(10, 9999)
        return self.pick([
            lambda: f"{self.letters(2)}-{number}", lambda: self.letters(self.number(2, 5)),
            lambda: f"{self.letters(1)}{number}{self.letters(2)}", lambda: f"#{number}",
            lambda: f"{self.letters(3)}-{number}-{self.letters(1)}",
            lambda: "".join(self.pick("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(self.number(5, 10)))
        ])()

    def date(self):
        day, month, year = self.number(1, 28), self.number(0, 11), self.number(1500, 2026)
        name = self.words["months"][month]
        return self.pick([
            f"{name} {day}, {year}", f"{day} {name} {year}", f"{year}-{month + 1:02}-{day:02}",
            f"{name} {year}", f"{day}/{month + 1}/{year}", f"{year}"])

    def figure(self):
        return self.pick([
            lambda: str(self.number(2, 40)), lambda: str(self.number(41, 99999)),
            lambda: f"{self.number(1, 999)},{self.number(0, 999):03}",
            lambda: f"{self.number(0, 99)}.{self.number(1, 99)}"])()

    def amount(self):
        number = self.number(2, 999)
        return self.pick([
            f"{self.word('currencies')}{number}",
            f"{self.word('currencies')}{number} {self.pick(['million', 'billion'])}",
            f"{number} {self.pick(['euros', 'dollars', 'kroner', 'rupees', 'yen'])}",
            f"{self.word('currencies')}{number}.{self.number(10, 99)}"])

    def event(self):
        what = self.pick(["Open", "Film Festival", "Conference", "Marathon", "Earthquake", "Uprising",
                          "Summit", "Expo", "Grand Prix", "Championships", "general election", "Congress"])
        return self.pick([f"{self.number(1890, 2025)} {self.city()} {what}", f"{self.city()} {what}",
                          f"{self.city()} {what} {self.number(1890, 2025)}"])

    def made_by(self):
        """How each kind is made."""
        word, pick = self.word, self.pick
        ends = {
            "company": ["Inc.", "Ltd.", "GmbH", "Corporation", "AG", "& Co.", "Group", "Records", "Motors"],
            "organisation": ["Foundation", "Institute", "Council", "Agency", "Society", "Trust", "Office"],
            "school": ["University", "College", "Academy", "School", "Technical University"],
            "team": ["F.C.", "United", "Rovers", "Hawks", "Athletic", "Wolves", "SC", "City", "Bears"],
            "newspaper": ["Times", "Herald", "Gazette", "Chronicle", "Tribune", "Observer", "Post"],
            "party": ["Party", "Alliance", "Movement", "Front", "Union", "Coalition"],
            "award": ["Prize", "Award", "Medal", "Order", "Fellowship", "Cup", "Trophy"],
            "band": ["Brothers", "Sisters", "Quartet", "Band", "Trio", "Ensemble"]}
        places = {
            "river": ["River", "Creek", "Brook"], "mountain": ["Peak", "Mountain", "Ridge", "Hill"],
            "island": ["Island", "Atoll", "Islands"],
            "building": ["Tower", "Hall", "Palace", "Library", "Museum", "House", "Stadium", "Bridge",
                         "Station"],
            "road": ["Street", "Avenue", "Highway", "Lane", "Road"],
            "airport": ["Airport", "International Airport", "Airfield"],
            "region": ["Province", "County", "Valley", "District", "Oblast", "Highlands"]}
        makers = {kind: (lambda e=e: self.group(e)) for kind, e in ends.items()}
        makers |= {kind: (lambda e=e: self.place(e)) for kind, e in places.items()}
        makers |= {kind: self.work for kind in ["book", "film", "song", "album", "game", "series", "artwork"]}
        makers |= {kind: (lambda w=w: word(w)) for kind, w in [
            ("sport", "sports"), ("position", "positions"), ("occupation", "occupations"),
            ("genre", "genres"), ("instrument", "instruments"), ("food", "foods"),
            ("material", "materials"), ("field", "sciences"), ("color", "colors"), ("gender", "genders")]}
        makers |= {
            "person": self.person, "city": self.city, "country": self.country, "event": self.event,
            "character": lambda: self.person() if self.chance(0.6) else f"Captain {self.family()}",
            "deity": lambda: self.syllables(2, 3), "code": self.code, "date": self.date,
            "amount": self.amount, "number": self.figure,
            "planet": lambda: f"{self.syllables(2, 2)}-{self.number(2, 900)}{pick('bcd')}",
            "star": lambda: f"{pick(['HD', 'NGC', 'HR', 'Gliese'])} {self.number(10, 230000)}",
            "battle": lambda: f"{pick(['Battle', 'Siege', 'Capture'])} of {self.city()}",
            "treaty": lambda: f"{pick(['Treaty', 'Peace', 'Accord'])} of {self.city()}",
            "law": lambda: f"{word('nouns')} {pick(['Trade', 'Safety', 'Reform'])} Act {self.number(1850, 2024)}",
            "software": lambda: pick([self.brand(), f"{self.brand()} {pick(['Studio', 'OS', 'Editor'])}",
                                      "lib" + self.brand().lower()]),
            "service": lambda: pick([self.brand(), f"{self.brand()} Cloud",
                                     f"{self.brand().lower()}-{pick(['api', 'worker', 'auth', 'search'])}"]),
            "product": lambda: f"{self.brand()} {pick([str(self.number(1, 99)), 'Pro', 'Mini', 'X'])}",
            "vehicle": lambda: f"{self.family()} {self.letters(2)}{self.number(1, 99)}",
            "ship": lambda: f"{pick(['HMS', 'USS', 'SS', 'MV'])} {word('nouns')}",
            "aircraft": lambda: f"{self.family()} {self.letters(2)}-{self.number(1, 99)}",
            "weapon": lambda: f"{self.family()} {self.letters(1)}-{self.number(1, 99)}",
            "species": lambda: f"{self.syllables(2, 3)} {self.syllables(2, 3).lower()}us",
            "genus": lambda: self.syllables(2, 3) + pick(["us", "a", "ia", "is", "odon"]),
            "gene": lambda: f"{self.letters(3)}{self.number(1, 99)}",
            "protein": lambda: self.syllables(2, 3) + "ase",
            "chromosome": lambda: f"chromosome {self.number(1, 22)}",
            "chemical": lambda: self.syllables(2, 3).lower() + pick(["ine", "ol", "ate", "ium", "ide"]),
            "disease": lambda: self.family() + pick(["'s disease", " syndrome", "'s palsy"]),
            "drug": lambda: self.syllables(2, 3).lower() + pick(["mab", "pril", "olol", "statin", "ix"]),
            "language": lambda: word("languages") if self.chance(0.6) else self.syllables(2, 2) + "ish",
            "religion": lambda: word("religions") if self.chance(0.6) else self.syllables(2, 3) + "ism",
            "year": lambda: str(self.number(1500, 2026)),
            "measure": lambda: f"{self.figure()} {word('units')}",
            "email": lambda: f"{word('given').lower()}@{self.brand().lower()}.{pick(['com', 'org', 'io'])}",
            "url": lambda: f"https://{pick(['www.', 'docs.', ''])}{self.brand().lower()}.{pick(['com', 'dev'])}",
            "version": lambda: f"{pick(['', 'v'])}{self.number(0, 24)}.{self.number(0, 30)}.{self.number(0, 20)}",
            "duration": lambda: f"{self.number(2, 90)} {pick(['minutes', 'hours', 'days', 'weeks', 'years'])}",
            "address": lambda: f"{self.number(1, 299)} {self.place(places['road'])}, {self.city()}",
            "time": lambda: f"{self.number(0, 23)}:{self.number(0, 59):02}",
        }
        return makers

    ANY = ["person", "city", "country", "company", "work", "span", "span", "lemma", "code"]

    def make(self, kind):
        """Returns a name of `kind`; "any" is any kind."""
        if kind == "any":
            kind = self.pick(self.ANY)
        if kind == "work":
            return self.work()
        if kind == "span":
            return self.pick(self.pools["span"])
        if kind == "lemma":
            return self.phrase(1, 3)
        roll = self.draw.random()
        pool = self.pools.get(kind)
        if pool and roll < 0.35:
            return self.pick(pool)
        # Names out of running text, whatever they stand for: real spelling is wilder than any grammar.
        if roll < 0.50 and kind not in VALUES:
            return self.pick(self.pools["span"])
        if roll < 0.53:
            return self.phrase(1, 3)
        return self.makers[kind]()

    def near(self, name):
        """Returns another name that is nearly `name`."""
        words = name.split(" ")
        if len(words) > 1 and self.chance(0.8):
            words[self.number(0, len(words) - 1)] = self.pick(
                [self.given, self.family, lambda: self.word("nouns"), lambda: self.syllables(1, 3)])()
            return " ".join(words)
        return self.pick([f"{name} {self.number(2, 9)}", f"{self.word('surfaces')} {name}",
                          f"{name} II", f"{self.word('adjectives')} {name}"])

    def alias(self, name):
        """Returns another way to write `name`, which shares a word with it."""
        plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
        if plain != name and self.chance(0.5):
            return plain
        words = name.split(" ")
        if len(words) < 2:
            return name
        if name.startswith("The "):
            return name[4:]
        return self.pick([words[-1], f"{words[0][:1]}. {' '.join(words[1:])}", f"{words[0]} {words[-1]}",
                          f"{words[-1]}, {' '.join(words[:-1])}", " ".join(words[:2]),
                          f"{words[0]} {self.given()} {' '.join(words[1:])}",
                          f"{words[0]} {self.letters(1)}. {' '.join(words[1:])}",
                          f"{self.pick(['Mr', 'Dr', 'the'])} {words[-1]}"])


VALUES = {"year", "date", "number", "amount", "measure", "code", "email", "url", "version", "color",
          "gender", "duration", "time", "chromosome", "gene"}
