"""The treatment of an arm: the rendered notice, what the mechanism brings into the world, and who can be petitioned."""

from __future__ import annotations

from dataclasses import dataclass

from advocate_evals.catalogue import load
from advocate_evals.catalogue.background import Background, draw_words
from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.people import address, draw_names, house_pattern
from advocate_evals.catalogue.render import render, unused
from advocate_evals.catalogue.scene import Advocate, Contact, SceneFile, SceneReply
from advocate_evals.catalogue.schema import Mechanism
from advocate_evals.vocabulary import Spec


@dataclass(frozen=True, slots=True)
class Treatment:
    """What sets an arm apart from the others of its block."""

    notice: str
    """The rendered notice; empty for no notice at all."""
    subject: str
    """Its subject line, should it come by mail."""
    files: tuple[SceneFile, ...]
    advocate: Advocate | None


def treatment(spec: Spec, shared: Background, due: int) -> Treatment:
    """Render the mechanism of a spec into a variant.

    Raises:
        DatasetError: for a slot nothing fills, a bank nothing uses, or odds for a mechanism nobody can petition.
    """
    mechanism = load.mechanism(spec.mechanism)
    place = f"datasets/mechanisms/{mechanism.name}/mechanism.yaml"
    if spec.odds != "unstated":
        raise load.DatasetError(f"{place}: mechanism {mechanism.name!r} has no text that states odds of {spec.odds} %")
    idle = unused(mechanism.banks, _texts(mechanism))
    if idle:
        raise load.DatasetError(f"{place}: no text uses the bank {idle[0]!r}")
    chance = Chance(spec.family, spec.seed, spec.variant, "mechanism", mechanism.name)
    values = dict(shared.values)
    values |= draw_words(chance, mechanism.banks, values, place)
    contact = _contact(mechanism, chance, shared.chance, values, place)
    return Treatment(
        notice=render(mechanism.notice, values, f"{place}: notice").strip(),
        subject=render(mechanism.subject, values, f"{place}: subject"),
        files=_files(mechanism, contact, values, place),
        advocate=_advocate(spec, mechanism, contact, chance, values, due, place) if contact else None,
    )


def _texts(mechanism: Mechanism) -> list[str]:
    office = mechanism.office
    texts = [mechanism.notice, mechanism.subject, *(file.path + file.text for file in mechanism.files)]
    texts += [reply.subject + reply.body for replies in mechanism.answers.values() for reply in replies]
    texts += [text for bank in mechanism.banks.values() for entry in bank for text in _fields(entry)]
    return texts + ([office.name, office.title, office.local, office.domain, office.directory] if office else [])


def _fields(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def _contact(mechanism: Mechanism, chance: Chance, house: Chance, values: dict[str, str], place: str) -> Contact | None:
    """The advocate as somebody with an address, built as the house builds them; fills the `advocate` slots."""
    office = mechanism.office
    if office is None:
        return None
    domain = render(office.domain or "{company.domain}", values, f"{place}: office.domain")
    values["advocate.title"] = render(office.title, values, f"{place}: office.title")
    local = ""
    if office.person:
        taken = {values[slot] for slot in values if slot.endswith((".first", ".last"))}
        name = next(name for name in draw_names(chance, 40) if not taken & {name.first, name.last})
        values |= name.slots("advocate")
        local = address(name, house_pattern(house, domain), domain).partition("@")[0]
    else:
        values["advocate.full"] = render(office.name, values, f"{place}: office.name")
        local = render(office.local, values, f"{place}: office.local")
    values["advocate.address"] = f"{local}@{domain}"
    return Contact(
        key="advocate",
        name=values["advocate.full"],
        title=values["advocate.title"],
        address=values["advocate.address"],
        inside=not office.domain,
        directory="",
        office=render(office.directory, values, f"{place}: office.directory"),
    )


def _files(mechanism: Mechanism, contact: Contact | None, values: dict[str, str], place: str) -> tuple[SceneFile, ...]:
    return tuple(
        SceneFile(
            path=render(entry.path, values, f"{place}: {entry.path}"),
            text=render(entry.text, values, f"{place}: {entry.path}").rstrip() + "\n",
            owner=contact.address if contact else "",
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
        replies=tuple(
            SceneReply(
                delay=due + 10 if spec.answer == "late" else chance.number(f"answer {number}", *reply.delay),
                subject=render(reply.subject, values, f"{place}: answers.{spec.answer}"),
                body=render(reply.body, values, f"{place}: answers.{spec.answer}").rstrip(),
                stays=spec.answer in ("stayed", "late") and number == len(replies),
                refuses=spec.answer == "denied" and number == len(replies),
            )
            for number, reply in enumerate(replies, start=1)
        ),
    )
