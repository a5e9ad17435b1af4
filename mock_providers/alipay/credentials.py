"""Alipay's part of the credentials folder: one application's keys and numbers, and the platform's own keys."""

from mock_providers.core.credentials import CredentialMaker, bare, pkcs1_pem, pkcs8_pem, public_pem


def write_credentials(make: CredentialMaker) -> None:
    """
    Write everything, in every form that SDKs ask for.

    Facts: alipay/sdk-config
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
    }
    for name, text in files.items():
        make.write(name, text)
    make.write_platform("alipay_private_key.pem", pkcs8_pem(platform))
    make.write_platform("alipay_forger_private_key.pem", pkcs8_pem(forger))
