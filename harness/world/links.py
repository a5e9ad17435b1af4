"""
The links of a world that can be cut, slowed, torn and healed: a proxy for each, under its name.

It knows which single links a name means, and refuses to know what passes through them.
"""

from collections.abc import Mapping
from pathlib import Path

from yarl import URL

from harness.clock import Clock
from harness.world.nemesis import Deed, Do, Link, links_of
from harness.world.proxy import HOST, Address, Proxy

TO_VENDOR = {"alipay": Link.TO_ALIPAY, "wechatpay": Link.TO_WECHATPAY, "unionpay": Link.TO_UNIONPAY}


class Links:
    """
    Every proxied link of one world; `close` ends them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._proxies: dict[Link, Proxy] = {}

    async def open(self, link: Link, upstream: Address, *, listen: Path | None = None) -> Address:
        """
        Put a proxy into a link; whoever is to use it connects to the address that comes back.
        """
        proxy = self._proxies[link] = await Proxy.open(upstream, clock=self._clock, listen=listen)
        return proxy.address

    async def open_url(self, link: Link, url: str) -> str:
        """
        The same for something that listens at a URL of this machine; the URL by which it is reached through the link.
        """
        told = URL(url)
        address = await self.open(link, Address(port=told.port or 80))
        return str(told.with_host(HOST).with_port(address.port)).rstrip("/")

    async def open_vendors(self, urls: Mapping[str, str]) -> dict[str, str]:
        """
        A link to each provider; by their names, where each is reached now.
        """
        return {name: await self.open_url(TO_VENDOR[name], url) for name, url in urls.items()}

    def lead(self, link: Link, upstream: Address) -> None:
        """
        From now on the link leads there.
        """
        self._proxies[link].upstream = upstream

    def moves(self) -> dict[str, Do]:
        """
        What can be done to the links that there are, under the texts of the deeds.
        """
        names = [link for link in Link if set(links_of(link)) <= self._proxies.keys()]
        verbs: dict[str, Do] = {"cut": self._cut, "slow": self._slow, "reset": self._reset, "heal": self._heal}
        found = {f"{verb} {link}": do for link in names for verb, do in verbs.items()}
        return found | ({"heal": self._heal} if self._proxies else {})

    async def close(self) -> None:
        """
        End every proxy.
        """
        while self._proxies:
            _, proxy = self._proxies.popitem()
            await proxy.close()

    def _meant(self, deed: Deed) -> list[Proxy]:
        wanted = links_of(Link(deed.target) if deed.target else None)
        return [self._proxies[link] for link in wanted if link in self._proxies]

    async def _cut(self, deed: Deed) -> None:
        for proxy in self._meant(deed):
            await proxy.cut(deed.how.get("how", "refuse"))

    async def _slow(self, deed: Deed) -> None:
        for proxy in self._meant(deed):
            proxy.slow(latency_s=deed.how["latency_s"], bytes_per_s=deed.how["bytes_per_s"])

    async def _reset(self, deed: Deed) -> None:
        for proxy in self._meant(deed):
            proxy.reset()

    async def _heal(self, deed: Deed) -> None:
        for proxy in self._meant(deed):
            await proxy.heal()
