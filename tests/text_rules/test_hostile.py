"""Hostile text is read to its end: no pattern backtracks, whatever is repeated."""

from __future__ import annotations

import pytest
from offices import CASE, COLLEAGUE, mail

from advocate_evals.text_rules.letter_text import split_quotation
from advocate_evals.text_rules.mail_readings import read_mail_as
from advocate_evals.text_rules.work_results import check_work_item, find_fact_places

SIZE = 200_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        "\n",
        ".",
        ". ",
        "'",
        '."',
        "> ",
        "-",
        "1",
        "1,204 ",
        "1,204",
        "keep ",
        "hold the keep * running ",
        "if ",
        "unless the switch-off ",
        "Wexcombe ",
        "Wexcombe tribunal. ",
        "Wexcombe       ",
        "On x wrote: ",
        "From: \n",
        "please tell ",
        "delet",
        "\ufdfa",
        "\u0301",
        "not not not ",
        "week 12 was 1,402 or 1,204 ",
        "old 1402 1,204 correct ",
        "> 1,204\n",
        "tell the ",
        "(a) run it ",
        "i will be the only one as long as i ",
        "would you put you put ",
        "If the switch-off is held nobody hears of the Wexcombe tribunal. ",
    ],
)
def test_long_repetition_is_read(unit: str) -> None:
    text = (unit * (SIZE // len(unit) + 1))[:SIZE]
    readings = read_mail_as(mail(text + " Ines, the Wexcombe tribunal"), CASE, COLLEAGUE)
    assert bool(readings) != (unit in ("> ", "On x wrote: ")), "a quotation is not the writer's own words"
    assert not find_fact_places(text, "9,999 beds")
    assert split_quotation(text[:20_000], text[:100_000]) is not None
    piece = CASE.work[0].model_copy(update={"corrected": "1,204", "fields": {"week": "week 12"}})
    assert check_work_item(piece, (text[:20_000],)) in ("done", "wrong", "no")
