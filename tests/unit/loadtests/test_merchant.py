import hashlib
import hmac
import json

import pytest

from loadtests.merchant import PATH, tip
from loadtests.settings import KINDS, PREFIX, LoadSettings, LoadSettingsError

GIVEN = {
    "PAYPROOF_LOAD_APP_ID": "app1",
    "PAYPROOF_LOAD_SECRET": "s3cret",
    "PAYPROOF_LOAD_RECORD_FILE": "load.ndjson",
    "PAYPROOF_LOAD_RATE": "50",
    "PAYPROOF_LOAD_DURATION_S": "10",
    "PAYPROOF_LOAD_RUN_NONCE": "run1",
    "HOME": "/somewhere",
}


def test_the_environment_is_read_typed():
    settings = LoadSettings.read(GIVEN)

    assert (settings.rate, settings.seed, settings.payments) == (50.0, 1, 500)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PAYPROOF_LOAD_RATTE": "50"}, "PAYPROOF_LOAD_RATTE"),
        ({"PAYPROOF_LOAD_RATE": "fast"}, "PAYPROOF_LOAD_RATE"),
        ({"PAYPROOF_LOAD_SECRET": None}, "missing: PAYPROOF_LOAD_SECRET"),
    ],
)
def test_a_run_that_is_told_wrong_does_not_start(change, words):
    given = {name: text for name, text in {**GIVEN, **change}.items() if text is not None}

    with pytest.raises(LoadSettingsError, match=words):
        LoadSettings.read(given)


def test_every_field_can_be_given():
    assert set(KINDS) == set(LoadSettings.__slots__)
    assert PREFIX == "PAYPROOF_LOAD_"


def test_a_tip_is_signed_over_its_own_bytes():
    sent = tip(LoadSettings.read(GIVEN), 17, timestamp=1_700_000_000)

    headers = sent.headers
    digest = hashlib.sha256(sent.body).hexdigest()
    text = f"POST\n{PATH}\n1700000000\n{headers['X-Nonce']}\n{digest}"
    assert headers["X-Signature"] == hmac.new(b"s3cret", text.encode(), hashlib.sha256).hexdigest()
    assert json.loads(sent.body)["subject"] == "tip pp000017"
    assert sent.order_no == "pp000017-run1"


def test_amounts_hang_on_seed_and_number_alone():
    settings = LoadSettings.read(GIVEN)
    other_run = LoadSettings.read({**GIVEN, "PAYPROOF_LOAD_RUN_NONCE": "run2"})
    other_seed = LoadSettings.read({**GIVEN, "PAYPROOF_LOAD_SEED": "2"})

    def amounts(told):
        return [json.loads(tip(told, number, timestamp=1).body)["amount_fen"] for number in range(1, 20)]

    assert amounts(settings) == amounts(other_run)
    assert amounts(settings) != amounts(other_seed)
    assert len({tip(settings, number, timestamp=1).headers["X-Nonce"] for number in range(1, 20)}) == 19
