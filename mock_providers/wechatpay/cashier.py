"""
What a buyer opens: QR codes, H5 links, and the parameters that a page or an app hands to the wallet.

The wallet checks those parameters as the real one does, and says in words what it did not like.
"""

from functools import partial
from urllib.parse import parse_qs, urlsplit

from mock_providers.core.books.book import Trade, cashier_token
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Brand, Call, Departure
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.errors import BookRefused
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.numbers import prepay_id_of
from mock_providers.wechatpay.wallet import open_parameters

H5_PREFIX = "/cgi-bin/mmpayweb-bin/"
_REDIRECT = "redirect_url"
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 34"><rect width="34" height="34" rx="10" fill="#fff"/>'
    '<path d="M17 7.5c-6 0-10.5 3.8-10.5 8.6 0 2.8 1.5 5.2 3.9 6.8l-.9 3.6 4-2c1.1.3 2.3.4 3.5.4'
    ' 6 0 10.5-3.9 10.5-8.8S23 7.5 17 7.5z" fill="#07b053"/><path d="m12 16.3 3.5 3.5 6.5-7" fill="none"'
    ' stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
BRAND = Brand(title_en="WeChat Pay", title_zh="微信支付", color="#07b053", logo_svg=_LOGO)


def opened(desk: Desk, target: str) -> Trade | None:
    """
    The trade behind what a buyer scans or opens.

    Raises:
        BookRefused: the wallet does not take these parameters.

    Facts: wechatpay/links, wechatpay/client-sign
    """
    if target.lstrip().startswith("{"):
        return open_parameters(desk, target)
    trade = desk.book.by_qr(prepay_id_of(target) or target, now=desk.now())
    if trade is not None and trade.paid_at is None and trade.qr_expires_at and desk.now() >= trade.qr_expires_at:
        raise BookRefused("qr_expired", "this link has expired; create the same order again for a fresh one")
    return trade


def visit(desk: Desk, request: RawRequest) -> Call:
    """
    A phone's browser on an H5 link.

    Facts: wechatpay/h5
    """
    try:
        trade = opened(desk, request.target)
    except BookRefused:
        trade = None
    opening = None if trade is None else trade.opening
    return Call(
        api="h5.link",
        order="" if opening is None else opening.out_trade_no,
        label="" if opening is None else opening.label,
        string_to_sign=None,
        signature_ok=None,
        perform=partial(_arrive, trade, request.target),
        merchant="" if opening is None else opening.merchant_id,
        faultable=False,
        page=True,
    )


def _arrive(trade: Trade | None, target: str, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:  # noqa: ARG001
    text = (("Content-Type", "text/html; charset=utf-8"),)
    if trade is None:
        return WireReply(404, text, "<p>商家参数格式有误，请联系商家解决</p>".encode())  # noqa: RUF001
    redirect = parse_qs(urlsplit(target).query).get(_REDIRECT)
    if redirect:
        trade.notes[_REDIRECT] = redirect[0]
    return WireReply(302, (("Location", f"/_cashier/{cashier_token(trade)}"), *text), b"")


def departure(trade: Trade) -> Departure | None:
    """
    Back to the merchant's page, which learns nothing from it: there is no result in the address.

    Facts: wechatpay/h5
    """
    redirect = trade.notes.get(_REDIRECT, "")
    return Departure(redirect) if redirect.startswith(("http://", "https://")) else None
