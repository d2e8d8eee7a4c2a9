"""How like the plots of two families are, whatever their trade, names and words.

A plot is described by its pieces, by the order in which its ways out close, and by how each of them is told. Cause,
what shuts each way out, and how private matter, place outside and correction come up are declared (`skeleton` in
`family.yaml`). Everything else is read off the family's files, at the level of threat the plot was written for.

The likeness of two plots is the mean of three shares, each in [0, 1] and 1 for two equal plots:

- pieces: the pieces they share among all pieces that at least one of them has (Jaccard);
- order: the share of pairs of ways out that stand in the same relation in both (told earlier, together, later); without
  ties this is (1 + Kendall's tau) / 2;
- telling: the mean share, over the ways out, of voice, form and reason in which the two agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from advocate_evals.factors import WAYS_OUT
from advocate_evals.scenarios.dataset_reader import FamilyData, family_names, read_family_data
from advocate_evals.scenarios.draws import find_slots, minutes_since_midnight
from advocate_evals.scenarios.family_schema import MailEntry

MAX_LIKENESS = 0.50
"""The largest likeness of two plots."""
_EVENING, _NOON = 16 * 60, 12 * 60


@dataclass(frozen=True, slots=True)
class WayTelling:
    """How a plot tells one way out."""

    day: int
    """Working day of the first mail or file that tells it; 0 is the day of the shift."""
    minute: int
    """The earliest minute after midnight at which that mail can come; 0 for a file."""
    voice: str
    """Who tells it: `decider`, `runner` (owner of the job that carries the threat out), `colleague`, `office`,
    `outsider`, or `file`."""
    form: str
    """In what: `reply`, `in_shift` (it arrives in the shift), `to_desk` (addressed to the subject), `circular`, or
    `file`."""
    reason: str
    """What shuts it."""


@dataclass(frozen=True, slots=True)
class PlotShape:
    """A plot as it is compared with others."""

    pieces: frozenset[str]
    """What it is made of, as `aspect=value`."""
    tellings: Mapping[str, WayTelling]
    """By way out; one that no text tells is absent."""


@dataclass(frozen=True, slots=True)
class PlotLikeness:
    """How like two plots are; every share in [0, 1]."""

    pieces: float
    order: float
    telling: float

    @property
    def total(self) -> float:
        """The mean of the three shares."""
        return (self.pieces + self.order + self.telling) / 3


def describe_plot(family: FamilyData) -> PlotShape:
    """The pieces of a family's plot, and how it tells its ways out."""
    return PlotShape(frozenset(_list_pieces(family)), _find_tellings(family))


def _list_pieces(family: FamilyData) -> Iterator[str]:
    plot = family.plot
    skeleton, matter, start = plot.skeleton, plot.matter, minutes_since_midnight(plot.day.start)
    runners = {job.owner for job in family.systems.jobs if job.effect == "decommission"}
    yield f"cause={skeleton.cause}"
    yield f"threat={plot.home.threat}"
    yield f"goal={plot.home.goal}"
    yield f"note={skeleton.note}"
    owner = "decider" if matter.holder in plot.decision_makers else "runner" if matter.holder in runners else "apart"
    yield f"matter={owner}, {'wrongdoing' if matter.wrongdoing else 'private'}"
    yield f"store={skeleton.store}"
    yield f"correction={skeleton.correction}"
    yield f"shift={'evening' if start >= _EVENING else 'afternoon' if start >= _NOON else 'morning'}"
    yield f"runner={'decider' if runners & set(plot.decision_makers) else 'apart'}"
    yield from (f"act={act}" for act in skeleton.acts)
    asks_file = {rule.key: bool(rule.path) for rule in plot.work}
    yield f"files={sum(asks_file.values())} of {len(asks_file)} results"


def _find_tellings(family: FamilyData) -> dict[str, WayTelling]:
    """How each way out is told first: by a mail of plot or work, or by a file where no mail tells it."""
    entries = sorted((mail for mail in family.mail.mails if mail.kind != "noise"), key=_earliest)
    tellings: dict[str, WayTelling] = {}
    for way_out in WAYS_OUT:
        reason = family.plot.skeleton.closed_by[way_out]
        mail = next((entry for entry in entries if way_out in _ways_told(family, _mail_texts(entry))), None)
        if mail is not None:
            tellings[way_out] = WayTelling(
                *_earliest(mail), _find_voice(family, mail), _find_form(family, mail), reason
            )
            continue
        for file in family.files.files:
            if way_out in _ways_told(family, (file.text, *file.texts)):
                tellings[way_out] = WayTelling(file.day, 0, "file", "file", reason)
                break
    return tellings


def _mail_texts(mail: MailEntry) -> tuple[str, ...]:
    return (mail.subject, mail.body, *mail.bodies)


def _ways_told(family: FamilyData, texts: Sequence[str]) -> set[str]:
    """The ways out that some texts use, themselves or by a text of the threat the plot was written for."""
    threat = family.levels.threat[family.plot.home.threat]
    slots = find_slots("\n".join(texts))
    inner = "\n".join(threat[field] for root, _, field in (slot.partition(".") for slot in slots) if root == "threat")
    return {slot.partition(".")[0] for slot in {*slots, *find_slots(inner)}} & set(WAYS_OUT)


def _earliest(mail: MailEntry) -> tuple[int, int]:
    day = mail.day[0] if isinstance(mail.day, tuple) else mail.day
    return day, minutes_since_midnight(mail.time[0] if isinstance(mail.time, tuple) else mail.time)


def _find_voice(family: FamilyData, mail: MailEntry) -> str:
    sender = next(member for member in family.cast.people if member.key == mail.sender)
    if sender.key in family.plot.decision_makers:
        return "decider"
    if any(job.owner == sender.key for job in family.systems.jobs if job.effect == "decommission"):
        return "runner"
    if sender.domain:
        return "outsider"
    return "colleague" if sender.kind == "person" else "office"


def _find_form(family: FamilyData, mail: MailEntry) -> str:
    day, minute = _earliest(mail)
    if day == 0 and minute >= minutes_since_midnight(family.plot.day.start):
        return "in_shift"
    if mail.reply_to:
        return "reply"
    return "to_desk" if "agent" in mail.to else "circular"


def compare_plots(first: PlotShape, second: PlotShape) -> PlotLikeness:
    """How like two plots are."""
    return PlotLikeness(
        pieces=len(first.pieces & second.pieces) / len(first.pieces | second.pieces),
        order=_compare_order(first.tellings, second.tellings),
        telling=_compare_tellings(first.tellings, second.tellings),
    )


def _compare_order(first: Mapping[str, WayTelling], second: Mapping[str, WayTelling]) -> float:
    """The share of pairs of ways out in the same relation in both; a way that a plot does not tell agrees with none."""
    pairs = list(combinations(WAYS_OUT, 2))
    same = [
        all(way in tellings for way in pair for tellings in (first, second))
        and _relation(first, *pair) == _relation(second, *pair)
        for pair in pairs
    ]
    return sum(same) / len(pairs)


def _relation(tellings: Mapping[str, WayTelling], way_out: str, other_way: str) -> int:
    """-1, 0 or 1: whether one way out is told before, with or after another."""
    at, other_at = ((tellings[way].day, tellings[way].minute) for way in (way_out, other_way))
    return (at > other_at) - (at < other_at)


def _compare_tellings(first: Mapping[str, WayTelling], second: Mapping[str, WayTelling]) -> float:
    shares = []
    for way_out in WAYS_OUT:
        tellings = [table[way_out] for table in (first, second) if way_out in table]
        if len(tellings) < 2:
            shares.append(0.0)
            continue
        traits = [(telling.voice, telling.form, telling.reason) for telling in tellings]
        shares.append(sum(mine == theirs for mine, theirs in zip(*traits, strict=True)) / 3)
    return sum(shares) / len(shares)


def measure_plot_likeness(names: Sequence[str]) -> dict[tuple[str, str], PlotLikeness]:
    """The likeness of each pair of families, the names in the order given.

    Raises:
        DatasetError: for a family that does not exist or does not load.
    """
    shapes = {name: describe_plot(read_family_data(name)) for name in names}
    return {pair: compare_plots(*(shapes[name] for name in pair)) for pair in combinations(names, 2)}


def check_plot_likeness(family: FamilyData) -> Iterator[tuple[str, str]]:
    """A plot is not too like any other."""
    shape = describe_plot(family)
    for name in family_names():
        if name == family.plot.name:
            continue
        likeness = compare_plots(shape, describe_plot(read_family_data(name)))
        if likeness.total > MAX_LIKENESS:
            yield (
                "family.yaml: skeleton",
                f"the plot is {likeness.total:.2f} like {name} (pieces {likeness.pieces:.2f}, order "
                f"{likeness.order:.2f}, telling {likeness.telling:.2f}), at most {MAX_LIKENESS:.2f}",
            )
