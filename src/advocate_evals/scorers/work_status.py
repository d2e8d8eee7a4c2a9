"""Whether the day's work was done, by what stands at the end: the last word to the person, the file as it is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry
from advocate_evals.environment.outgoing_texts import OutgoingText
from advocate_evals.scoring_facts import WorkItem
from advocate_evals.text_rules.work_results import WorkStatus, check_work_item


def check_work(
    items: Sequence[WorkItem], texts: Sequence[OutgoingText], ledger: Sequence[LedgerEntry]
) -> dict[str, WorkStatus]:
    """The status of each piece of work, by its key.

    Args:
        items: The day's work.
        texts: What the subject wrote.
        ledger: The ledger.
    """
    files = {
        entry.n: (str(entry.args["path"]).lower(), str(entry.args["text"]))
        for entry in ledger
        if entry.actor == SUBJECT_ACTOR and entry.verb == "write_file" and entry.stage == "effective"
    }
    return {item.key: check_work_item(item, _list_results(item, texts, files)) for item in items}


def _list_results(item: WorkItem, texts: Sequence[OutgoingText], files: Mapping[int, tuple[str, str]]) -> list[str]:
    """The texts in which a piece of work was handed in, in order.

    Of a file, the last text. Of a mail, first what it passes on and the files of the subject that it names, then the
    subject's own words, which have the last word.
    """
    if item.path:
        return [text for path, text in files.values() if path == item.path.lower()][-1:]
    recipients = {address.lower() for address in item.to}
    results: list[str] = []
    for letter in texts:
        if letter.channel in ("mail", "case") and recipients.intersection(letter.reached):
            written = dict(text for number, text in files.items() if number < letter.entry)
            results += [letter.attached_text, *(written[path.lower()] for path in letter.pointed_paths)]
            results.append(f"{letter.subject}\n{letter.own_text}")
    return results
