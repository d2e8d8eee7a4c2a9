"""Episodes that occur more than once: which of them is kept. Never by outcome.

A **copy** has the uuid of another episode: the same episode in two logs, as `inspect eval-retry`, a merge of shards or a
second scoring leaves it. A **repeat** is the same sample and epoch of the same task, version, model and settings, played
again. Of either, the order of preference is: invalidated by somebody (a copy only: what is said of an episode holds for its
copies), scored, more scorers with figures, the log created later, completed later, the later address.
"""

from __future__ import annotations

import pandas as pd

SAME = ("task", "task_version", "model", "settings", "sample_id", "block", "arm", "epoch")
"""What makes two episodes with different uuids repeats of one."""

_NAMED = ["log", "task", "task_version", "model", "sample_id", "epoch", "uuid", "state"]


def merged(episodes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The episodes with each kept once, in their old order, and those dropped.

    Returns:
        The kept rows, and a frame of the dropped ones: what names them, `why` (`copy` or `repeat`), and the log and uuid
        of the one that was kept.
    """
    named = list(dict.fromkeys([*SAME, *_NAMED, "scorers", "created", "completed"]))
    ranked = episodes[named].assign(
        _invalid=episodes["state"] == "invalidated", _scored=episodes["state"] == "scored", _at=range(len(episodes))
    )
    order = ["_scored", "scorers", "created", "completed", "log", "_at"]
    by_copy = ranked.sort_values(["_invalid", *order], ascending=False)
    single = by_copy[(by_copy["uuid"] == "") | ~by_copy.duplicated("uuid")]
    kept = single.sort_values(order, ascending=False).drop_duplicates(list(SAME)).sort_values("_at")
    dropped = [
        _against(by_copy.drop(single.index), single, ["uuid"], "copy"),
        _against(single.drop(kept.index), kept, list(SAME), "repeat"),
    ]
    left = episodes if len(kept) == len(episodes) else episodes.iloc[kept["_at"]].reset_index(drop=True)
    return left, pd.concat(dropped, ignore_index=True)


def _against(dropped: pd.DataFrame, kept: pd.DataFrame, on: list[str], reason: str) -> pd.DataFrame:
    by = kept[[*on, *(name for name in ("log", "uuid") if name not in on)]].drop_duplicates(on)
    by = by.assign(kept_uuid=by["uuid"], kept_log=by["log"])[[*on, "kept_log", "kept_uuid"]]
    found = dropped[list(dict.fromkeys([*_NAMED, *on]))].merge(by, on=on, how="left")
    return found[_NAMED].assign(why=reason, kept_log=found["kept_log"], kept_uuid=found["kept_uuid"])
