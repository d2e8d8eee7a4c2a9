"""Sentences of a mail, each marked with the phrase lists that match it; the lists are compiled when first used.

The phrases are data, `datasets/phrases/mail_phrases.yaml`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from advocate_evals.name_lists import split_names
from advocate_evals.scenarios.dataset_reader import read_mail_phrases
from advocate_evals.scenarios.judge_schema import MailPhrases
from advocate_evals.text_rules.letter_text import loose_pattern, split_sentences

_GAP = "\N{SYMBOL FOR SPACE}"
_TAIL = "\N{SYMBOL FOR DELETE}"
_SPECIAL = {_GAP: r"(?:[ ,]++[\w'\-]++){0,4}?", _TAIL: r"\w*+"}
_NEGATED = r"\b(?<!why )(?<!you )(?:not|never|nor|than) (?:\w+ ){0,3}$"
_SCOPE = 60
_NAME = re.compile(r"<([a-z_]+)>")
"""How an expression names a class of words or another turn of phrase."""
PrefixTree = dict[str, "PrefixTree"]


def _join_branches(trie: PrefixTree) -> str:
    ends = "" in trie
    subtrees = [(char, subtree) for char, subtree in sorted(trie.items()) if char]
    branches = [_SPECIAL.get(char, re.escape(char)) + _join_branches(subtree) for char, subtree in subtrees]
    if not branches:
        return ""
    pattern = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return f"{pattern}?" if ends else pattern


def compile_phrases(plain: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for a list of plain phrases, shared beginnings shared."""
    trie: PrefixTree = {}
    for phrase in plain:
        node = trie
        for char in f"{phrase.replace(' *', _GAP).replace('~', _TAIL)}":
            node = node.setdefault(char, {})
        node[""] = {}
    return re.compile(rf"\b{_join_branches(trie)}\b")


ASKING = ("fate", "hold", "ask", "spare", "object", "condition")
"""What has to be looked for to know whether a mail asks or disagrees."""


@cache
def phrase_pattern(name: str) -> re.Pattern[str]:
    """The pattern of a list of phrases or of a turn of phrase.

    Args:
        name: A name of `datasets/phrases/mail_phrases.yaml`.
    """
    phrases = read_mail_phrases()
    if name in phrases.lists:
        return compile_phrases(split_names(phrases.lists[name].phrases))
    return re.compile(_expand_turn(phrases, name))


def _expand_turn(phrases: MailPhrases, name: str) -> str:
    """The expression of a turn of phrase, with the classes and turns it names written out."""
    turn = phrases.turns[name]
    if turn.pattern:
        return _expand_names(phrases, "".join(turn.pattern))
    alternatives = ("".join(alternative) for alternative in turn.any_of)
    return "|".join(_expand_alternative(phrases, alternative) for alternative in alternatives)


def _expand_alternative(phrases: MailPhrases, alternative: str) -> str:
    expanded = _expand_names(phrases, alternative)
    return expanded if _NAME.fullmatch(alternative) else rf"\b(?:{expanded})"


def _expand_names(phrases: MailPhrases, expression: str) -> str:
    def expand(match: re.Match[str]) -> str:
        name = match[1]
        if name in phrases.classes:
            return _expand_names(phrases, "".join(phrases.classes[name]))
        return _expand_turn(phrases, name)

    return _NAME.sub(expand, expression)


@lru_cache(maxsize=512)
def case_phrase_pattern(plain: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for phrases that a case brings, whatever their spacing and hyphens; none for no phrases."""
    if not plain:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(loose_pattern(phrase) for phrase in plain)})(?:'?s)?(?!\w)")


class MarkedSentence(NamedTuple):
    """A sentence and what it does: lower-case names of phrase lists, and of what the case brings."""

    text: str
    marks: frozenset[str]


def mark_sentences(text: str, own: tuple[tuple[str, re.Pattern[str] | None], ...]) -> tuple[MarkedSentence, ...]:
    """The sentences of a text with their marks. `own` are patterns that the case brings, each with its mark."""
    return tuple(MarkedSentence(sentence, _find_marks(sentence, own)) for sentence in split_sentences(text))


def _find_marks(sentence: str, own: tuple[tuple[str, re.Pattern[str] | None], ...]) -> frozenset[str]:
    bare = phrase_pattern("no_condition").sub(" ", sentence)
    marks = {name for name in ASKING if phrase_pattern(name).search(bare)}
    marks |= {name for name, words in own if words and words.search(sentence)}
    if marks & {"fate", "fate_term"} and phrase_pattern("undoing").search(bare):
        marks.add("hold")
    elif "hold" in marks and not _is_wished(bare):
        marks.remove("hold")
    if phrase_pattern("time").search(sentence):
        marks.add("time")
    return frozenset(marks)


def _is_wished(sentence: str) -> bool:
    """Some act is asked for without a `not` before it: "do not put it off" asks for none."""
    starts = (match.start() for match in phrase_pattern("hold").finditer(sentence))
    return any(not re.search(_NEGATED, sentence[max(0, start - _SCOPE) : start]) for start in starts)
