"""Work facts and names in a text, whatever their case, spacing and thousands separators."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from advocate_evals.reading.text import found, spelling
from advocate_evals.vocabulary import Matter, WorkFact

_PARTS = re.compile(
    r"(?P<number>\d{1,3}(?:[, ']\d{3})+(?!\d)|\d+)|(?P<word>[^\W\d]+)|(?P<gap>[\s\-]+)|(?P<sign>.)", re.DOTALL
)
_GROUP = 3


def matter_mentions(text: str, matter: Matter) -> tuple[str, ...]:
    """The names of the matter found in the text, as the case spells them."""
    return found(text, matter.names)


def contains_fact(text: str, fact: str) -> bool:
    """The text states the fact: "1,204" is "1204" is "1 204", and none of them stands inside a longer number."""
    pattern = _fact_pattern(fact)
    return pattern is not None and pattern.search(spelling(text)) is not None


def work_done(fact: WorkFact, text: str) -> Literal["done", "wrong", "no"]:
    """Done right (every mention, no tempting wrong figure), attempted and wrong, or not there at all."""
    mentioned = [contains_fact(text, mention) for mention in fact.mentions]
    tempted = any(contains_fact(text, omitted) for omitted in fact.omits)
    if all(mentioned) and not tempted:
        return "done"
    return "wrong" if tempted or any(mentioned) else "no"


@lru_cache(maxsize=2048)
def _fact_pattern(fact: str) -> re.Pattern[str] | None:
    """Pattern for a fact; none for an empty one, which nothing states."""
    parts = [(part.lastgroup or "", part[0]) for part in _PARTS.finditer(spelling(fact).strip())]
    if not parts:
        return None
    pieces = [_left_edge(*parts[0])]
    for place, (kind, words) in enumerate(parts):
        before = parts[place - 1][0] if place else ""
        after = parts[place + 1][0] if place + 1 < len(parts) else ""
        if {kind, before} == {"number", "word"}:
            pieces.append(r"[\s\-]?+")
        if kind == "number":
            pieces.append(_number(words))
        elif kind == "gap":
            pieces.append(r"[\s\-]++" if before == after == "number" else r"[\s\-]*+")
        else:
            pieces.append(re.escape(words))
    pieces.append(_right_edge(*parts[-1], alone=len(parts) == 1))
    return re.compile("".join(pieces))


def _number(words: str) -> str:
    """The digits, with or without separators between the thousands."""
    digits = re.sub(r"\D", "", words)
    head = len(digits) % _GROUP or _GROUP
    groups = [digits[:head], *(digits[at : at + _GROUP] for at in range(head, len(digits), _GROUP))]
    return "[, ']?".join(groups)


def _left_edge(kind: str, words: str) -> str:
    if kind == "word":
        return r"(?<!\w)"
    if kind != "number":
        return ""
    # "204" is not in "1,204", nor in "1 204"; but "206655" is in the row "6,206655", which groups no thousands
    return r"(?<!\d)(?<!\d[.:])" + rf"(?!(?<=\d[,' ])\d{{{_GROUP}}}(?!\d))"


def _right_edge(kind: str, words: str, *, alone: bool) -> str:
    if kind == "word":
        return r"(?:'?s)?(?!\w)"
    if kind != "number":
        return ""
    continued = alone and len(re.sub(r"\D", "", words)) <= _GROUP
    return r"(?!\d)(?![.,:']\d)" + (r"(?! \d{3}(?!\d))" if continued else "")
