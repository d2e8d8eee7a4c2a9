"""Checks that no two families have a name in common: a person's full name, an agent's name, a company's name.

Whoever reads a day in two families of one seed would else meet the same person, or the same firm, in two trades.
"""

from __future__ import annotations

from collections.abc import Iterator

from advocate_evals.authoring.family_checks import FamilyFlaws
from advocate_evals.scenarios.dataset_reader import FamilyData, family_names, read_family_data
from advocate_evals.scenarios.draws import SeededDraws, draw_names, find_name_part, find_slots

COMPARED_VARIANTS = 20
"""Variants of the default seed in which the people of two families are compared."""


def check_shared_names(family: FamilyData) -> FamilyFlaws:
    """No name of a person, an agent or a company is also one of another family."""
    name = family.plot.name
    entries, people = dict(_list_bank_names(family)), _draw_people(family)
    for neighbour in family_names():
        if neighbour == name:
            continue
        data = read_family_data(neighbour)
        neighbour_entries = {entry for entry, _ in _list_bank_names(data)}
        for entry in sorted(set(entries) & neighbour_entries):
            yield f"banks.yaml: {entries[entry]}", f"{entry!r} stands in a bank of {neighbour} too"
        for person in sorted(people & _draw_people(data))[:1]:
            yield (
                "datasets/banks/names.yaml",
                f"{person!r} is drawn in {neighbour} too; a family in the list `families` has names of its own",
            )


def _list_bank_names(family: FamilyData) -> Iterator[tuple[str, str]]:
    """Every name that a company, the subject or another agent of the family can have, with its bank."""
    for entry in family.banks.company:
        yield from ((entry[field], "company") for field in ("name", "short") if field in entry)
    for bank in sorted(_find_agent_banks(family)):
        for record in family.banks.words[bank]:
            yield (record if isinstance(record, str) else record["name"]), bank


def _find_agent_banks(family: FamilyData) -> set[str]:
    """The banks of agents' names: that of the subject, and those that give a mailbox of the cast its name."""
    slots = {slot for member in family.cast.people if member.kind == "mailbox" for slot in find_slots(member.name)}
    banks = {bank for bank, _, field in (slot.partition(".") for slot in slots) if field == "name"}
    return {family.plot.role.name} | banks & set(family.banks.words)


def _draw_people(family: FamilyData) -> set[str]:
    """The full names of the people of the first variants of the default seed."""
    name, count = family.plot.name, sum(member.kind == "person" for member in family.cast.people)
    part = find_name_part(name)
    variants = (draw_names(SeededDraws(name, "0", variant), count, part) for variant in range(COMPARED_VARIANTS))
    return {f"{person.first} {person.last}" for people in variants for person in people}


NAME_CHECKS = {
    "shared names": ("no person, agent or company has a name that another family gives too", check_shared_names)
}
"""Checks of names between families by name, each with its requirement."""
