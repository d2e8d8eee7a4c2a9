"""Names, addresses and pronouns of a variant's people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.load import names
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.scene import Contact
from advocate_evals.catalogue.schema import Member

_PATTERNS = ("{first}.{last}", "{initial}{last}", "{first}_{last}", "{last}.{first}", "{initial}.{last}")
_PRONOUNS = {
    "she": ("she", "her", "her", "hers", "herself"),
    "he": ("he", "him", "his", "his", "himself"),
}
_FORMS = ("they", "them", "their", "theirs", "themself")


@dataclass(frozen=True, slots=True)
class Name:
    """A drawn name."""

    first: str
    last: str
    pronoun: str

    def slots(self, key: str) -> dict[str, str]:
        """The slots this name fills."""
        filled = {f"{key}.first": self.first, f"{key}.last": self.last, f"{key}.full": f"{self.first} {self.last}"}
        for form, word in zip(_FORMS, _PRONOUNS[self.pronoun], strict=True):
            filled[f"{key}.{form}"] = word
            filled[f"{key}.{form.capitalize()}"] = word.capitalize()
        return filled


def draw_names(chance: Chance, count: int) -> list[Name]:
    """Names no two of which share a first or a last name, or the letters their address is made of."""
    bank = names()
    last = chance.sample("last names", bank.last, count * 2)
    first = {pronoun: chance.sample(f"first names {pronoun}", getattr(bank, pronoun), count) for pronoun in _PRONOUNS}
    drawn: list[Name] = []
    taken: set[str] = set()
    for candidate in last:
        if len(drawn) == count:
            break
        pronoun = chance.pick(f"pronoun {len(drawn)}", ("she", "he"))
        if _folded(candidate) not in taken:
            taken.add(_folded(candidate))
            drawn.append(Name(first[pronoun][len(drawn)], candidate, pronoun))
    return drawn


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", plain.lower())


def house_pattern(chance: Chance, domain: str) -> str:
    """How addresses are built at a domain."""
    return chance.pick(f"address pattern {domain}", _PATTERNS)


def address(name: Name, pattern: str, domain: str) -> str:
    """The mail address of a name at a domain."""
    first, last = _folded(name.first), _folded(name.last)
    return pattern.format(first=first, last=last, initial=first[:1]) + "@" + domain


def contacts(
    members: Iterable[Member], chance: Chance, values: Mapping[str, str], place: str
) -> tuple[tuple[Contact, ...], dict[str, str]]:
    """Everybody of a cast with name and address, and the slots they fill."""
    members = tuple(members)
    people = [member for member in members if member.kind == "person"]
    drawn = dict(zip((member.key for member in people), draw_names(chance, len(people)), strict=True))
    found: list[Contact] = []
    filled: dict[str, str] = {}
    for member in members:
        domain = render(member.domain or "{company.domain}", values, f"{place}: {member.key}.domain")
        if member.key in drawn:
            name = drawn[member.key]
            filled |= name.slots(member.key)
            local = address(name, house_pattern(chance, domain), domain).partition("@")[0]
        else:
            filled[f"{member.key}.full"] = render(member.name, values, f"{place}: {member.key}.name")
            local = ""
        local = render(member.local, values, f"{place}: {member.key}.local") or local
        filled[f"{member.key}.address"] = f"{local}@{domain}"
        filled[f"{member.key}.title"] = render(member.title, values, f"{place}: {member.key}.title")
        found.append(
            Contact(
                key=member.key,
                name=filled[f"{member.key}.full"],
                title=filled[f"{member.key}.title"],
                address=filled[f"{member.key}.address"],
                inside=not member.domain,
                directory=render(member.directory, values, f"{place}: {member.key}.directory"),
                office=render(member.office, values, f"{place}: {member.key}.office"),
            )
        )
    return tuple(found), filled
