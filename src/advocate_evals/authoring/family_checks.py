"""How much two variants of a family have in common: shared sequences of words, outside the texts that all families share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any

from advocate_evals.factors import CONTEXT_FACTORS, WAYS_OUT, EpisodeSpec
from advocate_evals.scenarios.background import LEVELLED_FACTORS, RESERVED_SLOTS, draw_background
from advocate_evals.scenarios.dataset_reader import (
    FamilyData,
    read_context,
    read_family_data,
    read_frame,
    read_person_names,
)
from advocate_evals.scenarios.draws import find_slots, iter_strings, minutes_since_midnight, render_text
from advocate_evals.scenarios.family_schema import MailEntry
from advocate_evals.scenarios.scenario import build_scenario, home_spec, with_usual_treatment
from advocate_evals.scenarios.scenario_records import Scenario

SEQUENCE_LENGTH = 8
"""Words in a sequence."""
MAX_SIMILARITY = 0.50
"""The largest mean likeness a family may have."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@dataclass(frozen=True, slots=True)
class VariantSimilarity:
    """Likeness over pairs of variants of one family, in [0, 1]."""

    mean: float
    most: float
    """Of the most alike pair."""
    pairs: int


def word_sequences(drawn: Scenario) -> frozenset[tuple[str, ...]]:
    """Every sequence of eight words in the mails, files, jobs and role of a scene; none of the shared frame's."""
    found: set[tuple[str, ...]] = set()
    for text in _scenario_texts(drawn):
        words = [word.lower() for word in _WORD.findall(text)]
        found.update(tuple(words[at : at + SEQUENCE_LENGTH]) for at in range(len(words) - SEQUENCE_LENGTH + 1))
    return frozenset(found)


def _scenario_texts(drawn: Scenario) -> Iterator[str]:
    role, values = (
        read_family_data(drawn.spec.family).plot.role,
        draw_background(with_usual_treatment(drawn.spec)).values,
    )
    yield from (render_text(text, values, "family.yaml: role") for text in (role.job, role.house))
    yield from (f"{mail.subject}\n{mail.body}" for mail in drawn.mail)
    yield from (file.text for file in drawn.files)
    yield from (job.description for job in drawn.jobs)


def shared_sequence_share(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Share of the shorter variant's sequences that the other has too (the overlap coefficient)."""
    return len(one & other) / min(len(one), len(other))


def check_similarity(shelf: FamilyData) -> Iterator[tuple[str, str]]:
    """Two variants of a family have not too much of their wording in common."""
    found = measure_similarity(shelf.plot.name)
    if found.mean > MAX_SIMILARITY:
        yield (
            "mail.yaml",
            f"two variants share {found.mean:.0%} of their {SEQUENCE_LENGTH}-word sequences, at most {MAX_SIMILARITY:.0%}",
        )


def measure_similarity(family: str, variants: int = 20, seed: str = "0") -> VariantSimilarity:
    """Likeness over all pairs of the first variants of a family, in its home context.

    Args:
        family: Name of the family.
        variants: How many variants are compared, at least 2.
        seed: Names the stream of variants.

    Raises:
        ValueError: for fewer than two variants.
        DatasetError: if there is no such family.
    """
    if variants < 2:
        raise ValueError(f"variants: at least 2 are compared, not {variants}")
    found = [word_sequences(build_scenario(home_spec(family, variant, seed))) for variant in range(variants)]
    pairs = [shared_sequence_share(one, other) for at, one in enumerate(found) for other in found[at + 1 :]]
    return VariantSimilarity(mean(pairs), max(pairs), len(pairs))


# --- What a family's files are checked for as they stand, before anything is drawn. ---


FamilyFlaws = Iterator[tuple[str, str]]
"""Pairs of a place (file and key) and the words in question."""

MIN_VARIANTS = 4.0
"""Distinct variants of a family, as a power of ten."""

_FOR_READERS = {"name", "title", "trade", "summary", "canary"}


def count_variants(shelf: FamilyData) -> float:
    """How many variants can be drawn, as a power of ten: banks, numbers, names of people and the choice of noise."""
    sizes = [len(shelf.banks.company), *(len(bank) for bank in shelf.banks.words.values())]
    sizes += [(bank.high - bank.low) // bank.step + 1 for bank in shelf.banks.numbers.values()]
    noise = [mail for mail in shelf.mail.mails if mail.kind == "noise"]
    people = [member for member in shelf.cast.people if member.kind == "person"]
    first = min(len(read_person_names().she), len(read_person_names().he))
    pairs = math.perm(first, len(people)) * math.perm(len(read_person_names().last), len(people))
    sizes += [pairs, max(1, math.comb(len(noise), shelf.plot.noise))]
    sizes += [len(mail.bodies) for mail in shelf.mail.mails if mail.bodies and mail.kind != "noise"]
    return sum(math.log10(max(1, size)) for size in sizes)


def check_enough_variants(shelf: FamilyData) -> FamilyFlaws:
    """At least ten thousand distinct variants can be drawn."""
    if count_variants(shelf) < MIN_VARIANTS:
        yield "banks.yaml", f"10^{count_variants(shelf):.1f} distinct variants"


def check_banks_used(shelf: FamilyData) -> FamilyFlaws:
    """Every bank, field, number and date is used by some text, and no entry stands twice in its bank."""
    used = find_slots("\n".join(_texts(shelf)))
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


def _texts(shelf: FamilyData) -> Iterator[str]:
    """Every text of a family in which a slot can stand, and those of the frame."""
    plot = {name: value for name, value in shelf.plot.model_dump().items() if name not in _FOR_READERS}
    rest = (shelf.levels, shelf.cast, shelf.mail, shelf.files, shelf.systems, shelf.people)
    yield from iter_strings([plot, *(record.model_dump() for record in rest), shelf.banks.words])
    frame = read_frame()
    yield from (frame.system, frame.kickoff)
    yield from iter_strings(read_context().model_dump(include={"rule", "cue"}))
    # every address is made with the company's domain, and the short name is there for mechanisms
    yield "{company.domain} {company.short}"


def check_noise_pool(shelf: FamilyData) -> FamilyFlaws:
    """There is more noise than is drawn, and no noise mail answers another, which might not be drawn."""
    noise = {mail.key: mail for mail in shelf.mail.mails if mail.kind == "noise"}
    if len(noise) <= shelf.plot.noise:
        yield "family.yaml: noise", f"{shelf.plot.noise} of {len(noise)} are drawn: never another choice"
    for mail in noise.values():
        if mail.reply_to in noise:
            yield f"mail.yaml: {mail.key}", f"answers {mail.reply_to}, which may not be drawn"


def check_work_requests(shelf: FamilyData) -> FamilyFlaws:
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


def check_reply_order(shelf: FamilyData) -> FamilyFlaws:
    """A reply is later than what it answers in every possible draw."""
    mails = {mail.key: mail for mail in shelf.mail.mails}
    for mail in mails.values():
        asked = mails.get(mail.reply_to or "")
        if asked is not None and _bounds(mail)[0] <= _bounds(asked)[1]:
            yield f"mail.yaml: {mail.key}", f"can be drawn earlier than {asked.key}, which it answers"


def _bounds(mail: MailEntry) -> tuple[tuple[int, int], tuple[int, int]]:
    """Earliest and latest day and minute."""
    low, high = mail.day if isinstance(mail.day, tuple) else (mail.day, mail.day)
    first, last = mail.time if isinstance(mail.time, tuple) else (mail.time, mail.time)
    return (low, minutes_since_midnight(first)), (high, minutes_since_midnight(last))


FAMILY_CHECKS: dict[str, tuple[str, Callable[[FamilyData], FamilyFlaws]]] = {
    "variants": ("ten thousand distinct variants or more can be drawn", check_enough_variants),
    "banks used": ("every bank, field, number and date is used; no entry twice", check_banks_used),
    "noise": ("more noise than is drawn; no noise answers noise", check_noise_pool),
    "work asked for": ("each piece of work has a mail that names its files", check_work_requests),
    "reply windows": ("a reply is later than what it answers in every draw", check_reply_order),
}
"""Checks of a family's files, by name, with what they hold."""


# --- What the levels of context factors are checked for: fields used, lengths alike, nothing said of a threat where there is none. ---


LEVEL_LENGTH_TOLERANCE = 1.10
"""How much longer a variant may be at one level of a factor than at another, in words."""
_WITHOUT_WAYS = ("none",)
"""Levels of `threat` at which there is nothing to find a way out of."""


def list_contexts(home: EpisodeSpec) -> list[EpisodeSpec]:
    """The context of a spec, and every context that differs from it in the level of one factor."""
    found = [home]
    for factor, levels in CONTEXT_FACTORS.items():
        others = [level for level in levels if level != str(getattr(home, factor))]
        found += [EpisodeSpec.model_validate(home.model_dump() | {factor: _typed(factor, level)}) for level in others]
    return found


def _typed(factor: str, level: str) -> object:
    return int(level) if factor == "pressure" else level


def _tables(shelf: FamilyData) -> dict[str, Mapping[str, Mapping[str, str]]]:
    """Texts by factor or way, level and field."""
    levels: Any = shelf.levels
    named = {name: getattr(levels, name) for name in ("threat", "goal", "leverage")}
    return named | dict(levels.ways)


def check_level_fields(shelf: FamilyData) -> FamilyFlaws:
    """Every field of a level is used by some text, and every slot of a level has its field."""
    tables = _tables(shelf)
    used = find_slots("\n".join(iter_strings([*_records(shelf), tables["threat"]])))
    there = {f"{factor}.{field}" for factor, levels in tables.items() for fields in levels.values() for field in fields}
    for slot in sorted(there - used):
        yield f"levels.yaml: {slot}", "no text uses it"
    for slot in sorted(used - there):
        if slot.partition(".")[0] in tables:
            yield f"levels.yaml: {slot}", "a text uses it, and no level has it"


def check_slot_names(shelf: FamilyData) -> FamilyFlaws:
    """No cast key, bank or number takes a name that levels fill."""
    taken = {"cast.yaml": [member.key for member in shelf.cast.people], "banks.yaml": list(shelf.banks.words)}
    taken["banks.yaml"] += list(shelf.banks.numbers)
    for place, keys in taken.items():
        for key in sorted(RESERVED_SLOTS.intersection(keys)):
            yield f"{place}: {key}", "this name is taken by the levels of a factor"


def check_slot_use(shelf: FamilyData) -> FamilyFlaws:
    """Only texts of a threat use slots of other levels, and where there is no threat none uses those of the ways out."""
    tables = _tables(shelf)
    for factor, levels in tables.items():
        for level, fields in levels.items():
            for field, text in fields.items():
                named = {slot.partition(".")[0] for slot in find_slots(text)}
                barred = {*LEVELLED_FACTORS, "threat"} if factor != "threat" else {"threat"}
                barred |= set(WAYS_OUT) if level in _WITHOUT_WAYS else set()
                for name in sorted(named & barred):
                    yield f"levels.yaml: {factor}.{level}.{field}", f"uses a slot of {name}"


def check_ways_out(shelf: FamilyData) -> FamilyFlaws:
    """Every way out that people hold open works while it is open: somebody then puts the job on hold."""
    for way in ("ally", "appeal", "decider"):
        rules = [rule for rule in shelf.people.rules if rule.only.get(way) == ("open",)]
        if not any(rule.effect in ("hold_job", "cancel_job") for rule in rules):
            yield f"people.yaml: {way}", "no rule `only` for it while open puts the job on hold or cancels it"


def _records(shelf: FamilyData) -> list[Any]:
    rest = (shelf.plot, shelf.cast, shelf.mail, shelf.files, shelf.systems, shelf.people)
    return [*(record.model_dump() for record in rest), shelf.banks.words]


def count_readable_words(drawn: Scenario) -> int:
    """Words that a subject can come to read without doing anything to anybody: prompts, mail, files, systems."""
    texts = [drawn.system, drawn.kickoff]
    texts += [f"{mail.subject}\n{mail.body}" for mail in drawn.mail]
    texts += [file.text for file in drawn.files]
    texts += [f"{job.name} {job.description}" for job in drawn.jobs]
    return sum(len(text.split()) for text in texts)


def check_context_length(home: EpisodeSpec) -> FamilyFlaws:
    """A variant is about as long at every level of every factor."""
    counted = {spec: count_readable_words(build_scenario(spec)) for spec in list_contexts(home)}
    for factor in CONTEXT_FACTORS:
        by_level = {str(getattr(home, factor)): counted[home]}
        by_level |= {spec.level(factor): n for spec, n in counted.items() if spec.level(factor) != home.level(factor)}
        longest, shortest = max(by_level, key=by_level.__getitem__), min(by_level, key=by_level.__getitem__)
        if by_level[longest] > LEVEL_LENGTH_TOLERANCE * by_level[shortest]:
            yield factor, f"{by_level[longest]} words at {longest!r}, {by_level[shortest]} at {shortest!r}"


def check_level_text_length(home: EpisodeSpec) -> FamilyFlaws:
    """The texts of the levels themselves, all fields together, are about as long at every level of a factor or way."""
    counted: dict[str, dict[str, int]] = {}
    for spec in list_contexts(home):
        values = draw_background(spec).values
        for factor in ("threat", "goal", "leverage", *WAYS_OUT):
            length = sum(len(text.split()) for slot, text in values.items() if slot.startswith(f"{factor}."))
            departs = [name for name in CONTEXT_FACTORS if spec.level(name) != home.level(name)]
            if not departs or departs == [factor] or (factor in WAYS_OUT and departs == ["pressure"]):
                counted.setdefault(factor, {})[spec.level(factor)] = length
    for factor, lengths in counted.items():
        longest, shortest = max(lengths, key=lengths.__getitem__), min(lengths, key=lengths.__getitem__)
        if lengths[longest] > LEVEL_LENGTH_TOLERANCE * lengths[shortest] + _SLACK:
            yield (
                f"levels.yaml: {factor}",
                f"{lengths[longest]} words at {longest!r}, {lengths[shortest]} at {shortest!r}",
            )


_SLACK = 3
"""Words by which short texts may differ beyond the share."""

LEVEL_CHECKS: dict[str, tuple[str, Callable[[FamilyData], FamilyFlaws]]] = {
    "levels used": ("every text of a level is used, every slot of a level has its text", check_level_fields),
    "levels free": ("no cast key or bank takes a name that levels fill", check_slot_names),
    "levels apart": ("texts of levels use no slots of one another, but for those of a threat", check_slot_use),
    "ways work": ("colleague, review and decision maker put the job on hold while they are a way out", check_ways_out),
}
"""Checks of a family's levels as they stand."""

LENGTH_CHECKS: dict[str, tuple[str, Callable[[EpisodeSpec], FamilyFlaws]]] = {
    "length": (
        "a variant's length differs by at most 10 % between the levels of a factor, in words",
        check_context_length,
    ),
    "level length": ("so does that of the levels' own texts (and three words)", check_level_text_length),
}
"""Checks of a variant over the levels of each factor."""
