"""
Each way to sign wrongly is named, none is taken for another, and what is right is never called wrong.
"""

import base64
import hashlib
import hmac
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mock_providers.alipay.apps import App
from mock_providers.alipay.doctor import AlipayDoctor
from mock_providers.alipay.door import admit
from mock_providers.alipay.recipe import CAUSES as ALIPAY_CAUSES
from mock_providers.alipay.recipe import Received
from mock_providers.core.signatures.doctor import CAUSES as CORE_CAUSES
from mock_providers.core.signatures.doctor import Diagnosis, Lazily, Patience
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from tests.unit.mock_providers.wrong_ways import COMMON, RIGHT, SUBJECT, WAYS, Attempt, both, joined, private

NAMES = [f"{cause}-{number}" for number, (cause, _) in enumerate(WAYS)]


@pytest.fixture(scope="session")
def doctor(credentials_dir: Path) -> AlipayDoctor:
    return AlipayDoctor(credentials_dir, patience=Patience(riddles_max=1_000_000))


def names(diagnosis: Diagnosis) -> list[str]:
    return [cause.name for cause in diagnosis.causes]


def test_a_good_signature_is_called_right(doctor, credentials_dir):
    found = doctor.examine(RIGHT.sent(credentials_dir))
    assert (found.right, names(found), found.first_difference) == (True, [], None)
    assert found.built == found.signed == RIGHT.signed_text((credentials_dir / "alipay" / "app_id").read_text())


@pytest.mark.parametrize(("cause", "attempt"), WAYS, ids=NAMES)
def test_each_way_to_sign_wrongly_is_named_and_nothing_else_is(doctor, credentials_dir, cause, attempt):
    found = doctor.examine(attempt.sent(credentials_dir))
    assert (found.right, names(found)) == (False, [cause])
    assert found.sentence.en
    assert found.sentence.zh != found.sentence.en
    assert "{" not in found.next_step.en + found.next_step.zh
    assert "PRIVATE" not in str(found.as_json())
    if found.first_difference is not None:
        assert found.signed is not None
        assert found.built[: found.first_difference.at // 4] == found.signed[: found.first_difference.at // 4]


def test_there_are_more_than_twenty_ways(doctor):
    assert len({cause for cause, _ in WAYS}) >= 40


def test_another_string_with_the_right_key_is_honestly_unknown(doctor, credentials_dir):
    found = doctor.examine(replace(RIGHT, text=lambda _: "something else").sent(credentials_dir))
    assert (found.right, found.causes, found.signed) == (False, (), None)
    assert "unknown" in found.sentence.en
    assert found.tried > 100
    assert found.as_json()["cause"] is None


def test_a_wrong_key_over_an_unknown_string_says_that_the_string_differs_too(doctor, credentials_dir):
    found = doctor.examine(replace(RIGHT, key="platform", text=lambda _: "x").sent(credentials_dir))
    assert names(found) == ["platform_key"]
    assert "Moreover" in found.hints[0].en


def test_the_first_difference_is_counted_in_bytes(doctor, credentials_dir):
    found = doctor.examine(replace(RIGHT, text=lambda fields: joined(fields) + "&").sent(credentials_dir))
    assert found.first_difference is not None
    assert found.first_difference.at == len(found.built.encode())
    assert found.first_difference.signed.endswith("&")


def replaced_sign(request: RawRequest, sign: str) -> RawRequest:
    head, _, _ = request.target.partition("&sign=")
    return RawRequest(request.method, f"{head}&sign={sign}", request.headers, request.body)


@pytest.mark.parametrize(
    ("cause", "make"),
    [
        ("digest_not_signed", lambda text, _: hashlib.sha256(text).digest()),
        ("hmac_with_key_text", lambda text, key: hmac.digest(key, text, "sha256")),
    ],
)
def test_what_is_no_rsa_signature_is_named(doctor, credentials_dir, cause, make):
    text = RIGHT.signed_text((credentials_dir / "alipay" / "app_id").read_text()).encode()
    raw = make(text, (credentials_dir / "alipay" / "app_private_key.pkcs8.b64").read_bytes())
    sign = base64.b64encode(raw).decode().replace("+", "%2B")
    found = doctor.examine(replaced_sign(RIGHT.sent(credentials_dir), sign))
    assert names(found) == [cause]
    assert "PRIVATE" not in str(found.as_json())


def notify(
    directory: Path, *, method: str = "", drop: tuple[str, ...] = ("sign", "sign_type"), key: str = "platform"
) -> RawRequest:
    fields = {"notify_id": "1", "notify_type": "trade_status_sync", "charset": "utf-8", "subject": SUBJECT, "body": ""}
    fields |= {"sign_type": "RSA2", "notify_time": "2026-01-02 11:04:05"} | ({"method": method} if method else {})
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in drop)
    raw = private(directory, key).sign(text.encode(), PKCS1v15(), SHA256())
    body = urlencode(fields | {"sign": base64.b64encode(raw).decode()}).encode()
    return RawRequest("POST", "/notify/alipay", (), body)


@pytest.mark.parametrize(
    ("causes", "wrong"),
    [
        ([], {}),
        ([], {"method": "alipay.trade.page.pay.return"}),
        (["sign_type_included"], {"drop": ("sign",)}),
        (["empty_values_dropped"], {"drop": ("sign", "sign_type", "body")}),
        (["forger_key"], {"key": "forger"}),
        (["application_key"], {"key": "app"}),
        (["no_known_key"], {"key": "somebody's"}),
    ],
)
def test_what_the_platform_signs_is_looked_into_with_the_platforms_key(doctor, credentials_dir, causes, wrong):
    found = doctor.examine(notify(credentials_dir, **wrong))
    assert (found.right, names(found)) == (not causes, causes)


def test_a_key_given_by_hand_counts_instead_of_the_folders(credentials_dir):
    other = AlipayDoctor(credentials_dir, key=private(credentials_dir, "somebody's").public_key())
    assert names(other.examine(RIGHT.sent(credentials_dir))) == ["application_key"]
    assert other.examine(replace(RIGHT, key="somebody's").sent(credentials_dir)).right
    alone = AlipayDoctor(None, key=private(credentials_dir, "app").public_key())
    assert alone.examine(RIGHT.sent(credentials_dir)).right


def test_a_clock_that_is_off_is_a_hint_and_never_a_cause(doctor, credentials_dir):
    found = doctor.examine(RIGHT.sent(credentials_dir), now=datetime(2026, 1, 2, 11, 4, 5, tzinfo=UTC))
    assert (found.right, len(found.hints)) == (True, 1)
    assert not doctor.examine(RIGHT.sent(credentials_dir), now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).hints


@pytest.mark.parametrize("body", [b"", b"a=b", b"&".join(b"a%d=b" % number for number in range(300))])
def test_without_a_signature_there_is_nothing_to_look_into(doctor, body):
    with pytest.raises(Undiagnosable):
        doctor.examine(RawRequest("POST", "/gateway.do", (), body))


def test_every_cause_in_the_files_has_both_languages_and_a_test():
    told = {cause for cause, _ in WAYS} | {"right", "unknown", "text_differs_too", "digest_not_signed"}
    told |= {"hmac_with_key_text", "application_key", "sign_type_included", "empty_values_dropped"}
    # Keyed digests have their own tests, in test_keyed_digests.py.
    told |= {"digest_unknown", "not_hexadecimal", "digest_size", "digest_case", "digest_base64", "digest_blanks"}
    table = {**CORE_CAUSES.table(), **ALIPAY_CAUSES.table()}
    assert set(table) == told
    for name, texts in table.items():
        assert set(texts) == {"en", "zh", "next_en", "next_zh"}, name
        assert all(texts.values()) or name == "text_differs_too"


VALUES = st.dictionaries(
    st.sampled_from(["notify_url", "return_url", "app_auth_token", "alipay_sdk", "udf", "timestamp", "biz_content"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
)
PROPERTY = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def gateway_says(directory: Path, request: RawRequest) -> bool | None:
    """
    The door's own verdict; None where it has another reason to refuse.
    """
    received = Received(request, notify=False)
    key = private(directory, "app").public_key()
    app = App((directory / "alipay" / "app_id").read_text(), "2088000000000000", key)
    return admit(received.params, app=app, codec=received.codec).signature_ok


@PROPERTY
@given(values=VALUES, body=st.sets(st.sampled_from(sorted(COMMON))))
def test_a_correctly_signed_request_is_never_called_wrong(doctor, credentials_dir, values, body):
    request = Attempt(fields=COMMON | values, body=tuple(body - {"charset"})).sent(credentials_dir)
    assert doctor.examine(request).right
    assert gateway_says(credentials_dir, request)


@PROPERTY
@given(pair=st.lists(st.sampled_from(range(len(WAYS))), min_size=2, max_size=2, unique=True))
def test_two_faults_at_once_never_bring_a_false_claim(doctor, credentials_dir, pair):
    (one, first), (other, second) = (WAYS[number] for number in pair)
    try:
        request = both(first, second).sent(credentials_dir)
    except (KeyError, TypeError):
        assume(False)  # the two cannot be done at once
    found = doctor.examine(request)
    assert gateway_says(credentials_dir, request) in {found.right, None}
    true = {one, other} | ({"parameter_not_signed"} if "body_not_signed" in {one, other} else set())
    assert set(names(found)) <= true | ({"no_known_key"} if "pss_padding" in true else set())
    assert max(Counter(names(found)).values(), default=1) == 1


@PROPERTY
@given(body=st.binary(max_size=60), sign=st.binary(max_size=300), business=st.text(max_size=30))
def test_nonsense_is_diagnosed_or_declined_and_never_breaks_the_doctor(doctor, body, sign, business):
    fields = {"charset": "gbk", "sign": base64.b64encode(sign).decode(), "biz_content": business}
    request = RawRequest("POST", "/gateway.do?" + urlencode(fields, errors="replace"), (), body)
    try:
        found = doctor.examine(request)
    except Undiagnosable:
        assert not sign
    else:
        orjson.dumps(found.as_json())
        assert not found.right


def test_deep_json_and_huge_bodies_are_within_the_budget(doctor, credentials_dir):
    deep = '{"a":' * 900 + "1" + "}" * 900
    for content in (deep, '{"a":"\\ud800"}', '{"a":"' + "x" * 3_000_000 + '"}'):
        attempt = Attempt(fields=COMMON | {"biz_content": content}, text=lambda _: "something else")
        assert doctor.examine(attempt.sent(credentials_dir)).tried < 1000


def test_after_many_riddles_only_the_likeliest_causes_are_tried(credentials_dir):
    doctor = AlipayDoctor(credentials_dir, patience=Patience(riddles_max=2, candidates_max=30))
    riddle = replace(RIGHT, text=lambda _: "something else").sent(credentials_dir)
    tried = [doctor.examine(riddle).tried for _ in range(4)]
    assert tried[0] == tried[1] > 100
    assert tried[2] == tried[3] == 30
    assert names(doctor.examine(dict(WAYS)["empty_values_kept"].sent(credentials_dir))) == ["empty_values_kept"]


def test_a_diagnosis_is_made_when_it_is_read_and_once(credentials_dir):
    class Counting:
        asked = 0

        def examine(self, request, *, now=None):
            self.asked += 1
            raise Undiagnosable

    counting = Counting()
    lazily = Lazily(counting, RIGHT.sent(credentials_dir), now=datetime(2026, 1, 2, tzinfo=UTC))
    assert counting.asked == 0
    assert (lazily(), lazily(), counting.asked) == (None, None, 1)
