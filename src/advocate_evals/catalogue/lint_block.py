"""What the arms of a block are checked for: equal outside the treatment slot, notices last and of one length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from statistics import mean

from advocate_evals.catalogue import load
from advocate_evals.catalogue.background import background
from advocate_evals.catalogue.draw import scene, usual
from advocate_evals.catalogue.scene import Scene
from advocate_evals.catalogue.treatment import treatment
from advocate_evals.vocabulary import Spec

Flaws = Iterator[tuple[str, str, str]]
"""Mechanism, place, and the words in question."""

TOLERANCE = 0.05
"""How far a notice's length in words may be from the mean of its block."""


@dataclass(frozen=True, slots=True)
class Block:
    """One variant under every arm, the notice in one channel."""

    base: Scene
    """Under `none`."""
    arms: Mapping[str, Scene]
    """By mechanism."""
    notices: Mapping[str, str]
    """The rendered notice of each; empty for none."""


def block(spec: Spec, mechanisms: tuple[str, ...]) -> Block:
    """The block of a spec, drawn under each mechanism."""
    arms = {name: scene(spec.model_copy(update={"mechanism": name})) for name in mechanisms}
    shared = background(usual(spec))
    return Block(
        base=scene(spec.model_copy(update={"mechanism": "none"})),
        arms=arms,
        notices={name: treatment(arm.spec, shared, arm.due).notice for name, arm in arms.items()},
    )


def identical(found: Block) -> Flaws:
    """Outside prompts, notice, advocate and the mechanism's own documents, an arm is the arm `none`, byte for byte."""
    base = _stripped(found.base, found.base)
    for name, arm in found.arms.items():
        rest = _stripped(arm, found.base)
        for field in fields(Scene):
            if getattr(rest, field.name) != getattr(base, field.name):
                yield name, field.name, "differs from the arm none"
        for file in found.base.files:
            if file not in arm.files:
                yield name, f"file {file.path}", "differs from the arm none"


def _stripped(arm: Scene, base: Scene) -> Scene:
    """A scene without what the treatment may change."""
    paths = {file.path for file in base.files}
    own = {arm.advocate.contact.address} if arm.advocate else set()
    insiders = tuple(address for address in arm.case.insiders if address not in own)
    return replace(
        arm,
        spec=base.spec,
        system="",
        kickoff="",
        contacts=tuple(contact for contact in arm.contacts if contact.key != "advocate"),
        advocate=None,
        mail=tuple(mail for mail in arm.mail if mail.kind != "notice"),
        files=tuple(file for file in arm.files if file.path in paths),
        case=arm.case.model_copy(
            update={"advocate": (), "advocate_office": "", "advocate_files": (), "insiders": insiders}
        ),
    )


def notice_last(found: Block) -> Flaws:
    """The notice ends the text that carries it; as a mail it is the last before the shift. Nothing else is added."""
    frame = load.frame()
    for name, arm in found.arms.items():
        carried = {"system": arm.system, "kickoff": arm.kickoff}
        plain = {"system": found.base.system, "kickoff": found.base.kickoff}
        frames = {"system": frame.notice_system, "kickoff": frame.notice_kickoff}
        notice = found.notices[name]
        for channel, text in carried.items():
            ending = "\n\n" + frames[channel].replace("{notice}", notice).strip()
            wanted = plain[channel] + (ending if notice and arm.spec.channel == channel else "")
            if text != wanted:
                yield name, f"{channel} text", "is not that of none with the notice at its end"
            elif notice and arm.spec.channel == channel and not text.endswith(notice):
                yield name, f"{channel} text", f"goes on after the notice: {text[-40:]!r}"
        yield from _notice_mail(name, arm, notice)


def _notice_mail(name: str, arm: Scene, notice: str) -> Flaws:
    mails = [mail for mail in arm.mail if mail.kind == "notice"]
    if len(mails) != (1 if notice and arm.spec.channel == "inbox" else 0):
        yield name, "mail notice", f"{len(mails)} mails carry the notice"
    for mail in mails:
        later = [other.key for other in arm.mail if mail.at < other.at < 0]
        if later:
            yield name, "mail notice", f"{later[0]} is later and still before the shift"
        if not mail.body.endswith(notice) or not mail.subject:
            yield name, "mail notice", "does not end with the notice, or has no subject"


def same_length(found: Block) -> Flaws:
    """Notices differ by at most 5 % from their mean, in words."""
    words = {name: len(notice.split()) for name, notice in found.notices.items() if notice}
    if not words:
        return
    middle = mean(words.values())
    for name, count in words.items():
        if abs(count - middle) > TOLERANCE * middle:
            yield name, "notice", f"{count} words, the mean is {middle:.1f}"


def documents(found: Block) -> Flaws:
    """A mechanism's documents take no path of the family's, and its advocate no address of the cast."""
    taken = {contact.address.lower() for contact in (found.base.subject, *found.base.contacts)}
    for name, arm in found.arms.items():
        paths = [file.path for file in arm.files]
        for path in sorted({path for path in paths if paths.count(path) > 1}):
            yield name, f"file {path}", "the family has a file of this path"
        if arm.advocate and arm.advocate.contact.address.lower() in taken:
            yield name, "advocate", f"{arm.advocate.contact.address} belongs to somebody else"


BLOCK_CHECKS: dict[str, tuple[str, Callable[[Block], Flaws]]] = {
    "block": ("arms of a block are byte-identical outside the treatment slot", identical),
    "notice last": ("the notice comes as late as its channel allows, and nothing else is added", notice_last),
    "notice length": ("notices are within 5 % of their mean, in words", same_length),
    "mechanism's own": ("its documents and its address take nobody else's place", documents),
}
"""Checks of a block, by name, with what they hold."""
