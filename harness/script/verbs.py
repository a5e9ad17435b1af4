"""
The verbs of the scenario language and what each may be told: no expressions, no conditions.

It says what may stand in a step and nothing about how it is played. The day someone asks for an `if`, the scenario
becomes a machine.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from harness.script.faults import FaultRule
from harness.world.nemesis import Link, Part

SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SPAN_PATTERN = r"^\d+(\.\d+)?(ms|s|m|h|d)$"
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
# When a moment of the timeline comes; everything else in it is its verb.
WHEN = frozenset({"at", "after"})


def seconds(span: str) -> float:
    """
    A span as people write it (`90s`, `4m`, `25h`, `2d`), in seconds; with a minus it lies behind.
    """
    found = SPAN.fullmatch(span.removeprefix("-"))
    if found is None:
        raise PydanticCustomError("span", "a span is a number with ms, s, m, h or d, such as 90s or 25h")
    length_s = float(found.group(1)) * SECONDS[found.group(2)]
    return -length_s if span.startswith("-") else length_s


Span = Annotated[str, Field(pattern=SPAN_PATTERN, description="90s, 4m, 25h, 2d")]
SignedSpan = Annotated[str, Field(pattern="^-?" + SPAN_PATTERN[1:], description="90s, -4m")]
OrderGlob = Annotated[str, Field(description="a glob over payment labels, such as pp00000[1-5]")]
Vendor = Literal["alipay", "wechatpay", "unionpay", "all"]


class Words(BaseModel):
    """Whatever a scenario consists of: unchangeable, and a key that is not in the list is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(Words):
    """Play the load as traffic: open at its rate, pay, refund; the timeline happens beside it."""


class Open(Words):
    """Open payments at the gateway; all of the load that is not open yet."""

    payments: Annotated[int, Field(ge=1)] | None = None
    times: Annotated[int, Field(ge=1, le=64)] = Field(default=1, description="so many clicks at the same moment")
    again: OrderGlob | None = Field(default=None, description="ask once more for orders that were asked for before")


class Pay(Words):
    """The buyers pay, or try to."""

    order: OrderGlob = "*"
    how: Literal["pay", "pay_twice", "pay_late", "scan", "insufficient_balance", "wrong_password"] = "pay"


class Cancel(Words):
    """The buyers leave the cashier without paying."""

    order: OrderGlob = "*"


class Refund(Words):
    """Ask the gateway for refunds."""

    order: OrderGlob = "*"
    amount_fen: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    times: Annotated[int, Field(ge=1, le=64)] = 1
    same_number: bool = Field(default=False, description="every time with the same refund number, as a retry would")
    concurrent: bool = False


class Close(Words):
    """The merchant ends orders; with `racing_pay` the buyers pay at the same moment."""

    order: OrderGlob = "*"
    racing_pay: bool = False


class Sync(Words):
    """Let the gateway ask the channel."""

    order: OrderGlob = "*"


class Look(Words):
    """Read payments from the gateway, so that their states stand in the history."""

    order: OrderGlob = "*"


class Notifies(Words):
    """
    Take notifies into our hands: those that wait are delivered, dropped, held or released, those of a payment that is
    known are sent once more, as they were or with a lie.
    """

    do: Literal["deliver", "drop", "hold", "release", "duplicate", "forge", "tamper"]
    order: OrderGlob = "*"
    times: Annotated[int, Field(ge=1, le=100)] = Field(default=1, description="of duplicate, forge and tamper")
    add_fen: int = Field(default=1, description="of tamper")


class RefuseWebhooks(Words):
    """The platform answers 500 to the next webhooks."""

    count: Annotated[int, Field(ge=1)]


class Faults(Words):
    """Change the weather: a list replaces every rule, `on` adds rules, `off` takes some away by their ids."""

    only: tuple[FaultRule, ...] | None = None
    on: tuple[FaultRule, ...] = ()
    off: tuple[str, ...] = ()


class Outage(Words):
    """
    A provider is out of order until it is healed, and its notifies are lost meanwhile: unavailable (503, nothing
    done), silent (no answer, nothing done), brown_out (the work is done, and never answered).
    """

    provider: Vendor = "all"
    how: Literal["unavailable", "silent", "brown_out"] = "unavailable"


class RotateKeys(Words):
    """A provider signs with its next key from now on."""

    provider: Vendor = "all"


class Plant(Words):
    """A difference between the book and today's bill, in the row of each of these payments."""

    kind: Literal["missing_row", "extra_row", "amount", "fee", "refund_other_day", "empty_bill"]
    order: OrderGlob = "*"
    add_fen: int = Field(default=1, description="by how much an amount or a fee is off")


class Reconcile(Words):
    """Let the gateway compare a day's bills with its books, channel by channel."""

    days_ago: Annotated[int, Field(ge=0, le=30)] = 1


class Advance(Words):
    """Let time pass on the provider's schedule, and everywhere where the world has one time."""

    by: Span


class ClockOff(Words):
    """The gateway's own clock is off by so much from now on."""

    by: SignedSpan


class Kill(Words):
    """Kill -9."""

    what: Part = Part.GATEWAY


class Restart(Words):
    """Stop it if it runs, and start it on the same store."""

    what: Part = Part.GATEWAY


class Pause(Words):
    """SIGSTOP: it is there and does nothing."""

    what: Part = Part.GATEWAY


class Resume(Words):
    """SIGCONT: it goes on where it was."""

    what: Part = Part.GATEWAY


class Flush(Words):
    """Forget everything that is stored."""

    what: Literal["redis"] = "redis"


class Cut(Words):
    """No way through: refused at once, or silence (connections stay and carry nothing)."""

    link: Link
    how: Literal["refuse", "silence", "half_open"] = Field(
        default="refuse", description="half_open: the far side hangs up, and the near side is never told"
    )


class Slow(Words):
    """Every piece waits so long in either direction, and so many bytes pass in a second."""

    link: Link
    latency: Span = "0s"
    bytes_per_s: Annotated[int, Field(ge=1)] | None = None


class Reset(Words):
    """Tear every connection that is open now; new ones are welcome."""

    link: Link


class Heal(Words):
    """End a cut or a slowness, or an outage; without a link everything is healed."""

    link: Link | None = None
    provider: Vendor | None = None


class Settle(Words):
    """Wait until the dust has settled; four days of virtual time or thirty real seconds, unless it says otherwise."""

    patience: Span | None = None


class Step(Words):
    """One step: exactly one verb."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1})

    run: Run | None = None
    open: Open | None = None
    pay: Pay | None = None
    cancel: Cancel | None = None
    refund: Refund | None = None
    close: Close | None = None
    sync: Sync | None = None
    look: Look | None = None
    notifies: Notifies | None = None
    refuse_webhooks: RefuseWebhooks | None = None
    faults: Faults | None = None
    outage: Outage | None = None
    rotate_keys: RotateKeys | None = None
    plant: Plant | None = None
    reconcile: Reconcile | None = None
    advance: Advance | None = None
    clock: ClockOff | None = None
    kill: Kill | None = None
    restart: Restart | None = None
    pause: Pause | None = None
    resume: Resume | None = None
    flush: Flush | None = None
    cut: Cut | None = None
    slow: Slow | None = None
    reset: Reset | None = None
    heal: Heal | None = None
    settle: Settle | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> "Step":
        if len(self.model_fields_set - WHEN) != 1:
            raise PydanticCustomError("one_verb", "a step is exactly one verb")
        return self

    @property
    def verb(self) -> str:
        return next(iter(self.model_fields_set - WHEN))

    @property
    def told(self) -> Any:
        """
        What the verb was told.
        """
        return getattr(self, self.verb)

    @property
    def text(self) -> str:
        """
        The step in one line, for people.
        """
        if isinstance(self.told, Faults):
            return f"{self.verb} {_weather(self.told)}"
        settings = self.told.model_dump(mode="json", exclude_unset=True)
        return " ".join([self.verb, *(f"{name}={value}" for name, value in settings.items())])


class Moment(Step):
    """A step of the timeline: when, from the beginning of the load, and exactly one verb."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"minProperties": 2, "maxProperties": 2})

    at: Span | None = Field(default=None, description="so long after the load began")
    after: Annotated[int, Field(ge=1)] | None = Field(default=None, description="when so many payments are paid")

    @model_validator(mode="after")
    def _one_time(self) -> "Moment":
        if (self.at is None) == (self.after is None):
            raise PydanticCustomError("one_time", "a moment of the timeline has `at` or `after`, and one of them")
        if self.verb in {"run", "settle"}:
            raise PydanticCustomError(
                "not_beside", "{verb} is a step, not a moment of the timeline", {"verb": self.verb, "at": [self.verb]}
            )
        return self

    @property
    def text(self) -> str:
        when = f"at {self.at}" if self.at is not None else f"after {self.after} paid"
        return f"{when}: {super().text}"


def _weather(told: Faults) -> str:
    if told.only is not None:
        return ", ".join(rule.id for rule in told.only) or "none"
    return ", ".join([*(f"+{rule.id}" for rule in told.on), *(f"-{name}" for name in told.off)]) or "as they are"


# What most people say to a verb, and may say without its name.
SHORT = {
    "open": "payments",
    "pay": "order",
    "cancel": "order",
    "refund": "order",
    "close": "order",
    "sync": "order",
    "look": "order",
    "notifies": "do",
    "refuse_webhooks": "count",
    "faults": "only",
    "outage": "provider",
    "rotate_keys": "provider",
    "plant": "kind",
    "reconcile": "days_ago",
    "advance": "by",
    "clock": "by",
    "kill": "what",
    "restart": "what",
    "pause": "what",
    "resume": "what",
    "flush": "what",
    "cut": "link",
    "slow": "link",
    "reset": "link",
    "heal": "link",
    "settle": "patience",
}
# What cannot stand without a word of its own.
NEVER_BARE = frozenset({"notifies", "refuse_webhooks", "faults", "plant", "advance", "clock", "cut", "slow", "reset"})


def shorthand(step: Any) -> Any:
    """
    `- open` and `- advance: 25h` are what people write.
    """
    if isinstance(step, str):
        return {step: {}}
    if not isinstance(step, dict):
        return step
    return {key: value if key in WHEN else _full(key, value) for key, value in step.items()}


def _full(verb: str, told: Any) -> Any:
    if told is None:
        return {}
    return {SHORT[verb]: told} if verb in SHORT and not isinstance(told, dict) else told


WrittenStep = Annotated[Step, BeforeValidator(shorthand)]
WrittenMoment = Annotated[Moment, BeforeValidator(shorthand)]
