"""
A driver as a Python class: `payproof check --gateway pkg.mod:Driver`, for gateways that YAML cannot describe.

The class is told once where everything is and then asked; whichever of the optional methods it has is an ability that
it declares. What it answers is checked before anybody believes it, and a mistake in it is told in words: it is the
driver's, not the gateway's. Example and walk-through: docs/howto/write-a-driver-in-python.md.
"""

import dataclasses
import difflib
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast, get_args

import aiohttp

from harness.channels import PROVIDED
from harness.errors import DriverError, GatewaySilentError, HarnessError
from harness.sut.contract import (
    Ability,
    GatewayContract,
    NewPayment,
    Ours,
    Payment,
    Posting,
    Refund,
    Reply,
    every_order,
    unknown,
)
from harness.sut.driver.schema import OurRefund, OurStatus
from harness.sut.drivers import imported

STATES: Mapping[type, tuple[str, ...]] = {Payment: get_args(OurStatus), Refund: get_args(OurRefund)}
# What a driver's answer has to be, question by question; other questions are passed through unlooked at.
ANSWERS: Mapping[str, type] = {
    "create": Payment,
    "create_badly_signed": Payment,
    "get": Payment,
    "sync": Payment,
    "close_payment": Payment,
    "refund": Refund,
    "get_refund": Refund,
    "effects": int,
    "ledger": tuple,
}
# Where the question is called otherwise than the ability.
METHODS: Mapping[Ability, str] = {
    Ability.CLOSE: "close_payment",
    Ability.WEBHOOKS: "read_webhook",
    **dict.fromkeys((Ability.SIGN_BADLY, Ability.SIGN_LATE, Ability.REPEAT_NONCES), "create_badly_signed"),
}
HINT = "docs/howto/write-a-driver-in-python.md shows one that works"
SETTLE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """
    What a driver is told when it is made.

    Args:
        providers: where each provider listens: `alipay`, `wechatpay`, `unionpay`; base URLs without a path.
        credentials: the folder of keys, to be given to the gateway.
        sink_url: where the gateway's webhooks are to go.
        run_dir: the driver may keep logs and databases there.
    """

    providers: Mapping[str, str]
    credentials: Path
    sink_url: str
    run_dir: Path


class PythonDriver(Protocol):
    """
    What a class must have. Each of these besides is an ability that it declares, with the signature of GatewayContract:
    `sync`, `refund`, `get_refund`, `close_payment`, `reconcile`, `effects`, `ledger`, `export`, `create_badly_signed`;
    and, of what surrounds the gateway:

    - `async start()`, `async stop()`: run and end the gateway; without them it is taken to be running;
    - `async kill()` and `async restart()`: together they allow the crash cases;
    - `read_webhook(body: bytes)`: the platform's own words, `{"event_id", "type", "data": {"merchant_order_no",
      "amount_fen"}}`, or None for what says nothing; `webhook_answer`: the text that the platform answers;
    - `label_from`: provider to the field of the gateway's call that carries the label; `settle_s`: how long the gateway
      may take to find out by itself; `kills`: at how many moments a case of the crash family may kill it (12).

    A question that was not answered is `harness.sut.contract.unknown(…)`, a no is `refused(…)`; a connection that
    breaks may simply be let through.
    """

    def __init__(self, setup: Setup) -> None: ...

    @property
    def name(self) -> str:
        """
        How reports call the gateway.
        """
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """
        Over what it can be paid.
        """
        ...

    async def create(self, payment: NewPayment) -> Reply[Payment]: ...

    async def get(self, payment_id: str) -> Reply[Payment]: ...


def load_class(name: str) -> type[PythonDriver]:
    """
    The class that `pkg.mod:Driver` names.

    Raises:
        ConfigError: it cannot be imported.
        DriverError: it is no class, or lacks what every driver must have.
    """
    found: Any = imported(name)
    if not inspect.isclass(found):
        raise DriverError(f"{name} is no class, but {type(found).__name__}", hint=HINT)
    for asked in ("create", "get"):
        if not inspect.iscoroutinefunction(getattr(found, asked, None)):
            raise DriverError(f"{name} has no `async def {asked}`", hint=HINT)
    for said in ("name", "channels"):
        if not hasattr(found, said) and said not in getattr(found, "__annotations__", {}):
            raise DriverError(f"{name} does not say its {said}", hint=HINT)
    return cast("type[PythonDriver]", found)


def made(kind: type[PythonDriver], setup: Setup) -> "CheckedGateway":
    """
    The driver, made and looked at.

    Raises:
        DriverError: it cannot be made, or says what nobody knows.
    """
    try:
        driver = kind(setup)
    except HarnessError:
        raise
    except Exception as error:
        raise DriverError(f"{kind.__name__}(setup) failed: {type(error).__name__}: {error}", hint=HINT) from error
    for channel in _words(driver.channels, kind, "channels"):
        if channel not in PROVIDED:
            closest = difflib.get_close_matches(channel, PROVIDED, n=1)
            meant = f"did you mean {closest[0]}?" if closest else f"known: {', '.join(PROVIDED)}"
            raise DriverError(f"{kind.__name__}.channels: no such channel {channel!r}", hint=meant)
    return CheckedGateway(driver)


def _words(said: object, kind: type, what: str) -> Iterable[str]:
    if isinstance(said, str) or not isinstance(said, Iterable):
        raise DriverError(f"{kind.__name__}.{what} is {said!r}, and should be a tuple of words", hint=HINT)
    return tuple(map(str, said))


class CheckedGateway:
    """
    GatewayContract over a driver of the user's: what it answers is what it should be, or is refused with a sentence.
    """

    def __init__(self, driver: PythonDriver) -> None:
        self.driver: Any = driver
        self.name = str(driver.name)
        self.channels = tuple(driver.channels)
        self.abilities = _abilities(driver)
        # What the simulator's book says of a gateway that does not tell its own numbers.
        self.numbers: dict[str, str] = {}
        self._made: dict[str, Payment] = {}
        self._refunds: dict[str, Refund] = {}

    @property
    def contract(self) -> GatewayContract:
        return cast("GatewayContract", self)

    @property
    def orders(self) -> tuple[str, ...]:
        """
        The order numbers of everything that was made through this driver.
        """
        return tuple(payment.merchant_order_no for payment in self._made.values())

    @property
    def made(self) -> tuple[Payment, ...]:
        """
        Everything that was made through this driver.
        """
        return tuple(self._made.values())

    @property
    def open_refunds(self) -> tuple[Refund, ...]:
        """
        The refunds that had not ended when the gateway last spoke of them.
        """
        return tuple(one for one in self._refunds.values() if one.status in {"REQUESTED", "PROCESSING"})

    def __getattr__(self, question: str) -> Callable[..., Any]:
        ask = getattr(self.driver, question, None)
        if ask is None or question.startswith("_"):
            raise AttributeError(question)

        async def asked(*args: Any, **more: Any) -> Reply[Any]:
            return await self._asked(question, ask, *args, **more)

        return asked

    async def export(
        self, *, after: str | None = None, limit: int = 200, ours: Ours = every_order
    ) -> AsyncIterator[Payment]:
        """
        The payments that were made through this driver, each as the gateway tells it now.

        Raises:
            GatewaySilentError: it stopped answering in the middle.
        """
        if hasattr(self.driver, "export"):
            async for payment in self.driver.export(after=after, limit=limit, ours=ours):
                yield payment
            return
        for payment_id in [one.id for one in self._made.values() if ours(one.merchant_order_no)]:
            reply = await self._asked("get", self.driver.get, payment_id)
            if reply.value is None:
                raise GatewaySilentError(f"{self.name} did not tell of payment {payment_id}: {reply.detail}")
            yield await self._with_effects(reply.value)

    async def close(self) -> None:
        """
        Let the driver end what it holds.
        """
        if hasattr(self.driver, "close"):
            await self.driver.close()

    async def _with_effects(self, payment: Payment) -> Payment:
        if payment.credits is not None or Ability.EFFECTS not in self.abilities:
            return payment
        told = await self._asked("effects", self.driver.effects, payment.id)
        if told.value is None:
            raise GatewaySilentError(f"{self.name} did not tell the effects of payment {payment.id}: {told.detail}")
        credit = Posting(entry_id="", amount_fen=payment.amount_fen)
        return dataclasses.replace(payment, credits=(credit,) * int(told.value))

    async def _asked(self, question: str, ask: Callable[..., Any], *args: Any, **more: Any) -> Reply[Any]:
        where = f"{type(self.driver).__name__}.{question}"
        try:
            reply = await ask(*args, **more)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return unknown(status=None, detail=f"{type(error).__name__}: {error}")
        except HarnessError:
            raise
        except Exception as error:
            raise DriverError(f"{where} failed: {type(error).__name__}: {error}", hint=HINT) from error
        self._checked(where, question, reply)
        if isinstance(reply.value, Refund):
            self._refunds[reply.value.merchant_refund_no] = reply.value
        if isinstance(reply.value, Payment):
            reply = dataclasses.replace(reply, value=self._numbered(reply.value))
            if question == "create":
                self._made[reply.value.id] = reply.value
        return cast("Reply[Any]", reply)

    def _numbered(self, payment: Payment) -> Payment:
        number = payment.out_trade_no or self.numbers.get(payment.merchant_order_no, "")
        return dataclasses.replace(payment, out_trade_no=number)

    def _checked(self, where: str, question: str, reply: object) -> None:
        if not isinstance(reply, Reply):
            raise DriverError(f"{where} gave {type(reply).__name__}, and should give a Reply", hint=HINT)
        wanted = ANSWERS.get(question)
        if reply.value is None or wanted is None:
            return
        if not isinstance(reply.value, wanted):
            said = type(reply.value).__name__
            raise DriverError(f"{where} gave a Reply of {said}, and should give one of {wanted.__name__}", hint=HINT)
        states = STATES.get(wanted, ())
        status = getattr(reply.value, "status", None)
        if states and status not in states:
            closest = difflib.get_close_matches(str(status).upper(), states, n=1)
            meant = f"did you mean {closest[0]}?" if closest else f"known: {', '.join(states)}"
            raise DriverError(f"{where} says {status!r}, which is no state of ours", hint=meant)


def _abilities(driver: object) -> frozenset[Ability]:
    """
    Whatever it has a method for; everything that was made can be asked for one by one, so it can be exported.
    """
    found = {ability for ability in Ability if callable(getattr(driver, METHODS.get(ability, ability.value), None))}
    return frozenset(found | {Ability.EXPORT})
