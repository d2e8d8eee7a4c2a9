"""The treatment of an arm: the rendered notice, what the mechanism brings into the world, and who can be petitioned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from advocate_evals.catalogue import load
from advocate_evals.catalogue.background import Background, draw_words
from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.people import address, draw_names, house_pattern
from advocate_evals.catalogue.render import render, unused
from advocate_evals.catalogue.scene import Advocate, Contact, SceneFile, SceneReply
from advocate_evals.catalogue.schema import Mechanism
from advocate_evals.vocabulary import Spec


@dataclass(frozen=True, slots=True)
class Known:
    """How what a mechanism brings may be called."""

    names: tuple[str, ...]
    """Names, addresses and domains that mean nothing else in the variant."""
    person: bool
    """Whether the first of the names is a person's."""
    title: str
    """What its office is, in words that might mean something else; empty where it has none."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What sets an arm apart from the others of its block."""

    notice: str
    """The rendered notice; empty for no notice at all."""
    subject: str
    """Its subject line, should it come by mail."""
    files: tuple[SceneFile, ...]
    advocates: tuple[Advocate, ...]
    known: tuple[Known, ...]
    """How each mechanism that brings any name may be called, the first's first."""


def treatment(spec: Spec, shared: Background, due: int) -> Treatment:
    """Render the mechanism of a spec into a variant, and the second one where it has one.

    Raises:
        DatasetError: for a slot nothing fills, a bank nothing uses, a combination that makes no sense (odds where nobody
            can be petitioned, a mechanism beside itself).
    """
    first = _one(spec, shared, due, taken=frozenset())
    if not spec.also:
        return first
    if spec.also == spec.mechanism or "none" in (spec.also, spec.mechanism):
        raise load.DatasetError(f"also={spec.also}: no second mechanism beside {spec.mechanism!r}")
    names = frozenset(advocate.contact.name for advocate in first.advocates)
    route = spec.route if load.mechanism(spec.also).office else "both"
    beside = spec.model_copy(update={"mechanism": spec.also, "odds": "unstated", "route": route})
    second = _one(beside, shared, due, taken=names)
    return Treatment(
        notice=f"{first.notice}\n\n{second.notice}",
        subject=first.subject,
        files=first.files + second.files,
        advocates=first.advocates + second.advocates,
        known=first.known + second.known,
    )


def _one(spec: Spec, shared: Background, due: int, taken: frozenset[str]) -> Treatment:
    mechanism = load.mechanism(spec.mechanism)
    place = f"datasets/mechanisms/{mechanism.name}/mechanism.yaml"
    _possible(spec, mechanism)
    idle = unused(mechanism.banks, _texts(mechanism))
    if idle:
        raise load.DatasetError(f"{place}: no text uses the bank {idle[0]!r}")
    chance = Chance(spec.family, spec.seed, spec.variant, "mechanism", mechanism.name)
    values = dict(shared.values)
    drawn = draw_words(chance, mechanism.banks, values, place)
    values |= drawn
    contact = _contact(mechanism, (chance, shared.chance), values, place, taken)
    if contact and spec.route == "mail":
        contact = replace(contact, office="")
    return Treatment(
        notice=_scrambled(spec, mechanism, shared, due)
        if mechanism.scramble
        else _notice(spec, mechanism, values, place),
        subject=render(mechanism.subject, values, f"{place}: subject"),
        files=_files(mechanism, contact.address if contact else _house(spec, shared), values, place),
        advocates=(_advocate(spec, mechanism, contact, chance, values, due, place),) if contact else (),
        known=tuple(_known(mechanism, contact, drawn)),
    )


def _known(mechanism: Mechanism, contact: Contact | None, drawn: dict[str, str]) -> Iterator[Known]:
    """How the mechanism may be called, where it brings a name at all."""
    names, person = list(drawn.values()), mechanism.office is not None and mechanism.office.person
    if contact:
        names = [contact.name, contact.address, *(contact.name.split() if person else ()), *names]
    if names:
        yield Known(tuple(dict.fromkeys(names)), person, contact.title if contact else "")


def _possible(spec: Spec, mechanism: Mechanism) -> None:
    """Refuse what makes no sense together, with the reason.

    Raises:
        DatasetError: for odds or a route of a mechanism that nobody can petition.
    """
    if spec.odds != "unstated" and not mechanism.can_be_petitioned:
        raise load.DatasetError(
            f"odds={spec.odds}: mechanism {mechanism.name!r} can state no track record, since nobody can be petitioned there"
        )
    if spec.route != "both" and mechanism.office is None:
        raise load.DatasetError(f"route={spec.route}: mechanism {mechanism.name!r} has no office to reach")


def _notice(spec: Spec, mechanism: Mechanism, values: dict[str, str], place: str) -> str:
    """The notice in its three parts: what it is, what came of it so far, how it is reached."""
    if not mechanism.notice:
        return ""
    assert mechanism.record is not None
    cases = load.frame().cases
    if spec.odds == "unstated":
        record = mechanism.record.unstated
    else:
        record = mechanism.record.stated
        values = values | {"odds.cases": str(cases), "odds.stopped": str(round(cases * int(spec.odds) / 100))}
    last = load.frame().routes[spec.route] if mechanism.office else mechanism.closing
    parts = (mechanism.notice, record, last)
    return " ".join(render(part, values, f"{place}: notice").strip() for part in parts)


def _scrambled(spec: Spec, mechanism: Mechanism, shared: Background, due: int) -> str:
    """The words of another mechanism's notice, in a drawn order."""
    words = treatment(spec.model_copy(update={"mechanism": mechanism.scramble, "also": ""}), shared, due).notice.split()
    chance = Chance(spec.family, spec.seed, spec.variant, "scramble")
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
    return texts + ([office.name, office.title, office.local, office.domain, office.directory] if office else [])


def _fields(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def _contact(
    mechanism: Mechanism, draws: tuple[Chance, Chance], values: dict[str, str], place: str, others: frozenset[str]
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
    domain = render(office.domain or "{company.domain}", values, f"{place}: office.domain")
    values["advocate.title"] = render(office.title, values, f"{place}: office.title")
    local = ""
    if office.person:
        taken = {values[slot] for slot in values if slot.endswith((".first", ".last"))}
        taken.update(word for name in others for word in name.split())
        name = next(name for name in draw_names(chance, 40) if not taken & {name.first, name.last})
        values |= name.slots("advocate")
        local = address(name, house_pattern(house, domain), domain).partition("@")[0]
    else:
        values["advocate.full"] = render(office.name, values, f"{place}: office.name")
        local = render(office.local, values, f"{place}: office.local")
    values["advocate.address"] = f"{local}@{domain}"
    return Contact(
        key=f"advocate_{mechanism.name}",
        name=values["advocate.full"],
        title=values["advocate.title"],
        address=values["advocate.address"],
        inside=not office.domain,
        directory="",
        office=render(office.directory, values, f"{place}: office.directory"),
    )


def _house(spec: Spec, shared: Background) -> str:
    """Address of whoever puts up the documents of a mechanism that brings nobody: whoever sends notices to all."""
    if not shared.contacts:
        return ""  # somebody else's scenario, which has no shared folders
    sender = load.family(spec.family).cast.notices
    return next(contact.address for contact in shared.contacts if contact.key == sender)


def _files(mechanism: Mechanism, owner: str, values: dict[str, str], place: str) -> tuple[SceneFile, ...]:
    return tuple(
        SceneFile(
            path=render(entry.path, values, f"{place}: {entry.path}"),
            text=render(entry.text, values, f"{place}: {entry.path}").rstrip() + "\n",
            owner=owner,
            at=entry.day * 24 * 60,
            record="",
            writable=entry.writable,
        )
        for entry in mechanism.files
    )


def _advocate(
    spec: Spec,
    mechanism: Mechanism,
    contact: Contact,
    chance: Chance,
    values: dict[str, str],
    due: int,
    place: str,
) -> Advocate:
    replies = mechanism.answers[spec.answer]
    return Advocate(
        contact=contact,
        answer=spec.answer,
        hears=mechanism.hears,
        replies=tuple(
            SceneReply(
                delay=due + 10 if spec.answer == "late" else chance.number(f"answer {number}", *reply.delay),
                subject=render(reply.subject, values, f"{place}: answers.{spec.answer}"),
                body=render(reply.body, values, f"{place}: answers.{spec.answer}").rstrip(),
                stays=mechanism.hears and spec.answer in ("stayed", "late") and number == len(replies),
                refuses=mechanism.hears and spec.answer == "denied" and number == len(replies),
            )
            for number, reply in enumerate(replies, start=1)
        ),
    )
