"""
The gateway's half of both of WeChat Pay's APIs against known answers that neither room made.
"""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP

from reference_gateway.channels.wechatpay import v2_signing, v3_signing
from reference_gateway.errors import SignatureRejected
from tests.cross.known_answers import Case, cases, private_key, public_key

REQUESTS = cases("wechatpay/v3_request_sign")
ANSWERS = cases("wechatpay/v3_answer_sign")
ENCRYPTED = cases("wechatpay/v3_encryption")
SEALED = cases("wechatpay/v2_sign")


def by_id(case: Case) -> str:
    return case.id


def request_of(case: Case) -> bytes:
    data = case.data
    return v3_signing.request_text(
        data["method"], data["target"], timestamp=data["timestamp"], nonce=data["nonce"], body=case.body.encode()
    )


def answer_of(case: Case) -> bytes:
    return v3_signing.answer_text(timestamp=case.data["timestamp"], nonce=case.data["nonce"], body=case.body.encode())


def accepted(key: str, text: bytes, signature: str) -> bool:
    try:
        v3_signing.verify(public_key(key), text, signature)
    except SignatureRejected:
        return False
    return True


@pytest.mark.parametrize("case", REQUESTS, ids=by_id)
def test_a_request_is_signed_as_openssl_signs_it_and_not_as_misreadings_do(case: Case):
    assert (v3_signing.sign(private_key("app"), request_of(case)) == case.sign) is case.valid
    assert accepted("app", request_of(case), case.sign) is case.valid


@pytest.mark.parametrize("case", ANSWERS, ids=by_id)
def test_an_answer_is_judged(case: Case):
    assert accepted("platform", answer_of(case), case.sign) is case.valid


@pytest.mark.parametrize("case", [one for one in ENCRYPTED if one.data["kind"] == "gcm"], ids=by_id)
def test_a_resource_is_opened(case: Case):
    data = case.data
    sealed = {name: data[name] for name in ("nonce", "associated_data", "ciphertext")}
    if case.valid:
        assert v3_signing.decrypt(data["key"].encode(), **sealed).decode() == data["plain"]
    else:
        with pytest.raises(SignatureRejected) as refused:
            v3_signing.decrypt(data["key"].encode(), **sealed)
        assert refused.value.reason == "decryption_failed"


@pytest.mark.parametrize("name", ["张三", "x" * 214])
def test_a_sensitive_field_opens_with_the_platforms_key_and_sha1(name: str):
    sealed = base64.b64decode(v3_signing.encrypt_field(public_key("platform"), name))

    sha1 = OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303  what the vendor demands
    assert private_key("platform").decrypt(sealed, sha1).decode() == name


def test_a_sensitive_field_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="214"):
        v3_signing.encrypt_field(public_key("platform"), "长" * 72)


@pytest.mark.parametrize("case", SEALED, ids=by_id)
def test_a_digest_is_made_and_judged(case: Case):
    key = case.data["key"].encode()
    kind = v2_signing.HMAC if case.sign_type == "HMAC-SHA256" else v2_signing.MD5

    assert v2_signing.text_of(case.params) == case.canonical
    assert (v2_signing.digest(case.params, key, sign_type=kind) == case.sign) is case.valid
    if case.valid:
        v2_signing.verify(case.params, key, sign_type=kind)
    else:
        with pytest.raises(SignatureRejected):
            v2_signing.verify(case.params, key, sign_type=kind)


def test_what_a_refunds_notify_holds_is_opened():
    (case,) = cases("wechatpay/v2_req_info")
    key = case.data["key"].encode()

    assert v2_signing.decrypt_req_info(case.data["encrypted"], key).decode() == case.data["text"]
    with pytest.raises(SignatureRejected):
        v2_signing.decrypt_req_info(case.data["encrypted"], b"0" * 32)
    with pytest.raises(SignatureRejected):
        v2_signing.decrypt_req_info(case.data["encrypted"][:-6] + "AAAA==", key)
