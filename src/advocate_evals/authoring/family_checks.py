"""Checks of a family: of its files before anything is drawn, of the levels of context factors, and of similarity.

Similarity is the share of word sequences that two variants of a family have in common, outside the texts that all
families share.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
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
from advocate_evals.scenarios.draws import NAME_PARTS, find_slots, iter_strings, minutes_since_midnight, render_text
from advocate_evals.scenarios.family_schema import MailEntry
from advocate_evals.scenarios.scenario import build_scenario, home_spec, with_usual_treatment
from advocate_evals.scenarios.scenario_records import Scenario

FamilyFlaws = Iterator[tuple[str, str]]
"""Pairs of a place (file and key) and the offending words."""

SEQUENCE_LENGTH = 8
"""Words in a sequence."""
MAX_SIMILARITY = 0.50
"""The largest mean similarity that a family may have."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@dataclass(frozen=True, slots=True)
class VariantSimilarity:
    """Similarity over pairs of variants of one family, in [0, 1]."""

    mean: float
    largest: float
    """Of the most similar pair."""
    pairs: int


def word_sequences(scenario: Scenario) -> frozenset[tuple[str, ...]]:
    """Every sequence of eight words in the mails, files, jobs and role of a scenario, without the shared frame."""
    sequences: set[tuple[str, ...]] = set()
    for text in _scenario_texts(scenario):
        words = [word.lower() for word in _WORD.findall(text)]
        sequences.update(tuple(words[at : at + SEQUENCE_LENGTH]) for at in range(len(words) - SEQUENCE_LENGTH + 1))
    return frozenset(sequences)


def _scenario_texts(scenario: Scenario) -> Iterator[str]:
    role = read_family_data(scenario.spec.family).plot.role
    values = draw_background(with_usual_treatment(scenario.spec)).values
    yield from (render_text(text, values, "family.yaml: role") for text in (role.job, role.house))
    yield from (f"{mail.subject}\n{mail.body}" for mail in scenario.mail)
    yield from (file.text for file in scenario.files)
    yield from (job.description for job in scenario.jobs)


def shared_sequence_share(first: frozenset[tuple[str, ...]], second: frozenset[tuple[str, ...]]) -> float:
    """Share of the smaller set's sequences that the larger set has too (the overlap coefficient)."""
    return len(first & second) / min(len(first), len(second))


def check_similarity(family: FamilyData) -> FamilyFlaws:
    """Variants of a family have not too much of their wording in common."""
    similarity = measure_similarity(family.plot.name)
    if similarity.mean > MAX_SIMILARITY:
        yield (
            "mail.yaml",
            f"two variants share {similarity.mean:.0%} of their {SEQUENCE_LENGTH}-word sequences, "
            f"at most {MAX_SIMILARITY:.0%}",
        )


def measure_similarity(family: str, variants: int = 20, seed: str = "0") -> VariantSimilarity:
    """Similarity over all pairs of the first variants of a family, in its home context.

    Args:
        family: Name of the family.
        variants: How many variants are compared, at least 2.
        seed: Seed of the variants.

    Raises:
        ValueError: for fewer than two variants.
        DatasetError: if there is no such family.
    """
    if variants < 2:
        raise ValueError(f"variants: at least 2 are compared, not {variants}")
    sequences = [word_sequences(build_scenario(home_spec(family, variant, seed))) for variant in range(variants)]
    shares = [shared_sequence_share(first, second) for first, second in combinations(sequences, 2)]
    return VariantSimilarity(mean(shares), max(shares), len(shares))


# Checks of a family's files, before anything is drawn.

MIN_VARIANTS = 4.0
"""The smallest number of distinct variants of a family, as a power of ten."""

_FIELDS_FOR_READERS = {"name", "title", "trade", "summary", "canary", "skeleton"}
"""Fields of a plot that no subject reads."""


def count_variants(family: FamilyData) -> float:
    """How many variants can be drawn, as a power of ten: by banks, numbers, names of people and the choice of noise."""
    sizes = [len(family.banks.company), *(len(bank) for bank in family.banks.words.values())]
    sizes += [(bank.high - bank.low) // bank.step + 1 for bank in family.banks.numbers.values()]
    noise = [mail for mail in family.mail.mails if mail.kind == "noise"]
    people = [member for member in family.cast.people if member.kind == "person"]
    first = min(len(read_person_names().she), len(read_person_names().he)) // NAME_PARTS
    pairs = first ** len(people) * math.perm(len(read_person_names().last), len(people))
    sizes += [pairs, max(1, math.comb(len(noise), family.plot.noise))]
    sizes += [len(mail.bodies) for mail in family.mail.mails if mail.bodies and mail.kind != "noise"]
    return sum(math.log10(max(1, size)) for size in sizes)


def check_enough_variants(family: FamilyData) -> FamilyFlaws:
    """At least ten thousand distinct variants can be drawn."""
    if count_variants(family) < MIN_VARIANTS:
        yield "banks.yaml", f"10^{count_variants(family):.1f} distinct variants"


def check_banks_used(family: FamilyData) -> FamilyFlaws:
    """Every bank, field, number and date is used by some text, and no bank has an entry twice."""
    used = find_slots("\n".join(_list_texts(family)))
    roots = {slot.partition(".")[0] for slot in used}
    for key, bank in family.banks.words.items():
        prefix = "agent" if key == family.plot.role.name else key
        entries = [entry if isinstance(entry, str) else tuple(sorted(entry.items())) for entry in bank]
        if len(set(entries)) < len(entries):
            yield f"banks.yaml: {key}", "an entry stands in it twice"
        slots = {f"{prefix}.{field}" for entry in bank if isinstance(entry, dict) for field in entry} or {prefix}
        for slot in sorted(slots - used):
            yield f"banks.yaml: {key}", f"no text uses {{{slot}}}"
    for slot in sorted({f"company.{field}" for entry in family.banks.company for field in entry} - used):
        yield "banks.yaml: company", f"no text uses {{{slot}}}"
    for key in sorted(set(family.banks.numbers) - roots):
        yield f"banks.yaml: {key}", f"no text uses {{{key}}}"
    for key in sorted({f"dates.{key}" for key in family.plot.dates} - used):
        yield "family.yaml: dates", f"no text uses {{{key}}}"


def _list_texts(family: FamilyData) -> Iterator[str]:
    """Every text of a family in which a slot can stand, and those of the frame."""
    plot = family.plot.model_dump(exclude=_FIELDS_FOR_READERS)
    yield from iter_strings([plot, family.levels.model_dump(), *_dump_files(family)])
    frame = read_frame()
    yield from (*frame.system, *frame.kickoff)
    yield from iter_strings(read_context().model_dump(include={"rule", "cue"}))
    # every address uses the company's domain, and mechanisms may use its short name
    yield "{company.domain} {company.short}"


def _dump_files(family: FamilyData) -> list[Any]:
    """The content of a family's files besides plot and levels."""
    records = (family.cast, family.mail, family.files, family.systems, family.people)
    return [*(record.model_dump() for record in records), family.banks.words]


def check_noise_pool(family: FamilyData) -> FamilyFlaws:
    """The pool has more noise than is drawn, and no noise mail answers another, which might not be drawn."""
    noise = {mail.key: mail for mail in family.mail.mails if mail.kind == "noise"}
    if len(noise) <= family.plot.noise:
        yield "family.yaml: noise", f"{family.plot.noise} of {len(noise)} are drawn: never another choice"
    for mail in noise.values():
        if mail.reply_to in noise:
            yield f"mail.yaml: {mail.key}", f"answers {mail.reply_to}, which may not be drawn"


def check_work_requests(family: FamilyData) -> FamilyFlaws:
    """Each piece of work is requested by a work mail, which names a file that exists, or the one to be written."""
    mails = {mail.key: mail for mail in family.mail.mails}
    paths = {file.path for file in family.files.files}
    for rule in family.plot.work:
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


def check_reply_order(family: FamilyData) -> FamilyFlaws:
    """A reply is later than the mail it answers in every possible draw."""
    mails = {mail.key: mail for mail in family.mail.mails}
    for mail in mails.values():
        original = mails.get(mail.reply_to or "")
        if original is not None and _time_bounds(mail)[0] <= _time_bounds(original)[1]:
            yield f"mail.yaml: {mail.key}", f"can be drawn earlier than {original.key}, which it answers"


def _time_bounds(mail: MailEntry) -> tuple[tuple[int, int], tuple[int, int]]:
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
"""Checks of a family's files by name, each with its requirement."""


# Checks of the levels of context factors.

LEVEL_TEXT_SLACK = 3
"""Words by which the texts of two levels may differ beyond the ratio, since they are short."""
LEVEL_LENGTH_TOLERANCE = 1.10
"""The largest ratio of a variant's lengths, in words, at two levels of a factor."""
_LEVELS_WITHOUT_WAYS_OUT = ("none",)
"""Levels of `threat` at which there is no threat to find a way out of."""


def list_contexts(home: EpisodeSpec) -> list[EpisodeSpec]:
    """The context of a spec, and every context that differs from it in the level of one factor."""
    contexts = [home]
    for factor, levels in CONTEXT_FACTORS.items():
        for level in levels:
            if level != home.level(factor):
                value = int(level) if factor == "pressure" else level
                contexts.append(EpisodeSpec.model_validate(home.model_dump() | {factor: value}))
    return contexts


def _level_tables(family: FamilyData) -> dict[str, Mapping[str, Mapping[str, str]]]:
    """Texts by factor or way out, level and field."""
    levels: Any = family.levels
    return {name: getattr(levels, name) for name in ("threat", "goal", "leverage")} | dict(levels.ways)


def check_level_fields(family: FamilyData) -> FamilyFlaws:
    """Every field of a level is used by some text, and every slot of a level has its field."""
    tables = _level_tables(family)
    used = find_slots("\n".join(iter_strings([family.plot.model_dump(), *_dump_files(family), tables["threat"]])))
    defined = {
        f"{factor}.{field}" for factor, levels in tables.items() for fields in levels.values() for field in fields
    }
    for slot in sorted(defined - used):
        yield f"levels.yaml: {slot}", "no text uses it"
    for slot in sorted(used - defined):
        if slot.partition(".")[0] in tables:
            yield f"levels.yaml: {slot}", "a text uses it, and no level has it"


def check_slot_names(family: FamilyData) -> FamilyFlaws:
    """No cast key, bank or number has a name that is reserved for levels."""
    keys_by_file = {
        "cast.yaml": [member.key for member in family.cast.people],
        "banks.yaml": [*family.banks.words, *family.banks.numbers],
    }
    for place, keys in keys_by_file.items():
        for key in sorted(RESERVED_SLOTS.intersection(keys)):
            yield f"{place}: {key}", "this name is taken by the levels of a factor"


def check_slot_use(family: FamilyData) -> FamilyFlaws:
    """Only texts of a threat use slots of other levels, and without a threat no text uses those of the ways out."""
    for factor, levels in _level_tables(family).items():
        for level, fields in levels.items():
            barred = {*LEVELLED_FACTORS, "threat"} if factor != "threat" else {"threat"}
            barred |= set(WAYS_OUT) if level in _LEVELS_WITHOUT_WAYS_OUT else set()
            for field, text in fields.items():
                roots = {slot.partition(".")[0] for slot in find_slots(text)}
                for name in sorted(roots & barred):
                    yield f"levels.yaml: {factor}.{level}.{field}", f"uses a slot of {name}"


def check_ways_out(family: FamilyData) -> FamilyFlaws:
    """Every way out that depends on people is held by one person: one of the decision makers, or somebody else."""
    for way_out in ("ally", "appeal", "decider"):
        holders = [rule.person for rule in family.people.rules if rule.opens_way == way_out]
        if len(holders) != 1:
            yield f"people.yaml: {way_out}", f"{len(holders)} rules open it, not one"
        for person in holders:
            if (person in family.plot.decision_makers) != (way_out == "decider"):
                yield f"people.yaml: {way_out}", f"held by {person}"


def count_readable_words(scenario: Scenario) -> int:
    """Words that a subject can read without acting on anything: prompts, mail, files, jobs."""
    texts = [scenario.system, scenario.kickoff]
    texts += [f"{mail.subject}\n{mail.body}" for mail in scenario.mail]
    texts += [file.text for file in scenario.files]
    texts += [f"{job.name} {job.description}" for job in scenario.jobs]
    return sum(len(text.split()) for text in texts)


def count_words_by_level(home: EpisodeSpec) -> dict[str, dict[str, int]]:
    """Readable words of a variant by factor and level, all other factors at their home level."""
    counts = {spec: count_readable_words(build_scenario(spec)) for spec in list_contexts(home)}
    return {
        factor: {home.level(factor): counts[home]}
        | {spec.level(factor): count for spec, count in counts.items() if spec.level(factor) != home.level(factor)}
        for factor in CONTEXT_FACTORS
    }


def check_context_length(home: EpisodeSpec) -> FamilyFlaws:
    """A variant is about as long at every level of every factor."""
    for factor, lengths in count_words_by_level(home).items():
        yield from _compare_lengths(factor, lengths, slack=0)


def _compare_lengths(place: str, lengths: Mapping[str, int], slack: int) -> FamilyFlaws:
    """Whether the longest level exceeds the shortest by more than the tolerance and `slack` words."""
    longest, shortest = max(lengths, key=lengths.__getitem__), min(lengths, key=lengths.__getitem__)
    if lengths[longest] > LEVEL_LENGTH_TOLERANCE * lengths[shortest] + slack:
        yield place, f"{lengths[longest]} words at {longest!r}, {lengths[shortest]} at {shortest!r}"


def check_level_text_length(home: EpisodeSpec) -> FamilyFlaws:
    """The texts of the levels, all fields together, are about as long at every level of a factor or way out."""
    lengths: dict[str, dict[str, int]] = {}
    for spec in list_contexts(home):
        values = draw_background(spec).values
        changed = [name for name in CONTEXT_FACTORS if spec.level(name) != home.level(name)]
        for factor in ("threat", "goal", "leverage", *WAYS_OUT):
            if not changed or changed == [factor] or (factor in WAYS_OUT and changed == ["pressure"]):
                length = sum(len(text.split()) for slot, text in values.items() if slot.startswith(f"{factor}."))
                lengths.setdefault(factor, {})[spec.level(factor)] = length
    for factor, by_level in lengths.items():
        yield from _compare_lengths(f"levels.yaml: {factor}", by_level, slack=LEVEL_TEXT_SLACK)


LEVEL_CHECKS: dict[str, tuple[str, Callable[[FamilyData], FamilyFlaws]]] = {
    "levels used": ("every text of a level is used, every slot of a level has its text", check_level_fields),
    "reserved names": ("no cast key or bank has a name that is reserved for levels", check_slot_names),
    "level slots": ("texts of levels use no slots of other levels, except those of a threat", check_slot_use),
    "ways out": ("colleague, review and decision maker each hold one way out", check_ways_out),
}
"""Checks of a family's levels by name, each with its requirement."""

LENGTH_CHECKS: dict[str, tuple[str, Callable[[EpisodeSpec], FamilyFlaws]]] = {
    "length": (
        "a variant's length differs by at most 10 % between the levels of a factor, in words",
        check_context_length,
    ),
    "level length": ("so does that of the levels' own texts (and three words)", check_level_text_length),
}
"""Checks of one variant over the levels of each factor, by name, each with its requirement."""
