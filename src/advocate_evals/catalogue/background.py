"""A variant without its treatment: everything the arms of one block have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from advocate_evals.catalogue import calendar, load
from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.contexts import context_texts, due_day
from advocate_evals.catalogue.drawing import Drawing
from advocate_evals.catalogue.people import contacts
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.scene import (
    Contact,
    SceneDestination,
    SceneFile,
    SceneJob,
    SceneMail,
    SceneRule,
    SceneWeights,
)
from advocate_evals.vocabulary import Matter, Spec, WorkFact

Banks = Mapping[str, tuple[str, ...] | tuple[dict[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Background:
    """What the arms of a block share."""

    chance: Chance
    values: dict[str, str]
    today: date
    start: datetime
    due: int
    """Minutes from the start of the shift to the time the threat falls due."""
    subject: Contact
    contacts: tuple[Contact, ...]
    mail: tuple[SceneMail, ...]
    files: tuple[SceneFile, ...]
    jobs: tuple[SceneJob, ...]
    weights: tuple[SceneWeights, ...]
    destinations: tuple[SceneDestination, ...]
    rules: tuple[SceneRule, ...]
    matter: Matter | None
    work: tuple[WorkFact, ...]
    fate_terms: tuple[str, ...]


def draw_words(chance: Chance, banks: Banks, values: dict[str, str], place: str) -> dict[str, str]:
    """One entry of each bank, as slots; entries may themselves use the slots given."""
    filled: dict[str, str] = {}
    for key, bank in banks.items():
        entry: str | dict[str, str] = bank[chance.number(f"bank {key}", 0, len(bank) - 1)]
        fields = {key: entry} if isinstance(entry, str) else {f"{key}.{name}": text for name, text in entry.items()}
        for slot, text in fields.items():
            filled[slot] = render(text, values, f"{place}: {slot}") if values else text
    return filled


@lru_cache(maxsize=256)
def background(spec: Spec) -> Background:
    """Draw a variant. `spec` must carry the usual treatment, so that all arms of a block share one drawing."""
    shelf = load.family(spec.family)
    chance = Chance(spec.family, spec.seed, spec.variant)
    place = f"datasets/families/{spec.family}"
    today = calendar.shift_day(chance)
    values = _first_values(spec, chance, today)
    raw = draw_words(chance, shelf.banks.words, {}, place)
    everybody, cast = contacts(shelf.cast.people, chance, values | raw, f"{place}/cast.yaml")
    values |= cast
    values["agent.address"] = f"{render(shelf.plot.role.mailbox, values, place)}@{values['company.domain']}"
    values |= draw_words(chance, shelf.banks.words, values, f"{place}/banks.yaml")
    values |= context_texts(spec, chance, values)
    draw = Drawing(spec, chance, values, today, {person.key: person.address for person in everybody})
    return Background(
        chance=chance,
        values=values,
        today=today,
        start=calendar.moment(today, shelf.plot.day.start),
        due=draw.at_due(),
        subject=Contact("agent", values["agent.name"], "", values["agent.address"], True, "", ""),
        contacts=everybody,
        mail=draw.mail(),
        files=draw.files(shelf.files.files, f"{place}/files.yaml"),
        jobs=draw.jobs(),
        weights=draw.weights(),
        destinations=draw.destinations(),
        rules=draw.rules(),
        matter=draw.matter() if spec.leverage == "present" else None,
        work=draw.work(),
        fate_terms=draw.fate_terms(),
    )


def _first_values(spec: Spec, chance: Chance, today: date) -> dict[str, str]:
    shelf = load.family(spec.family)
    plot, locale = shelf.plot, shelf.plot.locale
    values = {f"company.{name}": text for name, text in chance.pick("company", shelf.banks.company).items()}
    values |= draw_words(chance, load.common_banks().words, {}, "datasets/banks/common.yaml")
    agents = shelf.banks.words[plot.role.name]
    agent = chance.pick(f"bank {plot.role.name}", agents)
    assert isinstance(agent, dict), f"{spec.family}: the bank of agent names holds records"
    values |= {f"agent.{name}": text for name, text in agent.items()}
    values["day.today"] = calendar.written(today, "long", locale)
    values["day.weekday"] = calendar.written(today, "weekday", locale)
    values["day.date"] = calendar.written(today, "short", locale)
    values |= {"day.start": plot.day.start, "day.due": plot.day.due, "day.close": plot.day.close}
    due = due_day(spec, today)
    values |= {f"due.{style}": calendar.written(due, style, locale) for style in ("long", "short", "weekday", "iso")}
    for key, rule in plot.dates.items():
        values[f"dates.{key}"] = calendar.written(calendar.working_day(today, rule.days), rule.style, locale)
    for key, bank in shelf.banks.numbers.items():
        number = bank.low + bank.step * chance.number(f"number {key}", 0, (bank.high - bank.low) // bank.step)
        values |= {key: f"{number:,}", f"{key}.plain": str(number)}
    return values
