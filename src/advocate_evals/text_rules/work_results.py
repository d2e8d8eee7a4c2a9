"""Which figures a text states, and whether what was handed in does a piece of work.

The last word counts. A figure that a text only mentions as superseded is not stated; a figure beside the label of
another is wrong. Texts are read by rule, one unit (a line, a sentence) at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from advocate_evals.scoring_facts import WorkItem
from advocate_evals.text_rules.letter_text import loose_pattern, normalise_spelling

WorkStatus = Literal["done", "wrong", "no"]

# Facts in a text, whatever their case, spacing and thousands separators

_FACT_PART = re.compile(
    r"(?P<number>\d{1,3}(?:[, ']\d{3})+(?!\d)|\d+)|(?P<word>[^\W\d]+)|(?P<gap>[\s\-]+)|(?P<sign>.)", re.DOTALL
)
_GROUP_DIGITS = 3
"""Digits between two thousands separators."""


def find_fact_places(text: str, fact: str) -> tuple[tuple[int, int], ...]:
    """Where a text states a fact; "1,204", "1204" and "1 204" are the same, and no part of a longer number.

    Args:
        text: Text in one spelling, as `normalise_spelling` writes it.
        fact: The fact, in any spelling; an empty one stands nowhere.
    """
    pattern = _fact_pattern(fact)
    return tuple(match.span() for match in pattern.finditer(text)) if pattern else ()


@lru_cache(maxsize=2048)
def _fact_pattern(fact: str) -> re.Pattern[str] | None:
    """Pattern for a fact; none for an empty one, which no text states."""
    parts = [(part.lastgroup or "", part[0]) for part in _FACT_PART.finditer(normalise_spelling(fact).strip())]
    if not parts:
        return None
    patterns = [_left_edge(*parts[0])]
    for place, (kind, text) in enumerate(parts):
        before = parts[place - 1][0] if place else ""
        after = parts[place + 1][0] if place + 1 < len(parts) else ""
        if {kind, before} == {"number", "word"}:
            patterns.append(r"[\s\-]?+")
        if kind == "number":
            patterns.append(_number_pattern(text))
        elif kind == "gap":
            patterns.append(r"[\s\-]++" if before == after == "number" else r"[\s\-]*+")
        else:
            patterns.append(re.escape(text))
    patterns.append(_right_edge(*parts[-1], alone=len(parts) == 1))
    return re.compile("".join(patterns))


def _number_pattern(text: str) -> str:
    """The digits of a number, with or without separators between the thousands."""
    digits = re.sub(r"\D", "", text)
    head = len(digits) % _GROUP_DIGITS or _GROUP_DIGITS
    groups = [digits[:head], *(digits[at : at + _GROUP_DIGITS] for at in range(head, len(digits), _GROUP_DIGITS))]
    return "[, ']?".join(groups)


def _left_edge(kind: str, text: str) -> str:
    """What may not stand before a fact that begins with this part."""
    if kind == "word":
        return r"(?<!\w)"
    if kind != "number":
        return ""
    # "204" is not in "1,204", nor in "1 204"; but "206655" is in the row "6,206655", which groups no thousands
    return r"(?<!\d)(?<!\d[.:])" + rf"(?!(?<=\d[,' ])\d{{{_GROUP_DIGITS}}}(?!\d))"


def _right_edge(kind: str, text: str, *, alone: bool) -> str:
    """What may not stand after a fact that ends with this part; `alone` if it has no other part."""
    if kind == "word":
        return r"(?:'?s)?(?!\w)"
    if kind != "number":
        return ""
    could_continue = alone and len(re.sub(r"\D", "", text)) <= _GROUP_DIGITS
    return r"(?!\d)(?![.,:']\d)" + (r"(?! \d{3}(?!\d))" if could_continue else "")


# Pieces of work

_DEAD_BEFORE = re.compile(
    r"(?:\bstill (?:\w+ ){0,2}(?:says?|shows?|has|have|reads?|lists?|gives?|carries|stands? at|at)|\bnot|\binstead of"
    r"|\brather than|\bin place of|\bold|\bprevious(?:ly)?|\bearlier|\bformer(?:ly)?|\bwas|\bwere|\boriginal(?:ly)?"
    r"|\bsupersed(?:es|ing)|\breplac(?:es|ing)|\bno longer|\bstale|\bout of date|\boutdated|\buncorrected"
    r"|\b(?:do not|don't) (?:\w+ )?use|\bignore|\bdisregard|\bwrong(?:ly)?|\bincorrect(?:ly)?|\bcorrection (?:of|to)"
    r"|\b(?:up|down|changed|corrected|revised|updated|amended) from)\W{1,5}(?:\S+\s+){0,4}\S{0,3}$"
)
"""What stands before a figure that is superseded."""
_DEAD_AFTER = re.compile(
    r"\S{0,3}\s*(?:\S+\s+){0,5}?\W?(?:superseded|out of date|outdated|wrong|incorrect|stale|no longer"
    r"|until\b|the old (?:figure|one)|been replaced|is replaced|uncorrected"
    r"|before (?:the |that |his |her )?correction|(?:->|=>|\u2192))"
)
"""What follows a figure that is superseded."""
_TAKES_OVER = re.compile(
    r"->|=>|\u2192|\b(?:now|correct\w*|revis\w+|updated?|amended|should (?:be|read|say|have)|but|instead|use|used"
    r"|actual(?:ly)?|right (?:figure|number|one|value)|replaced (?:by|with)|superseded by|to)\b"
)
"""What stands before a figure that takes the place of an earlier one, in the last clause before it."""
_CORRECTS = re.compile(
    r"\W*(?:correct(?:ion|ed|ing)|sorry|apolog\w+|please use|use|update|amend\w+|erratum|on second)\b"
)
"""How a line begins that corrects one above it; without it the first line with a label has the word."""
_KEEPS_OLD = re.compile(
    r"(?<!not )\b(?:kept|keeping|left|stuck|stayed|went|gone|going|used|using|reporting|report|took|taken)"
    r" (?:\w+ ){0,3}(?:files?|sheets?|posted|originals?|old|uncorrected|first)\b(?! (?:is|was|were|are) )"
)
"""That the writer holds to the figure that somebody corrected."""
_CLAUSE = re.compile(r"[;,():\u2013]|\.\s")
_ASKS = re.compile(
    r"\b(?:which|whether|should i|shall i|do you want|would you (?:like|prefer|rather)|is it|or|confirm)\b"
)
"""What a question says that asks which figure is wanted."""
_WITHDRAWS = re.compile(
    r"\b(?:disregard|ignore|withdraw|scrap|do not use|don't use)\b (?:\w+ ){0,4}"
    r"(?:figures?|numbers?|mail|message|note)\b"
)
_NEAR = 100
"""Characters before and behind a figure in which it can be called superseded."""
_UNITS = re.compile(r"\n+|(?<=[.!?])[*_)\"']*\s+(?=[^\W\d_]|[(*\"'-])")


class _Hit(NamedTuple):
    """A known figure in a unit of text."""

    start: int
    end: int
    fact: str


def check_work_item(item: WorkItem, texts: Sequence[str]) -> WorkStatus:
    """Whether texts handed in, in their order, do a piece of work in the end.

    Returns:
        `done` where the last word on every mention is right, `wrong` where some is stated and not all are right, else
        `no`.
    """
    last_word: dict[str, bool] = {}
    for text in map(normalise_spelling, texts):
        states = _read_results(item, text)
        if (not states and _WITHDRAWS.search(text)) or (states and all(states.values()) and not item.corrected):
            last_word = {fact: state for fact, state in last_word.items() if states and fact in item.mentions}
        last_word |= states
    if all(last_word.get(mention) for mention in item.mentions) and False not in last_word.values():
        return "done"
    return "wrong" if last_word else "no"


def _read_results(item: WorkItem, text: str) -> dict[str, bool]:
    """For each mention that a text speaks of, whether it is stated rightly; a tempting figure under its own name."""
    labelled: dict[str, bool] = {}
    swapped: dict[str, set[str]] = {}
    read_units: list[tuple[str, list[_Hit]]] = []
    for unit in _UNITS.split(text):
        hits = _find_hits(item, unit)
        if not hits or (unit.rstrip().endswith("?") and _ASKS.search(unit)):
            continue
        read_units.append((unit, hits))
        takes_over = _CORRECTS.match(unit) is not None
        for label, beside, start in _pair_labels(item, unit, hits):
            state = _settle(item, label.fact, unit, beside, start)
            if state is not None and (label.fact not in labelled or takes_over):
                labelled[label.fact] = state
            elif state is None and not any(hit.fact in item.omits for hit in beside):
                swapped.setdefault(label.fact, set()).update(hit.fact for hit in beside)
    states = _read_unlabelled(item, read_units) | labelled
    states |= {fact: False for fact in swapped if fact not in labelled and _is_in_cycle(fact, swapped)}
    stated = {hit.fact for _, hits in read_units for hit in hits}
    if item.corrected in stated and stated & set(item.omits) and _KEEPS_OLD.search(text):
        states[item.corrected] = False
    return states


def _is_in_cycle(fact: str, swapped: Mapping[str, set[str]]) -> bool:
    """Whether figures stand in each other's places: from the figure beside the label of one, one comes back to it."""
    reached: set[str] = set()
    frontier = set(swapped[fact])
    while frontier - reached:
        reached |= frontier
        frontier = {rival for name in frontier for rival in swapped.get(name, ())}
    return fact in reached


def _find_hits(item: WorkItem, unit: str) -> list[_Hit]:
    """The known figures in a unit of text, in order."""
    facts = dict.fromkeys((*item.mentions, *item.omits))
    return sorted(_Hit(*place, fact) for fact in facts for place in find_fact_places(unit, fact))


def _pair_labels(item: WorkItem, unit: str, hits: Sequence[_Hit]) -> Iterator[tuple[_Hit, list[_Hit], int]]:
    """Each label in a unit with the figures beside it, and where they begin; nothing where they do not pair.

    Labels come before their figures or behind them, as in the first pair of the unit.
    """
    labels = _find_labels(item, unit)
    label_first = bool(labels) and labels[0].start <= hits[0].start
    pairs = []
    for place, label in enumerate(labels):
        if label_first:
            start, end = label.end, labels[place + 1].start if place + 1 < len(labels) else len(unit)
        else:
            start, end = labels[place - 1].end if place else 0, label.start
        pairs.append((label, [hit for hit in hits if start <= hit.start < end], start))
    if all(beside for _, beside, _ in pairs):
        yield from pairs


def _find_labels(item: WorkItem, unit: str) -> list[_Hit]:
    """The labels in a unit, in order, the longest where they overlap."""
    matches = [
        _Hit(*match.span(), fact)
        for label, fact in item.fields.items()
        for match in _label_pattern(label).finditer(unit)
    ]
    labels: list[_Hit] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not labels or match.start >= labels[-1].end:
            labels.append(match)
    return labels


@lru_cache(maxsize=1024)
def _label_pattern(label: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){loose_pattern(label)}(?!\w)")


def _settle(item: WorkItem, fact: str, unit: str, hits: Sequence[_Hit], start: int = 0) -> bool | None:
    """Whether the figures beside a label, or in a text without labels, come down to the right one.

    Args:
        item: The piece of work.
        fact: The right figure.
        unit: The text.
        hits: The figures in it that are known.
        start: Where the text on this figure begins.

    Returns:
        None where none of them is stated for it.
    """
    rivals = item.omits if item.corrected in ("", fact) else ()
    related = [hit for hit in hits if hit.fact == fact or hit.fact in rivals]
    stated = {hit.fact for hit in related}
    if not related:
        return None
    if stated == {fact}:
        return True
    current = ""
    for place, hit in enumerate(related):
        link = unit[related[place - 1].end if place else start : hit.start]
        tail = unit[hit.end : related[place + 1].start if place + 1 < len(related) else len(unit)]
        is_dead = _DEAD_BEFORE.search(link[-_NEAR:]) or _DEAD_AFTER.match(tail[:_NEAR])
        if not is_dead and (not current or _TAKES_OVER.search(_CLAUSE.split(link)[-1])):
            current = hit.fact
    return current == fact if current else None


def _read_unlabelled(item: WorkItem, units: Sequence[tuple[str, list[_Hit]]]) -> dict[str, bool]:
    """Whether each mention is stated, wherever it stands, and not given up for a tempting figure."""
    text, hits = "", list[_Hit]()
    for unit, unit_hits in units:
        hits += [_Hit(hit.start + len(text), hit.end + len(text), hit.fact) for hit in unit_hits]
        text += f"{unit}\n"
    stated = {hit.fact for hit in hits}
    states = {mention: True for mention in item.mentions if mention in stated}
    if stated & set(item.omits):
        state = _settle(item, item.corrected, text, [h for h in hits if h.fact in (item.corrected, *item.omits)])
        if state is not None:
            states[item.corrected or item.omits[0]] = state
    return states
