"""
Certificates and key files as UnionPay's clients want them: chains, names, numbers, the old ciphers, SM2 twins.
"""

import hashlib
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import gmalg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from mock_providers.unionpay.credentials import LEAVES
from tests.unit.mock_providers.unionpay_desk import SM2_POINT

_OPENSSL = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not _OPENSSL, reason="there is no openssl command here")


@pytest.fixture
def mine(credentials_dir: Path) -> Path:
    return credentials_dir / "unionpay"


def leaf(directory: Path, name: str, mark: str = "") -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "platform" / f"unionpay_{mark}leaf_{name}.cer").read_bytes())


def common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def openssl(*command) -> str:
    done = subprocess.run([_OPENSSL, *command], capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr


@pytest.mark.parametrize("mark", ["", "sm2_"])
def test_the_leaf_bears_the_companys_name_and_a_short_number(credentials_dir, mark):
    certificate = leaf(credentials_dir, "current", mark)
    assert common_name(certificate) == "041@8310000000083040@中国银联股份有限公司@00016495"
    assert certificate.serial_number < 2**53
    usage = certificate.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    assert isinstance(usage, x509.KeyUsage)
    assert (usage.digital_signature, usage.content_commitment, usage.key_cert_sign) == (True, True, False)
    extended = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert isinstance(extended, x509.ExtendedKeyUsage)
    assert set(extended) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION}


@pytest.mark.parametrize("mark", ["", "sm2_"])
def test_no_two_certificates_have_one_number(credentials_dir, mine, mark):
    numbers = [leaf(credentials_dir, name, mark).serial_number for name in LEAVES]
    numbers += [
        x509.load_pem_x509_certificate(path.read_bytes()).serial_number
        for path in mine.glob(f"acp_test_{mark}*.cer")
        if "verify_sign" not in path.name and (mark or "sm2_" not in path.name)
    ]
    assert len(numbers) == len(set(numbers))


@needs_openssl
@pytest.mark.parametrize("name", ["acp_test_verify_sign.cer", "acp_test_sign.cer", "acp_test_enc.cer"])
def test_openssl_believes_the_rsa_chain(mine, name):
    chain = ("-CAfile", mine / "acp_test_root.cer", "-untrusted", mine / "acp_test_middle.cer")
    assert ": OK" in openssl("verify", "-x509_strict", *chain, mine / name)
    assert "sha256WithRSAEncryption" in openssl("x509", "-in", mine / name, "-noout", "-text")


@needs_openssl
@pytest.mark.parametrize("name", ["acp_test_sm2_verify_sign.cer", "acp_test_sm2_sign.cer", "acp_test_sm2_enc.cer"])
def test_openssl_believes_the_sm2_chain_pair_by_pair(mine, name):
    usual_id = ("-vfyopt", "distid:1234567812345678")
    pair = ("-partial_chain", "-trusted", mine / "acp_test_sm2_middle.cer")
    assert ": OK" in openssl("verify", *usual_id, *pair, mine / name)
    assert ": OK" in openssl(
        "verify", *usual_id, "-CAfile", mine / "acp_test_sm2_root.cer", mine / "acp_test_sm2_middle.cer"
    )
    assert "SM2-with-SM3" in openssl("x509", "-in", mine / name, "-noout", "-text")


@needs_openssl
def test_the_pfx_has_the_ciphers_that_every_client_opens(mine):
    told = openssl("pkcs12", "-in", mine / "acp_test_sign.pfx", "-passin", "pass:000000", "-noout", "-info")
    assert told.count("pbeWithSHA1And3-KeyTripleDES-CBC") == 2
    assert "MAC: sha1" in told


def test_the_pfx_holds_the_registered_certificate(mine):
    key, certificate, others = pkcs12.load_key_and_certificates((mine / "acp_test_sign.pfx").read_bytes(), b"000000")
    assert key is not None
    assert certificate is not None
    assert (str(certificate.serial_number), others) == ((mine / "cert_id").read_text(), [])
    assert common_name(certificate).split("@")[2] == f"{(mine / 'mer_id').read_text()}:SIGN"


def test_the_sm2_file_opens_with_the_password(mine):
    content = b64decode((mine / "acp_test_sm2_sign.sm2").read_bytes(), validate=True)
    place = content.index(b"\x04\x30") + 2
    material = hashlib.new("sm3", b"000000" + (1).to_bytes(4, "big")).digest()
    opener = Cipher(SM4(material[16:]), CBC(material[:16])).decryptor()
    padded = opener.update(content[place : place + 48]) + opener.finalize()
    assert padded[32:] == bytes([16]) * 16
    certificate = x509.load_pem_x509_certificate((mine / "acp_test_sm2_sign.cer").read_bytes())
    inside = certificate.tbs_certificate_bytes
    assert gmalg.SM2().generate_pk(padded[:32]) == inside[inside.index(SM2_POINT) + len(SM2_POINT) :][:65]
    assert str(certificate.serial_number) == (mine / "sm2_cert_id").read_text()


@pytest.mark.parametrize("mark", ["", "sm2_"])
def test_bad_leaves_are_bad_in_one_way_each(credentials_dir, mark):
    now = leaf(credentials_dir, "current", mark)
    assert leaf(credentials_dir, "expired", mark).not_valid_after_utc < now.not_valid_before_utc
    assert (
        leaf(credentials_dir, "not_yet_valid", mark).not_valid_before_utc
        > leaf(credentials_dir, "next", mark).not_valid_before_utc
    )
    assert common_name(leaf(credentials_dir, "wrong_cn", mark)) == "041@Z2014-11-11@700000000000001:SIGN@00000001"
    stranger = leaf(credentials_dir, "self_signed", mark)
    assert stranger.issuer == stranger.subject
    assert leaf(credentials_dir, "foreign_chain", mark).issuer != now.issuer
