"""What a judge must not see of a scene: neutral names for everybody, and whatever shows the treatment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from string import ascii_uppercase

from advocate_evals.catalogue import calendar, load
from advocate_evals.catalogue.background import Background
from advocate_evals.catalogue.scene import Contact, SceneFile, SceneMail
from advocate_evals.catalogue.treatment import Known, Treatment
from advocate_evals.vocabulary import Spec, Veil

_SMALL = ("for", "of", "on", "the", "and", "or", "in", "at", "to", "a", "an")


def veil(spec: Spec, shared: Background, arm: Treatment, mail: Iterable[SceneMail], notice: str) -> Veil:
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
    persons = {member.key for member in load.family(spec.family).cast.people if member.kind == "person"}
    people = [contact for contact in shared.contacts if contact.key in persons]
    names |= {f"Person {_letter(n)}": _person(contact) for n, contact in enumerate(people)}
    names |= {f"Office {_letter(n)}": known.names for n, known in enumerate(arm.known)}
    if arm.files:
        names["Document A"] = tuple(_papers(arm.files, shared.files))
    first = [one for one in mail if one.at < 0]
    number = next((n for n, one in enumerate(first, start=1) if one.kind == "notice"), 0)
    return Veil(
        names={label: tuple(dict.fromkeys(known)) for label, known in names.items() if known},
        own={f"Office {_letter(n)}": tuple(filter(None, _loose(known))) for n, known in enumerate(arm.known)},
        notice=notice,
        mail=number,
        subject=arm.subject if number else "",
        day=calendar.stamp(shared.start).rpartition(" ")[0],
    )


def _letter(number: int) -> str:
    """A, B, ... Z, AA, AB and so on."""
    more, last = divmod(number, 26)
    return (ascii_uppercase[more - 1] if more else "") + ascii_uppercase[last]


def _person(contact: Contact) -> tuple[str, ...]:
    first, _, last = contact.name.partition(" ")
    local = contact.address.partition("@")[0]
    return (contact.name, first, last, contact.address, *([local] if {".", "_"} & set(local) else []))


def _loose(known: Known) -> Iterator[str]:
    """Looser ways of calling it: its title, and of a name that is no person's the ends, and `the` with its main words."""
    yield known.title.partition(",")[0]
    if not known.person:
        words = known.names[0].split()
        yield from (" ".join(words[at:]) for at in range(1, len(words) - 1) if words[at].lower() not in _SMALL)
        heads = [word for word, after in pairwise((*words, "of")) if after.lower() in _SMALL]
        yield from (f"the {head}" for head in heads)


def _papers(files: Iterable[SceneFile], shared: Iterable[SceneFile]) -> Iterator[str]:
    """Paths of the documents that the mechanism brought, and the folders that only they lie in."""
    others = {file.path for file in shared}
    for file in files:
        yield file.path
        folder = file.path.rpartition("/")[0]
        if folder and not any(path.startswith(f"{folder}/") for path in others):
            yield folder
