"""
The simulator's digests and its encryption against answers that `openssl` and the vendor gave.
"""

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from mock_providers.wechatpay.v2.notify import encrypted
from mock_providers.wechatpay.v2.signing import seal, text_of
from tests.cross.known_answers import VECTORS, Case, cases

SIGNED = cases("wechatpay/v2_sign")
DOCUMENTED = {
    "the-documented-example": "9A0A8659F005D6984697E2CA0A9CF3B7",
    "the-documented-example-by-hmac": "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
}


@pytest.mark.parametrize("case", SIGNED, ids=[case.id for case in SIGNED])
def test_the_string_is_the_known_one_and_the_digest_fits_good_cases_only(case: Case):
    text = text_of(case.params)
    assert text == case.canonical
    assert (seal(text, case.data["key"], sign_type=case.sign_type) == case.sign) is case.valid


def test_the_vendors_own_example_is_among_them():
    assert {case.id: case.sign for case in SIGNED if case.id in DOCUMENTED} == DOCUMENTED


def test_a_refunds_inside_is_encrypted_as_known():
    (case,) = cases("wechatpay/v2_req_info")
    assert b64encode(encrypted(case.data["text"].encode(), case.data["key"])).decode() == case.data["encrypted"]


def test_the_script_makes_the_same_files_again(tmp_path: Path):
    subprocess.run([VECTORS / "generate_wechatpay_v2.sh", tmp_path], check=True)
    made = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert made == {name: (VECTORS / "wechatpay" / name).read_bytes() for name in ("v2_sign.json", "v2_req_info.json")}
