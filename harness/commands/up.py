"""
`payproof up` and `payproof providers`: the sandbox, until somebody says stop.

Ports and credentials are the home's, the same every time, so that a gateway can be configured once. It refuses to
drive anything: people and programs do that.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence

from harness.commands.session import Session, open_session, profile_file, profile_word
from harness.errors import ConfigError
from harness.events import RunStarted
from harness.settings import HarnessSettings, for_simulator
from harness.world.home import Home
from harness.world.processes import PROVIDERS, ProcessesPlan, ProcessesWorld, port_variable
from harness.world.supervised import ProcessEvent

SERVERS = frozenset({"postgres", "redis", "simulator", "gateway"})
# What the simulator could be told by its environment, and the command tells it: where to say it instead.
DECIDED = {
    **{port_variable(name): "the home folder keeps the ports, in ports.json" for name in PROVIDERS},
    "PAYPROOF_PROVIDERS_CONTROL_PORT": "the home folder keeps the ports, in ports.json",
    "PAYPROOF_PROVIDERS_CREDENTIALS_DIR": "the home folder keeps the credentials: --home",
    "PAYPROOF_PROVIDERS_SEED": "give --seed",
    "PAYPROOF_PROVIDERS_FAULTS_FILE": "give --profile",
    "PAYPROOF_PROVIDERS_JOURNAL_FILE": "it is wire.ndjson in the run folder: --out",
}


# The simulator's front doors, by the flag that opens them.
DOORS = {"tls": "PAYPROOF_PROVIDERS_TLS_PORT", "proxy": "PAYPROOF_PROVIDERS_PROXY_PORT"}

# What the simulator says of them when it is ready, in words for people.
FRONT = {
    "vendors' hosts, by TLS": "tls_url",
    "vendors' hosts, by proxy": "proxy_url",
    "certificate to trust": "ca_file",
    "snippets for SDKs": "snippets",
}


async def run_up(
    *, seed: int, profile: str, gateway: bool, settings: HarnessSettings, doors: Sequence[str] = (), workers: int = 1
) -> int:
    """
    Serve until Ctrl-C or SIGTERM, which cancel it; the exit code is 0 then, however early it comes.

    Args:
        doors: names out of DOORS.
        workers: processes that share the simulator's merchants; as many merchants are made.
    """
    faults = profile_file(profile)
    title = "payproof up" if gateway else "payproof providers"
    argv = (title.removeprefix("payproof "), "--seed", str(seed), "--profile", profile_word(profile))
    with open_session(settings, seed=seed, argv=argv, profile=profile_word(profile)) as session:
        session.announce(RunStarted(title=title, facts={"seed": str(seed), "profile": profile}))
        plan = dataclasses.replace(
            session.plan(faults=faults, strict_ports=True),
            keep_alive=True,
            on_event=Comebacks(session.note),
            simulator_env=simulator_env(doors, home=session.home, said=handed_on(for_simulator()), workers=workers),
        )
        if not gateway:
            plan = dataclasses.replace(plan, gateway=None)
        try:
            world = await ProcessesWorld.open(plan, clock=session.clock)
            try:
                _greet(session, world, plan, workers=workers)
                await asyncio.get_running_loop().create_future()
            finally:
                session.say("stopping")
                await world.close()
        except asyncio.CancelledError:
            # This is how a sandbox ends.
            return 0
    return 0


def handed_on(providers: Mapping[str, str]) -> Mapping[str, str]:
    """
    The simulator's own variables, out of the user's shell, but for those that the command decides.

    Raises:
        ConfigError: one of them is decided here; nothing is ignored silently.
    """
    for name in sorted(providers):
        if name in DECIDED:
            raise ConfigError(f"{name} has no say in a sandbox", hint=DECIDED[name])
    return providers


def simulator_env(doors: Sequence[str], *, home: Home, said: Mapping[str, str], workers: int = 1) -> Mapping[str, str]:
    """
    What a sandbox adds to *said*, the user's own variables: kept ports for the front doors, snippets, and workers.
    """
    shared = {"PAYPROOF_PROVIDERS_WORKERS": str(workers)} if workers > 1 else {}
    ports = {DOORS[door]: str(home.port(door, strict=True)) for door in doors if DOORS[door] not in said}
    return {"PAYPROOF_PROVIDERS_SNIPPETS": "true", **ports, **said, **shared}


class Comebacks:
    """
    Hears what happens to the servers, and tells in one line that one has died and runs again, or does not.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._ended: dict[str, ProcessEvent] = {}

    def __call__(self, event: ProcessEvent) -> None:
        if event.name not in SERVERS:
            return
        match event.what:
            case "exited":
                self._ended[event.name] = event
            case "started" if event.name in self._ended:
                former = self._ended.pop(event.name)
                self._tell(f"{event.name} (process {former.pid}) {_end(former)}, and runs again as process {event.pid}")
            case "failed" if event.name in self._ended:
                former = self._ended.pop(event.name)
                reason = " / ".join(event.text.splitlines())
                self._tell(f"{event.name} (process {former.pid}) {_end(former)}, and does not start again: {reason}")


def _end(event: ProcessEvent) -> str:
    status = event.status or 0
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"


def _greet(session: Session, world: ProcessesWorld, plan: ProcessesPlan, *, workers: int) -> None:
    home = session.home
    lines = {
        **({} if workers > 1 else {"watch and press here": f"{world.urls['control']}/"}),
        **{f"{title} gateway": world.urls[name] for name, title in PROVIDERS.items() if name in world.urls},
        "control API": f"{world.urls['control']}/control/v1",
        "your gateway's keys": str(home.credentials),
        "wire log": str(session.run_dir / "wire.ndjson"),
    }
    lines |= {what: str(world.simulator[key]) for what, key in FRONT.items() if world.simulator.get(key)}
    if plan.gateway is not None:
        lines["reference gateway"] = world.urls["gateway"]
        lines["its app and secret"] = str(home.folder / "gateway" / "apps.json")
    width = max(map(len, lines))
    for what, where in lines.items():
        session.say(f"{what:<{width}}  {where}")
    if world.simulator.get("notice"):
        session.note(str(world.simulator["notice"]))
    session.say("Ctrl-C stops everything.")
