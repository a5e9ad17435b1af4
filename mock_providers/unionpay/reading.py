"""
Reading a request's fields into values that the transactions can trust; what makes no sense is refused in its code.
Blanks around values are gone already.

Facts: unionpay/fields
"""

import re
from collections.abc import Mapping
from datetime import datetime

from mock_providers.core.money import Fen
from mock_providers.unionpay.codes import result
from mock_providers.unionpay.times import moment_of
from mock_providers.unionpay.work import Refused

_ORDER = re.compile(r"[0-9A-Za-z]{8,40}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,12}", re.ASCII)
_QUERY_ID = re.compile(r"[0-9A-Za-z]{21}", re.ASCII)
_RESERVED_MAX = 1024
# Every field of a request that the documents name. Facts: unionpay/fields
FIELDS = frozenset(
    """
    accNo accSplitData accType accessType accountPayChannel acqInsCode autoPayType backUrl batchNo bizType cardTransData
    certId certType channelType ctrlRule currencyCode customerInfo customerIp defaultPayType encoding encryptCertId
    fileContent fileName fileType frontFailUrl frontUrl instalTransInfo issInsCode merAbbr merCatCode merId merName
    orderDesc orderId orderTimeout origOrderId origQryId origTxnTime payTimeout qrCode qrNo queryId relTxnType
    reqReserved reserved riskRateInfo settleDate signMethod signature subMerAbbr subMerId subMerName supPayType
    termId termInfo tokenPayData totalAmt totalQty txnAmt txnSubType txnTime txnType userMac version
    """.split()  # noqa: SIM905  a list of sixty names reads worse
)
_URL_MAX = 256


def needed(fields: Mapping[str, str], *names: str) -> None:
    """
    Raises:
        Refused: with 13, for the first that is missing or empty.
    """
    for name in names:
        if not fields.get(name):
            raise Refused(result("13"))


def order_id(fields: Mapping[str, str], name: str = "orderId") -> str:
    """
    A merchant's number.

    Facts: unionpay/fields
    """
    needed(fields, name)
    value = fields[name]
    if not _ORDER.fullmatch(value):
        raise Refused(result("10"))
    return value


def moment(fields: Mapping[str, str], name: str = "txnTime") -> datetime:
    """
    A moment in Beijing.

    Facts: unionpay/times
    """
    needed(fields, name)
    try:
        return moment_of(fields[name])
    except ValueError:
        raise Refused(result("10")) from None


def amount(fields: Mapping[str, str], name: str = "txnAmt") -> Fen:
    """
    Fen, at least one.

    Facts: unionpay/fields
    """
    needed(fields, name)
    value = fields[name]
    if not _AMOUNT.fullmatch(value) or int(value) == 0:
        raise Refused(result("10"))
    return Fen(int(value))


def currency(fields: Mapping[str, str]) -> str:
    """Only one is known; a request that names none means it."""
    value = fields.get("currencyCode") or "156"
    if value != "156":
        raise Refused(result("10"))
    return value


def query_id(fields: Mapping[str, str], name: str = "origQryId") -> str:
    """A number of the platform's."""
    value = fields.get(name, "")
    if value and not _QUERY_ID.fullmatch(value):
        raise Refused(result("10"))
    return value


def back_url(fields: Mapping[str, str]) -> str:
    """
    Where results are told; a request without one wants to be told nothing.

    Facts: unionpay/fields
    """
    value = fields.get("backUrl", "")
    if len(value) > _URL_MAX:
        raise Refused(result("10"))
    return value


def reserved(fields: Mapping[str, str]) -> str:
    """
    The merchant's own text.

    Facts: unionpay/reserved
    """
    value = fields.get("reqReserved", "")
    if len(value) > _RESERVED_MAX or "\n" in value or "\r" in value:
        raise Refused(result("10"))
    return value
