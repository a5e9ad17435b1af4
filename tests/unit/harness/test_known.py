"""
The list of known failures: it excuses what it names, until its day, and it has to stay true.
"""

import json
from datetime import date
from pathlib import Path

import pytest

from harness.errors import KnownListError
from harness.known import Entry, Outcome, load_known, ruled
from harness.script.write_schema import schema_text
from harness.verdict import Verdict

TODAY = date(2026, 11, 27)
IDS = {"idempotency/credited-once", "notify/nothing-lost"}
ONCE = "idempotency/credited-once"


def entry(*, channel=None, expires=TODAY):
    return Entry(id=ONCE, channel=channel, reason="PAY-123", expires=expires)


def verdicts(entries, **by_channel):
    outcomes = [Outcome(ONCE, channel, verdict) for channel, verdict in by_channel.items()]
    return {
        outcome.channel: ruling for outcome, ruling in zip(outcomes, ruled(outcomes, entries, today=TODAY), strict=True)
    }


@pytest.mark.parametrize("broken", [Verdict.FAIL, Verdict.NON_STRICT])
def test_a_failure_that_is_named_is_known_on_its_last_day_too(broken: Verdict):
    told = verdicts([entry()], alipay=broken)["alipay"]

    assert told.verdict is Verdict.KNOWN
    assert told.reason == "PAY-123 (until 2026-11-27)"


def test_the_day_after_it_fails_again_and_says_so():
    told = verdicts([entry(expires=date(2026, 11, 26))], alipay=Verdict.FAIL)["alipay"]

    assert told.verdict is Verdict.FAIL
    assert "known until 2026-11-26, which is over" in told.reason


def test_what_passes_although_it_is_named_fails():
    told = verdicts([entry(channel="alipay")], alipay=Verdict.PASS, unionpay_rsa=Verdict.PASS)

    assert told["alipay"].verdict is Verdict.FAIL
    assert "take it off the list" in told["alipay"].reason
    assert told["unionpay_rsa"].verdict is Verdict.PASS


def test_an_entry_for_every_channel_is_true_while_one_of_them_fails():
    told = verdicts([entry()], alipay=Verdict.PASS, unionpay_rsa=Verdict.FAIL)

    assert told["alipay"].verdict is Verdict.PASS
    assert told["unionpay_rsa"].verdict is Verdict.KNOWN


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.NOT_RUN])
def test_what_was_not_decided_stays_undecided(verdict: Verdict):
    assert verdicts([entry()], alipay=verdict)["alipay"].verdict is verdict


def test_other_failures_stay_failures():
    outcomes = [Outcome("notify/nothing-lost", "alipay", Verdict.FAIL)]

    assert ruled(outcomes, [entry()], today=TODAY)[0].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("known:\n  - id: idempotency/credited-onc\n    reason: r\n    expires: 2026-12-31\n",
         "known.yaml:2:9: no requirement or scenario 'idempotency/credited-onc'; did you mean 'idempotency/credited-once'?"),
        (f"known:\n  - id: {ONCE}\n    channel: alipai\n    reason: r\n    expires: 2026-12-31\n",
         "known.yaml:3:14: no channel 'alipai'; did you mean 'alipay'?"),
        (f"known:\n  - id: {ONCE}\n    reason: r\n", "known.yaml:2:5: key 'expires' is missing"),
        (f"known:\n  - {{id: {ONCE}, reason: r, expires: 2026-12-31}}\n  - {{id: {ONCE}, reason: s, expires: 2026-12-30}}\n",
         f"known.yaml:3:6: '{ONCE}' stands here already, at line 2"),
        (f"knwon:\n  - id: {ONCE}\n", "known.yaml:1:1: unknown key 'knwon'; did you mean 'known'?"),
        (f"known:\n  - id: {ONCE}\n    reasn: r\n    expires: 2026-12-31\n", "unknown key 'reasn'; did you mean 'reason'?"),
        (f"known:\n  - id: {ONCE}\n    reason: r\n    expires: soon\n", "known.yaml:4:5: known.0.expires"),
    ],
)  # fmt: skip
def test_a_wrong_list_is_refused_with_its_line(tmp_path: Path, text: str, said: str):
    file = tmp_path / "known.yaml"
    file.write_text(text)

    with pytest.raises(KnownListError) as refused:
        load_known(file, ids=IDS)

    assert said in str(refused.value)


def test_a_right_list_is_read(tmp_path: Path):
    file = tmp_path / "known.yaml"
    file.write_text(f'known:\n  - id: {ONCE}\n    reason: r\n    expires: "2026-12-31"\n')

    assert load_known(file, ids=IDS) == (Entry(id=ONCE, reason="r", expires=date(2026, 12, 31)),)


def test_a_thing_may_be_known_over_two_channels(tmp_path: Path):
    file = tmp_path / "known.yaml"
    row = f"  - {{id: {ONCE}, channel: %s, reason: r, expires: 2026-12-31}}\n"
    file.write_text("known:\n" + row % "alipay" + row % "unionpay_rsa")

    assert [one.channel for one in load_known(file, ids=IDS)] == ["alipay", "unionpay_rsa"]


def test_editors_complete_its_words():
    schema = json.loads(schema_text("known"))

    assert schema["required"] == ["known"]
    entry = schema["$defs"]["Entry"]
    assert entry["required"] == ["id", "reason", "expires"]
    assert {ONCE, "crash/kill-nine"} <= set(entry["properties"]["id"]["anyOf"][0]["enum"])
    assert entry["properties"]["expires"]["format"] == "date"
    assert "alipay" in entry["properties"]["channel"]["enum"]
    assert entry["additionalProperties"] is False
