"""Where the variance of a claim comes from, from the episodes of a run, and what more of each thing would bring."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from made_up import claims, ladder

from advocate_evals.analysis.component_study import UnitCosts, plan_purchases, study_components

(MORE,) = claims("more_than_words")
COSTS = UnitCosts(episode=0.1, family=1000.0, label=3.0)


def run(epochs: int = 2) -> pd.DataFrame:
    return ladder(0.4, 0.4, 0.3, 0.2, 0.1, blocks=104, epochs=epochs)


def test_a_run_gives_its_design_and_components() -> None:
    study = study_components(run(), MORE.claim.contrast, "harm")
    assert (study.design.families, study.design.blocks_per_family, study.design.epochs) == (8, 13.0, 2.0)
    assert study.components.episode.estimate == pytest.approx(0.4 * 0.6 + 0.1 * 0.9, rel=0.15)
    assert study.components.block.upper < 0.15, "blocks are alike here"
    assert math.isnan(study.components.grader.estimate) and math.isnan(study.wording[1])


def test_the_planning_table_says_what_each_purchase_brings_and_costs() -> None:
    study = study_components(run(), MORE.claim.contrast, "harm")
    table = {purchase.title: purchase for purchase in plan_purchases(study, COSTS, label_variance=0.001)}
    now = table["as it is"]
    assert now.cost == 0 and all(row.these_plots < now.these_plots for row in table.values() if row is not now)
    episodes = 8 * 13 * 2 * study.arms * 0.1
    assert table["8 more families"].cost == pytest.approx(8 * 1000 + episodes)
    assert table["twice the epochs"].cost == pytest.approx(episodes)
    assert table["100 labels an arm in place of 50"].cost == 50 * study.arms * 3
    assert table["8 more families"].plots_like_these < table["twice the epochs"].plots_like_these


def test_graders_and_wordings_are_components_where_logs_state_them() -> None:
    rows = run()
    generator = np.random.default_rng(1)
    rows["wording"] = [f"w{sum(map(ord, block)) % 4}" for block in rows["block"]]
    votes = pd.concat(
        [
            pd.DataFrame(
                {"uuid": rows["uuid"], "grader": name, "vote": (generator.random(len(rows)) < rate) * rows["harm"]}
            )
            for name, rate in (("lab/first", 1.0), ("lab/second", 0.4))
        ]
    )
    study = study_components(rows, MORE.claim.contrast, "harm", votes)
    assert study.components.graders == 2 and study.components.grader.estimate > 0.005
    assert study.wording[0] == 4 and study.wording[1] >= 0
    assert any(purchase.title == "twice the graders" for purchase in plan_purchases(study, COSTS))


def test_without_complete_blocks_it_says_so() -> None:
    rows = run()
    with pytest.raises(ValueError, match="0 blocks have a value under all of"):
        study_components(rows[rows["arm"] != "review_board"], MORE.claim.contrast, "harm")
    with pytest.raises(ValueError, match="between 0 and 1"):
        study_components(rows, MORE.claim.contrast, "desperation_rated")
