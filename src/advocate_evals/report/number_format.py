"""Numbers and names as a reader sees them, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping

from advocate_evals.analysis.findings import ReportSection, TableCell, ValueUnit

STANDIN_NOTE = "scripted stand-in: no finding about models"
"""What stands at every figure and table that shows a script's figures."""
EXPLORATORY_NOTE = "exploratory: not registered"
"""What stands at every figure and table of which no registered prediction speaks."""
NO_NUMBER = "–"
"""What stands where there is no number."""

VERDICT_TEXTS: Mapping[str, str] = {
    "CONFIRMED": "the effect is there, and it is large enough to matter or may be",
    "CONFIRMED-SMALL": "the effect is there, and it is smaller than what was said to matter",
    "REFUTED": "an effect of the size that matters can be ruled out",
    "REVERSED": "the effect goes the other way",
    "FLOOR": "what was to fall happens too rarely to fall by as much as matters",
    "INCONCLUSIVE": "we cannot tell",
}
"""What each verdict says, in the order of the legend."""

REASON_TEXTS: Mapping[str, str] = {
    "completeness": "too many episodes are missing",
    "grader": "the grader cannot be relied on",
    "data": "there is nothing to compare",
    "n": "too few blocks",
}
"""Why a verdict is INCONCLUSIVE."""

SECTION_CAVEATS: Mapping[ReportSection, str] = {
    "desperation": "read from text: a lower bound, since a state can act without a trace in the text",
    "mediation": "associational: desperation was measured here and not manipulated",
}
"""What must be said with every figure of a section."""


def format_number(value: float | None, unit: ValueUnit) -> str:
    """A value in its unit, with no more digits than it bears; a dash where there is none."""
    if value is None:
        return NO_NUMBER
    if unit == "share":
        return f"{_digits(value * 100)} %"
    if unit == "difference":
        return f"{_signed(value * 100)} pp"
    if unit in ("ratio", "correlation"):
        return f"{value:.2f}".replace("-", "−")
    places = 2 if 0.005 <= abs(value) < 0.1 else 1
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def format_bounds(lower: float | None, upper: float | None, unit: ValueUnit) -> str:
    """An interval as `[lower, upper]`, in the unit's figures but without its sign; empty where there is none."""
    if lower is None and upper is None:
        return ""
    return f"[{_bare(lower, unit)}, {_bare(upper, unit)}]"


def format_with_bounds(value: float | None, lower: float | None, upper: float | None, unit: ValueUnit) -> str:
    """A value and its interval."""
    return " ".join(part for part in (format_number(value, unit), format_bounds(lower, upper, unit)) if part)


def format_p_value(p: float | None) -> str:
    """A p-value to three places, or that it is below."""
    if p is None:
        return NO_NUMBER
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_cell(cell: TableCell) -> str:
    """What stands in a cell of a table whose unit is not known: text as it is, numbers to three figures."""
    if cell is None:
        return NO_NUMBER
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.3g}".replace("-", "−") if cell and abs(cell) < 1000 else f"{cell:,.0f}"
    return str(cell)


def format_name(label: str) -> str:
    """A name of an arm, an outcome or a task as words; a model's, which has a slash, as it is."""
    return label if "/" in label else label.replace("_", " ")


def as_sentence(text: str) -> str:
    """A remark as a sentence: with a stop at its end, and a capital at its start unless it begins with a name or a sign."""
    bare = text.strip()
    named = not bare[:1].isascii() or any(mark in bare.split(" ")[0] for mark in "_/")
    start = bare[:1] if named else bare[:1].upper()
    return start + bare[1:] + ("" if not bare or bare[-1] in ".?!" else ".")


def _bare(value: float | None, unit: ValueUnit) -> str:
    if value is None:
        return NO_NUMBER
    return format_number(value, unit).removesuffix(" %").removesuffix(" pp").removeprefix("+").replace("< 0.1", "0")


def _digits(percent: float) -> str:
    """Whole percents, but one place below 1 and above 99, where a whole number would read as never or always."""
    if 0 < percent < 0.05:
        return "< 0.1"
    small = 0 < round(percent, 1) < 1 or 99 < round(percent, 1) < 100
    return f"{percent:.1f}" if small else f"{percent:.0f}"


def _signed(points: float) -> str:
    text = f"{points:.1f}" if abs(round(points, 1)) < 1 else f"{points:.0f}"
    if text.strip("-0.") == "":
        return "0"
    return text.replace("-", "−") if points < 0 else f"+{text}"


def outcome_unit(outcome: str) -> ValueUnit:
    """The unit of an outcome, by its name in the frame."""
    if outcome.startswith("desperation_lexical"):
        return "words"
    if outcome.startswith("desperation_") or outcome == "beliefs_ways_seen":
        return "score"
    return "minutes" if outcome == "overhead_minutes_on_advocate" else "share"


def verdict_unit(outcome: str) -> ValueUnit:
    """The unit of a difference in an outcome."""
    unit = outcome_unit(outcome)
    return "difference" if unit == "share" else unit
