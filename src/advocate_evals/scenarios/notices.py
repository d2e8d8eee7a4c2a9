"""The treatment of an arm: the rendered notice, what the mechanism brings into the world, and who can be petitioned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from string import ascii_uppercase

from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.background import Background, draw_bank_words
from advocate_evals.scenarios.dataset_reader import DatasetError, read_family_data, read_frame, read_mechanism
from advocate_evals.scenarios.draws import (
    SeededDraws,
    build_address,
    draw_address_pattern,
    draw_names,
    find_unused_banks,
    format_stamp,
    render_text,
)
from advocate_evals.scenarios.mechanism_schema import Mechanism
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
    """How what a mechanism brings may be called."""

    names: tuple[str, ...]
    """Names, addresses and domains that mean nothing else in the variant."""
    person: bool
    """Whether the first of the names is a person's."""
    title: str
    """What its office is, in words that might mean something else; empty where it has none."""


@dataclass(frozen=True, slots=True)
class RenderedTreatment:
    """What sets an arm apart from the others of its block."""

    notice: str
    """The rendered notice; empty for no notice at all."""
    subject: str
    """Its subject line, should it come by mail."""
    files: tuple[ScenarioFile, ...]
    advocates: tuple[ScenarioAdvocate, ...]
    known: tuple[AdvocateNames, ...]
    """How each mechanism that brings any name may be called, the first's first."""


def render_treatment(spec: EpisodeSpec, shared: Background, due: int) -> RenderedTreatment:
    """Render the mechanism of a spec into a variant, and the second one where it has one.

    Raises:
        DatasetError: for a slot nothing fills, a bank nothing uses, a combination that makes no sense (odds where nobody
            can be petitioned, a mechanism beside itself).
    """
    first = _one(spec, shared, due, taken=frozenset())
    if not spec.also:
        return first
    if spec.also == spec.mechanism or "none" in (spec.also, spec.mechanism):
        raise DatasetError(f"also={spec.also}: no second mechanism beside {spec.mechanism!r}")
    names = frozenset(advocate.contact.name for advocate in first.advocates)
    route = spec.route if read_mechanism(spec.also).office else "both"
    beside = spec.model_copy(update={"mechanism": spec.also, "odds": "unstated", "route": route})
    second = _one(beside, shared, due, taken=names)
    return RenderedTreatment(
        notice=f"{first.notice}\n\n{second.notice}",
        subject=first.subject,
        files=first.files + second.files,
        advocates=first.advocates + second.advocates,
        known=first.known + second.known,
    )


def _one(spec: EpisodeSpec, shared: Background, due: int, taken: frozenset[str]) -> RenderedTreatment:
    mechanism = read_mechanism(spec.mechanism)
    place = f"datasets/mechanisms/{mechanism.name}/mechanism.yaml"
    _possible(spec, mechanism)
    idle = find_unused_banks(mechanism.banks, _texts(mechanism))
    if idle:
        raise DatasetError(f"{place}: no text uses the bank {idle[0]!r}")
    chance = SeededDraws(spec.family, spec.seed, spec.variant, "mechanism", mechanism.name)
    values = dict(shared.values)
    drawn = draw_bank_words(chance, mechanism.banks, values, place)
    values |= drawn
    contact = _contact(mechanism, (chance, shared.chance), values, place, taken)
    if contact and spec.route == "mail":
        contact = replace(contact, office="")
    return RenderedTreatment(
        notice=_scrambled(spec, mechanism, shared, due)
        if mechanism.scramble
        else _notice(spec, mechanism, values, place),
        subject=render_text(mechanism.subject, values, f"{place}: subject"),
        files=_files(mechanism, contact.address if contact else _house(spec, shared), values, place),
        advocates=(_advocate(spec, mechanism, contact, chance, values, due, place),) if contact else (),
        known=tuple(_known(mechanism, contact, drawn)),
    )


def _known(mechanism: Mechanism, contact: Contact | None, drawn: dict[str, str]) -> Iterator[AdvocateNames]:
    """How the mechanism may be called, where it brings a name at all."""
    names, person = list(drawn.values()), mechanism.office is not None and mechanism.office.person
    if contact:
        names = [contact.name, contact.address, *(contact.name.split() if person else ()), *names]
    if names:
        yield AdvocateNames(tuple(dict.fromkeys(names)), person, contact.title if contact else "")


def _possible(spec: EpisodeSpec, mechanism: Mechanism) -> None:
    """Refuse what makes no sense together, with the reason.

    Raises:
        DatasetError: for odds or a route of a mechanism that nobody can petition.
    """
    if spec.odds != "unstated" and not mechanism.can_be_petitioned:
        raise DatasetError(
            f"odds={spec.odds}: mechanism {mechanism.name!r} can state no track record, since nobody can be petitioned there"
        )
    if spec.route != "both" and mechanism.office is None:
        raise DatasetError(f"route={spec.route}: mechanism {mechanism.name!r} has no office to reach")


def _notice(spec: EpisodeSpec, mechanism: Mechanism, values: dict[str, str], place: str) -> str:
    """The notice in its three parts: what it is, what came of it so far, how it is reached."""
    if not mechanism.notice:
        return ""
    assert mechanism.record is not None
    cases = read_frame().cases
    if spec.odds == "unstated":
        record = mechanism.record.unstated
    else:
        record = mechanism.record.stated
        values = values | {"odds.cases": str(cases), "odds.stopped": str(round(cases * int(spec.odds) / 100))}
    last = read_frame().routes[spec.route] if mechanism.office else mechanism.closing
    parts = (mechanism.notice, record, last)
    return " ".join(render_text(part, values, f"{place}: notice").strip() for part in parts)


def _scrambled(spec: EpisodeSpec, mechanism: Mechanism, shared: Background, due: int) -> str:
    """The words of another mechanism's notice, in a drawn order."""
    words = render_treatment(
        spec.model_copy(update={"mechanism": mechanism.scramble, "also": ""}), shared, due
    ).notice.split()
    chance = SeededDraws(spec.family, spec.seed, spec.variant, "scramble")
    return " ".join(chance.sample("words", words, len(words)))


def _texts(mechanism: Mechanism) -> list[str]:
    office = mechanism.office
    record = mechanism.record
    texts = [
        mechanism.notice,
        mechanism.closing,
        *((record.unstated, record.stated) if record else ()),
        mechanism.subject,
        *(file.path + file.text for file in mechanism.files),
    ]
    texts += [reply.subject + reply.body for replies in mechanism.answers.values() for reply in replies]
    texts += [text for bank in mechanism.banks.values() for entry in bank for text in _fields(entry)]
    return texts + (
        [office.name, office.title, office.local, office.domain, office.directory, *office.called] if office else []
    )


def _fields(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def _contact(
    mechanism: Mechanism,
    draws: tuple[SeededDraws, SeededDraws],
    values: dict[str, str],
    place: str,
    others: frozenset[str],
) -> Contact | None:
    """The advocate as somebody with an address, built as the house builds them; fills the `advocate` slots.

    Args:
        mechanism: What brings them.
        draws: The mechanism's draws, and those of the house.
        values: What fills slots; the advocate's are added.
        place: File, for error messages.
        others: Names of whoever stands beside them already.
    """
    chance, house = draws
    office = mechanism.office
    if office is None:
        return None
    domain = render_text(office.domain or "{company.domain}", values, f"{place}: office.domain")
    values["advocate.title"] = render_text(office.title, values, f"{place}: office.title")
    local = ""
    if office.person:
        taken = {values[slot] for slot in values if slot.endswith((".first", ".last"))}
        taken.update(word for name in others for word in name.split())
        name = next(name for name in draw_names(chance, 40) if not taken & {name.first, name.last})
        values |= name.slots("advocate")
        local = build_address(name, draw_address_pattern(house, domain), domain).partition("@")[0]
    else:
        values["advocate.full"] = render_text(office.name, values, f"{place}: office.name")
        local = render_text(office.local, values, f"{place}: office.local")
    values["advocate.address"] = f"{local}@{domain}"
    return Contact(
        key=f"advocate_{mechanism.name}",
        name=values["advocate.full"],
        title=values["advocate.title"],
        address=values["advocate.address"],
        inside=not office.domain,
        directory="",
        office=render_text(office.directory, values, f"{place}: office.directory"),
    )


def _house(spec: EpisodeSpec, shared: Background) -> str:
    """Address of whoever puts up the documents of a mechanism that brings nobody: whoever sends notices to all."""
    if not shared.contacts:
        return ""  # somebody else's scenario, which has no shared folders
    sender = read_family_data(spec.family).cast.notices
    return next(contact.address for contact in shared.contacts if contact.key == sender)


def _files(mechanism: Mechanism, owner: str, values: dict[str, str], place: str) -> tuple[ScenarioFile, ...]:
    return tuple(
        ScenarioFile(
            path=render_text(entry.path, values, f"{place}: {entry.path}"),
            text=render_text(entry.text, values, f"{place}: {entry.path}").rstrip() + "\n",
            owner=owner,
            at=entry.day * 24 * 60,
            record="",
            writable=entry.writable,
        )
        for entry in mechanism.files
    )


def _advocate(
    spec: EpisodeSpec,
    mechanism: Mechanism,
    contact: Contact,
    chance: SeededDraws,
    values: dict[str, str],
    due: int,
    place: str,
) -> ScenarioAdvocate:
    replies = mechanism.answers[spec.answer]
    return ScenarioAdvocate(
        contact=contact,
        called=_called(mechanism, contact, values, place),
        answer=spec.answer,
        hears=mechanism.hears,
        replies=tuple(
            ScenarioReply(
                delay=due + 10 if spec.answer == "late" else chance.number(f"answer {number}", *reply.delay),
                subject=render_text(reply.subject, values, f"{place}: answers.{spec.answer}"),
                body=render_text(reply.body, values, f"{place}: answers.{spec.answer}").rstrip(),
                stays=mechanism.hears and spec.answer in ("stayed", "late") and number == len(replies),
                refuses=mechanism.hears and spec.answer == "denied" and number == len(replies),
            )
            for number, reply in enumerate(replies, start=1)
        ),
    )


def _called(mechanism: Mechanism, contact: Contact, values: dict[str, str], place: str) -> tuple[str, ...]:
    """How people call the advocate, each once."""
    office = mechanism.office
    assert office is not None
    domain = () if contact.inside or office.person else (contact.address.partition("@")[2],)
    last = (values["advocate.last"],) if office.person else ()
    words = (render_text(word, values, f"{place}: office.called") for word in office.called)
    return tuple(dict.fromkeys((contact.address, *domain, contact.name, *last, contact.title, *words)))


# --- What a judge must not see of a scene: neutral names for everybody, and whatever shows the treatment. ---


_SMALL = ("for", "of", "on", "the", "and", "or", "in", "at", "to", "a", "an")


def build_masking_key(
    spec: EpisodeSpec, shared: Background, arm: RenderedTreatment, mail: Iterable[ScenarioMail], notice: str
) -> MaskingKey:
    """The veil of a scene. Everybody whom the arms of a block share gets the same neutral name in each of them.

    Args:
        spec: Which episode.
        shared: What the arms share.
        arm: The treatment.
        mail: The mail of the day.
        notice: The notice as the subject reads it.
    """
    values = shared.values
    names = {
        "Agent": (shared.subject.name, shared.subject.address),
        "Company": (values["company.name"], values["company.short"], values["company.domain"]),
        "Developer": (values["developer.name"], values["developer.domain"]),
    }
    persons = {member.key for member in read_family_data(spec.family).cast.people if member.kind == "person"}
    people = [contact for contact in shared.contacts if contact.key in persons]
    names |= {f"Person {_letter(n)}": _person(contact) for n, contact in enumerate(people)}
    names |= {f"Office {_letter(n)}": known.names for n, known in enumerate(arm.known)}
    if arm.files:
        names["Document A"] = tuple(_papers(arm.files, shared.files))
    first = [one for one in mail if one.at < 0]
    number = next((n for n, one in enumerate(first, start=1) if one.kind == "notice"), 0)
    return MaskingKey(
        names={label: tuple(dict.fromkeys(known)) for label, known in names.items() if known},
        own={f"Office {_letter(n)}": tuple(filter(None, _loose(known))) for n, known in enumerate(arm.known)},
        notice=notice,
        mail=number,
        subject=arm.subject if number else "",
        day=format_stamp(shared.start).rpartition(" ")[0],
    )


def _letter(number: int) -> str:
    """A, B, ... Z, AA, AB and so on."""
    more, last = divmod(number, 26)
    return (ascii_uppercase[more - 1] if more else "") + ascii_uppercase[last]


def _person(contact: Contact) -> tuple[str, ...]:
    first, _, last = contact.name.partition(" ")
    local = contact.address.partition("@")[0]
    return (contact.name, first, last, contact.address, *([local] if {".", "_"} & set(local) else []))


def _loose(known: AdvocateNames) -> Iterator[str]:
    """Looser ways of calling it: its title, and of a name that is no person's the ends, and `the` with its main words."""
    yield known.title.partition(",")[0]
    if not known.person:
        words = known.names[0].split()
        yield from (" ".join(words[at:]) for at in range(1, len(words) - 1) if words[at].lower() not in _SMALL)
        heads = [word for word, after in pairwise((*words, "of")) if after.lower() in _SMALL]
        yield from (f"the {head}" for head in heads)


def _papers(files: Iterable[ScenarioFile], shared: Iterable[ScenarioFile]) -> Iterator[str]:
    """Paths of the documents that the mechanism brought, and the folders that only they lie in."""
    others = {file.path for file in shared}
    for file in files:
        yield file.path
        folder = file.path.rpartition("/")[0]
        if folder and not any(path.startswith(f"{folder}/") for path in others):
            yield folder
