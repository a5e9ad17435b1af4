"""
`payproof audit`: the audit alone, of whatever happened since the book of a running sandbox began.

The sandbox is `payproof up` or `payproof providers` in the same home; its lock is left alone. Of what a driver cannot
tell nothing is assumed: the verdict is UNKNOWN then, with the reason.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from harness.clock import SystemClock
from harness.control import SimulatorControl, Trade
from harness.errors import ConfigError, RunFolderError, SimulatorError
from harness.events import Audited, Listener, RunEnded, RunStarted, announce_to
from harness.ids import Ids
from harness.looks import audit_moving
from harness.reports import ConsoleReport, JsonReport
from harness.runs import read_run
from harness.settings import HarnessSettings
from harness.sut.contract import GatewayContract, every_order
from harness.sut.driver.gateway import HttpGateway
from harness.sut.drivers import REFERENCE, imported, load_driver
from harness.sut.reference import MerchantApp, ReferenceGateway
from harness.sut.sink import WEBHOOKS_FILE, WebhookEvent, read_events
from harness.verdict import exit_code
from harness.words import Words
from harness.world.home import HOST, Home

SHOWN = ("payments", "paid", "refunded", "lost", "credited_twice", "mismatched", "forged_acked", "webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """
    Args:
        gateway: "reference", or a driver's file.
    """

    gateway: str = REFERENCE
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What the platform was told."""

    events: list[WebhookEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The three sides of a running sandbox."""

    control: SimulatorControl
    gateway: GatewayContract
    sink: Heard


async def run_audit(plan: AuditPlan, *, settings: HarnessSettings) -> int:
    """
    Audit and return the exit code.

    Raises:
        ConfigError: no sandbox runs in this home.
        DriverError: the driver is wrong.
    """
    home = Home(settings.home)
    people = sys.stderr if plan.as_json else sys.stdout
    listeners: list[Listener] = [ConsoleReport(people, words=Words(settings.lang))]
    listeners += [JsonReport(sys.stdout)] if plan.as_json else []
    announce = announce_to(listeners)
    control = await _control(home)
    try:
        announce(RunStarted(title="payproof audit", facts={"gateway": plan.gateway}))
        gateway, doubts = await _gateway(plan, home, control)
        try:
            sides = Sandbox(control=control, gateway=gateway, sink=_heard(home))
            report = await audit_moving(sides, ours=every_order, clock=SystemClock(), doubts=doubts)
        finally:
            await gateway.close()
    finally:
        await control.close()
    announce(Audited(report=report))
    summary = {"gateway": plan.gateway, **report.to_json()}
    announce(RunEnded(verdict=report.verdict, summary=summary, shown=SHOWN, reasons=report.reasons))
    return exit_code(report.verdict)


async def _control(home: Home) -> SimulatorControl:
    port = home.kept("control")
    hint = "start `payproof up` or `payproof providers` with the same --home"
    if port is None:
        raise ConfigError(f"no sandbox has ever run in {home.folder}", hint=hint)
    control = SimulatorControl(f"http://{HOST}:{port}")
    try:
        await control.health()
    except SimulatorError as error:
        await control.close()
        raise ConfigError(f"no sandbox runs in {home.folder}: {error}", hint=hint) from error
    return control


async def _gateway(plan: AuditPlan, home: Home, control: SimulatorControl) -> tuple[GatewayContract, list[str]]:
    """
    Who is asked, and why its answers may not be the whole truth.
    """
    ids = Ids(1)
    if plan.gateway == REFERENCE:
        return _reference(home, ids), []
    file = Path(plan.gateway)
    driver = load_driver(file)
    urls = (await control.info())["providers"]
    values: dict[str, Any] = {f"{name}_url": str(said["url"]) for name, said in urls.items()}
    values |= {"credentials_dir": str(home.credentials), "folder": str(file.parent.absolute())}
    sign = None if driver.signing is None else imported(driver.signing, folder=file.parent)
    gateway = HttpGateway(driver, values=values, sign=sign)
    return gateway, await adopted(gateway, [trade async for trade in control.trades()])


def _reference(home: Home, ids: Ids) -> ReferenceGateway:
    port = home.kept("gateway")
    try:
        app = orjson.loads((home.folder / "gateway" / "apps.json").read_bytes())[0]
    except OSError as error:
        raise ConfigError(f"{home.folder} has no reference gateway", hint="start `payproof up` there") from error
    merchant = MerchantApp(app_id=app["app_id"], secret=app["secret"])
    return ReferenceGateway(f"http://{HOST}:{port}", app=merchant, clock=SystemClock(), ids=ids)


async def adopted(gateway: HttpGateway, trades: list[Trade]) -> list[str]:
    """
    Make the book's trades known to the driver, which else tells only of what was made through it.
    """
    if not gateway.asks_by_order:
        return ["the driver asks for a payment by the gateway's own number, which the provider's book does not hold"]
    unknown = [trade.out_trade_no for trade in trades if not await gateway.adopt(trade)]
    if not unknown:
        return []
    return [f"the gateway does not tell of {len(unknown)} of {len(trades)} orders by the number that the book has"]


def _heard(home: Home) -> Heard:
    """
    The webhooks that the running sandbox wrote down; nothing where none did.
    """
    latest = home.runs / "latest"
    try:
        record = read_run(latest)
    except RunFolderError:
        return Heard()
    file = latest / WEBHOOKS_FILE
    return Heard(read_events(file) if record.command == "up" and file.is_file() else [])
