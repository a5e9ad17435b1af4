"""
The `payproof` command: flags in, an exit code out, and no logic of its own.

Exit codes: 0 pass, 1 findings, 2 our fault or bad input, 3 undecided, 130 told to stop. Each command imports what it
needs when it runs, so that `--help` is quick.
"""

import asyncio
import signal
import sys
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.exceptions import TyperException

from harness import settings
from harness.errors import HarnessError

EXIT_OUR_FAULT = 2
EXIT_INTERRUPTED = 130
DEFAULT_PAYMENTS = 60
DEFAULT_SEED = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simulates payment channels, rudely, and proves what your gateway does about it.",
)

Lang = Literal["en", "zh"]
HomeFlag = Annotated[Path | None, typer.Option("--home", help="Keeps ports, credentials and data (.payproof/).")]
OutFlag = Annotated[Path | None, typer.Option("--out", help="The run folder; one under the home by default.")]
LangFlag = Annotated[Lang | None, typer.Option("--lang", help="Of what people read: en or zh.")]
SeedFlag = Annotated[int, typer.Option("--seed", min=0, help="Decides every fault.")]
ProfileFlag = Annotated[str, typer.Option("--profile", help="calm, flaky, storm, or a YAML file.")]
GatewayFlag = Annotated[str, typer.Option("--gateway", help="reference, gallery:ID, or a driver's YAML file.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; people's output goes to stderr.")]


@app.command()
def demo(
    *,
    payments: Annotated[int, typer.Option("--payments", min=1, max=100_000)] = DEFAULT_PAYMENTS,
    seed: SeedFlag = DEFAULT_SEED,
    profile: ProfileFlag = "flaky",
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    Start everything, pay over every channel while the provider misbehaves, and audit the money.
    """
    from harness.commands.demo import DemoPlan, run_demo  # noqa: PLC0415

    plan = DemoPlan(payments=payments, seed=seed, profile=profile, as_json=as_json)
    _finish(run_demo(plan, settings=_settings(home=home, out=out, lang=lang)))


@app.command()
def up(
    *,
    seed: SeedFlag = DEFAULT_SEED,
    profile: ProfileFlag = "flaky",
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    The sandbox, until Ctrl-C: simulator, reference gateway, and where everything is.
    """
    from harness.commands.up import run_up  # noqa: PLC0415

    _finish(run_up(seed=seed, profile=profile, gateway=True, settings=_settings(home=home, out=out)))


@app.command()
def providers(
    *,
    tls: Annotated[bool, typer.Option("--tls", help="Answer under the vendors' own host names too.")] = False,
    proxy: Annotated[bool, typer.Option("--proxy", help="A CONNECT proxy that leads nowhere else.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; each has merchants of its own.")] = 1,
    seed: SeedFlag = DEFAULT_SEED,
    profile: ProfileFlag = "flaky",
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    The simulator alone, for a gateway of your own.
    """
    from harness.commands.up import run_up  # noqa: PLC0415

    doors = tuple(name for name, wanted in (("tls", tls), ("proxy", proxy)) if wanted)
    settings = _settings(home=home, out=out)
    _finish(run_up(seed=seed, profile=profile, gateway=False, settings=settings, doors=doors, workers=workers))


@app.command()
def chaos(
    scenario: Annotated[
        list[str] | None, typer.Argument(metavar="FILE|ID…", help="See `payproof list scenarios`.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every scenario of the library.")] = False,
    gateway: GatewayFlag = "reference",
    allow_host: Annotated[list[str] | None, typer.Option("--allow-host", help="Where your gateway may be.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The scenario's own by default.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=10_000, help="So many in a row.")] = 1,
    until_fail: Annotated[bool, typer.Option("--until-fail", help="Stop at the first seed that fails.")] = False,
    minimise: Annotated[bool, typer.Option("--minimise", help="Then make it smaller while it fails.")] = False,
    plan: Annotated[Path | None, typer.Option("--plan", help="Faults as a run drew them: its plan.yaml.")] = None,
    known: Annotated[Path | None, typer.Option("--known", help="Failures known to you, with reason and day.")] = None,
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    Play scenarios against a gateway.
    """
    from harness.commands.chaos import ChaosPlan, run_chaos  # noqa: PLC0415

    asked = ChaosPlan(
        names=tuple(scenario or ()),
        all=everything,
        gateway=gateway,
        seed=seed,
        seeds=seeds,
        until_fail=until_fail,
        minimise=minimise,
        plan=plan,
        known=known,
        as_json=as_json,
        allowed_hosts=tuple(allow_host or ()),
    )
    _finish(run_chaos(asked, settings=_settings(home=home, out=out, lang=lang)))


@app.command()
def check(
    prefix: Annotated[
        list[str] | None, typer.Argument(metavar="ID-PREFIX…", help="All requirements by default.")
    ] = None,
    *,
    gateway: Annotated[str, typer.Option("--gateway", help="reference, driver.yaml, or pkg.mod:Driver.")] = "reference",
    allow_host: Annotated[list[str] | None, typer.Option("--allow-host", help="Where your gateway may be.")] = None,
    patience: Annotated[float | None, typer.Option("--patience", min=0.1, help="Seconds to settle a case.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="JUnit XML for a CI server.")] = None,
    known: Annotated[Path | None, typer.Option("--known", help="Failures that you know of, in YAML.")] = None,
    channel: Annotated[str, typer.Option("--channel", help="Over this channel only.")] = "",
    case: Annotated[str, typer.Option("--case", help="By this case only.", hidden=True)] = "",
    html: Annotated[Path | None, typer.Option("--html", help="The report; it is always in the run folder.")] = None,
    seed: SeedFlag = DEFAULT_SEED,
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    Try a gateway by the catalogue of requirements.
    """
    from harness.commands.check import CheckPlan, run_check  # noqa: PLC0415

    plan = CheckPlan(
        prefixes=tuple(prefix or ()),
        gateway=gateway,
        seed=seed,
        as_json=as_json,
        allowed_hosts=tuple(allow_host or ()),
        patience_s=patience,
        junit=junit,
        html=html,
        known=known,
        channel=channel,
        case=case,
    )
    raise typer.Exit(run_check(plan, settings=_settings(home=home, out=out, lang=lang)))


@app.command()
def explore(
    *,
    gateway: Annotated[str, typer.Option("--gateway", help="reference, or a driver's YAML file.")] = "reference",
    examples: Annotated[int | None, typer.Option("--examples", min=1, help="Stories, at most.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, max=1000, help="Of a story, at most.")] = None,
    channel: Annotated[list[str] | None, typer.Option("--channel", help="All that the gateway has by default.")] = None,
    story: Annotated[Path | None, typer.Option("--story", help="Live a story.json again, and think of none.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option("--allow-host", help="Where your gateway may be.")] = None,
    seed: SeedFlag = DEFAULT_SEED,
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    Stories that nobody wrote, until one breaks the gateway.
    """
    from harness.commands.explore import ExplorePlan, run_explore  # noqa: PLC0415

    plan = ExplorePlan(
        gateway=gateway,
        examples=examples,
        steps=steps,
        channels=tuple(channel or ()),
        seed=seed,
        as_json=as_json,
        allowed_hosts=tuple(allow_host or ()),
        story=story,
    )
    raise typer.Exit(run_explore(plan, settings=_settings(home=home, out=out, lang=lang)))


@app.command()
def audit(
    *,
    gateway: Annotated[str, typer.Option("--gateway", help="reference, or a driver's YAML file.")] = "reference",
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
) -> None:
    """
    The audit alone, of whatever happened since the book of the running sandbox began.
    """
    from harness.commands.audit import AuditPlan, run_audit  # noqa: PLC0415

    _finish(run_audit(AuditPlan(gateway=gateway, as_json=as_json), settings=_settings(home=home, out=None, lang=lang)))


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run.")],
    *,
    finding: Annotated[int | None, typer.Option("--finding", min=1, help="Only this one, by its number.")] = None,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    The same run again: 1 when its finding came again, 0 when it did not.
    """
    from harness.commands.replay import ReplayPlan, run_replay  # noqa: PLC0415

    plan = ReplayPlan(folder=folder, finding=finding)
    raise typer.Exit(run_replay(plan, settings=_settings(home=home, out=out, lang=lang), run=run))


@app.command()
def gallery(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Of broken gateways; all of them by default.")
    ] = None,
    *,
    trials: Annotated[int, typer.Option("--trials", min=1, max=1000, help="Of each broken gateway.")] = 1,
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    The harness on trial: every broken gateway convicted, the reference gateway acquitted.
    """
    from harness.commands.gallery import GalleryPlan, run_gallery  # noqa: PLC0415

    plan = GalleryPlan(names=tuple(names or ()), trials=trials, as_json=as_json)
    raise typer.Exit(run_gallery(plan, settings=_settings(home=home, out=out, lang=lang)))


@app.command()
def load(
    shape: Annotated[
        str, typer.Argument(metavar="SHAPE", help="capacity, steady, ramp, spike, double-eleven, saw or soak.")
    ],
    *,
    gateway: Annotated[str, typer.Option("--gateway", help="reference, or a driver's YAML file.")] = "reference",
    mix: Annotated[str, typer.Option("--mix", help="Channels by share: alipay=34,wechatpay_v3=33.")] = "alipay=100",
    crowd: Annotated[str, typer.Option("--crowd", help="Who comes, by share; the shape's own by default.")] = "",
    generator: Annotated[str, typer.Option("--generator", help="locust or light.")] = "locust",
    rate: Annotated[float, typer.Option("--rate", min=0.1, max=20_000, help="Payments a second.")] = 50.0,
    duration: Annotated[float | None, typer.Option("--duration", min=1, max=86_400, help="Seconds.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Generators.")] = 1,
    gateways: Annotated[int, typer.Option("--gateways", min=1, max=16, help="The bundled gateway's processes.")] = 1,
    simulators: Annotated[int, typer.Option("--simulators", min=1, max=3, help="The simulator's processes.")] = 1,
    seed: SeedFlag = DEFAULT_SEED,
    profile: ProfileFlag = "calm",
    provider_latency: Annotated[
        Literal["none", "real"], typer.Option("--provider-latency", help="real: p50 120 ms, p99 800 ms.")
    ] = "none",
    thresholds: Annotated[Path | None, typer.Option("--thresholds", help="A TOML file; ours by default.")] = None,
    compare: Annotated[Path | None, typer.Option("--compare", help="The run folder of an earlier load.")] = None,
    web: Annotated[bool, typer.Option("--web", help="Locust's own page, on its port 8089.")] = False,
    master: Annotated[bool, typer.Option("--master", help="Workers of other machines join.")] = False,
    join: Annotated[str | None, typer.Option("--join", metavar="HOST", help="Work for a master elsewhere.")] = None,
    as_json: JsonFlag = False,
    lang: LangFlag = None,
    home: HomeFlag = None,
    out: OutFlag = None,
) -> None:
    """
    A shape of traffic by Locust, then the audit.
    """
    from harness.load.command import run_load  # noqa: PLC0415
    from harness.load.plan import LoadPlan  # noqa: PLC0415

    plan = LoadPlan(
        shape=shape,
        gateway=gateway,
        mix=mix,
        crowd=crowd,
        generator=generator,
        rate=rate,
        duration_s=duration,
        workers=workers,
        gateways=gateways,
        simulators=simulators,
        seed=seed,
        profile=profile,
        real_latency=provider_latency == "real",
        thresholds=thresholds,
        compare=compare,
        web=web,
        master=master,
        join=join,
        as_json=as_json,
    )
    _finish(run_load(plan, settings=_settings(home=home, out=out, lang=lang)))


@app.command()
def doctor(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A request or a notify, as it was sent.")],
    *,
    public_key: Annotated[Path | None, typer.Option("--public-key", help="Verifies instead of the home's key.")] = None,
    lang: LangFlag = None,
    as_json: JsonFlag = False,
    home: HomeFlag = None,
) -> None:
    """
    Why the signature of a pasted request is refused.
    """
    from harness.commands.doctor import run_doctor  # noqa: PLC0415

    chosen = _settings(home=home, out=None)
    raise typer.Exit(run_doctor(file, public_key=public_key, lang=lang, as_json=as_json, settings=chosen))


@app.command(name="list")
def list_things(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="requirements, faults, scenarios, providers or gallery")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """
    What there is.
    """
    from harness.commands.listing import run_list  # noqa: PLC0415

    raise typer.Exit(run_list(kind, as_json=as_json))


@app.command(name="init-driver")
def init_driver(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Stdout by default.")] = None,
) -> None:
    """
    A commented driver, for a gateway of your own.
    """
    from harness.commands.init_driver import run_init_driver  # noqa: PLC0415

    raise typer.Exit(run_init_driver(file))


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="scenario, profile, plan, driver or known")] = "scenario",
) -> None:
    """
    The JSON Schema of a file that people write, for editors.
    """
    from harness.script.write_schema import schema_text  # noqa: PLC0415

    typer.echo(schema_text(kind), nl=False)


def main(argv: list[str] | None = None) -> None:
    """
    Entry point: runs one command and exits.
    """
    sys.exit(run(argv))


def run(argv: list[str] | None = None) -> int:
    """
    Run one command; its exit code.
    """
    try:
        code = app(args=argv, prog_name="payproof", standalone_mode=False)
    except TyperException as error:
        # A wrong flag or none at all; in the latter case Typer has shown the help already and says nothing more.
        _complain(error.format_message(), hint="`payproof --help` shows what there is")
    except HarnessError as error:
        _complain(str(error), hint=error.hint)
    except Exception:  # noqa: BLE001 - the last door: Python would end with 1, which means that the gateway failed
        traceback.print_exc()
        _complain("this is our fault, not your gateway's", hint="")
    else:
        return code if isinstance(code, int) else 0
    return EXIT_OUR_FAULT


def _complain(text: str, *, hint: str) -> None:
    if text:
        typer.echo(f"payproof: {text}", err=True)
        if hint:
            typer.echo(f"  {hint}", err=True)


def _settings(*, home: Path | None, out: Path | None, lang: Lang | None = None) -> settings.HarnessSettings:
    flags = (("home", home), ("out", out), ("lang", lang))
    given = {name: value for name, value in flags if value is not None}
    return settings.load().model_copy(update=given)


def _finish(work: Coroutine[Any, Any, int]) -> None:
    """
    Run *work* to its exit code; Ctrl-C and SIGTERM cancel it, so that it tidies up behind itself.
    """
    raise typer.Exit(asyncio.run(_until_told(work)))


async def _until_told(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    told = False

    def tell() -> None:
        nonlocal told
        # Said once more it must not interrupt the tidying up, every step of which has a time limit.
        if not told:
            told = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tell)
    try:
        return await task
    except asyncio.CancelledError:
        if told:
            return EXIT_INTERRUPTED
        raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
