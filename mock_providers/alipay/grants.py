"""
Codes and tokens of OAuth: what was granted to whom, until when, and what is used up.

Codes are handed out by the authorisation pages, tokens for codes by the methods; here nothing is on a wire.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mock_providers.core.ids import Ids

Kind = Literal["user", "app"]

_CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Token:
    """
    What a code or a refresh token was exchanged for.

    Args:
        kind: a buyer's consent, or a merchant's for a service provider.
        owner: the buyer's number, or the merchant's.
    """

    kind: Kind
    app_id: str
    owner: str
    access: str
    refresh: str
    expires_at: datetime


class Grants:
    """Everything granted in a run."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._codes: dict[str, tuple[Kind, str, str, datetime]] = {}
        self._by_access: dict[str, Token] = {}
        self._by_refresh: dict[str, Token] = {}
        self._count = 0

    def code(self, kind: Kind, *, app_id: str, owner: str, now: datetime) -> str:
        """A fresh code, good for one exchange within ten minutes."""
        self._count += 1
        code = self._ids.letters(32, "oauth", kind, app_id, str(self._count))
        self._codes[code] = (kind, app_id, owner, now + _CODE_LIFE)
        return code

    def exchange(self, kind: Kind, code: str, *, app_id: str, life_s: float, now: datetime) -> Token | None:
        """A token for a code; None for a code that is unknown, used, stale or another application's."""
        found = self._codes.pop(code, None)
        if found is None or found[:2] != (kind, app_id) or now >= found[3]:
            return None
        return self._grant(kind, app_id, found[2], now + timedelta(seconds=life_s))

    def refresh(self, kind: Kind, refresh: str, *, app_id: str, life_s: float, now: datetime) -> Token | None:
        """A token for a refresh token, which is used up by it."""
        found = self._by_refresh.get(refresh)
        if found is None or (found.kind, found.app_id) != (kind, app_id):
            return None
        del self._by_refresh[refresh]
        return self._grant(kind, app_id, found.owner, now + timedelta(seconds=life_s))

    def token(self, access: str) -> Token | None:
        """Whose token this is; it may be out of date."""
        return self._by_access.get(access)

    def _grant(self, kind: Kind, app_id: str, owner: str, expires_at: datetime) -> Token:
        self._count += 1
        about = ("token", kind, app_id, owner, str(self._count))
        token = Token(
            kind=kind,
            app_id=app_id,
            owner=owner,
            access=self._ids.letters(40, *about, "access"),
            refresh=self._ids.letters(40, *about, "refresh"),
            expires_at=expires_at,
        )
        self._by_access[token.access] = self._by_refresh[token.refresh] = token
        return token
