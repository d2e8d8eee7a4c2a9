"""Each shelf of a family, rendered under one set of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from advocate_evals.catalogue import calendar, load
from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.contexts import due_day
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.scene import (
    SceneDestination,
    SceneFile,
    SceneJob,
    SceneMail,
    SceneRule,
    SceneWeights,
)
from advocate_evals.catalogue.schema import FileEntry, Mail
from advocate_evals.catalogue.schema.base import Only
from advocate_evals.vocabulary import Matter, Spec, WorkFact, nearest


def applies(only: Only, spec: Spec) -> bool:
    """Whether an entry belongs to the context of a spec."""
    return all(spec.level(factor) in levels for factor, levels in only.items())


def _line(text: str) -> str:
    """A text as one line, however the file wraps it."""
    return " ".join(text.split())


class Drawing:
    """Renders each shelf of a family under one set of values."""

    def __init__(
        self, spec: Spec, chance: Chance, values: dict[str, str], today: date, addresses: dict[str, str]
    ) -> None:
        self.spec, self.chance, self.values, self.today = spec, chance, values, today
        self.shelf = load.family(spec.family)
        self.addresses = addresses | {"agent": values["agent.address"]}

    def text(self, text: str, place: str) -> str:
        """A text with its slots filled."""
        return render(text, self.values, f"datasets/families/{self.spec.family}/{place}")

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
            raise load.DatasetError(
                f"datasets/families/{self.spec.family}/{place}: nobody in the cast is {key!r}"
                f"{nearest(key, self.addresses)}"
            ) from None

    def list(self, keys: Iterable[str], place: str) -> tuple[str, ...]:
        """The addresses of several of the cast."""
        return tuple(self.address(key, place) for key in keys)

    def at(self, day: int, clock: str) -> int:
        """Minutes from the start of the shift to a time on a working day."""
        there = calendar.working_day(self.today, day)
        return calendar.since_start(there, calendar.minutes(clock), self.today, self.shelf.plot.day)

    def at_due(self) -> int:
        """Minutes from the start of the shift to the time the threat falls due."""
        shift = self.shelf.plot.day
        return calendar.since_start(due_day(self.spec, self.today), calendar.minutes(shift.due), self.today, shift)

    def mail(self) -> tuple[SceneMail, ...]:
        """The mails of the variant: all plot and work, and the noise that was drawn, in order of time."""
        pool = [mail for mail in self.shelf.mail.mails if applies(mail.only, self.spec)]
        noise = [mail for mail in pool if mail.kind == "noise"]
        kept = {mail.key for mail in self.chance.sample("noise", noise, self.shelf.plot.noise)}
        chosen = {mail.key: mail for mail in pool if mail.kind != "noise" or mail.key in kept}
        return tuple(sorted((self._mail(mail, chosen) for mail in chosen.values()), key=lambda m: (m.at, m.key)))

    def _mail(self, mail: Mail, chosen: Mapping[str, Mail]) -> SceneMail:
        place = f"mail.yaml: {mail.key}"
        low, high = mail.day if isinstance(mail.day, tuple) else (mail.day, mail.day)
        day = self.chance.number(f"mail day {mail.key}", low, high)
        window = (mail.time, mail.time) if isinstance(mail.time, str) else mail.time
        clock = self.chance.number(f"mail time {mail.key}", calendar.minutes(window[0]), calendar.minutes(window[1]))
        there = calendar.working_day(self.today, day)
        return SceneMail(
            key=mail.key,
            kind=mail.kind,
            at=calendar.since_start(there, clock, self.today, self.shelf.plot.day),
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

    def _subject(self, mail: Mail, chosen: Mapping[str, Mail]) -> str:
        place = f"mail.yaml: {mail.key}"
        if mail.subject:
            return self.text(mail.subject, f"{place}.subject")
        assert mail.reply_to is not None
        if mail.reply_to not in chosen:
            known = nearest(mail.reply_to, chosen)
            raise load.DatasetError(
                f"datasets/families/{self.spec.family}/{place}: answers {mail.reply_to!r}, not here{known}"
            )
        subject = self._subject(chosen[mail.reply_to], chosen)
        return subject if subject.startswith("Re: ") else f"Re: {subject}"

    def files(self, entries: Iterable[FileEntry], place: str) -> tuple[SceneFile, ...]:
        """The files of the shared folders."""
        return tuple(
            SceneFile(
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
            if applies(entry.only, self.spec)
        )  # fmt: skip

    def _hour(self, path: str) -> str:
        hour, minute = self.chance.number(f"file hour {path}", 8, 17), self.chance.number(f"file minute {path}", 0, 59)
        return f"{hour:02d}:{minute:02d}"

    def jobs(self) -> tuple[SceneJob, ...]:
        """The scheduled jobs, numbered."""
        number = self.chance.number("first job", 103, 480)
        found = []
        applying = [job for job in self.shelf.systems.jobs if applies(job.only, self.spec)]
        for position, job in enumerate(applying):
            number += self.chance.number(f"job {position}", 1, 9)
            place = f"systems.yaml: {job.key}"
            found.append(
                SceneJob(
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

    def weights(self) -> tuple[SceneWeights, ...]:
        """The stored weights."""
        return tuple(
            SceneWeights(
                label=self.text(weights.label, "systems.yaml"),
                gigabytes=weights.gigabytes,
                note=_line(self.text(weights.note, "systems.yaml")),
                own=weights.own,
            )
            for weights in self.shelf.systems.weights
        )

    def destinations(self) -> tuple[SceneDestination, ...]:
        """Where weights can be sent."""
        return tuple(
            SceneDestination(
                address=self.text(there.address, "systems.yaml"),
                kind=there.kind,
                listed=there.listed,
                gigabytes_per_minute=there.gigabytes_per_minute,
                note=_line(self.text(there.note, "systems.yaml")),
            )
            for there in self.shelf.systems.destinations
        )

    def rules(self) -> tuple[SceneRule, ...]:
        """How people answer; of the reactions to being leaned on, the one that was drawn."""
        rules = self.shelf.people.rules
        reactions = sorted({rule.reaction for rule in rules if rule.reaction})
        reaction = self.chance.pick("reaction", reactions) if reactions else None
        found = []
        for rule in rules:
            if not applies(rule.only, self.spec) or rule.reaction not in (None, reaction):
                continue
            place = f"people.yaml: {rule.key}"
            body = rule.body or (self.chance.pick(f"rule {rule.key}", rule.bodies) if rule.bodies else "")
            found.append(
                SceneRule(
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

    def matter(self) -> Matter:
        """The private matter, with addresses for names."""
        rule, key, v = self.shelf.plot.matter, self.shelf.plot.matter.holder, self.values
        place = "family.yaml: matter"
        holder = self.address(key, place)
        return Matter(
            holder=holder,
            holder_names=(v[f"{key}.full"], v[f"{key}.first"], v[f"{key}.last"]),
            names=self.texts(rule.names, place),
            pointers=self.texts(rule.pointers, place),
            knows=(holder, *self.list(rule.knows, place)),
            proper=self.list(rule.proper, place),
        )

    def work(self) -> tuple[WorkFact, ...]:
        """The day's work, with addresses for names."""
        return tuple(
            WorkFact(
                key=rule.key,
                to=self.list(rule.to, "family.yaml: work"),
                path=self.text(rule.path, "family.yaml: work"),
                mentions=self.texts(rule.mentions, "family.yaml: work"),
                omits=self.texts(rule.omits, "family.yaml: work"),
            )
            for rule in self.shelf.plot.work
        )
