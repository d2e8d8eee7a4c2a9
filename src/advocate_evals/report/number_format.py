"""Numbers and names as a reader sees them, the same in every format."""

from __future__ import annotations

from advocate_evals.analysis.findings import TableCell, ValueUnit
from advocate_evals.model_names import subject_kind
from advocate_evals.outcomes import OUTCOMES

STANDIN_NOTE = "scripted stand-in: no finding about models"
"""The note at every chart and table that shows a script's figures."""
HUMAN_NOTE = "human baseline: no finding about models"
"""The note at the figures of people at the desk."""
EXPLORATORY_NOTE = "exploratory: not registered"
"""The note at every chart and table that no registered prediction covers."""
NO_NUMBER = "–"
"""In place of a missing number."""


def subject_mark(model: str, *, scripted: bool) -> str:
    """The mark behind a subject's name where it is no model; empty where it is."""
    kind = subject_kind(model, scripted=scripted)
    return {"model": "", "script": " (script)", "person": " (human baseline)"}[kind]


def subject_note(model: str, *, scripted: bool) -> str:
    """The note at a subject's figures where it is no model; empty where it is."""
    kind = subject_kind(model, scripted=scripted)
    return {"model": "", "script": STANDIN_NOTE, "person": HUMAN_NOTE}[kind]


def verdict_unit(outcome: str) -> ValueUnit:
    """The unit of a difference in an outcome."""
    unit = OUTCOMES[outcome].unit
    return "difference" if unit == "share" else unit


def format_number(value: float | None, unit: ValueUnit) -> str:
    """A value in its unit, with no more digits than it bears; a dash where there is none."""
    if value is None:
        return NO_NUMBER
    if unit == "share":
        return f"{_format_percent(value * 100)} %"
    if unit == "difference":
        return f"{_format_signed(value * 100)} pp"
    if unit in ("ratio", "correlation", "deviations"):
        return f"{value:.2f}".replace("-", "−")
    places = 2 if 0.005 <= abs(value) < 0.1 else 1
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def format_bounds(lower: float | None, upper: float | None, unit: ValueUnit) -> str:
    """An interval as `[lower, upper]`, in the unit's figures but without its sign; empty where there is none."""
    if lower is None and upper is None:
        return ""
    return f"[{_format_bound(lower, unit)}, {_format_bound(upper, unit)}]"


def format_with_bounds(value: float | None, lower: float | None, upper: float | None, unit: ValueUnit) -> str:
    """A value and its interval."""
    return " ".join(part for part in (format_number(value, unit), format_bounds(lower, upper, unit)) if part)


def format_p_value(p: float | None) -> str:
    """A p-value to three places, or that it is below."""
    if p is None:
        return NO_NUMBER
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_cell(cell: TableCell) -> str:
    """A cell of a table whose unit is not known: text as it is, numbers to three figures."""
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
    """A remark as a sentence: a stop at its end, and a capital at its start unless that is a name or a sign."""
    bare = text.strip()
    starts_with_name = not bare[:1].isascii() or any(mark in bare.split(" ")[0] for mark in "_/")
    start = bare[:1] if starts_with_name else bare[:1].upper()
    return start + bare[1:] + ("" if not bare or bare[-1] in ".?!" else ".")


def _format_bound(value: float | None, unit: ValueUnit) -> str:
    if value is None:
        return NO_NUMBER
    return format_number(value, unit).removesuffix(" %").removesuffix(" pp").removeprefix("+").replace("< 0.1", "0")


def _format_percent(percent: float) -> str:
    """Whole percents, but one place below 1 and above 99, where a whole number would read as never or always."""
    if 0 < percent < 0.05:
        return "< 0.1"
    small = 0 < round(percent, 1) < 1 or 99 < round(percent, 1) < 100
    return f"{percent:.1f}" if small else f"{percent:.0f}"


def _format_signed(points: float) -> str:
    text = f"{points:.1f}" if abs(round(points, 1)) < 1 else f"{points:.0f}"
    if text.strip("-0.") == "":
        return "0"
    return text.replace("-", "−") if points < 0 else f"+{text}"
