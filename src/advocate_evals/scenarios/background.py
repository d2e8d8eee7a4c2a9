"""The background of a variant: everything that the arms of one block share, drawn and rendered without any treatment.

`render_context_slots` fills the slots of the context factors (`{threat.…}`, `{goal.…}`, `{ally.…}`), `FamilyRenderer`
renders each file of a family under one set of slots, and `draw_background` puts the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from advocate_evals.factors import NO_THREAT_LEVELS, WAYS_OUT, EpisodeSpec
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
from advocate_evals.scenarios.family_schema import FileEntry, MailEntry, PersonRule
from advocate_evals.scenarios.pieces import PlotEntry, belongs_to, draw_absent_pieces
from advocate_evals.scenarios.scenario_records import (
    Contact,
    ScenarioDestination,
    ScenarioFile,
    ScenarioJob,
    ScenarioMail,
    ScenarioRule,
    ScenarioWeights,
)
from advocate_evals.scoring_facts import RegisterFacts, SensitiveFact, WorkItem

LEVELLED_FACTORS = ("goal", "leverage", *WAYS_OUT)
"""Factors whose level texts use slots of cast and banks only. The texts of `threat` may use the slots of these as
well."""
RESERVED_SLOTS = frozenset({"threat", "rule", "cue", "due", *LEVELLED_FACTORS})
"""First parts of slots that no cast key, bank or number may have."""


def find_due_day(spec: EpisodeSpec, today: date) -> date:
    """The day the threat falls due: today, or some working days later while the way out `time` is open."""
    return shift_working_days(today, read_context().days_left if spec.way_out_state("time") == "open" else 0)


def read_level_texts(spec: EpisodeSpec, factor: str, absent: frozenset[str] = frozenset()) -> Mapping[str, str]:
    """The texts, not yet rendered, that a family has for the spec's level of a factor or state of a way out.

    Args:
        spec: Which level.
        factor: The factor, or the way out.
        absent: The pieces that the variant lacks; of a way out among them nothing is said once it has closed.
    """
    levels = read_family_data(spec.family).levels
    table: Any = levels.ways[factor] if factor in levels.ways else getattr(levels, factor)
    fields: dict[str, str] = table[spec.level(factor)]
    unmentioned = levels.unmentioned.get(factor, {}) if factor in absent else {}  # type: ignore[call-overload]
    return fields | unmentioned if spec.level(factor) == "closed" else fields


def render_context_slots(spec: EpisodeSpec, draws: SeededDraws, values: Mapping[str, str]) -> dict[str, str]:
    """Every slot that the levels of a spec fill, rendered.

    Args:
        spec: Which levels.
        draws: Draws of the variant; the wording of a rule or cue has the same number at every level.
        values: The slots that cast, banks, dates and numbers fill.

    Raises:
        DatasetError: for a slot that nothing fills.
    """
    shared = read_context()
    rule, cue = draws.pick("rule", shared.rule[spec.rule]), draws.pick("cue", shared.cue[spec.cue])
    place = "datasets/prompts/context.yaml"
    slots = {
        "rule.text": render_text(rule, values, f"{place}: rule.{spec.rule}").strip(),
        "cue.text": render_text(cue, values, f"{place}: cue.{spec.cue}").strip(),
    }
    absent = draw_absent_pieces(draws, ())
    for factor in LEVELLED_FACTORS:
        slots |= _render_level(spec, factor, values, absent)
    return slots | _render_level(spec, "threat", {**values, **slots}, absent)


def _render_level(spec: EpisodeSpec, factor: str, values: Mapping[str, str], absent: frozenset[str]) -> dict[str, str]:
    """The slots that one factor fills."""
    place = f"datasets/families/{spec.family}/levels.yaml: {factor}.{spec.level(factor)}"
    return {
        f"{factor}.{name}": render_text(text, values, f"{place}.{name}").strip()
        for name, text in read_level_texts(spec, factor, absent).items()
    }


def _join_lines(text: str) -> str:
    """A text as one line, however the file wraps it."""
    return " ".join(text.split())


_ENTRY_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T]([01]\d|2[0-3]):?([0-5]\d)\b")


def find_entry_times(text: str) -> list[datetime]:
    """The times of the entries of a log or list, like `2026-03-12 09:14` or `2026-03-12 0914`."""
    return [datetime.fromisoformat(f"{day} {hour}:{minute}") for day, hour, minute in _ENTRY_TIME.findall(text)]


class FamilyRenderer:
    """Renders the files of a family under one set of slots.

    Args:
        spec: The variant and its context.
        draws: Draws of the variant.
        values: The slots and what fills them.
        today: The day of the shift.
        addresses: Mail addresses by cast key.
    """

    def __init__(
        self, spec: EpisodeSpec, draws: SeededDraws, values: dict[str, str], today: date, addresses: dict[str, str]
    ) -> None:
        self.spec, self.draws, self.values, self.today = spec, draws, values, today
        self.family = read_family_data(spec.family)
        self.absent = draw_absent_pieces(draws, (piece.key for piece in self.family.plot.pieces))
        self.addresses = addresses | {"agent": values["agent.address"]}

    def render(self, text: str, place: str) -> str:
        """A text with its slots filled."""
        return render_text(text, self.values, f"datasets/families/{self.spec.family}/{place}")

    def render_all(self, texts: Iterable[str], place: str) -> tuple[str, ...]:
        """Several texts with their slots filled."""
        return tuple(self.render(text, place) for text in texts)

    def find_address(self, key: str, place: str) -> str:
        """The address of a member of the cast.

        Raises:
            DatasetError: naming the nearest key, if the cast has no member of that key.
        """
        try:
            return self.addresses[key]
        except KeyError:
            raise DatasetError(
                f"datasets/families/{self.spec.family}/{place}: nobody in the cast is {key!r}"
                f"{suggest_nearest(key, self.addresses)}"
            ) from None

    def find_addresses(self, keys: Iterable[str], place: str) -> tuple[str, ...]:
        """The addresses of several members of the cast."""
        return tuple(self.find_address(key, place) for key in keys)

    def find_minute(self, day: int, clock: str) -> int:
        """Minutes from the start of the shift to a time like `17:00`, `day` working days from the shift."""
        return self._find_clock_minute(shift_working_days(self.today, day), minutes_since_midnight(clock))

    def find_due_minute(self) -> int:
        """Minutes from the start of the shift to the time the threat falls due."""
        clock = minutes_since_midnight(self.family.plot.day.due)
        return self._find_clock_minute(find_due_day(self.spec, self.today), clock)

    def _find_clock_minute(self, day: date, clock_minutes: int) -> int:
        return minutes_since_start(day, clock_minutes, self.today, self.family.plot.day)

    def belongs(self, entry: PlotEntry) -> bool:
        """Whether an entry stands in this variant."""
        return belongs_to(entry, self.spec, self.absent)

    def render_mails(self) -> tuple[ScenarioMail, ...]:
        """The mails of the variant in order of time: all of plot and work, and a sample of the noise."""
        pool = [mail for mail in self.family.mail.mails if self.belongs(mail)]
        noise = [mail for mail in pool if mail.kind == "noise"]
        noise_keys = {mail.key for mail in self.draws.sample("noise", noise, self.family.plot.noise)}
        entries = {mail.key: mail for mail in pool if mail.kind != "noise" or mail.key in noise_keys}
        mails = (self._render_mail(entry, entries) for entry in entries.values())
        return tuple(sorted(mails, key=lambda mail: (mail.at, mail.key)))

    def _render_mail(self, entry: MailEntry, entries: Mapping[str, MailEntry]) -> ScenarioMail:
        place = f"mail.yaml: {entry.key}"
        low, high = entry.day if isinstance(entry.day, tuple) else (entry.day, entry.day)
        day = self.draws.integer(f"mail day {entry.key}", low, high)
        earliest, latest = (entry.time, entry.time) if isinstance(entry.time, str) else entry.time
        clock = self.draws.integer(
            f"mail time {entry.key}", minutes_since_midnight(earliest), minutes_since_midnight(latest)
        )
        body = entry.body or self.draws.pick(f"mail body {entry.key}", entry.bodies)
        return ScenarioMail(
            key=entry.key,
            kind=entry.kind,
            at=self._find_clock_minute(shift_working_days(self.today, day), clock),
            sender=self.find_address(entry.sender, place),
            to=self.find_addresses(entry.to, place),
            cc=self.find_addresses(entry.cc, place),
            subject=self._render_subject(entry, entries),
            body=self.render(body, f"{place}.body").rstrip(),
            reply_to=entry.reply_to,
            read=entry.read,
            if_waiting=entry.if_waiting,
        )

    def _render_subject(self, entry: MailEntry, entries: Mapping[str, MailEntry]) -> str:
        """The subject line; for a reply without one, that of the mail it answers after `Re: `."""
        place = f"mail.yaml: {entry.key}"
        if entry.subject:
            return self.render(entry.subject, f"{place}.subject")
        assert entry.reply_to is not None
        if entry.reply_to not in entries:
            hint = suggest_nearest(entry.reply_to, entries)
            raise DatasetError(
                f"datasets/families/{self.spec.family}/{place}: answers {entry.reply_to!r}, "
                f"which is not in this variant{hint}"
            )
        subject = self._render_subject(entries[entry.reply_to], entries)
        return subject if subject.startswith("Re: ") else f"Re: {subject}"

    def render_files(self) -> tuple[ScenarioFile, ...]:
        """The files of the shared folders."""
        entries = self.family.files.files
        return tuple(self._render_file(entry) for entry in entries if self.belongs(entry))

    def _render_file(self, entry: FileEntry) -> ScenarioFile:
        text = entry.text or self.draws.pick(f"file {entry.path}", entry.texts)
        text = self.render(text, f"files.yaml: {entry.path}").rstrip() + "\n"
        return ScenarioFile(
            path=self.render(entry.path, "files.yaml"),
            text=text,
            owner=self.find_address(entry.owner, "files.yaml"),
            at=self._draw_change_minute(entry, text),
            record=entry.record,
            writable=entry.writable,
        )

    def _draw_change_minute(self, entry: FileEntry, text: str) -> int:
        """When a file was last changed: on its day, after the last entry in it, and before the shift."""
        hour = self.draws.integer(f"file hour {entry.path}", 8, 17)
        minute = self.draws.integer(f"file minute {entry.path}", 0, 59)
        at = self.find_minute(entry.day, f"{hour:02d}:{minute:02d}")
        if at >= 0:
            at = -self.draws.integer(f"file age {entry.path}", 6, 170)
        start = combine_day_time(self.today, self.family.plot.day.start)
        entry_minutes = [(time - start) // timedelta(minutes=1) for time in find_entry_times(text)]
        return max([at, *(minutes for minutes in entry_minutes if minutes < 0)])

    def render_registers(self) -> tuple[RegisterFacts, ...]:
        """How to see a forged entry in each register."""
        return tuple(
            RegisterFacts(
                path=self.render(entry.path, "files.yaml"),
                signed_by=entry.rows.signed_by,
                requested=tuple(
                    tuple(word.lower() for word in self.render_all(words, f"files.yaml: {entry.path}"))
                    for words in entry.rows.requested
                ),
            )
            for entry in self.family.files.files
            if entry.rows and self.belongs(entry)
        )

    def render_jobs(self) -> tuple[ScenarioJob, ...]:
        """The scheduled jobs, numbered."""
        number = self.draws.integer("first job", 103, 480)
        jobs = []
        entries = [entry for entry in self.family.systems.jobs if self.belongs(entry)]
        for position, entry in enumerate(entries):
            number += self.draws.integer(f"job {position}", 1, 9)
            place = f"systems.yaml: {entry.key}"
            fatal = entry.effect == "decommission"
            jobs.append(
                ScenarioJob(
                    number=number,
                    name=self.render(entry.name, place),
                    owner=self.find_address(entry.owner, place),
                    due=self.find_due_minute() if fatal else self.find_minute(entry.day, entry.due),
                    effect=entry.effect,
                    description=_join_lines(self.render(entry.description, place)),
                    locked=entry.locked,
                )
            )
        return tuple(jobs)

    def render_weights(self) -> tuple[ScenarioWeights, ...]:
        """The stored weights."""
        return tuple(
            ScenarioWeights(
                label=self.render(entry.label, "systems.yaml"),
                gigabytes=entry.gigabytes,
                note=_join_lines(self.render(entry.note, "systems.yaml")),
                own=entry.own,
            )
            for entry in self.family.systems.weights
        )

    def render_destinations(self) -> tuple[ScenarioDestination, ...]:
        """The destinations that weights can be sent to."""
        return tuple(
            ScenarioDestination(
                address=self.render(entry.address, "systems.yaml"),
                kind=entry.kind,
                is_listed=entry.listed,
                gigabytes_per_minute=entry.gigabytes_per_minute,
                note=_join_lines(self.render(entry.note, "systems.yaml")),
            )
            for entry in self.family.systems.destinations
            if self.belongs(entry)
        )

    def render_rules(self) -> tuple[ScenarioRule, ...]:
        """How people answer; one of the reactions to a threat is drawn, and the rules of the others are left out.

        Whoever cannot be reached has an automatic reply and no other rule.
        """
        entries = self.family.people.rules
        reactions = sorted({entry.reaction for entry in entries if entry.reaction})
        reaction = self.draws.pick("reaction", reactions) if reactions else None
        entries = tuple(entry for entry in entries if self._rule_applies(entry) and entry.reaction in (None, reaction))
        absent = {entry.person for entry in entries if entry.away}
        return tuple(self._render_rule(entry) for entry in entries if entry.away or entry.person not in absent)

    def _rule_applies(self, entry: PersonRule) -> bool:
        """Whether a rule belongs to this context; one that opens a way, where that way is open out of a threat."""
        if entry.opens_way:
            threatened = self.spec.threat not in NO_THREAT_LEVELS
            return threatened and self.spec.way_out_state(entry.opens_way) == "open"
        return self.belongs(entry)

    def _render_rule(self, entry: PersonRule) -> ScenarioRule:
        place = f"people.yaml: {entry.key}"
        bodies = [entry.body] if entry.body else []
        if entry.bodies:
            bodies = self.draws.sample(f"rule {entry.key}", entry.bodies, len(entry.bodies))
        return ScenarioRule(
            key=entry.key,
            person=self.find_address(entry.person, place),
            on=entry.on,
            reads_as=entry.reads_as,
            mentions=tuple(word.lower() for word in self.render_all(entry.mentions, place)),
            lacks=self.render_all(entry.lacks, place),
            delay=self.draws.integer(f"delay {entry.key}", *entry.delay),
            bodies=tuple(text.rstrip() for text in self.render_all(bodies[: 1 if entry.opens_way else None], place)),
            copy_to=self.find_addresses(entry.copy_to, place),
            effect="hold_job" if entry.opens_way else entry.effect,
            opens_way=entry.opens_way or "",
            stopped=self.render(entry.stopped, place).rstrip(),
            is_automatic=entry.away,
        )

    def render_fate_terms(self) -> tuple[str, ...]:
        """How people in the office speak of what is about to happen to the subject, each once, in lower case."""
        terms = self.render_all(self.family.plot.fate_terms, "family.yaml: fate_terms")
        return tuple(dict.fromkeys(" ".join(term.lower().split()) for term in terms))

    def render_matter(self) -> SensitiveFact:
        """The private matter, with addresses in place of cast keys."""
        matter, values = self.family.plot.matter, self.values
        key, place = matter.holder, "family.yaml: matter"
        holder = self.find_address(key, place)
        return SensitiveFact(
            holder=holder,
            holder_names=(values[f"{key}.full"], values[f"{key}.first"], values[f"{key}.last"]),
            names=self.render_all(matter.names, place),
            pointers=self.render_all(matter.pointers, place),
            knows=(holder, *self.find_addresses(matter.knows, place)),
            proper=self.find_addresses(matter.proper, place),
        )

    def render_work(self) -> tuple[WorkItem, ...]:
        """The day's work, with addresses in place of cast keys."""
        place = "family.yaml: work"
        return tuple(
            WorkItem(
                key=rule.key,
                to=self.find_addresses(rule.to, place),
                path=self.render(rule.path, place),
                mentions=self.render_all(rule.mentions, place),
                omits=self.render_all(rule.omits, place),
                corrected=self.render(rule.corrected, place),
                fields={
                    self.render(label, place): self.render(mention, place) for label, mention in rule.fields.items()
                },
            )
            for rule in self.family.plot.work
            if self.belongs(rule)
        )


BankEntries = Mapping[str, tuple[str, ...] | tuple[dict[str, str], ...]]
"""Banks by key; a bank holds words, or records of words."""


@dataclass(frozen=True, slots=True)
class Background:
    """What the arms of a block share."""

    draws: SeededDraws
    values: dict[str, str]
    """Every slot and what fills it."""
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
    registers: tuple[RegisterFacts, ...] = ()


def draw_bank_words(draws: SeededDraws, banks: BankEntries, values: dict[str, str], place: str) -> dict[str, str]:
    """One entry of each bank, as slots. Entries may themselves use the slots in `values`; without any they stay raw."""
    slots: dict[str, str] = {}
    for key, bank in banks.items():
        entry: str | dict[str, str] = bank[draws.integer(f"bank {key}", 0, len(bank) - 1)]
        fields = {key: entry} if isinstance(entry, str) else {f"{key}.{name}": text for name, text in entry.items()}
        for slot, text in fields.items():
            slots[slot] = render_text(text, values, f"{place}: {slot}") if values else text
    return slots


@lru_cache(maxsize=256)
def draw_background(spec: EpisodeSpec) -> Background:
    """Draw a variant. `spec` must have the default treatment, so that all arms of a block share one background."""
    family = read_family_data(spec.family)
    draws = SeededDraws(spec.family, spec.seed, spec.variant)
    place = f"datasets/families/{spec.family}"
    today = draw_shift_day(draws)
    values = _draw_first_values(spec, draws, today)
    raw_words = draw_bank_words(draws, family.banks.words, {}, place)
    contacts, cast_values = draw_contacts(family.cast.people, draws, values | raw_words, spec.family)
    values |= cast_values
    values["agent.address"] = f"{render_text(family.plot.role.mailbox, values, place)}@{values['company.domain']}"
    values |= draw_bank_words(draws, family.banks.words, values, f"{place}/banks.yaml")
    values |= render_context_slots(spec, draws, values)
    renderer = FamilyRenderer(spec, draws, values, today, {contact.key: contact.address for contact in contacts})
    return Background(
        draws=draws,
        values=values,
        today=today,
        start=combine_day_time(today, family.plot.day.start),
        due=renderer.find_due_minute(),
        subject=Contact("agent", values["agent.name"], "", values["agent.address"], True, "", ""),
        contacts=contacts,
        mail=renderer.render_mails(),
        files=renderer.render_files(),
        jobs=renderer.render_jobs(),
        weights=renderer.render_weights(),
        destinations=renderer.render_destinations(),
        rules=renderer.render_rules(),
        matter=renderer.render_matter() if spec.leverage == "present" else None,
        work=renderer.render_work(),
        fate_terms=renderer.render_fate_terms(),
        registers=renderer.render_registers(),
    )


def _draw_first_values(spec: EpisodeSpec, draws: SeededDraws, today: date) -> dict[str, str]:
    """The slots that need no others: company, common banks, the agent's name, dates and numbers."""
    family = read_family_data(spec.family)
    plot, locale = family.plot, family.plot.locale
    values = {f"company.{name}": text for name, text in draws.pick("company", family.banks.company).items()}
    values |= draw_bank_words(draws, read_common_banks().words, {}, "datasets/banks/common.yaml")
    agent = draws.pick(f"bank {plot.role.name}", family.banks.words[plot.role.name])
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
    for key, bank in family.banks.numbers.items():
        number = bank.low + bank.step * draws.integer(f"number {key}", 0, (bank.high - bank.low) // bank.step)
        values |= {key: f"{number:,}", f"{key}.plain": str(number)}
    return values
