"""
What may stand in a driver: where the gateway is, how it is asked, and what its words mean.

Templates are `{{name}}` and nothing more; pointers are JSON Pointers into an answer or a webhook. It says what may
stand in a file and nothing about how it is used.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from harness.channels import PROVIDED
from harness.sut.contract import Ability
from harness.sut.driver.template import names_in

Pointer = Annotated[str, Field(pattern=r"^(/[^/]*)*$", description="a JSON Pointer, such as /data/order/id")]
Secret = Annotated[str, Field(pattern=r"^(env|file):.+$", description="env:NAME, or file:PATH")]
# What templates may name: everywhere, and in the calls besides.
EVERYWHERE = (
    "alipay_url", "wechatpay_url", "unionpay_url", "control_url", "credentials_dir", "sink_url", "gateway_port",
    "run_dir", "folder", "python",
)  # fmt: skip
# Naming one of these opens the simulator's front doors.
DOORS = ("tls_url", "proxy_url", "proxy_host", "proxy_port", "ca_file", "truststore")
OF_A_PAYMENT = ("payment_id", "order_no", "channel", "out_trade_no")
IN_CALLS = {
    "create": ("order_no", "amount_fen", "amount_yuan", "subject", "attach", "channel", "product", "buyer_id"),
    "get": OF_A_PAYMENT,
    "sync": OF_A_PAYMENT,
    "close": OF_A_PAYMENT,
    "effects": OF_A_PAYMENT,
    "refund": (*OF_A_PAYMENT, "refund_no", "amount_fen", "amount_yuan", "reason"),
    "get_refund": (*OF_A_PAYMENT, "refund_no", "refund_id"),
}
OurStatus = Literal["PENDING", "PAID", "SHIPPED", "COMPLETED", "CANCELLED", "CLOSED"]
OurRefund = Literal["REQUESTED", "PROCESSING", "SUCCEEDED", "FAILED"]
OurEvent = Literal["payment.paid", "refund.succeeded", "refund.failed", "ignored"]


class Words(BaseModel):
    """Unchangeable, and a key that is not in the list is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Program(Words):
    """A command, with the environment that it gets besides PATH and HOME."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    env: dict[str, str] = {}
    cwd: str = "."


class Ready(Words):
    """When the gateway counts as started: this path answers with a status below 500."""

    path: str = "/"
    within_s: Annotated[float, Field(gt=0, le=600)] = 30.0


class Call(Words):
    """
    One question to the gateway.

    A value of the body that is one template alone keeps the type of what it stands for.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: str
    headers: dict[str, str] = {}
    body: Any = None
    form: bool = Field(default=False, description="send the body as a form instead of JSON")
    refused: tuple[int, ...] = Field(default=(), description="statuses that mean no, besides 400 to 499")
    no: Annotated[
        dict[str, tuple[str, ...]], Field(description="pointer to values that mean no, whatever the status")
    ] = {}
    code: Pointer | None = Field(default=None, description="the machine word of a refusal")


class PaymentCall(Call):
    """A question whose answer is a payment."""

    id: Pointer | None = None
    status: Pointer
    amount_fen: Pointer | None = None
    amount_yuan: Pointer | None = None
    out_trade_no: Pointer | None = Field(default=None, description="the number that the provider knows the trade by")
    trade_no: Pointer | None = Field(default=None, description="the provider's own number of the trade")
    pay: Pointer | None = Field(default=None, description="what the buyer pays with: a QR text, a URL")
    refunded_fen: Pointer | None = None
    refunded_yuan: Pointer | None = None


class RefundCall(Call):
    """A question whose answer is a refund."""

    id: Pointer | None = None
    status: Pointer | None = Field(
        default=None, description="without it, an answer that is no refusal means PROCESSING"
    )


class EffectsCall(Call):
    """How often the buyer was credited, from the gateway's own books: a number, or a list that is counted."""

    credits: Pointer


class Webhooks(Words):
    """What the gateway tells the platform: where in the body things stand, and what the platform answers."""

    order_no: Pointer
    type: Pointer | None = None
    types: dict[str, OurEvent] = Field(default={}, description="the gateway's word for what happened")
    event_id: Pointer | None = Field(default=None, description="what makes two deliveries the same event")
    effect_key: Pointer | None = Field(
        default=None, description="what makes two events the same effect, where that is not the event id"
    )
    amount_fen: Pointer | None = None
    amount_yuan: Pointer | None = None
    refund_fen: Pointer | None = None
    refund_yuan: Pointer | None = None
    answer: str = "ok"
    content_type: str = "text/plain"

    @property
    def tells_refunds(self) -> bool:
        """
        Whether a webhook can say that a refund succeeded.
        """
        return self.type is not None and "refund.succeeded" in self.types.values()


class DriverFile(Words):
    """One gateway."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    url: Annotated[str, Field(description="where the gateway listens, such as http://127.0.0.1:8080")]
    channels: Annotated[dict[str, str], Field(min_length=1, description="our channel to the gateway's word for it")]
    product: str = "qr"
    label_from: dict[str, str] = Field(
        default={}, description="provider to the field of the gateway's call that carries the label: subject, attach, …"
    )
    start: Program | None = None
    stop: Program | None = None
    kill: Program | None = None
    ready: Ready = Ready()
    signing: str | None = Field(
        default=None,
        description="mod:function, beside the driver or importable, gives the headers that sign a request",
    )
    secrets: Annotated[
        dict[str, Secret], Field(description="names for templates and `signing`, each with where its value is")
    ] = {}
    create: PaymentCall
    get: PaymentCall | None = None
    sync: PaymentCall | None = None
    close: PaymentCall | None = Field(default=None, description="ends an order that nobody has paid")
    refund: RefundCall | None = None
    get_refund: RefundCall | None = None
    effects: EffectsCall | None = None
    webhooks: Webhooks | None = None
    cannot: dict[str, frozenset[Ability]] = Field(
        default={}, description="what the gateway cannot do over a channel, though it can over others"
    )
    states: Annotated[dict[str, OurStatus], Field(min_length=1)]
    refund_states: dict[str, OurRefund] = {}
    kills: Annotated[int, Field(ge=1, le=45)] = Field(
        default=12,
        description="at how many moments each case of the crash family kills the gateway; each costs a start",
    )
    clock: bool = Field(default=False, description="the gateway's clock can be moved with the simulator's")
    settle_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10.0, description="how long the gateway may take to find out by itself what it was not told"
    )

    @field_validator("channels")
    @classmethod
    def _spoken(cls, channels: dict[str, str]) -> dict[str, str]:
        for name in channels:
            if name not in PROVIDED:
                raise PydanticCustomError(
                    "unknown_word", "no such channel", {"known": list(PROVIDED), "at": [name], "word": name}
                )
        return channels

    @model_validator(mode="after")
    def _templates_are_known(self) -> "DriverFile":
        everywhere = (*EVERYWHERE, *DOORS, *self.secrets)
        written = self.model_dump(exclude={"states", "refund_states", "channels"}, exclude_none=True)
        for part, value in written.items():
            known = (*everywhere, *IN_CALLS.get(part, ()))
            for place, name in names_in(value, at=(part,)):
                if name not in known:
                    raise PydanticCustomError(
                        "unknown_word",
                        "no template is called that here",
                        {"known": list(known), "at": list(place), "word": name},
                    )
        return self

    @property
    def doors(self) -> frozenset[str]:
        """
        The front doors that the driver's templates name.
        """
        return frozenset(name for _, name in names_in(self.model_dump(exclude_none=True))) & frozenset(DOORS)

    @model_validator(mode="after")
    def _refunds_have_states(self) -> "DriverFile":
        wants = [call for call in (self.refund, self.get_refund) if call is not None and call.status is not None]
        if wants and not self.refund_states:
            raise PydanticCustomError(
                "refund_states", "refund has a status, so refund_states must say what its words mean"
            )
        return self
