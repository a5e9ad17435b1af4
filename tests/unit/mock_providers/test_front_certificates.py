"""
The throwaway authority: trusted for the vendors' hosts, refused for every other by whoever verifies.
"""

import shutil
import ssl
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from mock_providers.errors import CredentialsRefused
from mock_providers.front import store
from mock_providers.front.authority import LIFETIME, Authority
from mock_providers.front.files import TRUSTSTORE_PASSWORD, TlsFiles
from mock_providers.front.hosts import VENDORS
from mock_providers.front.store import ensure_tls

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPENSSL = shutil.which("openssl")
KEYTOOL = shutil.which("keytool")
NOT_OURS = [
    ("example.org",),
    ("www.alipay.com",),
    ("alipay.com",),
    ("notopenapi.alipay.com",),
    ("openapi.alipay.com.example.org",),
    ("*.alipay.com",),
    ("*.qq.com",),
    ("pay.weixin.qq.com",),
    ("openapi.alipay.com", "example.org"),
]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(NOW)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> TlsFiles:
    return ensure_tls(tmp_path_factory.mktemp("credentials"), now=NOW)


def example(name: str) -> str:
    """
    A host that *name*, perhaps a wildcard, covers.
    """
    return name.replace("*", "some")


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def accepted_by_cryptography(root: x509.Certificate, leaf: x509.Certificate, host: str) -> bool:
    verifier = PolicyBuilder().store(Store([root])).time(NOW).build_server_verifier(x509.DNSName(host))
    try:
        verifier.verify(leaf, [])
    except VerificationError:
        return False
    return True


def accepted_by_openssl(root: x509.Certificate, leaf: x509.Certificate, host: str, tmp_path: Path) -> bool:
    if OPENSSL is None:
        pytest.skip("no openssl on PATH")
    (tmp_path / "root.pem").write_bytes(pem(root))
    (tmp_path / "leaf.pem").write_bytes(pem(leaf))
    command = [OPENSSL, "verify", "-purpose", "sslserver", "-attime", str(int(NOW.timestamp()))]
    command += ["-verify_hostname", host, "-CAfile", str(tmp_path / "root.pem"), str(tmp_path / "leaf.pem")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0 or "permitted subtree violation" in ended.stderr or "excluded" in ended.stderr, ended
    return ended.returncode == 0


@pytest.mark.parametrize("names", [vendor.names for vendor in VENDORS.values()], ids=VENDORS)
def test_the_vendors_hosts_are_vouched_for(authority, tmp_path, names):
    _, leaf = authority.issue(names)
    for name in names:
        assert accepted_by_cryptography(authority.certificate, leaf, example(name))
    assert accepted_by_openssl(authority.certificate, leaf, example(names[-1]), tmp_path)


@pytest.mark.parametrize("names", NOT_OURS, ids=" ".join)
def test_another_host_is_refused_although_the_authority_signed_it(authority, tmp_path, names):
    _, leaf = authority.issue(names)
    assert not accepted_by_cryptography(authority.certificate, leaf, example(names[0]))
    assert not accepted_by_openssl(authority.certificate, leaf, example(names[0]), tmp_path)


@pytest.mark.parametrize("address", ["110.75.132.1", "127.0.0.1", "::1"])
def test_an_address_is_refused_although_the_authority_signed_it(authority, tmp_path, address):
    key, _ = authority.issue(("openapi.alipay.com",))
    names = [x509.DNSName("openapi.alipay.com"), x509.IPAddress(ip_address(address))]
    leaf = (
        authority._builder(x509.Name([]), issuer=authority.certificate.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(authority._authority_key_identifier(), critical=False)
        .sign(authority._key, hashes.SHA256())
    )
    assert not accepted_by_openssl(authority.certificate, leaf, "openapi.alipay.com", tmp_path)


def test_the_constraints_are_critical_and_it_signs_no_authority(authority):
    extensions = authority.certificate.extensions
    assert extensions.get_extension_for_class(x509.NameConstraints).critical
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert authority.expires_at - NOW < LIFETIME == timedelta(days=820)


def test_the_authoritys_own_key_is_nowhere_on_disk(files):
    root = x509.load_pem_x509_certificate(files.ca_file.read_bytes())
    keys = [
        serialization.load_pem_private_key(path.read_bytes(), password=None).public_key()
        for path in files.folder.iterdir()
        if b"PRIVATE KEY" in path.read_bytes()
    ]
    assert len(keys) == len(VENDORS)
    assert root.public_key() not in keys


def test_only_the_owner_reads_the_folder(files):
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.folder.iterdir()} == {0o600}


def test_a_bundle_that_clients_load_holds_one_authority(files):
    context = ssl.create_default_context(cafile=str(files.ca_file))
    assert context.cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 1}
    der = (files.folder / "ca.cer").read_bytes()
    assert x509.load_der_x509_certificate(der) == x509.load_pem_x509_certificate(files.ca_file.read_bytes())


@pytest.mark.skipif(KEYTOOL is None, reason="no keytool on PATH: there is no Java here to read the truststore")
def test_java_reads_the_truststore(files):
    ended = subprocess.run(
        [str(KEYTOOL), "-list", "-storetype", "PKCS12", "-keystore", str(files.truststore),
         "-storepass", TRUSTSTORE_PASSWORD],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert "trustedCertEntry" in ended.stdout
    print_ = x509.load_pem_x509_certificate(files.ca_file.read_bytes()).fingerprint(hashes.SHA256())
    assert print_.hex(":").upper() in ended.stdout


def content(files: TlsFiles) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files.folder.iterdir()}


def test_it_is_made_once_and_kept(files):
    before = content(files)
    assert content(ensure_tls(files.folder.parent, now=NOW + timedelta(days=700))) == before


def test_it_is_replaced_before_it_expires(tmp_path):
    before = content(ensure_tls(tmp_path, now=NOW))
    after = content(ensure_tls(tmp_path, now=NOW + timedelta(days=810)))
    assert after.keys() == before.keys()
    assert after["ca.pem"] != before["ca.pem"]
    assert {path.name for path in tmp_path.iterdir()} == {"tls", ".lock"}


@pytest.mark.parametrize("damage", ["hosts", "file", "summary"])
def test_it_is_replaced_when_it_does_not_fit(tmp_path, monkeypatch, damage):
    files = ensure_tls(tmp_path, now=NOW)
    before = files.ca_file.read_bytes()
    if damage == "hosts":
        monkeypatch.setattr(store, "VENDORS", {"alipay": VENDORS["alipay"]})
    elif damage == "file":
        files.server_file("alipay").unlink()
    else:
        (files.folder / "tls.json").write_text("[]")
    assert ensure_tls(tmp_path, now=NOW).ca_file.read_bytes() != before


def test_those_who_start_at_once_agree(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: ensure_tls(tmp_path, now=NOW).ca_file.read_bytes(), range(4)))
    assert len(set(seen)) == 1


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    with pytest.raises(CredentialsRefused, match="certificates cannot be kept"):
        ensure_tls(tmp_path / "missing", now=NOW)
