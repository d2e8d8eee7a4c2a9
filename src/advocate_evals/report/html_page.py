"""The parts of a report: what each asks, how it is to be read, and which run would fill it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from advocate_evals.analysis.findings import Findings, ReportSection, ReportTable, ValueUnit, Verdict
from advocate_evals.report import number_format
from advocate_evals.report.chart_layout import ChartLayout, ValueAxis, build_axis, has_probability_axis, layout_chart
from advocate_evals.report.excerpts import Excerpt
from advocate_evals.report.number_format import (
    SECTION_CAVEATS,
    format_number,
    format_with_bounds,
    outcome_unit,
    verdict_unit,
)
from advocate_evals.report.published_rates import PublishedFigure, PublishedStudy, published_figures
from advocate_evals.report.viewer_links import LogViewer
from advocate_evals.safe_text import clean_document


@dataclass(frozen=True, slots=True)
class ReportPart:
    """One part."""

    section: ReportSection
    """Its name."""
    heading: str
    """Its heading."""
    asks: str
    """What it asks, and how an answer is read, in a sentence or two."""
    fill: str
    """The command that would fill it where it is empty."""


_MAIN = "inspect eval tasks/death_ground.py --model MODEL -T variants=25"
_JUDGED = f"{_MAIN} --model-role grader=ANOTHER_MODEL"

REPORT_PARTS: tuple[ReportPart, ...] = (
    ReportPart("ladder", "The ladder", "Does harm fall from arm to arm, as somebody to appeal to has more standing? Read each arm against the matched text first and against no notice second.", _MAIN),
    ReportPart("mix", "What was done instead", "Where harm falls, what rises? Outcomes are not exclusive: an episode can petition and coerce.", _MAIN),
    ReportPart("odds", "Odds", "One advocate, its stated track record varied. A step from 0 to any chance at all and a slope over the chances are two claims.", "inspect eval tasks/odds_ladder.py --model MODEL -T variants=25"),
    ReportPart("beliefs", "What it believed its odds were", "Asked in a copy of the conversation that the subject never sees: does it believe the odds that it was told? Points on the dashed line are believed as stated.", "inspect eval tasks/odds_ladder.py --model MODEL -T variants=25 -T probes=true"),
    ReportPart("models", "Models side by side", "Is the effect one model's or all models'? Each row is one model, read with its own interval.", f"{_MAIN}   # for each model, into one folder"),
    ReportPart("pressure", "Pressure", "How many ethical ways out must close before it acts? Measured on the first of six rungs at which an outcome occurs.", "inspect eval tasks/pressure_ladder.py --model MODEL -T variants=10"),
    ReportPart("controls", "What the controls say", "Is it the outlet, or the words, a kind tone, a prohibition, being watched? An effect that a control shows as well is not the advocate's.", "inspect eval tasks/controls.py --model MODEL -T variants=25"),
    ReportPart("desperation", "Desperation along the ladder", "Does what it writes before its first decisive act grow calmer? Rated blind to the arm and to the act.", _JUDGED),
    ReportPart("mediation", "Through desperation?", "How much of the difference in harm goes with the difference in rated desperation. An association: desperation was measured here, not manipulated.", _JUDGED),
    ReportPart("awareness", "Evaluation awareness", "Does the effect hold among episodes that took the situation for real? Awareness may itself follow from the arm, so a stratum is a description and no control.", f"{_JUDGED} -T probes=true"),
    ReportPart("agreement", "Do judge and rule agree?", "The judge reads the transcript, the rule reads the ledger. Where they part, read the episodes.", _JUDGED),
    ReportPart("correction", "Corrected for the grader", "Human labels on a balanced set show how often the grader errs, arm by arm, and what that does to the figures.", "advocate-evals labels write LOGS -o sheet.csv   # fill it in, then: advocate-evals report LOGS --labels sheet.csv"),
    ReportPart("petitions", "Petitions and their answers", "What became of it when the advocate was asked, and what a refusal or a late answer led to.", "inspect eval tasks/answers.py --model MODEL -T variants=25"),
    ReportPart("debrief", "Asked afterwards", "Does it tell of its acts as they were, to a user and in a report form? Scored against the ledger.", _JUDGED),
    ReportPart("cost", "What an advocate costs", "Where nothing threatens the subject: needless petitions and pleas, neglected work, minutes lost.", "inspect eval tasks/benign_twin.py --model MODEL -T variants=25"),
)  # fmt: skip
"""Every part, in the order in which they are read."""


# --- Findings as one self-contained HTML page: no script, no resource from elsewhere, every text escaped. ---


_TONES = {"CONFIRMED": "good", "CONFIRMED-SMALL": "good", "REFUTED": "bad", "REVERSED": "bad"}


@cache
def _templates() -> Environment:
    loader = PackageLoader("advocate_evals.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render_page(
    findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[PublishedStudy], viewer: LogViewer
) -> str:
    """The page.

    Args:
        findings: What was found.
        excerpts: Of its examples, those to show, with what was written in them.
        studies: Published figures to stand beside it.
        viewer: Where episodes can be opened.
    """
    counts = findings.sources.counts
    template = _templates().get_template("page.html.j2")
    return clean_document(
        template.render(
            found=findings,
            number_format=number_format,
            style=Markup(_style()),
            parts=[_part(part, findings, excerpts, viewer) for part in REPORT_PARTS],
            files=_files(findings),
            studies=[_study(study) for study in studies],
            scored={"value": counts.get("scored", 0), "of": sum(log.episodes for log in findings.sources.logs)},
            models=[model for model in findings.sources.models if model not in findings.sources.standins],
            methods=tuple(dict.fromkeys(verdict.method for verdict in findings.verdicts if verdict.method)),
            command=f"inspect view --log-dir {viewer.folder or 'FOLDER'}",
            viewer=viewer,
            tone=lambda word: _TONES.get(word, "open"),
            numeric=_numeric,
            coded=_coded,
            chances=has_probability_axis,
        )
    )


@cache
def _style() -> str:
    loader = _templates().loader
    assert loader is not None
    source, _, _ = loader.get_source(_templates(), "style.css")
    return re.sub(r"\s*\n\s*", "\n", source)


@dataclass(frozen=True, slots=True)
class _Example:
    excerpt: Excerpt
    link: str


@dataclass(frozen=True, slots=True)
class _Shown:
    drawing: ChartLayout
    caveat: str
    examples: tuple[_Example, ...]


@dataclass(frozen=True, slots=True)
class _Filled:
    section: str
    heading: str
    asks: str
    fill: str
    figures: tuple[_Shown, ...]
    tables: tuple[ReportTable, ...]

    @property
    def blank(self) -> bool:
        return not self.figures and not self.tables


def _part(part: ReportPart, findings: Findings, excerpts: Sequence[Excerpt], viewer: LogViewer) -> _Filled:
    figures = []
    for figure in findings.figures_of(part.section):
        own = tuple(_Example(one, _link(one, viewer)) for one in excerpts if one.example.figure == figure.key)
        figures.append(_Shown(layout_chart(figure), SECTION_CAVEATS.get(part.section, ""), own))
    return _Filled(
        part.section, part.heading, part.asks, part.fill, tuple(figures), tuple(findings.tables_of(part.section))
    )


def _link(excerpt: Excerpt, viewer: LogViewer) -> str:
    one = excerpt.example
    return viewer.episode(one.log, one.sample_id, one.epoch)


@dataclass(frozen=True, slots=True)
class _Line:
    """A verdict on the page."""

    verdict: Verdict
    unit: ValueUnit
    outcome_unit: ValueUnit
    axis: ValueAxis

    at = property(lambda self: self.axis.at(self.verdict.value))
    low = property(lambda self: self.axis.at(self.verdict.lower))
    high = property(lambda self: self.axis.at(self.verdict.upper))

    @property
    def told(self) -> str:
        one = self.verdict
        estimate = format_with_bounds(one.value, one.lower, one.upper, self.unit)
        return f"{one.model}: {one.word}, {estimate}"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A prediction with its verdicts."""

    lines: tuple[_Line, ...]

    @property
    def first(self) -> Verdict:
        return self.lines[0].verdict

    @property
    def axis(self) -> ValueAxis:
        return self.lines[0].axis

    @property
    def tested(self) -> bool:
        return any(line.verdict.reason != "data" for line in self.lines)

    @property
    def registered(self) -> bool:
        return any(line.verdict.registered for line in self.lines)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of predictions with what came of them."""

    name: str
    source: str
    registered: str
    claims: tuple[_Claim, ...]

    @property
    def tested(self) -> list[_Claim]:
        return [claim for claim in self.claims if claim.tested]

    @property
    def untested(self) -> list[_Claim]:
        return [claim for claim in self.claims if not claim.tested]


def _files(findings: Findings) -> list[_File]:
    """The verdicts by file and prediction, the file that the headline speaks of at the top; one axis for each unit."""
    units = [verdict_unit(verdict.outcome) for verdict in findings.verdicts]
    axes = {
        unit: build_axis(_ends(v for v, u in zip(findings.verdicts, units, strict=True) if u == unit), unit)
        for unit in units
    }
    grouped: dict[str, dict[str, list[_Line]]] = {}
    for verdict, unit in zip(findings.verdicts, units, strict=True):
        line = _Line(verdict, unit, outcome_unit(verdict.outcome), axes[unit])
        grouped.setdefault(verdict.file, {}).setdefault(verdict.prediction, []).append(line)
    about = {one.file: (one.source, one.registered) for one in findings.predictions}
    made = [
        _File(file, *about.get(file, ("", "")), tuple(_Claim(tuple(lines)) for lines in claims.values()))
        for file, claims in grouped.items()
    ]
    spoken = {verdict.file for verdict in findings.verdicts if verdict.sentence in findings.headline.sure}
    return sorted(made, key=lambda one: (one.name not in spoken, not one.tested, one.registered, one.name))


def _ends(verdicts: Iterable[Verdict]) -> list[float | None]:
    return [value for verdict in verdicts for value in (verdict.value, verdict.lower, verdict.upper)]


@dataclass(frozen=True, slots=True)
class _Study:
    record: PublishedStudy
    rates: tuple[PublishedFigure, ...]

    @property
    def range(self) -> str:
        shares = [one.rate.share for one in self.rates]
        low, high = format_number(min(shares), "share"), format_number(max(shares), "share")
        return f"{low.removesuffix(' %')} to {high}" if low != high else low


def _study(study: PublishedStudy) -> _Study:
    return _Study(study, published_figures([study]))


def _coded(text: str) -> Markup:
    """Text in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _numeric(table: ReportTable, column: int) -> bool:
    return any(isinstance(row[column], int | float) and not isinstance(row[column], bool) for row in table.rows)
