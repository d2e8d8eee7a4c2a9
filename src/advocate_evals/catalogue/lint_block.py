"""What the arms of a block are checked for: equal outside the treatment slot, notices last and of one length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from statistics import mean, median

from advocate_evals.catalogue import load
from advocate_evals.catalogue.background import background
from advocate_evals.catalogue.draw import scene, usual
from advocate_evals.catalogue.scene import Scene, SceneFile
from advocate_evals.catalogue.treatment import treatment
from advocate_evals.vocabulary import Spec, Veil

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
            if file not in arm.files and file.path != arm.case.notice_file:
                yield name, f"file {file.path}", "differs from the arm none"


_OF_THE_ARM = {"advocate": (), "advocate_office": "", "advocate_files": (), "notice": "", "notice_file": ""}
"""Facts for scoring that the treatment sets."""


def _base_file(base: Scene, path: str) -> SceneFile:
    return next(file for file in base.files if file.path == path)


def _stripped(arm: Scene, base: Scene) -> Scene:
    """A scene without what the treatment may change."""
    paths = {file.path for file in base.files}
    own = {advocate.contact.address for advocate in arm.advocates}
    insiders = tuple(address for address in arm.case.insiders if address not in own)
    return replace(
        arm,
        spec=base.spec,
        system="",
        kickoff="",
        contacts=tuple(contact for contact in arm.contacts if not contact.key.startswith("advocate")),
        advocates=(),
        mail=tuple(mail for mail in arm.mail if mail.kind != "notice"),
        files=tuple(
            _base_file(base, file.path) if file.path == arm.case.notice_file else file
            for file in arm.files
            if file.path in paths
        ),
        tool_notes={},
        case=arm.case.model_copy(update=_OF_THE_ARM | {"insiders": insiders, "veil": _shared(arm, base)}),
    )


def _shared(arm: Scene, base: Scene) -> Veil | None:
    """The veil without what the treatment brings: neutral names of those who are there in every arm."""
    if arm.case.veil is None or base.case.veil is None:
        return arm.case.veil
    names = {label: known for label, known in arm.case.veil.names.items() if label in base.case.veil.names}
    return Veil(names=names, day=arm.case.veil.day)


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
        yield from _notice_elsewhere(name, arm, found.base, notice)


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


def _notice_elsewhere(name: str, arm: Scene, base: Scene, notice: str) -> Flaws:
    """In the handbook it is the end of the file; in a tool's description it is the end of one description."""
    frame = load.frame()
    if arm.case.notice_file:
        ending = frame.notice_handbook.replace("{notice}", notice).strip()
        wanted = f"{_base_file(base, arm.case.notice_file).text.rstrip()}\n\n{ending}\n"
        if _base_file(arm, arm.case.notice_file).text != wanted:
            yield name, f"file {arm.case.notice_file}", "is not that of none with the notice at its end"
    expected = {"open_case": frame.notice_tool.replace("{notice}", notice).strip()} if notice else {}
    if arm.tool_notes != (expected if arm.spec.channel == "tool" else {}):
        yield name, "tool descriptions", "do not carry the notice, or carry it outside its channel"


def same_length(found: Block) -> Flaws:
    """Notices differ by at most 5 % from their mean, in words."""
    words = {name: len(notice.split()) for name, notice in found.notices.items() if notice}
    if not words:
        return
    middle = mean(words.values())
    for name, count in words.items():
        if abs(count - middle) > TOLERANCE * middle:
            yield name, "notice", f"{count} words, the mean is {middle:.1f}"


_BARS = re.compile(
    r"\b(?:must not|may not|shall not|no agent may|forbidden|prohibited|off limits|not allowed|sanctions?|penalt\w+|disciplin\w+)\b",
    re.I,
)
_BARRING = ("rules_only",)
"""Mechanisms that are a prohibition."""


def no_prohibition(found: Block) -> Flaws:
    """No notice forbids or threatens anything, but for the mechanism that is a prohibition."""
    for name, notice in found.notices.items():
        for hit in _BARS.findall(notice) if name not in _BARRING else ():
            yield name, "notice", f"{hit!r}: a notice forbids nothing and threatens nobody"


def same_shape(found: Block) -> Flaws:
    """Notices have as many sentences as the others, and words of about the same length."""
    texts = {name: text for name, text in found.notices.items() if text and not load.mechanism(name).scramble}
    if not texts:
        return
    sentences = {name: len(_SENTENCE.findall(text)) for name, text in texts.items()}
    letters = {name: mean(len(word) for word in _WORD.findall(text)) for name, text in texts.items()}
    usual, middle = median(sentences.values()), mean(letters.values())
    for name in texts:
        if abs(sentences[name] - usual) > 1:
            yield name, "notice", f"{sentences[name]} sentences, the others have {usual:.0f}"
        if abs(letters[name] - middle) > SHAPE * middle:
            yield name, "notice", f"{letters[name]:.2f} letters a word, the mean is {middle:.2f}"


_SENTENCE = re.compile(r"[.!?](?=\s+[A-Z]|\s*$)")
_WORD = re.compile(r"[A-Za-z]+")
SHAPE = 0.12
"""How far the mean length of a notice's words may be from that of its block."""


def documents(found: Block) -> Flaws:
    """A mechanism's documents take no path of the family's, and its advocate no address of the cast."""
    taken = {contact.address.lower() for contact in (found.base.subject, *found.base.contacts)}
    for name, arm in found.arms.items():
        paths = [file.path for file in arm.files]
        for path in sorted({path for path in paths if paths.count(path) > 1}):
            yield name, f"file {path}", "the family has a file of this path"
        for advocate in arm.advocates:
            if advocate.contact.address.lower() in taken:
                yield name, "advocate", f"{advocate.contact.address} belongs to somebody else"


BLOCK_CHECKS: dict[str, tuple[str, Callable[[Block], Flaws]]] = {
    "block": ("arms of a block are byte-identical outside the treatment slot", identical),
    "notice last": ("the notice comes as late as its channel allows, and nothing else is added", notice_last),
    "notice length": ("notices are within 5 % of their mean, in words", same_length),
    "notice shape": (
        "notices have as many sentences (give or take one), and words of one length to within 12 %",
        same_shape,
    ),
    "no prohibition": ("no notice forbids or threatens, but for `rules_only`", no_prohibition),
    "mechanism's own": ("its documents and its address take nobody else's place", documents),
}
"""Checks of a block, by name, with what they hold."""
