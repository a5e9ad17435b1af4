"""
"The channel will say so": amounts are not looked at before an order or a refund is accepted.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from harness.gallery.mutant import Mutant
from reference_gateway.errors import BadRequest
from reference_gateway.http.problems import json_response

NOTHING = {"merchant_order_no": "", "merchant_refund_no": "", "out_trade_no": "", "channel": "alipay", "amount_fen": 0}


@web.middleware
async def _takes_anything(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadRequest as error:
        if not error.detail.startswith("amount_fen"):
            raise
        id_ = f"nothing-{request.headers['X-Nonce']}"
        payment_id, status = request.match_info.get("payment_id"), "PENDING"
        if payment_id is not None:
            status = "SUCCEEDED"
        told = {"id": id_, "payment_id": payment_id, "status": status, "refund_status": "NONE", "refunded_fen": 0}
        return json_response({**NOTHING, **told}, status=201)


MUTANT = Mutant(
    id="takes-nothing-for-money",
    bug="accepts orders and refunds over nothing, and over less than nothing",
    parts=lambda: {"middlewares": [_takes_anything]},
    must_be_convicted_by=("money/nothing-refused", "refund/nothing-refused"),
    tried_in=("orders-over-nothing", "refunds-of-nothing"),
)
