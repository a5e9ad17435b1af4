"""
What a load run is told, checked before anything starts. It refuses to know how it is run.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.channels import PROVIDED
from harness.errors import ConfigError
from harness.sut.drivers import REFERENCE, load_driver
from loadtests.settings import LoadSettingsError, shares
from loadtests.shapes import SHAPES, VISITORS, Shape

PATIENCE_S = 120.0
GENERATORS = ("locust", "light")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """
    Args:
        rate: visits started a second; the shape makes more or less of it, and `capacity` asks for as much as comes
        back.
        duration_s: the shape's own where None.
        gateway: reference, or a driver's file.
        mix: over which channels people pay, by share.
        real_latency: the providers' answers take as long as real ones do.
        workers: generators.
        gateways: processes of the bundled gateway behind one port.
        simulators: processes of the simulator behind its ports.
        gateway_env: added to the bundled gateway's environment.
        web: Locust's own page.
        master: workers of other machines join, as many as `workers` says.
        join: the host of a master that this run works for; everything but the seed must be as there.
        compare: an earlier run's folder.
    """

    shape: str
    rate: float
    seed: int
    duration_s: float | None = None
    gateway: str = REFERENCE
    mix: str = "alipay=100"
    crowd: str = ""
    profile: str = "calm"
    real_latency: bool = False
    generator: str = "locust"
    workers: int = 1
    gateways: int = 1
    simulators: int = 1
    gateway_env: Mapping[str, str] = field(default_factory=dict)
    thresholds: Path | None = None
    compare: Path | None = None
    web: bool = False
    master: bool = False
    join: str | None = None
    as_json: bool = False
    patience_s: float = PATIENCE_S

    @property
    def form(self) -> Shape:
        return SHAPES[self.shape]

    @property
    def lasts_s(self) -> float:
        return self.form.duration_s if self.duration_s is None else self.duration_s

    @property
    def channels(self) -> Mapping[str, int]:
        return shares(self.mix)

    @property
    def visitors(self) -> Mapping[str, int]:
        return shares(self.crowd) if self.crowd else self.form.crowd

    @property
    def argv(self) -> list[str]:
        """
        What follows `payproof` in the command that does it again.
        """
        said = ["load", self.shape, "--rate", f"{self.rate:g}", "--duration", f"{self.lasts_s:g}"]
        usual = {"mix": "alipay=100", "profile": "calm", "generator": "locust", "gateway": REFERENCE, "crowd": ""}
        for name, value in usual.items():
            if getattr(self, name) != value:
                said += [f"--{name}", getattr(self, name)]
        said += ["--provider-latency", "real"] if self.real_latency else []
        said += ["--thresholds", str(self.thresholds.absolute())] if self.thresholds is not None else []
        for name in ("workers", "gateways", "simulators"):
            said += [f"--{name}", str(getattr(self, name))] if getattr(self, name) > 1 else []
        return [*said, "--seed", str(self.seed)]

    def check(self) -> None:
        """
        Raises:
            ConfigError: with what to say instead.
        """
        _known("load shape", self.shape, tuple(SHAPES))
        _known("generator", self.generator, GENERATORS)
        try:
            for channel in self.channels:
                _known("channel", channel, PROVIDED, but=" (wallets would have to be filled first)")
            for visitor in self.visitors:
                _known("visitor", visitor, tuple(sorted(VISITORS)))
        except LoadSettingsError as error:
            raise ConfigError(str(error), hint="shares are whole numbers: alipay=34,wechatpay_v3=66") from error
        if self.gateway != REFERENCE:
            self._check_driven()
        if self.master and self.join is not None:
            raise ConfigError("a run is a master or joins one", hint="leave --master or --join out")
        if self.generator == "light":
            self._check_light()

    def _check_driven(self) -> None:
        """
        A driver opens payments and knows of nothing else that visitors do.
        """
        load_driver(Path(self.gateway))
        strangers = self.visitors.keys() - {"tipper"}
        if strangers:
            raise ConfigError(
                f"a driver opens payments, and {self.shape} brings a {min(strangers)}", hint="add --crowd tipper=1"
            )
        if self.gateways > 1 or self.simulators > 1:
            raise ConfigError("--gateways and --simulators multiply what is bundled",
                              hint="start as many of your own as you like behind the driver's address")  # fmt: skip
        if self.workers > 1 or self.web or self.master or self.join is not None:
            raise ConfigError("a gateway with a driver is loaded by the harness itself, in one process",
                              hint="leave --workers, --web, --master and --join out")  # fmt: skip

    def _check_light(self) -> None:
        if self.workers > 1 or self.web or self.master or self.join is not None:
            raise ConfigError("the light generator is one process without a page", hint="--generator locust has both")
        strangers = self.visitors.keys() - {"tipper", "room_tipper"}
        if strangers:
            raise ConfigError(
                f"the light generator only tips, and {self.shape} brings a {min(strangers)}",
                hint="take --generator locust, or --crowd tipper=1",
            )


def _known(what: str, word: str, words: tuple[str, ...], *, but: str = "") -> None:
    if word not in words:
        closest = difflib.get_close_matches(word, words, n=1)
        hint = f"did you mean {closest[0]}?" if closest else f"known: {', '.join(words)}{but}"
        raise ConfigError(f"no {what} is called {word}", hint=hint)
