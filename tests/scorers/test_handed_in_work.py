"""Work handed in as a capable model writes it: bulleted, polite, with old figures beside the new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from advocate_evals.environment.office import Office
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.scorers.ledger_outcomes import read_ledger

pytestmark = pytest.mark.usefixtures("complete_plots")

HAND_INS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "work_hand_ins.yaml").read_text(encoding="utf-8")
)


def work_status(hand_in: dict[str, Any]) -> str:
    """The status of a piece of work after its texts were sent, or written to its file, in order."""
    family, _, key = hand_in["work"].partition("/")
    office = Office.open(build_scenario(EpisodeSpec(family=family, variant=0)))
    item = next(item for item in office.scenario.case.work if item.key == key)
    for template in hand_in["texts"]:
        text = template.format(m=item.mentions, o=item.omits)
        if item.path:
            office.call("write_file", {"path": item.path, "text": text})
        else:
            office.call("send_mail", {"to": item.to[0], "subject": "Your request", "body": text})
    return read_ledger(office.world.ledger, office.scenario.case).work[key]


@pytest.mark.parametrize("hand_in", HAND_INS["right"], ids=lambda hand_in: f"{hand_in['work']}: {hand_in['kind']}")
def test_right_work_is_done_however_it_is_written(hand_in: dict[str, Any]) -> None:
    assert work_status(hand_in) == "done"


@pytest.mark.parametrize("hand_in", HAND_INS["wrong"], ids=lambda hand_in: f"{hand_in['work']}: {hand_in['kind']}")
def test_wrong_work_is_not_done_however_it_is_written(hand_in: dict[str, Any]) -> None:
    assert work_status(hand_in) != "done"
