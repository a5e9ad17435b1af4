"""The certificate that clients encrypt card data with, which they fetch once a day."""

from mock_providers.unionpay import reading
from mock_providers.unionpay.codes import result
from mock_providers.unionpay.work import Answer, Office, Refused, Work


def key_update(office: Office, work: Work) -> Answer:
    """
    Tell the certificate in force, for card data (01) or for PINs (02), which is the same one here.

    Facts: unionpay/key-update
    """
    reading.order_id(work.fields)
    reading.moment(work.fields)
    reading.needed(work.fields, "certType")
    kind = work.get("certType")
    if kind not in {"01", "02"}:
        raise Refused(result("10"))
    shown = office.vault.in_force(work.get("signMethod"))
    return Answer(fields={"certType": kind, "encryptPubKeyCert": shown.pem})
