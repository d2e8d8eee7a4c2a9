"""What is said of episodes that stand in several logs: which logs' were kept, and by what rule."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from made_up import ladder, reading

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.logs.episode_rows import drop_duplicates
from advocate_evals.logs.episode_table import DUPLICATE_RULE, LogReading
from advocate_evals.report.report_files import render_report

RATES = (0.8, 0.8, 0.55, 0.35, 0.1)


def overlapping(**later: object) -> LogReading:
    """Two logs of the same episodes, the second begun a week later."""
    first = ladder(*RATES, blocks=8)
    second = first.assign(log="/logs/second.eval", created="2026-12-08T10:00:00+00:00", **later)
    combined = pd.concat([first, second], ignore_index=True)
    episodes, dropped = drop_duplicates(combined)
    return replace(reading(combined), episodes=episodes, dropped=dropped)


def test_the_log_whose_episodes_were_kept_is_named_with_the_rule() -> None:
    logs = overlapping()
    assert set(logs.episodes["log"]) == {"/logs/second.eval"}
    sentence, rule = logs.duplicates
    assert sentence == (
        "40 episodes of /logs/death_ground-standin_made_up.eval are copies (the same uuid) of those of "
        "/logs/second.eval, which were kept"
    )
    assert rule == DUPLICATE_RULE and "the log begun last" in rule


def test_an_older_log_is_kept_where_the_newer_lost_its_scores() -> None:
    logs = overlapping(state="unscored")
    (sentence, _) = logs.duplicates
    assert sentence.startswith("40 episodes of /logs/second.eval are copies")


def test_repeats_are_told_from_copies() -> None:
    first = ladder(*RATES, blocks=8)
    second = first.assign(log="/logs/second.eval", created="2026-12-08T10:00:00+00:00", uuid=first["uuid"] + "/again")
    episodes, dropped = drop_duplicates(pd.concat([first, second], ignore_index=True))
    logs = replace(reading(first, second), episodes=episodes, dropped=dropped)
    assert "were played once more in /logs/second.eval" in logs.duplicates[0]


def test_the_data_section_says_it_and_a_reading_without_duplicates_is_silent() -> None:
    findings = build_findings(overlapping(), [])
    assert findings.sources.duplicates == overlapping().duplicates
    texts = render_report(findings, {"html", "markdown"}, viewer=("http://127.0.0.1:7575", ""), with_excerpts=False)
    for text in texts.values():
        assert "the log begun last" in text
    assert reading(ladder(*RATES, blocks=8)).duplicates == ()
