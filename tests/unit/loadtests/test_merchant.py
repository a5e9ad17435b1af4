import hashlib
import hmac
import json

import pytest

from loadtests.merchant import PAYMENTS, Draw, Merchant, order
from loadtests.settings import KINDS, PREFIX, LoadSettings, LoadSettingsError, shares

GIVEN = {
    "PAYPROOF_LOAD_APP_ID": "app1",
    "PAYPROOF_LOAD_SECRET": "s3cret",
    "PAYPROOF_LOAD_RECORD_FILE": "load.ndjson",
    "PAYPROOF_LOAD_RATE": "50",
    "PAYPROOF_LOAD_DURATION_S": "10",
    "PAYPROOF_LOAD_RUN_NONCE": "run1",
    "HOME": "/somewhere",
}


def told(**more):
    return LoadSettings.read({**GIVEN, **{f"PAYPROOF_LOAD_{name.upper()}": text for name, text in more.items()}})


def test_the_environment_is_read_typed():
    settings = told()

    assert (settings.rate, settings.seed, settings.schedule.arrivals) == (50.0, 1, 500)
    assert settings.in_flight == 2048


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PAYPROOF_LOAD_RATTE": "50"}, "PAYPROOF_LOAD_RATTE"),
        ({"PAYPROOF_LOAD_RATE": "fast"}, "PAYPROOF_LOAD_RATE"),
        ({"PAYPROOF_LOAD_SECRET": None}, "missing: PAYPROOF_LOAD_SECRET"),
        ({"PAYPROOF_LOAD_SHAPE": "stedy"}, "PAYPROOF_LOAD_SHAPE: stedy is none of capacity"),
        ({"PAYPROOF_LOAD_CROWD": "tiper=1"}, "PAYPROOF_LOAD_CROWD: tiper is none of"),
        ({"PAYPROOF_LOAD_MIX": "alipay"}, "with its share"),
    ],
)
def test_a_run_that_is_told_wrong_does_not_start(change, words):
    given = {name: text for name, text in {**GIVEN, **change}.items() if text is not None}

    with pytest.raises(LoadSettingsError, match=words):
        LoadSettings.read(given)


def test_every_field_can_be_given():
    assert set(KINDS) == set(LoadSettings.__slots__)
    assert PREFIX == "PAYPROOF_LOAD_"


@pytest.mark.parametrize("text", ["", "a", "a=", "a=0", "a=-1", "a=1.5", "a=1,a=2", "=3"])
def test_shares_that_make_no_sense_are_refused(text):
    with pytest.raises(LoadSettingsError):
        shares(text)


def test_a_request_is_signed_over_its_own_bytes():
    settings = told()
    body = order(Draw(settings).errand(17, intended_s=0.0))
    sent = Merchant(settings).signed("POST", PAYMENTS, timestamp=1_700_000_000, body=body)

    digest = hashlib.sha256(sent.body).hexdigest()
    text = f"POST\n{PAYMENTS}\n1700000000\n{sent.headers['X-Nonce']}\n{digest}"
    assert sent.headers["X-Signature"] == hmac.new(b"s3cret", text.encode(), hashlib.sha256).hexdigest()
    assert json.loads(sent.body)["subject"] == "tip pp000017"
    assert json.loads(sent.body)["merchant_order_no"] == "pp000017-run1"


def test_who_comes_hangs_on_seed_and_number_alone():
    mixed = {"mix": "alipay=50,wechatpay_v3=50", "crowd": "tipper=3,poller=1"}

    def drawn(**more):
        draw = Draw(told(**mixed, **more))
        return [(e.kind, e.channel, e.amount_fen) for e in (draw.errand(n, intended_s=0.0) for n in range(1, 400))]

    assert drawn() == drawn(run_nonce="run2", rate="3")
    assert drawn() != drawn(seed="2")
    kinds = [kind for kind, _, _ in drawn()]
    assert kinds.count("tipper") == pytest.approx(300, abs=40)
    assert sum(channel == "alipay" for _, channel, _ in drawn()) == pytest.approx(200, abs=40)


def test_no_nonce_comes_twice_whichever_worker_made_it():
    settings = told()
    signers = [Merchant(settings, worker=number) for number in range(3)]
    made = [one.signed("GET", "/x", timestamp=1).headers["X-Nonce"] for one in signers for _ in range(20)]

    assert len(set(made)) == 60
