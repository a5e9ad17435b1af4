"""
What goes wrong on our side: bad input, a server of ours that does not answer, a world that will not start.

A gateway that breaks a rule is never one of these: that is a Finding, which is data. A class's docstring is its
default message; `hint` says what to do next.
"""


class HarnessError(Exception):
    """Something of ours failed, not the gateway under test."""

    hint: str = ""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(message if message is not None else (type(self).__doc__ or type(self).__name__).strip())
        if hint is not None:
            self.hint = hint


class ConfigError(HarnessError):
    """A setting, a flag or a file of the user's is wrong."""


class DriverError(ConfigError):
    """The driver of a gateway is wrong."""

    hint = "`payproof init-driver` writes one with comments"


class ControlError(HarnessError):
    """The simulator's control API refused a call."""

    def __init__(self, message: str | None = None, *, status: int, code: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class SimulatorError(HarnessError):
    """The simulator's control API does not answer."""

    hint = "see whether the simulator is still running, and at the control URL that was given"


class ScenarioError(HarnessError):
    """The scenario cannot be read."""

    hint = "`payproof schema` writes a JSON Schema that editors complete from"


class ScenarioNotFoundError(ScenarioError):
    """No scenario has this id."""

    hint = "`payproof list scenarios` shows them all"


class GatewaySilentError(HarnessError):
    """The gateway under test does not answer, so nothing can be said of its books."""

    hint = "see whether the gateway is still running; its log, in the run folder, says more"


class AbilityMissingError(HarnessError):
    """The gateway's driver does not declare this ability."""


class KnownListError(ConfigError):
    """The list of known failures is wrong."""

    hint = "an entry has id, reason, expires (a day such as 2026-12-31) and, for one channel only, channel"


class RunFolderError(ConfigError):
    """The folder holds no run that could be played again."""

    hint = "`payproof replay` takes the folder of a run; the last one is `runs/latest` in the home folder"


class HistoryError(HarnessError):
    """The history is damaged before its last line."""


class LoadError(HarnessError):
    """The load generator did not run."""


class WorldError(HarnessError):
    """The world could not be built, or fell apart."""


class ServerStartError(WorldError):
    """A server process did not become ready."""

    hint = "its log, in the run folder, says why"


class UnknownProcessError(WorldError):
    """No process of this name was started."""


class HomeBusyError(WorldError):
    """Another payproof is working in this home folder."""

    hint = "stop it, or give this one a folder of its own with --home"


class PortTakenError(WorldError):
    """A port that this home folder keeps is in use by another program."""


class DeadlockError(WorldError):
    """Nothing is ready, no timer is set and nothing outside is being waited for: this would wait for ever."""

    hint = "code that waits for something outside the loop must say so with `hold()`"
