"""
Answers of the simulator, as the clients of other languages read and believe them.

None of these clients is in a registry: the parsers stand in `unionpay_parsers.py`, after the descriptions in the facts.
"""

import pytest
import pytest_asyncio

from tests.cross.unionpay_parsers import EXACT, node_naive, official_java, official_php, python_query_string
from tests.keys import copy_keys
from tests.unit.mock_providers.unionpay_desk import NOW, PATHS, Desk, post, text_of

pytestmark = pytest.mark.asyncio

METHODS = [("01", "5.1.0"), ("01", "5.0.0"), ("11", "5.1.0"), ("12", "5.1.0"), ("21", "5.1.0")]


@pytest.fixture(scope="module")
def credentials_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("credentials")
    copy_keys(directory)
    return directory


@pytest_asyncio.fixture
async def desk(credentials_dir):
    desk = Desk(credentials_dir)
    yield desk
    await desk.schedule.stop()


def bodies(desk: Desk) -> dict[str, str]:
    """
    One answer of every kind, as it stands on the wire.
    """
    desk.consume(order="paid0001", reqReserved="tip pp000001")
    query_id = str(desk.trade("paid0001").trade_no)
    consume = {"txnType": "01", "txnSubType": "01", "bizType": "000201", "txnTime": NOW, "txnAmt": "100"}
    asked: dict[str, tuple[str, dict]] = {
        "app": ("app", {**consume, "orderId": "appl0001"}),
        "order": ("order", {**consume, "orderId": "unif0001"}),
        "qr": ("back", {**consume, "txnSubType": "07", "orderId": "qrco0001"}),
        "refund": ("back", desk.back_fields("04", "refund01", origQryId=query_id, txnAmt="50")),
        "too_much": ("back", desk.back_fields("04", "refund02", origQryId=query_id, txnAmt="500")),
        "query": ("query", {"txnType": "00", "txnSubType": "00", "orderId": "paid0001", "txnTime": NOW}),
        "waiting": ("query", {"txnType": "00", "txnSubType": "00", "orderId": "appl0001", "txnTime": NOW}),
        "not_found": ("query", {"txnType": "00", "txnSubType": "00", "orderId": "nobody01", "txnTime": NOW}),
        "update": ("back", desk.back_fields("95", "update01", certType="01")),
        "no_file": (
            "file",
            {"txnType": "76", "txnSubType": "01", "fileType": "00", "settleDate": "0101", "txnTime": NOW},
        ),
    }
    found = {}
    for name, (where, fields) in asked.items():
        signed = desk.merchant.signed(fields, method=desk.method, version=desk.version)
        found[name] = desk.read(post(signed, PATHS[where])).perform().body.decode()
    return found


@pytest.mark.parametrize(("method", "version"), METHODS)
async def test_all_scanners_and_splitters_read_the_same_and_verify_it(desk, method, version):
    desk.method, desk.version = method, version
    for name, body in bodies(desk).items():
        first = official_java(body)
        assert desk.merchant.verified(first), name
        for parse in EXACT:
            assert parse(body) == first, (name, parse.__name__)


async def test_each_answer_is_one_line_of_raw_values(desk):
    for body in bodies(desk).values():
        assert "%" not in body
        assert body.replace("\r\n", "").count("\n") == 0
        assert "\r\n&" not in body
        assert "=&" not in body
        assert not body.endswith("=&")
        names = [name for name in official_java(body) if name not in {"signPubKeyCert", "signature"}]
        assert names == sorted(names)
        assert list(official_java(body))[-2:] == ["signPubKeyCert", "signature"]


async def test_the_old_versions_answers_name_a_certificate_and_bring_none(desk):
    desk.version = "5.0.0"
    for body in bodies(desk).values():
        fields = official_java(body)
        assert list(fields)[-3:] == ["version", "certId", "signature"]
        assert "signPubKeyCert" not in fields


async def test_the_signed_order_is_not_the_order_on_the_wire(desk):
    fields = official_java(bodies(desk)["query"])
    names = [piece.partition("=")[0] for piece in text_of(fields).split("&")]
    assert names.index("signMethod") + 1 == names.index("signPubKeyCert") < names.index("traceNo")


@pytest.mark.parametrize("parse", [official_java, official_php])
async def test_brackets_come_back_whole_to_those_who_know_them(desk, parse):
    for text in ("{a=1&b=2}", "[a&b]", "x{a=1&b=2}y", "a=b"):
        order = f"order{abs(hash(text)) % 10**6:06d}"
        signed = desk.merchant.signed({**_consumption(order), "reqReserved": text})
        fields = parse(desk.read(post(signed, PATHS["back"])).perform().body.decode())
        assert fields["reqReserved"] == text
        assert desk.merchant.verified(fields)


async def test_a_client_that_splits_at_every_ampersand_is_broken_by_them_as_by_the_real_service(desk):
    signed = desk.merchant.signed({**_consumption("order001"), "reqReserved": "{a=1&b=2}"})
    fields = node_naive(desk.read(post(signed, PATHS["back"])).perform().body.decode())
    assert (fields["reqReserved"], fields["b"]) == ("{a=1", "2}")


async def test_a_client_that_takes_the_answer_for_a_query_loses_plus_signs_alone(desk):
    for body in bodies(desk).values():
        read, exact = python_query_string(body), official_java(body)
        assert {name: value.replace("+", " ") for name, value in exact.items()} == read


async def test_what_node_asks_of_an_answer(desk):
    for body in bodies(desk).values():
        fields = node_naive(body)
        assert fields["merId"] == desk.merchant.mer_id
    assert int(desk.merchant.cert_id("01")) < 2**53
    assert len(desk.merchant.cert_id("01")) == 11


def _consumption(order: str) -> dict[str, str]:
    return {
        "txnType": "01",
        "txnSubType": "01",
        "bizType": "000301",
        "orderId": order,
        "txnTime": NOW,
        "txnAmt": "100",
        "accNo": "6221558812340000",
    }
