"""
Drivers: what may stand in one, and what its pointers, templates and words make of a gateway's answers.
"""

import pytest

from harness.commands.init_driver import COMMENTED, run_init_driver
from harness.errors import ConfigError, DriverError
from harness.sut.contract import Ability, Outcome
from harness.sut.driver.gateway import HttpGateway, _reply
from harness.sut.driver.schema import Call, Webhooks
from harness.sut.driver.secrets import read_secrets
from harness.sut.driver.template import at, fen_of, filled
from harness.sut.driver.webhooks import read_webhook
from harness.sut.drivers import imported, load_driver
from harness.world.external import label_environment
from mock_providers.settings import ProvidersSettings


def test_a_template_alone_keeps_its_type_and_others_become_text():
    values = {"amount_fen": 990, "order_no": "o1"}

    assert filled({"a": "{{amount_fen}}", "b": ["{{order_no}}-{{amount_fen}}"], "c": 1}, values) == {
        "a": 990,
        "b": ["o1-990"],
        "c": 1,
    }


def test_a_name_that_nobody_gives_is_told_with_the_closest():
    with pytest.raises(DriverError) as caught:
        filled("{{amuont_fen}}", {"amount_fen": 1})

    assert "amuont_fen" in str(caught.value)
    assert "{{amount_fen}}" in caught.value.hint


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", {"a": [1, {"b/c": 2}]}), ("/a/0", 1), ("/a/1/b~1c", 2)],
    ids=["whole", "list", "escaped"],
)
def test_a_pointer_finds_what_it_names(pointer, found):
    assert at(pointer, {"a": [1, {"b/c": 2}]}) == found


@pytest.mark.parametrize("pointer", ["/x", "/a/2", "/a/one"])
def test_a_pointer_to_nothing_says_which_part_is_missing(pointer):
    with pytest.raises(KeyError, match=pointer.rpartition("/")[2]):
        at(pointer, {"a": [1, 2]})


@pytest.mark.parametrize(
    ("yuan", "fen"), [("9.90", 990), (9.9, 990), (10, 1000), ("0.01", 1), ("-1.5", -150), ("1.100", 110)]
)
def test_yuan_become_fen_without_a_float(yuan, fen):
    assert fen_of(yuan) == fen


@pytest.mark.parametrize("yuan", ["", "1,00", "0.001", "1e3", "free"])
def test_what_is_no_amount_is_refused(yuan):
    with pytest.raises(ValueError, match="no amount"):
        fen_of(yuan)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"id": 1}', Outcome.OK),
        (200, b'{"code": "E1", "id": 1}', Outcome.REFUSED),
        (404, b"what?", Outcome.REFUSED),
        (500, b'{"id": 1}', Outcome.UNKNOWN),
        (200, b"<html>", Outcome.UNKNOWN),
        (200, b'{"number": 1}', Outcome.UNKNOWN),
    ],
)
def test_a_yes_has_to_be_understood_and_a_server_error_is_no_no(status, body, outcome):
    call = Call(path="/", no={"/code": ("E1",)}, code="/code")

    assert _reply(call, status, body, read=lambda answer: at("/id", answer)).outcome is outcome


def test_the_commented_driver_is_a_driver(tmp_path):
    driver = load_driver(COMMENTED)
    gateway = HttpGateway(driver, values={})

    assert gateway.channels == ("alipay",)
    assert {Ability.CREATE, Ability.GET, Ability.SYNC, Ability.REFUND, Ability.WEBHOOKS} <= gateway.abilities
    assert Ability.LEDGER not in gateway.abilities
    target = tmp_path / "mine.yaml"
    assert run_init_driver(target) == 0
    assert target.read_text() == COMMENTED.read_text()
    with pytest.raises(ConfigError, match="already"):
        run_init_driver(target)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("channels: {alipay: ALIPAY_QR}", "channels: {alypay: X}"),
            r":\d+:\d+: no such channel: 'alypay'; did you mean 'alipay'",
        ),
        (("settle_s: 10", "setle_s: 10"), r":\d+:\d+: unknown key 'setle_s'; did you mean 'settle_s'"),
        (("NEW: PENDING", "NEW: PENDIGN"), r"did you mean 'PENDING'"),
        (("refund_states: {DOING: PROCESSING, OK: SUCCEEDED, FAILED: FAILED}", ""), "refund_states must say"),
    ],
)
def test_a_wrong_driver_is_told_with_its_place_and_the_closest_word(tmp_path, change, told):
    file = tmp_path / "mine.yaml"
    file.write_text(COMMENTED.read_text().replace(*change))

    with pytest.raises(DriverError, match=told):
        load_driver(file)


def test_a_signing_that_cannot_be_imported_is_told():
    with pytest.raises(ConfigError, match="nowhere"):
        imported("nowhere.at_all:sign")


SPEC = Webhooks(
    order_no="/o",
    type="/t",
    types={"paid": "payment.paid", "back": "refund.succeeded"},
    amount_yuan="/y",
    refund_fen="/r",
)


def said(body, spec=SPEC):
    told = read_webhook(spec, body)
    assert told is not None
    return told


def test_a_webhook_is_read_by_its_pointers_and_repeats_under_one_event_id():
    once = said(b'{"o": "pp1-x", "t": "paid", "y": "9.90"}')
    again = said(b'{"t": "paid", "o": "pp1-x", "y": 9.9}')

    assert once == again
    assert once["type"] == "payment.paid"
    assert once["data"] == {"merchant_order_no": "pp1-x", "amount_fen": 990}
    assert said(b'{"o": "pp1-x", "t": "back", "r": 5}')["data"]["refund"] == {"amount_fen": 5}


@pytest.mark.parametrize("body", [b"{}", b'{"o": "x", "t": "shipped"}', b"o=&", b"\xff"])
def test_what_says_nothing_of_a_payment_is_passed_over(body):
    assert read_webhook(SPEC, body) is None


def test_a_webhook_may_be_a_form():
    spec = Webhooks(order_no="/order", event_id="/id", amount_fen="/fen")

    assert said(b"order=pp1-x&id=7&fen=990", spec)["event_id"] == "7"


def test_the_simulator_takes_the_label_fields_that_a_driver_names(monkeypatch, tmp_path):
    for name, value in label_environment(load_driver(COMMENTED)).items():
        monkeypatch.setenv(name, value)

    settings = ProvidersSettings(credentials_dir=tmp_path)

    assert settings.label_fields == {"alipay": "subject", "wechatpay": "description"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("{{order_no}}", "{{ordre_no}}"),
            r":\d+:\d+: no template is called that here: 'ordre_no'; did you mean 'order_no'",
        ),
        (("/orders/{{payment_id}}\n", "/orders/{{amount_fen}}\n"), "no template is called that here: 'amount_fen'"),
        (("{{alipay_url}}", "{{ALIPAY}}"), "no template is called that here: 'ALIPAY'"),
        (("settle_s: 10", "secrets: {key: mine}"), r"secrets\.key: .*env"),
    ],
)
def test_a_template_that_nobody_fills_is_told_before_anything_starts(tmp_path, change, told):
    file = tmp_path / "mine.yaml"
    file.write_text(COMMENTED.read_text().replace(*change))

    with pytest.raises(DriverError, match=told):
        load_driver(file)


def test_a_secret_is_a_template_and_is_read_from_where_the_driver_says(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("SHOP_KEY", "from outside")
    file = tmp_path / "mine.yaml"
    header = "  headers: {X-Key: '{{a}}'}\n"
    file.write_text(
        COMMENTED.read_text().replace("  path: /api/orders\n", "  path: /api/orders\n" + header)
        + "secrets: {a: 'env:SHOP_KEY', b: 'file:{{folder}}/key'}\n"
    )
    driver = load_driver(file)

    secrets = read_secrets(driver, folder=tmp_path, values={"folder": str(tmp_path)})

    assert secrets == {"a": "from outside", "b": "from a file"}
    (tmp_path / "key").write_text("\n")
    with pytest.raises(DriverError, match=r"secret b: .* is empty"):
        read_secrets(driver, folder=tmp_path, values={"folder": str(tmp_path)})


def test_a_plug_in_may_lie_beside_its_driver(tmp_path):
    (tmp_path / "mine.py").write_text("def sign(**request):\n    return {'X': request['path']}\n")

    assert imported("mine:sign", folder=tmp_path)(path="/a") == {"X": "/a"}
    with pytest.raises(ConfigError, match="mine:seal"):
        imported("mine:seal", folder=tmp_path)
    (tmp_path / "bent.py").write_text("def sign(:\n")
    with pytest.raises(ConfigError, match="bent:sign cannot be imported"):
        imported("bent:sign", folder=tmp_path)


def test_only_what_a_driver_names_is_promised():
    driver = load_driver(COMMENTED)
    silent = driver.model_copy(update={"webhooks": Webhooks(order_no="/o")})

    assert {Ability.REFUND_WEBHOOKS, Ability.TRADE_NO} <= HttpGateway(driver, values={}).abilities
    assert Ability.REFUND_WEBHOOKS not in HttpGateway(silent, values={}).abilities
