"""
The page that brings a buyer's browser to UnionPay: one form, which posts itself, or by a button where scripts are off.

Facts: unionpay/front
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="{charset}"><title>银联支付 UnionPay</title></head>
<body><form id="pay_form" name="pay_form" action="{action}" method="post" accept-charset="{charset}">
{inputs}
<button type="submit">前往银联支付 Continue to UnionPay</button>
</form><script>document.getElementById("pay_form").submit();</script></body></html>
"""


def page(action: str, fields: Mapping[str, str]) -> str:
    """Render the signed *fields* as a form for *action*."""
    inputs = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    return _PAGE.format(charset=escape(fields["encoding"]), action=escape(action), inputs=inputs)
