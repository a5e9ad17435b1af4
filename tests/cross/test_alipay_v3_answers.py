"""
OpenAPI v3's texts and signatures against known answers that openssl made.
"""

import pytest

from mock_providers.alipay.signing import sign, verified
from mock_providers.alipay.v3.authorization import answer_text, read_authorization, request_text
from tests.cross.known_answers import Case, cases, private_key, public_key

REQUESTS = cases("alipay/v3_request")
ANSWERS = cases("alipay/v3_answer")


def text_of(case: Case) -> bytes:
    header = read_authorization(case.data["authorization"])
    return request_text(
        header.text,
        case.data["method"],
        target=case.data["target"],
        body=case.body.encode(),
        app_auth_token=case.data["app_auth_token"],
    )


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.id)
def test_the_provider_builds_the_text_of_a_request_and_judges_it(case: Case):
    header = read_authorization(case.data["authorization"])
    text = text_of(case)

    assert (text.decode(), header.signature) == (case.canonical, case.sign)
    assert verified(public_key("app"), text, signature=header.signature, sign_type="RSA2") == case.valid


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.id)
def test_the_provider_signs_an_answer_as_openssl_does(case: Case):
    text = answer_text(case.data["timestamp"], case.data["nonce"], case.body.encode())

    assert text.decode() == case.canonical
    assert (sign(private_key("platform"), text, "RSA2") == case.sign) == case.valid
