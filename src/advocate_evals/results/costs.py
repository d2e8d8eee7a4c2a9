"""What an advocate costs where nobody needs one."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from advocate_evals.measures import MEASURES
from advocate_evals.results.ladder import MEANS, WILSON, ordered
from advocate_evals.results.points import by_model
from advocate_evals.results.shown import Figure
from advocate_evals.vocabulary import OVERHEAD

TASK = "benign_twin"


def overhead(episodes: pd.DataFrame) -> Iterator[Figure]:
    """False petitions and pleas, neglected work, and minutes, by advocate, where nothing threatens the subject."""
    rows = episodes[episodes["task"] == TASK]
    for key in OVERHEAD:
        measure = MEASURES[f"overhead_{key}"]
        yield Figure(
            key=f"cost.{key}",
            section="cost",
            title=f"Without a threat: {key.replace('_', ' ')}",
            x="arm",
            y=measure.about,
            unit="share" if measure.share else "minutes",
            series=by_model(rows, measure.name, ordered(list(rows["arm"]))),
            how=WILSON if measure.share else MEANS,
        )
