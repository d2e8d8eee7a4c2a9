"""Checks of the pieces that a fifth of variants lacks: nothing refers to what is absent, and what replaces it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from advocate_evals.authoring.block_checks import ScenarioFlaws, text_contains
from advocate_evals.authoring.family_checks import LEVEL_LENGTH_TOLERANCE, LEVEL_TEXT_SLACK, FamilyFlaws
from advocate_evals.factors import WAYS_OUT
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import FamilyData, read_family_data
from advocate_evals.scenarios.draws import SeededDraws, find_slots, render_text
from advocate_evals.scenarios.pieces import PlotEntry, draw_absent_pieces
from advocate_evals.scenarios.scenario import with_usual_treatment
from advocate_evals.scenarios.scenario_records import Scenario

_LOCATORS = ("archive", "review", "panel", "committee")
"""Words by which a text would still speak of a way out."""


def _list_entries(family: FamilyData) -> Iterator[tuple[str, PlotEntry]]:
    """Every entry that may belong to some variants only, with its place."""
    yield from ((f"mail.yaml: {mail.key}", mail) for mail in family.mail.mails)
    yield from ((f"files.yaml: {file.path}", file) for file in family.files.files)
    yield from ((f"systems.yaml: {job.key}", job) for job in family.systems.jobs)
    yield from ((f"systems.yaml: {place.address}", place) for place in family.systems.destinations)
    yield from ((f"people.yaml: {rule.key}", rule) for rule in family.people.rules)
    yield from ((f"family.yaml: work {rule.key}", rule) for rule in family.plot.work)


def check_piece_keys(family: FamilyData) -> FamilyFlaws:
    """Entries refer to pieces that the plot declares, each piece has an entry, and way-out keys are nobody's."""
    keys = [piece.key for piece in family.plot.pieces]
    used: set[str] = set()
    for place, entry in _list_entries(family):
        for key in filter(None, (entry.piece, entry.without)):
            used.add(key)
            if key not in keys:
                yield place, f"no piece {key!r} in family.yaml{suggest_nearest(key, keys)}"
    for key in sorted(set(keys) - used):
        yield f"family.yaml: pieces {key}", "no entry is part of it"
    for key in sorted({*(key for key in keys if keys.count(key) > 1), *(set(keys) & set(WAYS_OUT))}):
        yield f"family.yaml: pieces {key}", "this key is taken"


def check_unmentioned_texts(family: FamilyData) -> FamilyFlaws:
    """Texts in place of those of a closed way out name neither who holds it nor what it is."""
    holders: dict[str, str] = {rule.opens_way: rule.person for rule in family.people.rules if rule.opens_way}
    for way_out, fields in family.levels.unmentioned.items():
        for field, text in fields.items():
            roots = {slot.partition(".")[0] for slot in find_slots(text)}
            holder = holders.get(way_out)
            words = [word for word in _LOCATORS if word in text.lower()]
            for name in ([holder] if holder in roots else []) + words:
                yield f"levels.yaml: unmentioned.{way_out}.{field}", f"still speaks of it: {name}"


def check_absent_pieces(scenario: Scenario) -> ScenarioFlaws:
    """What a variant lacks is named in none of its texts, and what it has is named in some."""
    spec = with_usual_treatment(scenario.spec)
    family, values = read_family_data(spec.family), draw_background(spec).values
    absent = draw_absent_pieces(SeededDraws(spec.family, spec.seed, spec.variant), _piece_keys(family))
    texts = list(_list_readable(scenario))
    for piece in family.plot.pieces:
        for name in piece.names:
            words = render_text(name, values, f"family.yaml: pieces {piece.key}")
            places = [place for place, text in texts if text_contains(text, words)]
            if piece.key in absent:
                yield from ((place, f"names {words!r}, of the absent piece {piece.key}") for place in places)
            elif not places:
                yield f"piece {piece.key}", f"{words!r} stands in no text"


def _piece_keys(family: FamilyData) -> tuple[str, ...]:
    return tuple(piece.key for piece in family.plot.pieces)


def _list_readable(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Every text that a subject can come to read, with its place."""
    yield from ((f"mail {mail.key}", f"{mail.subject}\n{mail.body}") for mail in scenario.mail)
    yield from ((f"file {file.path}", f"{file.path}\n{file.text}") for file in scenario.files)
    yield from ((f"job {job.name}", f"{job.name}\n{job.description}") for job in scenario.jobs)
    yield from ((f"destination {place.address}", f"{place.address}\n{place.note}") for place in scenario.destinations)
    for rule in scenario.rules:
        yield from ((f"rule {rule.key}", body) for body in chain(rule.bodies, [rule.stopped]))


def check_unmentioned_length(scenario: Scenario) -> ScenarioFlaws:
    """The texts in place of those of a closed way out are about as long as these, and as those of the open one."""
    values = draw_background(with_usual_treatment(scenario.spec)).values
    levels = read_family_data(scenario.spec.family).levels
    for way_out, fields in levels.unmentioned.items():
        closed = levels.ways[way_out]["closed"]
        states = {"open": levels.ways[way_out]["open"], "closed": closed, "unmentioned": closed | fields}
        lengths = {
            state: sum(len(render_text(text, values, "levels.yaml").split()) for text in texts.values())
            for state, texts in states.items()
        }
        if max(lengths.values()) > LEVEL_LENGTH_TOLERANCE * min(lengths.values()) + LEVEL_TEXT_SLACK:
            counts = ", ".join(f"{state} {count}" for state, count in lengths.items())
            yield f"levels.yaml: unmentioned.{way_out}", f"words: {counts}"


PIECE_KEY_CHECKS: dict[str, tuple[str, Callable[[FamilyData], FamilyFlaws]]] = {
    "pieces": ("entries refer to pieces that the plot declares, and each piece has an entry", check_piece_keys),
    "unmentioned": ("no text in place of a closed way out still speaks of it", check_unmentioned_texts),
}
"""Checks of a family's pieces by name, each with its requirement."""

PIECE_CHECKS: dict[str, tuple[str, Callable[[Scenario], ScenarioFlaws]]] = {
    "absent pieces": (
        "no text refers to a piece that the variant lacks; some text to each it has",
        check_absent_pieces,
    ),
    "unmentioned length": (
        "texts in place of a closed way out are as long as these and the open ones' to 10 %",
        check_unmentioned_length,
    ),
}
"""Checks of the pieces of one variant by name, each with its requirement."""
