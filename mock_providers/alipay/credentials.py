"""Alipay's part of the credentials folder: one application's keys and numbers, the platform's own, and certificates."""

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_providers.alipay.apps import (
    APP_CERTIFICATE,
    NEXT_CERTIFICATE,
    NEXT_KEY,
    PLATFORM_CERTIFICATE,
    ROOT_CERTIFICATES,
)
from mock_providers.alipay.certificates import certificate_sn, curve_root, issued, pem_of, root_authority, root_sn
from mock_providers.core.signatures.credentials import CredentialMaker, bare, pkcs1_pem, pkcs8_pem, public_pem


def write_credentials(make: CredentialMaker) -> None:
    """
    Write everything, in every form that SDKs ask for.

    Facts: alipay/sdk-config, alipay/cert-mode, alipay/aes
    """
    app, platform, forger = make.rsa(), make.rsa(), make.rsa()
    make.note(app_id=f"2021{make.digits(12)}", seller_id=f"2088{make.digits(12)}")
    files = {
        "app_private_key.pkcs1.pem": pkcs1_pem(app),
        "app_private_key.pkcs8.pem": pkcs8_pem(app),
        "app_private_key.pkcs1.b64": bare(pkcs1_pem(app)),
        "app_private_key.pkcs8.b64": bare(pkcs8_pem(app)),
        "app_public_key.pem": public_pem(app),
        "alipay_public_key.pem": public_pem(platform),
        "alipay_public_key.b64": bare(public_pem(platform)),
        "aes_key": b64encode(make.token(16).encode()).decode(),
    }
    for name, text in files.items():
        make.write(name, text)
    make.write_platform("alipay_private_key.pem", pkcs8_pem(platform))
    make.write_platform("alipay_forger_private_key.pem", pkcs8_pem(forger))
    _write_certificates(make, app, platform)


def _write_certificates(make: CredentialMaker, app: RSAPrivateKey, platform: RSAPrivateKey) -> None:
    """
    An application's certificate, the platform's and its successor, below a root file like the real one: two roots with
    RSA, and one on an elliptic curve that whoever counts SNs has to skip.

    Facts: alipay/cert-mode
    """
    successor = make.rsa()
    root = root_authority(make.rsa(), name="payproof Root R1")
    roots = [
        root.certificate,
        curve_root(name="payproof Root E1"),
        root_authority(root.key, name="payproof Root R2").certificate,
    ]
    mine = issued(root, app.public_key(), name="payproof app")
    present = issued(root, platform.public_key(), name="payproof platform")
    make.write(APP_CERTIFICATE, pem_of(mine))
    make.write(PLATFORM_CERTIFICATE, pem_of(present))
    make.write(ROOT_CERTIFICATES, pem_of(*roots))
    make.write_platform(NEXT_CERTIFICATE, pem_of(issued(root, successor.public_key(), name="payproof platform")))
    make.write_platform(NEXT_KEY, pkcs8_pem(successor))
    make.note(
        app_cert_sn=certificate_sn(mine), alipay_cert_sn=certificate_sn(present), alipay_root_cert_sn=root_sn(roots)
    )
