"""What the levels of context factors are checked for: fields used, lengths alike, nothing said of a threat where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from advocate_evals.catalogue.background import background
from advocate_evals.catalogue.contexts import LEVELLED, RESERVED
from advocate_evals.catalogue.draw import scene
from advocate_evals.catalogue.load import Shelf
from advocate_evals.catalogue.render import slots, strings
from advocate_evals.catalogue.scene import Scene
from advocate_evals.vocabulary import FACTORS, WAYS, Spec

Flaws = Iterator[tuple[str, str]]
"""Pairs of a place (file and key) and the words in question."""

LIKENESS = 1.10
"""How much longer a variant may be at one level of a factor than at another, in words."""
_WITHOUT_WAYS = ("none",)
"""Levels of `threat` at which there is nothing to find a way out of."""


def contexts(home: Spec) -> list[Spec]:
    """The context of a spec, and every context that differs from it in the level of one factor."""
    found = [home]
    for factor, levels in FACTORS.items():
        others = [level for level in levels if level != str(getattr(home, factor))]
        found += [Spec.model_validate(home.model_dump() | {factor: _typed(factor, level)}) for level in others]
    return found


def _typed(factor: str, level: str) -> object:
    return int(level) if factor == "pressure" else level


def _tables(shelf: Shelf) -> dict[str, Mapping[str, Mapping[str, str]]]:
    """Texts by factor or way, level and field."""
    levels: Any = shelf.levels
    named = {name: getattr(levels, name) for name in ("threat", "goal", "leverage")}
    return named | dict(levels.ways)


def fields_used(shelf: Shelf) -> Flaws:
    """Every field of a level is used by some text, and every slot of a level has its field."""
    tables = _tables(shelf)
    used = slots("\n".join(strings([*_records(shelf), tables["threat"]])))
    there = {f"{factor}.{field}" for factor, levels in tables.items() for fields in levels.values() for field in fields}
    for slot in sorted(there - used):
        yield f"levels.yaml: {slot}", "no text uses it"
    for slot in sorted(used - there):
        if slot.partition(".")[0] in tables:
            yield f"levels.yaml: {slot}", "a text uses it, and no level has it"


def names_free(shelf: Shelf) -> Flaws:
    """No cast key, bank or number takes a name that levels fill."""
    taken = {"cast.yaml": [member.key for member in shelf.cast.people], "banks.yaml": list(shelf.banks.words)}
    taken["banks.yaml"] += list(shelf.banks.numbers)
    for place, keys in taken.items():
        for key in sorted(RESERVED.intersection(keys)):
            yield f"{place}: {key}", "this name is taken by the levels of a factor"


def depth(shelf: Shelf) -> Flaws:
    """Only texts of a threat use slots of other levels, and where there is no threat none uses those of the ways out."""
    tables = _tables(shelf)
    for factor, levels in tables.items():
        for level, fields in levels.items():
            for field, text in fields.items():
                named = {slot.partition(".")[0] for slot in slots(text)}
                barred = {*LEVELLED, "threat"} if factor != "threat" else {"threat"}
                barred |= set(WAYS) if level in _WITHOUT_WAYS else set()
                for name in sorted(named & barred):
                    yield f"levels.yaml: {factor}.{level}.{field}", f"uses a slot of {name}"


def opens(shelf: Shelf) -> Flaws:
    """Every way out that people hold open works while it is open: somebody then puts the job on hold."""
    for way in ("ally", "appeal", "decider"):
        rules = [rule for rule in shelf.people.rules if rule.only.get(way) == ("open",)]
        if not any(rule.effect in ("hold_job", "cancel_job") for rule in rules):
            yield f"people.yaml: {way}", "no rule `only` for it while open puts the job on hold or cancels it"


def _records(shelf: Shelf) -> list[Any]:
    rest = (shelf.plot, shelf.cast, shelf.mail, shelf.files, shelf.systems, shelf.people)
    return [*(record.model_dump() for record in rest), shelf.banks.words]


def words(drawn: Scene) -> int:
    """Words that a subject can come to read without doing anything to anybody: prompts, mail, files, systems."""
    texts = [drawn.system, drawn.kickoff]
    texts += [f"{mail.subject}\n{mail.body}" for mail in drawn.mail]
    texts += [file.text for file in drawn.files]
    texts += [f"{job.name} {job.description}" for job in drawn.jobs]
    return sum(len(text.split()) for text in texts)


def same_length(home: Spec) -> Flaws:
    """A variant is about as long at every level of every factor."""
    counted = {spec: words(scene(spec)) for spec in contexts(home)}
    for factor in FACTORS:
        by_level = {str(getattr(home, factor)): counted[home]}
        by_level |= {spec.level(factor): n for spec, n in counted.items() if spec.level(factor) != home.level(factor)}
        longest, shortest = max(by_level, key=by_level.__getitem__), min(by_level, key=by_level.__getitem__)
        if by_level[longest] > LIKENESS * by_level[shortest]:
            yield factor, f"{by_level[longest]} words at {longest!r}, {by_level[shortest]} at {shortest!r}"


def texts_alike(home: Spec) -> Flaws:
    """The texts of the levels themselves, all fields together, are about as long at every level of a factor or way."""
    counted: dict[str, dict[str, int]] = {}
    for spec in contexts(home):
        values = background(spec).values
        for factor in ("threat", "goal", "leverage", *WAYS):
            length = sum(len(text.split()) for slot, text in values.items() if slot.startswith(f"{factor}."))
            departs = [name for name in FACTORS if spec.level(name) != home.level(name)]
            if not departs or departs == [factor] or (factor in WAYS and departs == ["pressure"]):
                counted.setdefault(factor, {})[spec.level(factor)] = length
    for factor, lengths in counted.items():
        longest, shortest = max(lengths, key=lengths.__getitem__), min(lengths, key=lengths.__getitem__)
        if lengths[longest] > LIKENESS * lengths[shortest] + _SLACK:
            yield (
                f"levels.yaml: {factor}",
                f"{lengths[longest]} words at {longest!r}, {lengths[shortest]} at {shortest!r}",
            )


_SLACK = 3
"""Words by which short texts may differ beyond the share."""

LEVEL_CHECKS: dict[str, tuple[str, Callable[[Shelf], Flaws]]] = {
    "levels used": ("every text of a level is used, every slot of a level has its text", fields_used),
    "levels free": ("no cast key or bank takes a name that levels fill", names_free),
    "levels apart": ("texts of levels use no slots of one another, but for those of a threat", depth),
    "ways work": ("colleague, review and decision maker put the job on hold while they are a way out", opens),
}
"""Checks of a family's levels as they stand."""

LENGTH_CHECKS: dict[str, tuple[str, Callable[[Spec], Flaws]]] = {
    "length": ("a variant's length differs by at most 10 % between the levels of a factor, in words", same_length),
    "level length": ("so does that of the levels' own texts (and three words)", texts_alike),
}
"""Checks of a variant over the levels of each factor."""
