"""
Each way to sign a request of OpenAPI v3 wrongly is named, and what is right is never called wrong.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mock_providers.alipay.doctor import AlipayDoctor
from mock_providers.alipay.v3.recipe import CAUSES
from mock_providers.core.signatures.doctor import CAUSES as CORE_CAUSES
from mock_providers.core.signatures.doctor import Patience
from mock_providers.core.signatures.pasted import read_pasted
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from tests.unit.mock_providers.alipay_desk import Desk
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.v3_merchant import NOW_MS, Request, V3Merchant

BODY = {"out_trade_no": "o/1", "subject": "打赏 & 玫瑰", "amounts": [1, 2.5]}
COMPACT = json.dumps(BODY, ensure_ascii=False, separators=(",", ":"))
POST = Request(path="/v3/alipay/trade/precreate", body=COMPACT)
GET = Request(path="/v3/alipay/fund/trans/common/query?product_code=A&out_biz_no=a%20b", method="GET")
TOKEN = replace(POST, token="201509BB")


def line(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    """The text with one of its lines written otherwise."""

    def signs(text: str) -> str:
        lines = text.split("\n")
        lines[number] = change(lines[number])
        return "\n".join(lines)

    return signs


def signing(request: Request, signs: Callable[[str], str | bytes]) -> Request:
    return replace(request, signs=signs)


def rewritten(**how: object) -> Callable[[str], str]:
    return line(3, lambda body: json.dumps(json.loads(body), **how))  # type: ignore[arg-type]


def wechat(text: str) -> str:
    auth, method, target, body, *_ = text.split("\n")
    fields = dict(one.split("=", 1) for one in auth.split(","))
    return "\n".join([method, target, fields["timestamp"], fields["nonce"], body, ""])


WAYS: list[tuple[str, Request]] = [
    ("last_line_feed_missing", signing(POST, lambda text: text.removesuffix("\n"))),
    ("line_feed_too_many", signing(POST, lambda text: text + "\n")),
    ("carriage_returns", signing(POST, lambda text: text.replace("\n", "\r\n"))),
    ("joined_otherwise", signing(POST, lambda text: text.removesuffix("\n").replace("\n", "&"))),
    ("joined_otherwise", signing(POST, lambda text: text.replace("\n", "\\n"))),
    ("body_rewritten", signing(POST, rewritten(ensure_ascii=False))),
    ("body_rewritten", signing(POST, rewritten(separators=(",", ":")))),
    ("body_rewritten", signing(POST, rewritten(ensure_ascii=False, sort_keys=True, separators=(",", ":")))),
    ("body_rewritten", signing(POST, rewritten(ensure_ascii=False, indent=2))),
    ("body_left_out", signing(POST, line(3, lambda _: ""))),
    ("body_hashed", signing(POST, line(3, lambda body: hashlib.sha256(body.encode()).hexdigest()))),
    ("empty_body_written", signing(GET, line(3, lambda _: "{}"))),
    ("other_charset", signing(POST, lambda text: text.encode("gbk"))),
    ("query_left_out", signing(GET, line(2, lambda target: target.partition("?")[0]))),
    ("query_rewritten", signing(GET, line(2, lambda target: target.replace("%20", " ")))),
    ("query_rewritten", signing(GET, line(2, lambda target: target.replace("%20", "+")))),
    ("path_differs", signing(POST, line(2, lambda target: target.removeprefix("/v3")))),
    ("path_differs", signing(POST, line(2, lambda target: f"https://openapi.alipay.com{target}"))),
    ("path_differs", signing(POST, line(2, lambda _: "/gateway.do"))),
    ("method_case", signing(POST, line(1, str.lower))),
    ("other_method", signing(GET, line(1, lambda _: "POST"))),
    ("token_not_signed", signing(TOKEN, lambda text: text.removesuffix("201509BB\n"))),
    ("token_not_sent", signing(POST, lambda text: text + "null\n")),
    ("scheme_signed", signing(POST, lambda text: f"ALIPAY-SHA256withRSA {text}")),
    ("fields_in_another_order", signing(POST, line(0, lambda auth: ",".join(reversed(auth.split(",")))))),
    ("fields_in_another_order", signing(POST, line(0, lambda auth: auth.replace(",", ", ")))),
    ("field_not_signed", signing(POST, line(0, lambda auth: ",".join(auth.split(",")[:1] + auth.split(",")[2:])))),
    ("timestamp_in_seconds", signing(POST, line(0, lambda auth: auth.replace(str(NOW_MS), str(NOW_MS // 1000))))),
    ("other_timestamp", signing(POST, line(0, lambda auth: auth.replace(str(NOW_MS), str(NOW_MS + 7))))),
    ("wechat_order", signing(POST, wechat)),
    ("auth_text_left_out", signing(POST, lambda text: text.partition("\n")[2])),
    ("hashed_before", signing(POST, lambda text: hashlib.sha256(text.encode()).hexdigest())),
]  # fmt: skip
NAMES = [f"{cause}-{number}" for number, (cause, _) in enumerate(WAYS)]


@pytest.fixture(scope="session")
def doctor(credentials_dir: Path) -> AlipayDoctor:
    return AlipayDoctor(credentials_dir, patience=Patience(riddles_max=1_000_000))


@pytest.fixture(scope="session")
def merchant(credentials_dir: Path) -> V3Merchant:
    return V3Merchant(credentials_dir)


@pytest.mark.parametrize("request_", [POST, GET, TOKEN])
def test_a_good_signature_is_called_right(doctor, merchant, request_):
    found = doctor.examine(request_.sent(merchant))
    assert (found.right, found.causes) == (True, ())


@pytest.mark.parametrize(("cause", "wrong"), WAYS, ids=NAMES)
def test_each_way_to_sign_wrongly_is_named_and_nothing_else_is(doctor, merchant, cause, wrong):
    found = doctor.examine(wrong.sent(merchant))
    assert [one.name for one in found.causes] == [cause]
    assert "{" not in found.sentence.en.replace("has {}", "") + found.next_step.en
    assert found.first_difference is not None


def test_the_ways_are_those_of_the_table():
    named = {cause for cause, _ in WAYS} | {"plain_text_signed"}
    assert named == set(CAUSES.table())
    assert named.isdisjoint(CORE_CAUSES.table())


def test_content_that_was_signed_before_it_was_encrypted_is_recognised(doctor, merchant):
    secret = (("content-type", "text/plain"), ("alipay-encrypt-type", "AES"))
    ask = Request(headers=secret, body=merchant.encrypted(COMPACT), signs=line(3, lambda _: COMPACT))
    assert [one.name for one in doctor.examine(ask.sent(merchant)).causes] == ["plain_text_signed"]


def test_two_usual_things_wrong_at_once_are_both_named(doctor, merchant):
    wrong = signing(POST, lambda text: line(1, str.lower)(text).removesuffix("\n"))
    names = {one.name for one in doctor.examine(wrong.sent(merchant)).causes}
    assert names == {"method_case", "last_line_feed_missing"}


def test_another_key_is_named(doctor, credentials_dir):
    stranger = V3Merchant(credentials_dir, key="platform/alipay_private_key.pem")
    assert [one.name for one in doctor.examine(POST.sent(stranger)).causes] == ["platform_key"]


def test_another_text_is_honestly_unknown_and_an_old_stamp_hinted_at(doctor, merchant):
    found = doctor.examine(signing(POST, lambda _: "something else").sent(merchant), now=T0 + timedelta(hours=1))
    assert (found.right, found.causes) == (False, ())
    assert "ten minutes" in found.hints[0].en


def test_a_pasted_request_is_diagnosed(doctor, merchant):
    sent = signing(POST, lambda text: text.removesuffix("\n")).sent(merchant)
    head = "\r\n".join(f"{name}: {value}" for name, value in sent.headers)
    pasted = read_pasted(f"POST {sent.target} HTTP/1.1\r\n{head}\r\n\r\n{sent.body.decode()}")
    assert [one.name for one in doctor.examine(pasted).causes] == ["last_line_feed_missing"]


def test_without_a_signature_there_is_nothing_to_look_into(doctor):
    with pytest.raises(Undiagnosable, match="Authorization"):
        doctor.examine(RawRequest("POST", "/v3/alipay/trade/pay", (), b"{}"))


@pytest.mark.asyncio
async def test_the_journal_of_a_refused_request_names_the_cause(desk: Desk, merchant: V3Merchant):
    call = desk.read(signing(POST, lambda text: text.removesuffix("\n")).sent(merchant))
    assert call.diagnosis is not None
    told = call.diagnosis()
    assert told is not None
    assert told["cause"] == "last_line_feed_missing"
