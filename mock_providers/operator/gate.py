"""
Who may press a button on the operator's pages: forms of ours, out of a browser that was shown them.

The control API's own guard has looked at the host and the origin before; this is stricter, because a page carries
buttons and no page of another port may press them.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from mock_providers.core.pages import FormKeys

COOKIE = "payproof_operator"
_ABOUT = "operator"


class Gate:
    """
    Args:
        token: the control API's, "" where none is asked for.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self._keys = FormKeys()

    @property
    def key(self) -> str:
        """What every form carries."""
        return self._keys.key(_ABOUT)

    def admits(self, request: web.Request, form: Mapping[str, str]) -> bool:
        """Whether *form* is ours, and was sent from a page of ours."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
        at_home = origin is None or urlsplit(origin).netloc == request.host
        return at_home and site in {"same-origin", "none"} and self._keys.fits(_ABOUT, form.get("key", ""))

    def opens(self, shown: str) -> bool:
        """Whether *shown* is the token."""
        return bool(self._token) and hmac.compare_digest(shown.encode("utf-8", "replace"), self._token.encode())

    @property
    def cookie(self) -> str:
        """What a browser keeps instead of the token."""
        return hmac.new(self._token.encode(), b"payproof operator's pages", sha256).hexdigest()

    def middleware(self, ask: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Middleware:
        """
        Let a browser with the cookie in as if it had sent the token.

        Args:
            ask: shows the others where to give it.
        """

        @web.middleware
        async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
            page = not request.path.startswith("/control/")
            if not self._token or "Authorization" in request.headers or not (page or request.method == "GET"):
                return await handler(request)
            if hmac.compare_digest(request.cookies.get(COOKIE, "").encode("utf-8", "replace"), self.cookie.encode()):
                headers = request.headers.copy()
                headers["Authorization"] = f"Bearer {self._token}"
                return await handler(request.clone(headers=headers))
            return await (ask(request) if page else handler(request))

        return let_in
