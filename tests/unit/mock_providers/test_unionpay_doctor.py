"""
Each way to sign a UnionPay message wrongly is named, in all four methods, and what is right is never called wrong.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from cryptography import x509

from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.core.signatures.doctor import Diagnosis, Patience
from mock_providers.core.signatures.pasted import read_pasted
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.unionpay.doctor import UnionPayDoctor
from mock_providers.unionpay.recipe import CAUSES
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.unionpay_desk import Desk, Merchant
from tests.unit.mock_providers.unionpay_ways import WAYS, Attempt

NAMES = [f"{attempt.method}-{cause}-{number}" for number, (cause, attempt) in enumerate(WAYS)]
METHODS = ("01", "11", "12", "21")


@pytest.fixture(scope="session")
def doctor(credentials_dir: Path) -> UnionPayDoctor:
    return UnionPayDoctor(credentials_dir, patience=Patience(riddles_max=1_000_000))


@pytest.fixture(scope="session")
def merchant(credentials_dir: Path) -> Merchant:
    return Merchant(credentials_dir)


def names(diagnosis: Diagnosis) -> list[str]:
    return [cause.name for cause in diagnosis.causes]


@pytest.mark.parametrize("method", METHODS)
def test_a_good_signature_is_called_right(doctor, merchant, method):
    found = doctor.examine(Attempt(method).sent(merchant))
    assert (found.right, names(found), found.first_difference) == (True, [], None)
    assert found.built == found.signed


@pytest.mark.parametrize(("cause", "attempt"), WAYS, ids=NAMES)
def test_each_way_to_sign_wrongly_is_named_and_nothing_else_is(doctor, merchant, cause, attempt):
    found = doctor.examine(attempt.sent(merchant))
    assert (found.right, names(found)) == (False, [cause])
    assert found.sentence.en
    assert found.sentence.zh != found.sentence.en
    assert "{" not in (found.next_step.en + found.next_step.zh).replace("{trId=…}", "")
    assert "PRIVATE" not in str(found.as_json())
    assert merchant.file("secure_key") not in found.sentence.en


def test_every_method_has_more_than_fifteen_ways():
    ways = Counter(method for method in METHODS for _ in {cause for cause, one in WAYS if one.method == method})
    assert min(ways.values()) >= 20
    assert len({cause for cause, _ in WAYS}) >= 45


def test_every_cause_is_written_in_both_languages_and_with_a_next_step():
    for name, texts in CAUSES.table().items():
        assert set(texts) == {"en", "zh", "next_en", "next_zh"}, name
        assert all(texts.values()), name


@pytest.mark.parametrize("method", METHODS)
def test_another_text_with_the_right_key_is_honestly_unknown(doctor, merchant, method):
    found = doctor.examine(replace(Attempt(method), text=lambda _: "something else").sent(merchant))
    assert (found.right, found.causes, found.signed) == (False, (), None)
    assert found.tried > 100


def test_two_usual_mistakes_at_once_are_both_named(doctor, merchant):
    both = replace(
        Attempt(), text=lambda fields: "&".join(f"{name}={value}" for name, value in fields.items() if name != "certId")
    )
    assert sorted(names(doctor.examine(both.sent(merchant)))) == ["cert_id_not_signed", "unsorted"]


@pytest.mark.parametrize("method", ["01", "21"])
def test_everything_encoded_twice_is_the_signature_too(doctor, merchant, method):
    twice = Attempt(
        method, wire=lambda value: quote_plus(quote_plus(value)), wire_sign=lambda one: quote_plus(quote_plus(one))
    )
    assert names(doctor.examine(twice.sent(merchant))) == ["sign_encoded_twice", "encoded_twice"]


def test_a_wrong_key_and_a_wrong_text_are_both_named(doctor, merchant):
    attempt = Attempt(
        key="platform/unionpay_current_key.pem", text=lambda fields: "&".join(f"{n}={v}" for n, v in fields.items())
    )
    assert names(doctor.examine(attempt.sent(merchant))) == ["platform_key", "unsorted"]


@pytest.mark.parametrize(
    ("method", "file"), [("01", "acp_test_sign_expired.cer"), ("21", "acp_test_sm2_sign_expired.cer")]
)
def test_a_certificate_out_of_date_is_named_though_its_signature_is_right(doctor, merchant, method, file):
    number = serial(merchant, file)
    request = Attempt(method, prepare=lambda fields: {**fields, "certId": number}).sent(merchant)
    found = doctor.examine(request, now=T0)
    assert names(found) == ["certificate_out_of_date"]
    assert found.first_difference is None


def serial(merchant: Merchant, file: str) -> str:
    return str(x509.load_pem_x509_certificate(merchant.file(file).encode()).serial_number)


def test_the_other_familys_certificate_is_named(doctor, merchant):
    number = merchant.cert_id("21")
    found = doctor.examine(Attempt(prepare=lambda fields: {**fields, "certId": number}).sent(merchant))
    assert names(found) == ["certificate_of_other_method"]
    assert merchant.cert_id("01") in found.next_step.en


@pytest.mark.asyncio
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("seal", "causes"), [(Seal.TRUE, []), (Seal.FOREIGN, ["forger_key"]), (Seal.DAMAGED, [])])
async def test_a_notify_is_looked_into_with_the_platforms_keys(doctor, credentials_dir, method, seal, causes):
    desk = Desk(credentials_dir)
    desk.method = method
    desk.consume()
    outgoing = desk.rendered(delivery=PlannedDelivery(Kind.FORGED, seal=seal))
    found = doctor.examine(RawRequest("POST", "/notify", outgoing.headers, outgoing.body))
    strange = ["strange_certificate"] if seal is Seal.FOREIGN and method in {"01", "21"} else []
    assert (found.right, names(found)) == (seal is Seal.TRUE, [*strange, *causes])
    await desk.schedule.stop()


@pytest.mark.parametrize(
    "body", [b"", b"signature=x", b"a=1&b=2&signature=x", b"app_id=1&sign=2&method=x", b"txnType=01&merId=1"]
)
def test_what_is_no_signed_message_of_unionpays_is_left_to_others(doctor, body):
    with pytest.raises(Undiagnosable):
        doctor.examine(RawRequest("POST", "/", (), body))


def test_no_folder_no_diagnosis(merchant):
    with pytest.raises(Undiagnosable, match="credentials"):
        UnionPayDoctor(None).examine(Attempt().sent(merchant))


def test_a_pasted_request_is_read(doctor, merchant):
    request = Attempt(text=lambda fields: "x").sent(merchant)
    pasted = read_pasted(
        f"POST {request.target} HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n{request.body.decode()}"
    )
    assert doctor.examine(pasted, now=datetime(2026, 1, 2, tzinfo=UTC)).causes == ()


def test_odd_signatures_are_read_quickly_and_claim_nothing(doctor, merchant):
    for method in METHODS:
        for odd in ("%20", "AAAA", "=" * 400, "0" * 64, "0" * 128, "MII" + "A" * 400, "签名", "-----BEGIN"):
            found = doctor.examine(replace(Attempt(method), change=with_signature(odd)).sent(merchant))
            assert not found.right


def with_signature(odd: str):
    return lambda fields: {**fields, "signature": odd}
