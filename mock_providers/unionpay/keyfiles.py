"""
Key files as UnionPay's clients load them: PFX with the old ciphers, and the `.sm2` files of China's authority.

Facts: unionpay/key-files, unionpay/sm2
"""

from base64 import b64encode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from mock_providers.core.signatures.sm2 import PrivateKey as Sm2Key
from mock_providers.core.signatures.sm2 import sm3
from mock_providers.unionpay import der
from mock_providers.unionpay.certificates import Issued

PASSWORD = "000000"  # noqa: S105  the vendor's own, printed in its manual
_SM2_DATA = der.oid("1.2.156.10197.6.1.4.2.1")
_SM4_CBC = der.oid("1.2.156.10197.1.104")


def pfx(issued: Issued) -> bytes:
    """
    A key with its certificate, sealed with triple DES and SHA-1: the only kind that every client opens.

    Facts: unionpay/key-files
    """
    assert isinstance(issued.key, RSAPrivateKey)
    sealing = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(SHA1())  # noqa: S303  what the clients of this vendor know
        .build(PASSWORD.encode())
    )
    certificate = x509.load_der_x509_certificate(issued.der)
    return serialize_key_and_certificates(b"acp_test_sign", issued.key, certificate, None, sealing)


def sm2_file(issued: Issued) -> bytes:
    """
    Base64 of a DER structure: the secret number under SM4, and the certificate.

    Facts: unionpay/sm2
    """
    assert isinstance(issued.key, Sm2Key)
    sealed = der.sequence(_SM2_DATA, _SM4_CBC, der.octets(_sealed(issued.key.secret)))
    return b64encode(der.sequence(der.integer(1), sealed, der.sequence(_SM2_DATA, der.octets(issued.der))))


def _sealed(secret: bytes) -> bytes:
    """One round of the standard's key derivation gives what is needed: sixteen bytes each of vector and key."""
    material = sm3(PASSWORD.encode() + (1).to_bytes(4, "big"))
    padder = PKCS7(128).padder()
    encryptor = Cipher(SM4(material[16:]), CBC(material[:16])).encryptor()
    return encryptor.update(padder.update(secret) + padder.finalize()) + encryptor.finalize()


def sm2_pem(key: Sm2Key) -> bytes:
    """The same key as PKCS#8, for programs that speak OpenSSL."""
    content = der.sequence(
        der.integer(0),
        der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.156.10197.1.301")),
        der.octets(der.sequence(der.integer(1), der.octets(key.secret), der.explicit(1, der.bits(key.public.point)))),
    )
    text = b64encode(content).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n".encode()
