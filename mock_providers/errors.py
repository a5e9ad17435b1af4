"""
What can go wrong on the simulator's own side, as exceptions with a text for people.

Refusals that travel on a vendor's wire are no exceptions: see `core.reply.ProviderReply`.
"""

from collections.abc import Sequence
from difflib import get_close_matches


class ProvidersError(Exception):
    """The simulator cannot do this."""


class ConfigurationRefused(ProvidersError):
    """The settings contradict each other or name something unknown."""


class RulesRefused(ProvidersError):
    """Fault rules that cannot be read; every fault of them is listed."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class CredentialsRefused(ProvidersError):
    """The credentials folder cannot be used."""


class Undiagnosable(ProvidersError):
    """There is no signature here that could be looked into."""


class BookRefused(ProvidersError):
    """The book does not allow this step; `code` names the reason."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def closest(word: str, known: Sequence[str]) -> str:
    """
    Returns:
        " Did you mean 'x'?" or an empty string, ready to be appended to a message.
    """
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""
