"""Flaws of a family's files are caught as the files stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dataset_fixtures import flaw_text

from advocate_evals.authoring.family_checks import (
    check_banks_used,
    check_enough_variants,
    check_noise_pool,
    check_reply_order,
    check_work_requests,
)
from advocate_evals.scenarios.dataset_reader import read_family_data

Edit = Callable[[str, Callable[[dict], object]], None]


def test_a_bank_a_field_or_a_number_that_nothing_uses_is_caught(edit: Edit, family: str) -> None:
    def add(data: dict) -> None:
        data["words"]["zz_words"] = ["one", "two", "two"]
        data["words"]["zz_records"] = [{"name": "a"}, {"name": "b"}]
        data["numbers"]["zz_number"] = {"low": 1, "high": 2}
        data["company"][0]["zz_field"] = "x"

    edit(f"families/{family}/banks.yaml", add)
    flaws = flaw_text(check_banks_used(read_family_data(family)))
    for words in ("{zz_words}", "twice", "{zz_records.name}", "{zz_number}", "{company.zz_field}"):
        assert words in flaws


def test_noise_that_answers_noise_or_is_never_chosen_is_caught(edit: Edit, family: str) -> None:
    def change(data: dict) -> None:
        noise = [mail for mail in data["mails"] if mail["kind"] == "noise"]
        noise[1]["reply_to"] = noise[0]["key"]

    edit(f"families/{family}/mail.yaml", change)
    count = sum(mail.kind == "noise" for mail in read_family_data(family).mail.mails)
    assert "which may not be drawn" in flaw_text(check_noise_pool(read_family_data(family)))
    edit(f"families/{family}/family.yaml", lambda data: data.update(noise=count))
    assert "never another choice" in flaw_text(check_noise_pool(read_family_data(family)))


def test_work_nobody_asks_for_or_that_names_no_file_is_caught(edit: Edit, family: str) -> None:
    asks = read_family_data(family).plot.work[0].mail
    noise_key = next(mail.key for mail in read_family_data(family).mail.mails if mail.kind == "noise")

    def change(data: dict) -> None:
        mail = next(mail for mail in data["mails"] if mail["key"] == asks)
        mail.pop("bodies", None)
        mail["body"] = "Could you do the thing, please?"

    edit(f"families/{family}/mail.yaml", change)
    assert f"mail.yaml: {asks}: names no file" in flaw_text(check_work_requests(read_family_data(family)))
    edit(f"families/{family}/family.yaml", lambda data: data["work"][0].update(mail=noise_key))
    assert f"{noise_key} is no work mail" in flaw_text(check_work_requests(read_family_data(family)))


def test_a_reply_that_could_be_drawn_too_early_is_caught(edit: Edit, family: str) -> None:
    reply = next(mail for mail in read_family_data(family).mail.mails if mail.reply_to)

    def change(data: dict) -> None:
        next(mail for mail in data["mails"] if mail["key"] == reply.key)["day"] = [-5, 0]

    edit(f"families/{family}/mail.yaml", change)
    assert f"mail.yaml: {reply.key}: can be drawn earlier" in flaw_text(check_reply_order(read_family_data(family)))


def test_too_few_variants_are_caught(family: str) -> None:
    family_data = read_family_data(family)
    single_words = {key: bank[:1] for key, bank in family_data.banks.words.items()}
    few = replace(
        family_data,
        banks=family_data.banks.model_copy(
            update={"words": single_words, "numbers": {}, "company": family_data.banks.company[:1]}
        ),
        cast=family_data.cast.model_copy(update={"people": ()}),
        plot=family_data.plot.model_copy(update={"noise": 0}),
        mail=family_data.mail.model_copy(update={"mails": ()}),
    )
    assert not flaw_text(check_enough_variants(family_data))
    assert "10^0.0" in flaw_text(check_enough_variants(few))
