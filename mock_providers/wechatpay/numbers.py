"""Numbers and links that the platform gives out, derived from what they are for."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from mock_providers.core.ids import Ids
from mock_providers.wechatpay.times import compact, day_of

CODE_URL = "weixin://wxpay/bizpayurl?pr="
H5_PATH = "/cgi-bin/mmpayweb-bin/checkmweb"


class Numbers:
    """
    Facts: wechatpay/identifiers.
    """

    def __init__(self, ids: Ids, *, h5_base_url: str) -> None:
        self._ids = ids
        self._h5_base_url = h5_base_url

    def transaction_id(self, mchid: str, out_trade_no: str, *, now: datetime) -> str:
        """28 digits: 4200, six digits, the day, ten digits."""
        drawn = self._ids.digits(16, "transaction", mchid, out_trade_no)
        return f"4200{drawn[:6]}{day_of(now)}{drawn[6:]}"

    def refund_id(self, mchid: str, out_refund_no: str, *, now: datetime) -> str:
        """29 digits beginning with 50."""
        drawn = self._ids.digits(19, "refund", mchid, out_refund_no)
        return f"50{drawn[:6]}{day_of(now)}{drawn[6:]}"

    def prepay_id(self, mchid: str, out_trade_no: str, *, now: datetime, creation: int = 1) -> str:
        """36 characters: wx, a moment, twenty hexadecimal digits."""
        drawn = self._ids.digits(24, "prepay", mchid, out_trade_no, str(creation))
        return f"wx{compact(now)}{int(drawn) % 16**20:020x}"

    def of_order(self, mchid: str, out_trade_no: str, *, now: datetime) -> tuple[str, str, str]:
        """A fresh order's transaction_id, prepay_id and code_url, out of one draw."""
        drawn = self._ids.letters(42, "order", mchid, out_trade_no)
        digits = f"{int(drawn[12:26], 36) % 10**16:016d}"
        moment = compact(now)
        transaction_id = f"4200{digits[:6]}{moment[:8]}{digits[6:]}"
        return transaction_id, f"wx{moment}{int(drawn[26:], 36) % 16**20:020x}", CODE_URL + drawn[:12]

    def code_url(self, mchid: str, out_trade_no: str) -> str:
        """What a native order's QR code says; longer than the seven letters of captures, so that no two are equal."""
        return CODE_URL + self._ids.letters(12, "code", mchid, out_trade_no)

    def h5_url(self, prepay_id: str) -> str:
        """Where a phone's browser is sent; the merchant may append a redirect_url and nothing else."""
        return f"{self._h5_base_url}{H5_PATH}?prepay_id={prepay_id}&package={self._ids.digits(10, 'h5', prepay_id)}"

    def of_kind(self, kind: str, length: int, *about: str) -> str:
        """*length* digits for any other purpose."""
        return self._ids.digits(length, kind, *about)


def prepay_id_of(link: str) -> str | None:
    """
    The prepay_id in an H5 link, with or without the host and whatever was appended to it.

    Facts: wechatpay/h5
    """
    try:
        parts = urlsplit(link)
        found = parse_qs(parts.query).get("prepay_id")
    except ValueError:
        return None
    return found[0] if found and parts.path == H5_PATH else None
