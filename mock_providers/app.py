"""
The composition root: settings in, a simulator out, with every collaborator that a test may replace.

Starts and stops things in the right order; does nothing at import.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mock_providers.cashier import Cashier
from mock_providers.core.books.book import Book
from mock_providers.core.clock import Clock, ScheduleClock, SystemClock
from mock_providers.core.control import ControlServer, ControlState
from mock_providers.core.crowd import Crowd
from mock_providers.core.ids import KeyedIds
from mock_providers.core.labels import Labels
from mock_providers.core.many import ManyMerchants
from mock_providers.core.notifies.notifier import Notifier
from mock_providers.core.numbers import ALONE, Numbers
from mock_providers.core.provider import Provider, ProviderOptions, ProviderWorld
from mock_providers.core.timers import Timers
from mock_providers.core.wire.identities import Identities, merchant_folders
from mock_providers.core.wire.journal import Journal
from mock_providers.core.wire.server import ProviderServer, Sharing
from mock_providers.errors import ConfigurationRefused, ProvidersError, closest
from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.source import FaultSource
from mock_providers.faults.weather import make_desk
from mock_providers.front.doors import FrontDoors, FrontPlan
from mock_providers.front.router import Served
from mock_providers.operator import OperatorPages
from mock_providers.registry import PROVIDERS, make_credentials
from mock_providers.settings import ProvidersSettings, refuse_idle_workers, refuse_open_control, switches_of


@dataclass(frozen=True, slots=True)
class Place:
    """
    What one process serves.

    Args:
        folders: its merchants' credentials.
        numbers: which numbers it may give out.
        sharing: with whom it shares its ports; None has them to itself.
    """

    folders: tuple[Path, ...]
    numbers: Numbers = ALONE
    sharing: Sharing | None = None


class Simulator:
    """
    All providers of one process over one book.

    `book`, `journal`, `notifier`, `faults` and `schedule` are there for tests in the same process.
    """

    def __init__(self, settings: ProvidersSettings, *, clock: Clock, faults: FaultDesk, place: Place) -> None:
        self.settings = settings
        self.faults = faults
        self._place = place
        numbers = place.numbers
        self.book = Book(numbers=numbers, kept=settings.trades_kept)
        self.journal = _journal(settings, numbers)
        self.schedule = ScheduleClock(clock, rate=settings.schedule_rate)
        self.notifier = Notifier(
            schedule=self.schedule, stamp=clock, planner=faults, journal=self.journal, numbers=numbers,
            keep_alive_s=settings.notify_keep_alive_s, kept=settings.notifies_kept,
        )  # fmt: skip
        self._labels, self._timers = Labels(kept=settings.trades_kept), Timers(self.schedule)
        self.providers: Mapping[str, Provider] = {
            name: self._provider(name, clock=clock, labels=self._labels) for name in PROVIDERS
        }
        self.notifier.serve(self.providers)
        self.servers = {
            name: ProviderServer(
                provider,
                planner=faults,
                journal=self.journal,
                notifies=self.notifier,
                schedule=self.schedule,
                stamp=clock,
            )
            for name, provider in self.providers.items()
        }
        self.front = FrontDoors(
            _front_plan(settings),
            {name: Served(self.servers[name].handle, provider.owns_path) for name, provider in self.providers.items()},
            clock=clock,
            sharing=place.sharing,
        )
        self._urls: dict[str, str] = {}
        state = ControlState(
            seed=settings.seed,
            book=self.book,
            journal=self.journal,
            labels=self._labels,
            notifier=self.notifier,
            timers=self._timers,
            faults=faults,
            schedule=self.schedule,
            stamp=clock,
            providers=self.providers,
            urls=self._urls,
            front=self.front.as_json,
        )
        self._send_crowd(state)
        brands = {name: factory.brand for name, factory in PROVIDERS.items()}
        operator = OperatorPages(
            state,
            token=settings.control_token,
            brands=brands,
            profiles_dir=settings.faults_file.parent if settings.faults_file is not None else None,
        )
        self._control = ControlServer(state, token=settings.control_token, pages=operator)
        cashier = Cashier(
            book=self.book,
            schedule=self.schedule,
            act=state.act,
            providers=self.providers,
            brands=brands,
        )
        for server in self.servers.values():
            server.show(cashier)

    def _send_crowd(self, state: ControlState) -> None:
        after_s = self.settings.buyers_pay_after_s
        if after_s is not None:
            Crowd(self.schedule, pay=partial(state.act, action="pay"), after_s=after_s).watch(self.book)

    def _provider(self, name: str, *, clock: Clock, labels: Labels) -> Provider:
        make, folders = PROVIDERS[name].make, self._place.folders
        instances = [make(self._world(name, folder, clock=clock, labels=labels)) for folder in folders]
        return instances[0] if len(instances) == 1 else ManyMerchants(instances, Identities(folders))

    def _world(self, name: str, folder: Path, *, clock: Clock, labels: Labels) -> ProviderWorld:
        settings = self.settings
        return ProviderWorld(
            book=self.book,
            schedule=self.schedule,
            stamp=clock,
            ids=KeyedIds(settings.seed),
            labels=labels,
            notices=self.notifier,
            timers=self._timers,
            credentials_dir=folder,
            options=ProviderOptions(
                label_field=settings.label_fields.get(name, PROVIDERS[name].default_label_field),
                switches=switches_of(settings, name),
            ),
        )

    @property
    def alipay_url(self) -> str:
        """Where Alipay listens, without the path."""
        return self.servers["alipay"].url

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each provider listens, without the path."""
        return dict(self._urls)

    @property
    def control_url(self) -> str:
        """Where the control API listens, without the path."""
        return self._control.url

    async def ask(self, method: str, path: str, *, query: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """What the control API answers, status and body, for somebody in this process; it takes no connection."""
        return await self._control.answer(method, path, query=query, body=body)

    async def start(self) -> None:
        """Listen everywhere; the URLs are known afterwards."""
        settings = self.settings
        self.journal.open()
        self.faults.open()
        self.schedule.start()
        self.notifier.start()
        try:
            for name, server in self.servers.items():
                await server.start(
                    host=settings.host, port=getattr(settings, f"{name}_port"), sharing=self._place.sharing
                )
                self._urls[name] = server.url
            await self.front.start()
            await self._control.start(host=settings.control_host, port=settings.control_port)
        except (OSError, ProvidersError):
            await self.stop()
            raise

    async def stop(self) -> None:
        """Answer what is in hand, forget what is pending, close everything; safe to call twice."""
        await self._control.stop()
        await self.front.stop()
        for server in self.servers.values():
            await server.stop()
        await self.schedule.stop()
        await self.notifier.stop()
        self.faults.close()
        self.journal.close()
        self.book.release()
        self._labels.close()


def _journal(settings: ProvidersSettings, numbers: Numbers) -> Journal:
    return Journal(
        file=settings.journal_file,
        cap=settings.journal_kept,
        cap_bytes=settings.journal_kept_mib * 2**20,
        numbers=numbers,
    )


def _front_plan(settings: ProvidersSettings) -> FrontPlan:
    return FrontPlan(
        host=settings.host,
        tls_port=settings.tls_port,
        proxy_port=settings.proxy_port,
        vendor_ports=settings.vendor_ports,
        credentials_dir=settings.credentials_dir,
    )


def make_ready(settings: ProvidersSettings) -> tuple[Path, ...]:
    """
    Check the settings against each other and make the credentials that are missing.

    Returns:
        Every merchant's folder.

    Raises:
        ConfigurationRefused: an open control API without a token, or a label field for an unknown provider.
        CredentialsRefused: the folder cannot be used.
    """
    refuse_open_control(settings)
    refuse_idle_workers(settings)
    for name in settings.label_fields:
        if name not in PROVIDERS:
            raise ConfigurationRefused(
                f"label_fields names an unknown provider '{name}'.{closest(name, tuple(PROVIDERS))}"
            )
    folders = merchant_folders(settings.credentials_dir, settings.merchants or settings.workers)
    for folder in folders:
        make_credentials(folder)
    return folders


def build(
    settings: ProvidersSettings,
    *,
    clock: Clock | None = None,
    fault_source: FaultSource | None = None,
    place: Place | None = None,
) -> Simulator:
    """
    Put a simulator together; makes the credentials folder at the first call.

    Args:
        settings: checked here against each other.
        clock: what signs and stamps; the machine's by default.
        fault_source: decides instead of the seed.
        place: which merchants are served here, when there are other processes for others.

    Raises:
        ConfigurationRefused: an open control API without a token, or a label field for an unknown provider.
        RulesRefused: the profile is wrong.
        CredentialsRefused: the folder cannot be used.
    """
    # A wrong profile is refused before anything is made.
    faults = make_desk(
        settings.faults_file,
        seed=settings.seed,
        source=fault_source,
        plan_file=settings.plan_file,
        kept=settings.decisions_kept,
        orders_kept=settings.trades_kept,
    )
    folders = make_ready(settings)
    return Simulator(settings, clock=clock or SystemClock(), faults=faults, place=place or Place(folders))
