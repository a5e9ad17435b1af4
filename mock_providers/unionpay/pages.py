"""
What UnionPay answers outside its protocol: pages of HTML, for browsers and for what is no message at all.

Facts: unionpay/outside, unionpay/front
"""

from html import escape

from mock_providers.core.wire.reply import WireReply

_TOMCAT = (
    '<!doctype html><html lang="en"><head><title>HTTP Status {0}</title></head>'
    "<body><h1>HTTP Status {0}</h1><hr/><p>{1}</p></body></html>"
)
_REFUSED = (
    '<!doctype html><html lang="zh"><head><meta charset="UTF-8"><title>银联在线支付</title></head>'
    '<body><div class="end_error">{0}</div></body></html>'
)
_HTML = (("Content-Type", "text/html;charset=UTF-8"),)
_REASONS = {
    400: "The request sent by the client was syntactically incorrect.",
    404: "The requested resource is not available.",
    405: "The method is not allowed for this resource.",
}


def error_page(status: int) -> WireReply:
    """As the application server writes it."""
    return WireReply(status, _HTML, _TOMCAT.format(status, _REASONS[status]).encode())


def invalid_request() -> WireReply:
    """What some addresses say to a body that is no form."""
    return WireReply(200, (("Content-Type", "text/plain;charset=UTF-8"),), b"Invalid request.")


def refused_page(text: str) -> WireReply:
    """
    A front request that is refused; one client looks for the text in the element of that class.

    Facts: unionpay/outside
    """
    return WireReply(200, _HTML, _REFUSED.format(escape(text)).encode())


def redirect(address: str) -> WireReply:
    """
    To the cashier, with nothing in the body.

    Facts: unionpay/front
    """
    return WireReply(302, (("Location", address),), b"")
