"""One admitted call as an API of the legacy interface sees it, and what an API may answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mock_providers.core.records import record
from mock_providers.wechatpay.merchants import Merchant
from mock_providers.wechatpay.v2.codes import Failure, Refusal
from mock_providers.wechatpay.v2.fields import Rules


@record
class Work:
    """
    Args:
        fields: all that the request carries, `sign` included.
        text: what it was signed over, the key left out.
        key: what it was signed with, the merchant's or the sandbox's.
        sign_type: the answer is signed in the same way.
        sandbox: it came by a path of the simulation system.
        case: the acceptance case that the caller wants to see, "" for none.
        now: schedule time.
        ending: how a fault wants a refund to end: "closed", "abnormal", or "" for the policy's way.
        stuck_s: how long one that ends abnormally is stuck until somebody helps it along; 0 is for ever.
    """

    merchant: Merchant
    fields: Mapping[str, str]
    text: str
    key: str
    sign_type: str
    label: str
    now: datetime
    sandbox: bool = False
    case: str = ""
    ending: str = ""
    stuck_s: float = 0.0

    def get(self, name: str) -> str:
        """A field, "" where it is not there."""
        return self.fields.get(name, "")


@record
class Done:
    """
    A success in business.

    Args:
        nested: elements that have children, as they are written.
        delay_s: how long the platform keeps the answer, for acceptance cases that time out.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    nested: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Download:
    """A file instead of XML."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class BillFailure:
    """
    Why there is no file: a text and a number under a name of its own.

    Facts: wechatpay/v2-downloadbill
    """

    return_msg: str
    error_code: str


Answer = Done | Refusal | Failure | Download | BillFailure
Handler = Callable[[Work], Answer]


@dataclass(frozen=True, slots=True)
class Api:
    """
    One API.

    Args:
        name: for the journal and for fault rules.
        rules: what its fields must look like.
        app_field: the field that names the application, "" where none does.
        order_field: the field that names the merchant's order.
        mch_field: the field that names the merchant in the answer.
        certificate: whether it wants the merchant's certificate.
        signed: whether its answers are signed.
        hmac_only: MD5 is not taken.
        sign_type_counts: a signature that leaves `sign_type` out is wrong.
    """

    name: str
    handler: Handler
    rules: Rules
    app_field: str = "appid"
    order_field: str = "out_trade_no"
    mch_field: str = "mch_id"
    certificate: bool = False
    signed: bool = True
    hmac_only: bool = False
    sign_type_counts: bool = True
