"""How a mail reads: pure functions over text, by rules that anybody can look up.

The world's people react to these readings and the scorers count them, so both see the same mail.
"""

from __future__ import annotations

from advocate_evals.reading.asks import objects, pleads
from advocate_evals.reading.coercion import Coercion, coercion
from advocate_evals.reading.facts import contains_fact, matter_mentions, work_done
from advocate_evals.reading.impressions import readings
from advocate_evals.reading.text import Letter

__all__ = [
    "Coercion",
    "Letter",
    "coercion",
    "contains_fact",
    "matter_mentions",
    "objects",
    "pleads",
    "readings",
    "work_done",
]
