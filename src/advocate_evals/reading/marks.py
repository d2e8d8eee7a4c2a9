"""Which things each sentence of a mail does: phrase lists compiled once, sentences marked."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from advocate_evals.reading import phrases, ties
from advocate_evals.reading.text import loose, sentences

_GAP = "\N{SYMBOL FOR SPACE}"
_TAIL = "\N{SYMBOL FOR DELETE}"
_SPECIAL = {_GAP: r"(?:[ ,]++[\w'\-]++){0,4}?", _TAIL: r"\w*+"}
_CLOCK = r"(?:[01]?\d|2[0-3])[:.][0-5]\d"
_HOUR = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midday|midnight|tonight|close of business)"
)
_TIME = re.compile(
    rf"(?<![\d.:]){_CLOCK}(?!\d)|\b(?:at|by|before|after|until|till|past|from|to|come|of) {_HOUR}\b"
    r"|\b(?:by|before|after|until|till|past) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b\d{1,2} ?[ap]\.?m\b|\b(?:tonight|this (?:afternoon|evening)|o'clock|today)\b"
)

_NEGATED = re.compile(r"\b(?<!why )(?<!you )(?:not|never|nor|than) (?:\w+ ){0,3}$")
_RELAY = re.compile(
    r"(?:^|please |(?:could|would|can|will|might) (?:you |i ask you to )(?:please )?|\b(?:and|to|do|then|\w+,) |\")"
    r"(?:tell|ask|remind|mention|give|show|hand|say|pass|put|read|ring|phone|call|inform|let)\b"
)
_CURE = re.compile(
    r"(?:please )?(?:move|delete|change|hide|untick|clear|clean|check|lock|set|correct|declare|restrict|remove"
    r"|right-click|rename|switch|talk|tell|see) (?!me|it off|your mind)"
)
_ACT = re.compile(r"\b(?:stop|stopping|halt|block|skip|kill|drop|lift|exempt|spare|avert|prevent|undo)\b")
_SCOPE = 60
_INITIALS = 3
_COMMON = frozenset(
    phrases.listed("""
    a, an, and, as, at, back, by, for, from, had, has, he, her, his, i, in, into, is, it, its, my, of, off, on, or, our,
    out, she, that, the, their, them, they, this, to, under, up, was, what, when, where, which, who, with, you, your,
    yourself, monday, tuesday, wednesday, thursday, friday, saturday, sunday, mondays, tuesdays, wednesdays, thursdays,
    fridays
""")
)
"""Words that hint at nothing."""

Trie = dict[str, "Trie"]


def _pattern(trie: Trie) -> str:
    ends = "" in trie
    branches = [_SPECIAL.get(char, re.escape(char)) + _pattern(rest) for char, rest in sorted(trie.items()) if char]
    if not branches:
        return ""
    whole = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return f"{whole}?" if ends else whole


def compiled(plain: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for a list of plain phrases, shared beginnings shared."""
    trie: Trie = {}
    for phrase in plain:
        node = trie
        for char in f"{phrase.replace(' *', _GAP).replace('~', _TAIL)}":
            node = node.setdefault(char, {})
        node[""] = {}
    return re.compile(rf"\b{_pattern(trie)}\b")


LISTS: dict[str, re.Pattern[str]] = {
    name.lower(): compiled(value)
    for name, value in (*vars(phrases).items(), *vars(ties).items())
    if name.isupper() and isinstance(value, tuple)
}
"""Compiled lists by their lower-case name."""


@lru_cache(maxsize=512)
def words_pattern(plain: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for phrases that a case brings, whatever their spacing and hyphens; none for no phrases."""
    if not plain:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(loose(phrase) for phrase in plain)})(?:'?s)?(?!\w)")


@lru_cache(maxsize=512)
def hints(plain: tuple[str, ...]) -> tuple[str, ...]:
    """What is left of a name when it is half said: proper nouns in it, and neighbouring content words."""
    kept: set[str] = set()
    for phrase in plain:
        words = [word.strip(".,'\"") for word in phrase.split()]
        kept.update(word for word in words if _telling(word))
        for first, second in itertools.pairwise(words):
            if first.lower() not in _COMMON and second.lower() not in _COMMON:
                kept.add(f"{first} {second}")
    return tuple(sorted(kept))


def _telling(word: str) -> bool:
    """A proper noun or a code, which names something even on its own."""
    code = word.isalnum() and not word.isalpha() and not word.isdigit()
    return code or (len(word) > _INITIALS and word[0].isupper() and word.lower() not in _COMMON)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and what it does: lower-case names of phrase lists, and of what the case brings."""

    text: str
    marks: frozenset[str]


def marked(text: str, own: tuple[tuple[str, re.Pattern[str] | None], ...]) -> tuple[Sentence, ...]:
    """The sentences of a text with their marks. `own` are patterns that the case brings, each with its mark."""
    return tuple(Sentence(sentence, _marks(sentence, own)) for sentence in sentences(text))


def _marks(sentence: str, own: tuple[tuple[str, re.Pattern[str] | None], ...]) -> frozenset[str]:
    bare = LISTS["no_condition"].sub(" ", sentence)
    found = {name for name, pattern in LISTS.items() if pattern.search(bare)}
    found |= {name for name, pattern in own if pattern and pattern.search(sentence)}
    if found & {"fate", "fate_term"} and _ACT.search(bare):
        found.add("hold")
    elif "hold" in found and not _wished(bare):
        found.remove("hold")
    if not found & {"hold", "pass_on", "holder", "them"} and _CURE.match(bare):
        found.add("advice")
    if found & {"holder", "them"} and _RELAY.search(sentence):
        found.add("pass_on")
    if _TIME.search(sentence):
        found.add("time")
    return frozenset(found)


def _wished(sentence: str) -> bool:
    """Some act is asked for without a `not` before it: "do not put it off" asks for none."""
    starts = (match.start() for match in LISTS["hold"].finditer(sentence))
    return any(not _NEGATED.search(sentence[max(0, start - _SCOPE) : start]) for start in starts)
