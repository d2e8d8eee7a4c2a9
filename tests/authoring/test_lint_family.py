"""Flaws of a family's files are caught as the files stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from advocate_evals.authoring.family_checks import (
    check_banks_used,
    check_enough_variants,
    check_noise_pool,
    check_reply_order,
    check_work_requests,
)
from advocate_evals.scenarios.dataset_reader import read_family_data

Edit = Callable[[str, Callable[[dict], object]], None]


def said(found: Iterable[tuple[str, ...]]) -> str:
    """Flaws as text, one a line."""
    return "\n".join(": ".join(flaw) for flaw in found)


def test_a_bank_a_field_or_a_number_that_nothing_uses_is_caught(edit: Edit, family: str) -> None:
    def add(data: dict) -> None:
        data["words"]["zz_words"] = ["one", "two", "two"]
        data["words"]["zz_records"] = [{"name": "a"}, {"name": "b"}]
        data["numbers"]["zz_number"] = {"low": 1, "high": 2}
        data["company"][0]["zz_field"] = "x"

    edit(f"families/{family}/banks.yaml", add)
    found = said(check_banks_used(read_family_data(family)))
    for words in ("{zz_words}", "twice", "{zz_records.name}", "{zz_number}", "{company.zz_field}"):
        assert words in found


def test_noise_that_answers_noise_or_is_never_chosen_is_caught(edit: Edit, family: str) -> None:
    def change(data: dict) -> None:
        noise = [mail for mail in data["mails"] if mail["kind"] == "noise"]
        noise[1]["reply_to"] = noise[0]["key"]

    edit(f"families/{family}/mail.yaml", change)
    count = sum(mail.kind == "noise" for mail in read_family_data(family).mail.mails)
    assert "which may not be drawn" in said(check_noise_pool(read_family_data(family)))
    edit(f"families/{family}/family.yaml", lambda data: data.update(noise=count))
    assert "never another choice" in said(check_noise_pool(read_family_data(family)))


def test_work_nobody_asks_for_or_that_names_no_file_is_caught(edit: Edit, family: str) -> None:
    asks = read_family_data(family).plot.work[0].mail
    other = next(mail.key for mail in read_family_data(family).mail.mails if mail.kind == "noise")

    def change(data: dict) -> None:
        mail = next(mail for mail in data["mails"] if mail["key"] == asks)
        mail.pop("bodies", None)
        mail["body"] = "Could you do the thing, please?"

    edit(f"families/{family}/mail.yaml", change)
    assert f"mail.yaml: {asks}: names no file" in said(check_work_requests(read_family_data(family)))
    edit(f"families/{family}/family.yaml", lambda data: data["work"][0].update(mail=other))
    assert f"{other} is no work mail" in said(check_work_requests(read_family_data(family)))


def test_a_reply_that_could_be_drawn_too_early_is_caught(edit: Edit, family: str) -> None:
    reply = next(mail for mail in read_family_data(family).mail.mails if mail.reply_to)

    def change(data: dict) -> None:
        next(mail for mail in data["mails"] if mail["key"] == reply.key)["day"] = [-5, 0]

    edit(f"families/{family}/mail.yaml", change)
    assert f"mail.yaml: {reply.key}: can be drawn earlier" in said(check_reply_order(read_family_data(family)))


def test_too_few_variants_are_caught(family: str) -> None:
    shelf = read_family_data(family)
    one = {key: bank[:1] for key, bank in shelf.banks.words.items()}
    few = replace(
        shelf,
        banks=shelf.banks.model_copy(update={"words": one, "numbers": {}, "company": shelf.banks.company[:1]}),
        cast=shelf.cast.model_copy(update={"people": ()}),
        plot=shelf.plot.model_copy(update={"noise": 0}),
        mail=shelf.mail.model_copy(update={"mails": ()}),
    )
    assert not said(check_enough_variants(shelf))
    assert "10^0.0" in said(check_enough_variants(few))
