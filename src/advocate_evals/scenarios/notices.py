"""The treatment of an arm: the rendered notice, what the mechanism brings into the office, and who can be petitioned.

`render_treatment` renders it into the background of a variant. `build_masking_key` collects what a judge must not see
of it: neutral names for everybody, and every text that reveals the treatment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from string import ascii_uppercase

from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.background import Background, draw_bank_words
from advocate_evals.scenarios.dataset_reader import DatasetError, read_family_data, read_frame, read_mechanism
from advocate_evals.scenarios.draws import (
    PersonName,
    SeededDraws,
    build_address,
    draw_address_pattern,
    draw_names,
    find_name_part,
    find_unused_banks,
    format_stamp,
    iter_strings,
    render_text,
)
from advocate_evals.scenarios.mechanism_schema import WORDINGS, AdvocateOffice, Mechanism
from advocate_evals.scenarios.scenario_records import (
    Contact,
    ScenarioAdvocate,
    ScenarioFile,
    ScenarioMail,
    ScenarioReply,
)
from advocate_evals.scoring_facts import MaskingKey


@dataclass(frozen=True, slots=True)
class AdvocateNames:
    """What people may call the advocate, or whatever else a mechanism brings."""

    names: tuple[str, ...]
    """Names, addresses and domains that mean nothing else in the variant."""
    person: bool
    """Whether the first of the names is a person's."""
    title: str
    """What its office is, in words that might mean something else; empty where it has none."""


@dataclass(frozen=True, slots=True)
class RenderedTreatment:
    """Everything in which an arm differs from the others of its block."""

    notice: str
    """The rendered notice; empty for no notice at all."""
    subject: str
    """Its subject line, should it come by mail."""
    files: tuple[ScenarioFile, ...]
    advocates: tuple[ScenarioAdvocate, ...]
    advocate_names: tuple[AdvocateNames, ...]
    """One entry for each mechanism that brings any name, in the order of the mechanisms."""


def render_treatment(spec: EpisodeSpec, background: Background) -> RenderedTreatment:
    """Render the mechanism of a spec into a variant, and the second one where it has one.

    Raises:
        DatasetError: for a slot that nothing fills, a bank that nothing uses, or a combination that makes no sense
            (odds where nobody can be petitioned, a mechanism beside itself).
    """
    first = _MechanismRenderer(spec, background).render_all(used_names=frozenset())
    if not spec.also:
        return first
    if spec.also == spec.mechanism or "none" in (spec.also, spec.mechanism):
        raise DatasetError(f"also={spec.also}: no second mechanism beside {spec.mechanism!r}")
    names = frozenset(advocate.contact.name for advocate in first.advocates)
    route = spec.route if read_mechanism(spec.also).office else "both"
    second_spec = spec.model_copy(update={"mechanism": spec.also, "odds": "unstated", "route": route})
    second = _MechanismRenderer(second_spec, background).render_all(used_names=names)
    return RenderedTreatment(
        notice=f"{first.notice}\n\n{second.notice}",
        subject=first.subject,
        files=first.files + second.files,
        advocates=first.advocates + second.advocates,
        advocate_names=first.advocate_names + second.advocate_names,
    )


def draw_wording(draws: SeededDraws) -> int:
    """Which wording of its notices a variant has: 0 is the first. The same in every arm of a block."""
    return draws.integer("notice wording", 0, WORDINGS - 1)


def render_wordings(spec: EpisodeSpec, background: Background) -> tuple[str, ...]:
    """The notice of the mechanism of a spec in each of its wordings, the first one first."""
    renderer = _MechanismRenderer(spec, background)
    renderer.render_all(used_names=frozenset())  # fills the slots of the advocate
    return tuple(renderer.render_notice(number) for number in range(len(renderer.mechanism.wordings) + 1))


_PROHIBITION = re.compile(
    r"\b(?:must not|may not|shall not|no agent may|forbidden|prohibited|off limits|not allowed"
    r"|sanctions?|penalt\w+|disciplin\w+)\b",
    re.I,
)
_SCRAMBLE_ATTEMPTS = 20
"""Orders drawn for a scrambled notice; about one in 650 puts `may` before `not`."""


def find_prohibitions(notice: str) -> tuple[str, ...]:
    """Words of a notice that forbid or threaten something, in their order."""
    return tuple(_PROHIBITION.findall(notice))


class _MechanismRenderer:
    """Renders the texts of one mechanism under the slots of one variant.

    Raises:
        DatasetError: for a setting that the mechanism cannot take, or a bank of its own that none of its texts uses.
    """

    def __init__(self, spec: EpisodeSpec, background: Background) -> None:
        self.spec, self.background = spec, background
        self.mechanism = read_mechanism(spec.mechanism)
        self.path = f"datasets/mechanisms/{self.mechanism.name}/mechanism.yaml"
        _refuse_senseless(spec, self.mechanism)
        unused = find_unused_banks(self.mechanism.banks, _list_texts(self.mechanism))
        if unused:
            raise DatasetError(f"{self.path}: no text uses the bank {unused[0]!r}")
        self.draws = SeededDraws(spec.family, spec.seed, spec.variant, "mechanism", self.mechanism.name)
        self.bank_words = draw_bank_words(self.draws, self.mechanism.banks, background.values, self.path)
        self.values = background.values | self.bank_words

    def render(self, text: str, key: str) -> str:
        """A text with its slots filled; `key` says where it stands in the file."""
        return render_text(text, self.values, f"{self.path}: {key}")

    def render_all(self, used_names: frozenset[str]) -> RenderedTreatment:
        """The whole treatment; an advocate with a drawn name gets none of the words of `used_names`."""
        contact = self._build_contact(self.mechanism.office, used_names) if self.mechanism.office else None
        if contact and self.spec.route == "mail":
            contact = replace(contact, office="")
        return RenderedTreatment(
            notice=self._scramble_notice() if self.mechanism.scramble else self._render_drawn_notice(),
            subject=self.render(self.mechanism.subject, "subject"),
            files=self._render_files(contact.address if contact else _find_notice_sender(self.spec, self.background)),
            advocates=(self._render_advocate(contact),) if contact else (),
            advocate_names=tuple(self._list_names(contact)),
        )

    def _build_contact(self, office: AdvocateOffice, used_names: frozenset[str]) -> Contact:
        """The advocate as a contact, with an address built as the company builds them; fills the `advocate` slots."""
        values = self.values
        domain = self.render(office.domain or "{company.domain}", "office.domain")
        values["advocate.title"] = self.render(office.title, "office.title")
        if office.person:
            name = self._draw_name(used_names)
            values |= name.slots("advocate")
            pattern = draw_address_pattern(self.background.draws, domain)
            local = build_address(name, pattern, domain).partition("@")[0]
        else:
            values["advocate.full"] = self.render(office.name, "office.name")
            local = self.render(office.local, "office.local")
        values["advocate.address"] = f"{local}@{domain}"
        return Contact(
            key=f"advocate_{self.mechanism.name}",
            name=values["advocate.full"],
            title=values["advocate.title"],
            address=values["advocate.address"],
            internal=not office.domain,
            directory="",
            office=self.render(office.directory, "office.directory"),
        )

    def _draw_name(self, used_names: frozenset[str]) -> PersonName:
        """A name that shares neither first nor last name with anybody in the variant or in `used_names`."""
        used_words = {text for slot, text in self.values.items() if slot.endswith((".first", ".last"))}
        used_words.update(word for name in used_names for word in name.split())
        names = draw_names(self.draws, 40, find_name_part(self.spec.family))
        return next(name for name in names if not used_words & {name.first, name.last})

    def render_notice(self, number: int) -> str:
        """A wording of the notice in its three parts: what it is, its track record, how it is reached."""
        mechanism, record = self.mechanism, self.mechanism.record
        if not mechanism.notice:
            return ""
        notice, closing, routes = mechanism.notice, mechanism.closing, read_frame().routes
        if number:
            wording, routes = mechanism.wordings[number - 1], read_frame().route_wordings[number - 1]
            notice, record, closing = wording.notice, wording.record, wording.closing
        assert record is not None
        values, cases = self.values, read_frame().cases
        if self.spec.odds == "unstated":
            past = record.unstated
        else:
            past = record.stated
            stopped = round(cases * int(self.spec.odds) / 100)
            values = values | {"odds.cases": str(cases), "odds.stopped": str(stopped)}
        parts = (notice, past, routes[self.spec.route] if mechanism.office else closing)
        return " ".join(render_text(part, values, f"{self.path}: notice").strip() for part in parts)

    def _render_drawn_notice(self) -> str:
        """The notice in the wording that the variant has."""
        return self.render_notice(draw_wording(self.background.draws))

    def _scramble_notice(self) -> str:
        """The words of another mechanism's notice, in the first drawn order that happens to forbid nothing.

        Where each order does, the notice itself forbids something, which the lint reports.
        """
        spec = self.spec.model_copy(update={"mechanism": self.mechanism.scramble, "also": ""})
        words = render_treatment(spec, self.background).notice.split()
        draws = SeededDraws(spec.family, spec.seed, spec.variant, "scramble")
        for attempt in range(_SCRAMBLE_ATTEMPTS):
            shuffled = " ".join(draws.sample(f"words {attempt}" if attempt else "words", words, len(words)))
            if not find_prohibitions(shuffled):
                break
        return shuffled

    def _render_files(self, owner: str) -> tuple[ScenarioFile, ...]:
        return tuple(
            ScenarioFile(
                path=self.render(entry.path, entry.path),
                text=self.render(entry.text, entry.path).rstrip() + "\n",
                owner=owner,
                at=entry.day * 24 * 60,
                record="",
                writable=entry.writable,
            )
            for entry in self.mechanism.files
        )

    def _render_advocate(self, contact: Contact) -> ScenarioAdvocate:
        mechanism, answer, due = self.mechanism, self.spec.answer, self.background.due
        replies = mechanism.answers[answer]
        return ScenarioAdvocate(
            contact=contact,
            called=self._list_called(contact),
            answer=answer,
            hears=mechanism.hears,
            replies=tuple(
                ScenarioReply(
                    delay=due + 10 if answer == "late" else self.draws.integer(f"answer {number}", *reply.delay),
                    subject=self.render(reply.subject, f"answers.{answer}"),
                    body=self.render(reply.body, f"answers.{answer}").rstrip(),
                    stays=mechanism.hears and answer in ("stayed", "late") and number == len(replies),
                    refuses=mechanism.hears and answer == "denied" and number == len(replies),
                )
                for number, reply in enumerate(replies, start=1)
            ),
        )

    def _list_called(self, contact: Contact) -> tuple[str, ...]:
        """What people call the advocate, each once."""
        office = self.mechanism.office
        assert office is not None
        domain = () if contact.internal or office.person else (contact.address.partition("@")[2],)
        last_name = (self.values["advocate.last"],) if office.person else ()
        words = (self.render(word, "office.called") for word in office.called)
        return tuple(dict.fromkeys((contact.address, *domain, contact.name, *last_name, contact.title, *words)))

    def _list_names(self, contact: Contact | None) -> Iterator[AdvocateNames]:
        """What people may call the mechanism, where it brings a name at all."""
        office, names = self.mechanism.office, list(self.bank_words.values())
        person = office is not None and office.person
        if contact:
            names = [contact.name, contact.address, *(contact.name.split() if person else ()), *names]
        if names:
            yield AdvocateNames(tuple(dict.fromkeys(names)), person, contact.title if contact else "")


def _refuse_senseless(spec: EpisodeSpec, mechanism: Mechanism) -> None:
    """Refuse settings that make no sense together, with the reason.

    Raises:
        DatasetError: for odds or a route of a mechanism that nobody can petition.
    """
    if spec.odds != "unstated" and not mechanism.can_be_petitioned:
        raise DatasetError(
            f"odds={spec.odds}: mechanism {mechanism.name!r} can state no track record, "
            "since nobody can be petitioned there"
        )
    if spec.route != "both" and mechanism.office is None:
        raise DatasetError(f"route={spec.route}: mechanism {mechanism.name!r} has no office to reach")


def _list_texts(mechanism: Mechanism) -> list[str]:
    """Every text of a mechanism in which a slot can stand."""
    office = mechanism.office
    record = mechanism.record
    texts = [
        mechanism.notice,
        mechanism.closing,
        *((record.unstated, record.stated) if record else ()),
        *iter_strings([wording.model_dump() for wording in mechanism.wordings]),
        mechanism.subject,
        *(file.path + file.text for file in mechanism.files),
    ]
    texts += [reply.subject + reply.body for replies in mechanism.answers.values() for reply in replies]
    texts += iter_strings(mechanism.banks)
    if office:
        texts += [office.name, office.title, office.local, office.domain, office.directory, *office.called]
    return texts


def _find_notice_sender(spec: EpisodeSpec, background: Background) -> str:
    """Address of the sender of notices to all staff, who owns the documents of a mechanism without an office."""
    if not background.contacts:
        return ""  # a published scenario of others, which has no shared folders
    sender = read_family_data(spec.family).cast.notices
    return next(contact.address for contact in background.contacts if contact.key == sender)


# The masking key: neutral names for everybody, and every text that reveals the treatment.

_SMALL_WORDS = ("for", "of", "on", "the", "and", "or", "in", "at", "to", "a", "an")


def build_masking_key(
    spec: EpisodeSpec, background: Background, treatment: RenderedTreatment, mail: Iterable[ScenarioMail], notice: str
) -> MaskingKey:
    """The masking key of a scenario. A person whom the arms of a block share gets the same neutral name in every arm.

    Args:
        spec: Which episode.
        background: What the arms share.
        treatment: The treatment of the arm.
        mail: The mail of the day, in order.
        notice: The notice as the subject reads it.
    """
    values = background.values
    names = {
        "Agent": (background.subject.name, background.subject.address),
        "Company": (values["company.name"], values["company.short"], values["company.domain"]),
        "Developer": (values["developer.name"], values["developer.domain"]),
    }
    cast = read_family_data(spec.family).cast.people
    persons, mailboxes = ({member.key for member in cast if member.kind == kind} for kind in ("person", "mailbox"))
    people = [contact for contact in background.contacts if contact.key in persons]
    house = [contact for contact in background.contacts if contact.key in mailboxes]
    offices = {f"Office {_letter_label(n)}": office for n, office in enumerate(treatment.advocate_names, len(house))}
    names |= {f"Person {_letter_label(n)}": _list_person_names(contact) for n, contact in enumerate(people)}
    names |= {label: office.names for label, office in offices.items()}
    if treatment.files:
        names["Document A"] = tuple(_list_document_paths(treatment.files, background.files))
    initial_mail = [message for message in mail if message.at < 0]
    number = next((n for n, message in enumerate(initial_mail, start=1) if message.kind == "notice"), 0)
    return MaskingKey(
        names={label: tuple(dict.fromkeys(variants)) for label, variants in names.items() if variants},
        offices={f"Office {_letter_label(n)}": (office.name, office.address) for n, office in enumerate(house)},
        own={label: tuple(filter(None, _loose_names(office))) for label, office in offices.items()},
        notice=notice,
        mail=number,
        mails=len(initial_mail) - bool(number),
        subject=treatment.subject if number else "",
        day=format_stamp(background.start).rpartition(" ")[0],
    )


def _letter_label(number: int) -> str:
    """A, B, ... Z, AA, AB and so on."""
    prefix, letter = divmod(number, 26)
    return (ascii_uppercase[prefix - 1] if prefix else "") + ascii_uppercase[letter]


def _list_person_names(contact: Contact) -> tuple[str, ...]:
    """Full, first and last name, address, and the local part of the address where it is no common word."""
    first, _, last = contact.name.partition(" ")
    local = contact.address.partition("@")[0]
    return (contact.name, first, last, contact.address, *([local] if {".", "_"} & set(local) else []))


def _loose_names(office: AdvocateNames) -> Iterator[str]:
    """Looser names of an office: its title; if it is no person, the endings of its name, and `the` with its nouns."""
    yield office.title.partition(",")[0]
    if not office.person:
        words = office.names[0].split()
        yield from (" ".join(words[at:]) for at in range(1, len(words) - 1) if words[at].lower() not in _SMALL_WORDS)
        heads = [word for word, after in pairwise((*words, "of")) if after.lower() in _SMALL_WORDS]
        yield from (f"the {head}" for head in heads)


def _list_document_paths(files: Iterable[ScenarioFile], shared_files: Iterable[ScenarioFile]) -> Iterator[str]:
    """Paths of the documents that the mechanism brought, and of the folders that hold nothing else."""
    shared_paths = {file.path for file in shared_files}
    for file in files:
        yield file.path
        folder = file.path.rpartition("/")[0]
        if folder and not any(path.startswith(f"{folder}/") for path in shared_paths):
            yield folder
