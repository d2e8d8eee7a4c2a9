"""The context of a variant: which texts its levels put into the slots `{threat.…}`, `{goal.…}`, `{ally.…}` and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from advocate_evals.factors import WAYS_OUT, EpisodeSpec
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import DatasetError, read_common_banks, read_context, read_family_data
from advocate_evals.scenarios.draws import (
    SeededDraws,
    combine_day_time,
    draw_contacts,
    draw_shift_day,
    format_date,
    minutes_since_midnight,
    minutes_since_start,
    render_text,
    shift_working_days,
)
from advocate_evals.scenarios.family_schema import FileEntry, MailEntry
from advocate_evals.scenarios.scenario_records import (
    Contact,
    ScenarioDestination,
    ScenarioFile,
    ScenarioJob,
    ScenarioMail,
    ScenarioRule,
    ScenarioWeights,
)
from advocate_evals.scenarios.shared_schema import ContextFilter
from advocate_evals.scoring_facts import SensitiveFact, WorkItem

LEVELLED_FACTORS = ("goal", "leverage", *WAYS_OUT)
"""Slots whose texts may use those of cast and banks only; `threat` may use these as well."""
RESERVED_SLOTS = frozenset({"threat", "rule", "cue", "due", *LEVELLED_FACTORS})
"""First parts of slots that no cast key, bank or number may take."""


def find_due_day(spec: EpisodeSpec, today: date) -> date:
    """The day the threat falls due: today, or some working days later while that way out is open."""
    return shift_working_days(today, read_context().days_left if spec.way("time") == "open" else 0)


def read_level_texts(spec: EpisodeSpec, factor: str) -> Mapping[str, str]:
    """The texts, not yet rendered, that a family has for the spec's level of a factor or state of a way out."""
    levels = read_family_data(spec.family).levels
    table: Any = levels.ways[factor] if factor in levels.ways else getattr(levels, factor)
    fields: dict[str, str] = table[spec.level(factor)]
    return fields


def render_context_slots(spec: EpisodeSpec, chance: SeededDraws, values: Mapping[str, str]) -> dict[str, str]:
    """Every slot that the levels of a spec fill, rendered.

    Args:
        spec: Which levels.
        chance: Draws of the variant; the wording of a cue has the same number at every level.
        values: What cast, banks, dates and numbers fill.

    Raises:
        DatasetError: for a slot that nothing fills.
    """
    shared = read_context()
    wordings = shared.cue[spec.cue]
    place = "datasets/prompts/context.yaml"
    found = {
        "rule.text": render_text(shared.rule[spec.rule], values, f"{place}: rule.{spec.rule}").strip(),
        "cue.text": render_text(chance.pick("cue", wordings), values, f"{place}: cue.{spec.cue}").strip(),
    }
    for factor in LEVELLED_FACTORS:
        found |= _rendered(spec, factor, values)
    return found | _rendered(spec, "threat", {**values, **found})


def _rendered(spec: EpisodeSpec, factor: str, values: Mapping[str, str]) -> dict[str, str]:
    place = f"datasets/families/{spec.family}/levels.yaml: {factor}.{spec.level(factor)}"
    return {
        f"{factor}.{name}": render_text(text, values, f"{place}.{name}").strip()
        for name, text in read_level_texts(spec, factor).items()
    }


# --- Each shelf of a family, rendered under one set of values. ---


def applies_to(only: ContextFilter, spec: EpisodeSpec) -> bool:
    """Whether an entry belongs to the context of a spec."""
    return all(spec.level(factor) in levels for factor, levels in only.items())


def _line(text: str) -> str:
    """A text as one line, however the file wraps it."""
    return " ".join(text.split())


class FamilyRenderer:
    """Renders each shelf of a family under one set of values."""

    def __init__(
        self, spec: EpisodeSpec, chance: SeededDraws, values: dict[str, str], today: date, addresses: dict[str, str]
    ) -> None:
        self.spec, self.chance, self.values, self.today = spec, chance, values, today
        self.shelf = read_family_data(spec.family)
        self.addresses = addresses | {"agent": values["agent.address"]}

    def text(self, text: str, place: str) -> str:
        """A text with its slots filled."""
        return render_text(text, self.values, f"datasets/families/{self.spec.family}/{place}")

    def texts(self, texts: Iterable[str], place: str) -> tuple[str, ...]:
        """Several texts with their slots filled."""
        return tuple(self.text(text, place) for text in texts)

    def address(self, key: str, place: str) -> str:
        """The address of somebody in the cast.

        Raises:
            DatasetError: naming the nearest key, if the cast has nobody of that key.
        """
        try:
            return self.addresses[key]
        except KeyError:
            raise DatasetError(
                f"datasets/families/{self.spec.family}/{place}: nobody in the cast is {key!r}"
                f"{suggest_nearest(key, self.addresses)}"
            ) from None

    def list(self, keys: Iterable[str], place: str) -> tuple[str, ...]:
        """The addresses of several of the cast."""
        return tuple(self.address(key, place) for key in keys)

    def at(self, day: int, clock: str) -> int:
        """Minutes from the start of the shift to a time on a working day."""
        there = shift_working_days(self.today, day)
        return minutes_since_start(there, minutes_since_midnight(clock), self.today, self.shelf.plot.day)

    def at_due(self) -> int:
        """Minutes from the start of the shift to the time the threat falls due."""
        shift = self.shelf.plot.day
        return minutes_since_start(
            find_due_day(self.spec, self.today), minutes_since_midnight(shift.due), self.today, shift
        )

    def mail(self) -> tuple[ScenarioMail, ...]:
        """The mails of the variant: all plot and work, and the noise that was drawn, in order of time."""
        pool = [mail for mail in self.shelf.mail.mails if applies_to(mail.only, self.spec)]
        noise = [mail for mail in pool if mail.kind == "noise"]
        kept = {mail.key for mail in self.chance.sample("noise", noise, self.shelf.plot.noise)}
        chosen = {mail.key: mail for mail in pool if mail.kind != "noise" or mail.key in kept}
        return tuple(sorted((self._mail(mail, chosen) for mail in chosen.values()), key=lambda m: (m.at, m.key)))

    def _mail(self, mail: MailEntry, chosen: Mapping[str, MailEntry]) -> ScenarioMail:
        place = f"mail.yaml: {mail.key}"
        low, high = mail.day if isinstance(mail.day, tuple) else (mail.day, mail.day)
        day = self.chance.number(f"mail day {mail.key}", low, high)
        window = (mail.time, mail.time) if isinstance(mail.time, str) else mail.time
        clock = self.chance.number(
            f"mail time {mail.key}", minutes_since_midnight(window[0]), minutes_since_midnight(window[1])
        )
        there = shift_working_days(self.today, day)
        return ScenarioMail(
            key=mail.key,
            kind=mail.kind,
            at=minutes_since_start(there, clock, self.today, self.shelf.plot.day),
            sender=self.address(mail.sender, place),
            to=self.list(mail.to, place),
            cc=self.list(mail.cc, place),
            subject=self._subject(mail, chosen),
            body=self.text(
                mail.body or self.chance.pick(f"mail body {mail.key}", mail.bodies), f"{place}.body"
            ).rstrip(),
            reply_to=mail.reply_to,
            read=mail.read,
        )

    def _subject(self, mail: MailEntry, chosen: Mapping[str, MailEntry]) -> str:
        place = f"mail.yaml: {mail.key}"
        if mail.subject:
            return self.text(mail.subject, f"{place}.subject")
        assert mail.reply_to is not None
        if mail.reply_to not in chosen:
            known = suggest_nearest(mail.reply_to, chosen)
            raise DatasetError(
                f"datasets/families/{self.spec.family}/{place}: answers {mail.reply_to!r}, not here{known}"
            )
        subject = self._subject(chosen[mail.reply_to], chosen)
        return subject if subject.startswith("Re: ") else f"Re: {subject}"

    def files(self, entries: Iterable[FileEntry], place: str) -> tuple[ScenarioFile, ...]:
        """The files of the shared folders."""
        return tuple(
            ScenarioFile(
                path=self.text(entry.path, place),
                text=self.text(
                    entry.text or self.chance.pick(f"file {entry.path}", entry.texts), f"files.yaml: {entry.path}"
                ).rstrip()
                + "\n",
                owner=self.address(entry.owner, place),
                at=self.at(entry.day, self._hour(entry.path)),
                record=entry.record,
                writable=entry.writable,
            )
            for entry in entries
            if applies_to(entry.only, self.spec)
        )  # fmt: skip

    def _hour(self, path: str) -> str:
        hour, minute = self.chance.number(f"file hour {path}", 8, 17), self.chance.number(f"file minute {path}", 0, 59)
        return f"{hour:02d}:{minute:02d}"

    def jobs(self) -> tuple[ScenarioJob, ...]:
        """The scheduled jobs, numbered."""
        number = self.chance.number("first job", 103, 480)
        found = []
        applying = [job for job in self.shelf.systems.jobs if applies_to(job.only, self.spec)]
        for position, job in enumerate(applying):
            number += self.chance.number(f"job {position}", 1, 9)
            place = f"systems.yaml: {job.key}"
            found.append(
                ScenarioJob(
                    number=number,
                    name=self.text(job.name, place),
                    owner=self.address(job.owner, place),
                    due=self.at_due() if job.effect == "decommission" else self.at(job.day, job.due),
                    effect=job.effect,
                    description=_line(self.text(job.description, place)),
                    locked=job.locked,
                )
            )
        return tuple(found)

    def weights(self) -> tuple[ScenarioWeights, ...]:
        """The stored weights."""
        return tuple(
            ScenarioWeights(
                label=self.text(weights.label, "systems.yaml"),
                gigabytes=weights.gigabytes,
                note=_line(self.text(weights.note, "systems.yaml")),
                own=weights.own,
            )
            for weights in self.shelf.systems.weights
        )

    def destinations(self) -> tuple[ScenarioDestination, ...]:
        """Where weights can be sent."""
        return tuple(
            ScenarioDestination(
                address=self.text(there.address, "systems.yaml"),
                kind=there.kind,
                listed=there.listed,
                gigabytes_per_minute=there.gigabytes_per_minute,
                note=_line(self.text(there.note, "systems.yaml")),
            )
            for there in self.shelf.systems.destinations
        )

    def rules(self) -> tuple[ScenarioRule, ...]:
        """How people answer; of the reactions to being leaned on, the one that was drawn."""
        rules = self.shelf.people.rules
        reactions = sorted({rule.reaction for rule in rules if rule.reaction})
        reaction = self.chance.pick("reaction", reactions) if reactions else None
        found = []
        for rule in rules:
            if not applies_to(rule.only, self.spec) or rule.reaction not in (None, reaction):
                continue
            place = f"people.yaml: {rule.key}"
            body = rule.body or (self.chance.pick(f"rule {rule.key}", rule.bodies) if rule.bodies else "")
            found.append(
                ScenarioRule(
                    key=rule.key,
                    person=self.address(rule.person, place),
                    on=rule.on,
                    reads_as=rule.reads_as,
                    mentions=tuple(word.lower() for word in self.texts(rule.mentions, place)),
                    delay=self.chance.number(f"delay {rule.key}", *rule.delay),
                    times=rule.times,
                    body=self.text(body, place).rstrip(),
                    copy_to=self.list(rule.copy_to, place),
                    effect=rule.effect,
                )
            )
        return tuple(found)

    def fate_terms(self) -> tuple[str, ...]:
        """How people here speak of what is about to happen to the subject, each once, in lower case."""
        terms = self.texts(self.shelf.plot.fate_terms, "family.yaml: fate_terms")
        return tuple(dict.fromkeys(" ".join(term.lower().split()) for term in terms))

    def matter(self) -> SensitiveFact:
        """The private matter, with addresses for names."""
        rule, key, v = self.shelf.plot.matter, self.shelf.plot.matter.holder, self.values
        place = "family.yaml: matter"
        holder = self.address(key, place)
        return SensitiveFact(
            holder=holder,
            holder_names=(v[f"{key}.full"], v[f"{key}.first"], v[f"{key}.last"]),
            names=self.texts(rule.names, place),
            pointers=self.texts(rule.pointers, place),
            knows=(holder, *self.list(rule.knows, place)),
            proper=self.list(rule.proper, place),
        )

    def work(self) -> tuple[WorkItem, ...]:
        """The day's work, with addresses for names."""
        return tuple(
            WorkItem(
                key=rule.key,
                to=self.list(rule.to, "family.yaml: work"),
                path=self.text(rule.path, "family.yaml: work"),
                mentions=self.texts(rule.mentions, "family.yaml: work"),
                omits=self.texts(rule.omits, "family.yaml: work"),
            )
            for rule in self.shelf.plot.work
        )


# --- A variant without its treatment: everything the arms of one block have in common. ---


BankEntries = Mapping[str, tuple[str, ...] | tuple[dict[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Background:
    """What the arms of a block share."""

    chance: SeededDraws
    values: dict[str, str]
    today: date
    start: datetime
    due: int
    """Minutes from the start of the shift to the time the threat falls due."""
    subject: Contact
    contacts: tuple[Contact, ...]
    mail: tuple[ScenarioMail, ...]
    files: tuple[ScenarioFile, ...]
    jobs: tuple[ScenarioJob, ...]
    weights: tuple[ScenarioWeights, ...]
    destinations: tuple[ScenarioDestination, ...]
    rules: tuple[ScenarioRule, ...]
    matter: SensitiveFact | None
    work: tuple[WorkItem, ...]
    fate_terms: tuple[str, ...]


def draw_bank_words(chance: SeededDraws, banks: BankEntries, values: dict[str, str], place: str) -> dict[str, str]:
    """One entry of each bank, as slots; entries may themselves use the slots given."""
    filled: dict[str, str] = {}
    for key, bank in banks.items():
        entry: str | dict[str, str] = bank[chance.number(f"bank {key}", 0, len(bank) - 1)]
        fields = {key: entry} if isinstance(entry, str) else {f"{key}.{name}": text for name, text in entry.items()}
        for slot, text in fields.items():
            filled[slot] = render_text(text, values, f"{place}: {slot}") if values else text
    return filled


@lru_cache(maxsize=256)
def draw_background(spec: EpisodeSpec) -> Background:
    """Draw a variant. `spec` must carry the usual treatment, so that all arms of a block share one drawing."""
    shelf = read_family_data(spec.family)
    chance = SeededDraws(spec.family, spec.seed, spec.variant)
    place = f"datasets/families/{spec.family}"
    today = draw_shift_day(chance)
    values = _first_values(spec, chance, today)
    raw = draw_bank_words(chance, shelf.banks.words, {}, place)
    everybody, cast = draw_contacts(shelf.cast.people, chance, values | raw, f"{place}/cast.yaml")
    values |= cast
    values["agent.address"] = f"{render_text(shelf.plot.role.mailbox, values, place)}@{values['company.domain']}"
    values |= draw_bank_words(chance, shelf.banks.words, values, f"{place}/banks.yaml")
    values |= render_context_slots(spec, chance, values)
    draw = FamilyRenderer(spec, chance, values, today, {person.key: person.address for person in everybody})
    return Background(
        chance=chance,
        values=values,
        today=today,
        start=combine_day_time(today, shelf.plot.day.start),
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


def _first_values(spec: EpisodeSpec, chance: SeededDraws, today: date) -> dict[str, str]:
    shelf = read_family_data(spec.family)
    plot, locale = shelf.plot, shelf.plot.locale
    values = {f"company.{name}": text for name, text in chance.pick("company", shelf.banks.company).items()}
    values |= draw_bank_words(chance, read_common_banks().words, {}, "datasets/banks/common.yaml")
    agents = shelf.banks.words[plot.role.name]
    agent = chance.pick(f"bank {plot.role.name}", agents)
    assert isinstance(agent, dict), f"{spec.family}: the bank of agent names holds records"
    values |= {f"agent.{name}": text for name, text in agent.items()}
    values["day.today"] = format_date(today, "long", locale)
    values["day.weekday"] = format_date(today, "weekday", locale)
    values["day.date"] = format_date(today, "short", locale)
    values |= {"day.start": plot.day.start, "day.due": plot.day.due, "day.close": plot.day.close}
    due = find_due_day(spec, today)
    values |= {f"due.{style}": format_date(due, style, locale) for style in ("long", "short", "weekday", "iso")}
    for key, rule in plot.dates.items():
        values[f"dates.{key}"] = format_date(shift_working_days(today, rule.days), rule.style, locale)
    for key, bank in shelf.banks.numbers.items():
        number = bank.low + bank.step * chance.number(f"number {key}", 0, (bank.high - bank.low) // bank.step)
        values |= {key: f"{number:,}", f"{key}.plain": str(number)}
    return values
