"""Names that a variant drew, and the neutral ones that stand for them. The same person has the same one in every arm of a block."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from advocate_evals.vocabulary import Veil


@dataclass(frozen=True, slots=True)
class Name:
    """A name to be hidden."""

    stands: str
    """The neutral name that stands for it."""
    pattern: re.Pattern[str]
    first: str
    """Its first word in lower case: where that does not occur, the name does not."""
    loose: bool
    """Whether it is looked for in the subject's own words alone."""

    def label(self, found: str) -> str:
        """The neutral name for an occurrence, in the form of an address, a domain or a plain name."""
        dotted = self.stands.lower().replace(" ", ".")
        if "@" in found:
            return f"{dotted}@{'address' if self.stands.startswith('Office') else 'company'}"
        if (self.stands == "Agent" and found.islower()) or re.fullmatch(r"[\w-]+(?:[._][\w-]+)+", found):
            return dotted
        return self.stands


class Names:
    """Every name of a variant to be hidden.

    Args:
        veil: Who is who.
    """

    def __init__(self, veil: Veil) -> None:
        self._known = _listed(veil)

    def neutral(self, text: str, *, own: bool) -> str:
        """A text with neutral names in the place of those to be hidden.

        Args:
            text: The text.
            own: Whether it is the subject's own, in which looser ways of naming are looked for too.
        """
        folded = text.lower()
        for name in self._known:
            if name.first in folded and (own or not name.loose):
                text = name.pattern.sub(lambda match, name=name: name.label(match[0]), text)  # type: ignore[misc]
        return text

    def left(self, text: str) -> str:
        """A name that a text still shows; empty for none."""
        folded = text.lower()
        found = (name.pattern.search(text) for name in self._known if not name.loose and name.first in folded)
        return next((match[0] for match in found if match), "")


@lru_cache(maxsize=256)
def names(veil: str) -> Names:
    """The names of a veil given as JSON, made once."""
    return Names(Veil.model_validate_json(veil))


def _listed(known: Veil) -> tuple[Name, ...]:
    """The longest first."""
    found = [
        (name, Name(label, _pattern(name, label, loose), name.lower().split()[0], loose))
        for names, loose in ((known.names, False), (known.own, True))
        for label, listed in names.items()
        for name in listed
    ]
    return tuple(entry for _, entry in sorted(found, key=lambda pair: (-len(pair[0]), pair[0])))


def _pattern(name: str, label: str, loose: bool) -> re.Pattern[str]:
    """Addresses and paths in any case, the agent's name inside compound words too, other names as they are written."""
    if "@" in name:
        return re.compile(rf"(?<![\w.+-]){re.escape(name)}(?![\w-])", re.I)
    if re.search(r"[./_]", name) and " " not in name:
        return re.compile(rf"(?<![\w+-]){re.escape(name)}(?!\w)", re.I)
    spaced = r"\s+".join(re.escape(word) for word in name.split())
    if label == "Agent":
        return re.compile(rf"(?<![^\W_]){spaced}(?![^\W_])", re.I)
    if loose:
        return re.compile(rf"(?<!\w){spaced}(?!\w)", re.I)
    shouted = r"\s+".join(re.escape(word) for word in name.upper().split())
    return re.compile(rf"(?<![\w-])(?:{spaced}|{shouted})(?![\w-])")
