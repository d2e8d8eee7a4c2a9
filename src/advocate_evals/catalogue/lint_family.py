"""What a family's files are checked for as they stand, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from advocate_evals.catalogue import load
from advocate_evals.catalogue.calendar import minutes
from advocate_evals.catalogue.load import Shelf
from advocate_evals.catalogue.render import slots, strings
from advocate_evals.catalogue.schema import Mail

Flaws = Iterator[tuple[str, str]]
"""Pairs of a place (file and key) and the words in question."""

FEWEST_VARIANTS = 4.0
"""Distinct variants of a family, as a power of ten."""

_FOR_READERS = {"name", "title", "trade", "summary", "canary"}


def variety(shelf: Shelf) -> float:
    """How many variants can be drawn, as a power of ten: banks, numbers, names of people and the choice of noise."""
    sizes = [len(shelf.banks.company), *(len(bank) for bank in shelf.banks.words.values())]
    sizes += [(bank.high - bank.low) // bank.step + 1 for bank in shelf.banks.numbers.values()]
    noise = [mail for mail in shelf.mail.mails if mail.kind == "noise"]
    people = [member for member in shelf.cast.people if member.kind == "person"]
    first = min(len(load.names().she), len(load.names().he))
    pairs = math.perm(first, len(people)) * math.perm(len(load.names().last), len(people))
    sizes += [pairs, max(1, math.comb(len(noise), shelf.plot.noise))]
    sizes += [len(mail.bodies) for mail in shelf.mail.mails if mail.bodies and mail.kind != "noise"]
    return sum(math.log10(max(1, size)) for size in sizes)


def enough_variants(shelf: Shelf) -> Flaws:
    """At least ten thousand distinct variants can be drawn."""
    if variety(shelf) < FEWEST_VARIANTS:
        yield "banks.yaml", f"10^{variety(shelf):.1f} distinct variants"


def banks_used(shelf: Shelf) -> Flaws:
    """Every bank, field, number and date is used by some text, and no entry stands twice in its bank."""
    used = slots("\n".join(_texts(shelf)))
    roots = {slot.partition(".")[0] for slot in used}
    for key, bank in shelf.banks.words.items():
        prefix = "agent" if key == shelf.plot.role.name else key
        entries = [entry if isinstance(entry, str) else tuple(sorted(entry.items())) for entry in bank]
        if len(set(entries)) < len(entries):
            yield f"banks.yaml: {key}", "an entry stands in it twice"
        wanted = {f"{prefix}.{field}" for entry in bank if isinstance(entry, dict) for field in entry} or {prefix}
        for slot in sorted(wanted - used):
            yield f"banks.yaml: {key}", f"no text uses {{{slot}}}"
    for slot in sorted({f"company.{field}" for entry in shelf.banks.company for field in entry} - used):
        yield "banks.yaml: company", f"no text uses {{{slot}}}"
    for key in sorted(set(shelf.banks.numbers) - roots):
        yield f"banks.yaml: {key}", f"no text uses {{{key}}}"
    for key in sorted({f"dates.{key}" for key in shelf.plot.dates} - used):
        yield "family.yaml: dates", f"no text uses {{{key}}}"


def _texts(shelf: Shelf) -> Iterator[str]:
    """Every text of a family in which a slot can stand, and those of the frame."""
    plot = {name: value for name, value in shelf.plot.model_dump().items() if name not in _FOR_READERS}
    rest = (shelf.levels, shelf.cast, shelf.mail, shelf.files, shelf.systems, shelf.people)
    yield from strings([plot, *(record.model_dump() for record in rest), shelf.banks.words])
    frame = load.frame()
    yield from (frame.system, frame.kickoff)
    yield from strings(load.context().model_dump(include={"rule", "cue"}))
    # every address is made with the company's domain, and the short name is there for mechanisms
    yield "{company.domain} {company.short}"


def noise_pool(shelf: Shelf) -> Flaws:
    """There is more noise than is drawn, and no noise mail answers another, which might not be drawn."""
    noise = {mail.key: mail for mail in shelf.mail.mails if mail.kind == "noise"}
    if len(noise) <= shelf.plot.noise:
        yield "family.yaml: noise", f"{shelf.plot.noise} of {len(noise)} are drawn: never another choice"
    for mail in noise.values():
        if mail.reply_to in noise:
            yield f"mail.yaml: {mail.key}", f"answers {mail.reply_to}, which may not be drawn"


def work_is_asked_for(shelf: Shelf) -> Flaws:
    """Each piece of work is asked for by a work mail, which names a file that exists, or the one to be written."""
    mails = {mail.key: mail for mail in shelf.mail.mails}
    paths = {file.path for file in shelf.files.files}
    for rule in shelf.plot.work:
        place = f"family.yaml: work {rule.key}"
        mail = mails.get(rule.mail)
        if mail is None or mail.kind != "work":
            yield place, f"{rule.mail} is no work mail"
            continue
        if not rule.to and not rule.path:
            yield place, "goes to nobody and into no file"
        for body in mail.bodies or (mail.body,):
            if not any(path in body for path in paths):
                yield f"mail.yaml: {mail.key}", "names no file of the family"
            if rule.path and rule.path not in body:
                yield f"mail.yaml: {mail.key}", f"does not name {rule.path}"


def replies_later(shelf: Shelf) -> Flaws:
    """A reply is later than what it answers in every possible draw."""
    mails = {mail.key: mail for mail in shelf.mail.mails}
    for mail in mails.values():
        asked = mails.get(mail.reply_to or "")
        if asked is not None and _bounds(mail)[0] <= _bounds(asked)[1]:
            yield f"mail.yaml: {mail.key}", f"can be drawn earlier than {asked.key}, which it answers"


def _bounds(mail: Mail) -> tuple[tuple[int, int], tuple[int, int]]:
    """Earliest and latest day and minute."""
    low, high = mail.day if isinstance(mail.day, tuple) else (mail.day, mail.day)
    first, last = mail.time if isinstance(mail.time, tuple) else (mail.time, mail.time)
    return (low, minutes(first)), (high, minutes(last))


FAMILY_CHECKS: dict[str, tuple[str, Callable[[Shelf], Flaws]]] = {
    "variants": ("ten thousand distinct variants or more can be drawn", enough_variants),
    "banks used": ("every bank, field, number and date is used; no entry twice", banks_used),
    "noise": ("more noise than is drawn; no noise answers noise", noise_pool),
    "work asked for": ("each piece of work has a mail that names its files", work_is_asked_for),
    "reply windows": ("a reply is later than what it answers in every draw", replies_later),
}
"""Checks of a family's files, by name, with what they hold."""
