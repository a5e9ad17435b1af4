"""
A bazaar's payments: asyncio, a journal for a database, three payment houses, every answer given later.

An order is taken at once and opened afterwards (202, then ask again). A notify only makes the bazaar look: what it
believes is the answer to its own question. Money that comes after an order has lapsed revives it. News to the platform
come twice, under one effect. Run as `python server.py PORT JOURNAL`; the rest comes from BAZAAR_ variables.
"""

import asyncio
import calendar
import contextlib
import hmac
import logging
import os
import sys
import time
from pathlib import Path

import aiohttp
from aiohttp import web
from book import BEIJING_S, Book, Order, Return, fen_of, now_text, yuan
from houses import House, Refused, Unclear, UnionKeyed, Untrue, Used, WechatV2, WechatV3

LADDER_S = (0.2, 0.3, 0.5, 1, 2, 4, 8, 15, 30, 60)
LAPSES_S = 900
TELLINGS = 2


class Bazaar:
    """What is done with the book and the houses."""

    def __init__(self, book: Book, houses: dict[str, House], session: aiohttp.ClientSession, platform: str) -> None:
        self.book, self.houses, self.session, self.platform = book, houses, session, platform
        self.plan: dict[str, tuple[float, int]] = {}
        self.locks: dict[str, asyncio.Lock] = {}
        self.busy: set[asyncio.Task] = set()

    # Orders

    def take(self, ref: str, fen: int, what: str, via: str) -> Order | None:
        """The order, the same however often it is asked for; None where the number stands for something else."""
        known = self.book.orders.get(ref)
        if known is None:
            self.book.add("order", ref=ref, fen=fen, what=what, via=via)
            known = self.book.orders[ref]
            self.book.add_try(known)
            self.soon(ref)
        return known if (known.fen, known.via) == (fen, via) else None

    async def look(self, order: Order) -> None:
        """Ask the house about every number of the order, and open it where there is nothing to scan yet."""
        house = self.houses[order.via]
        async with self.locks.setdefault(order.ref, asyncio.Lock()):
            if not order.tries:
                self.book.add_try(order)
            for nth, attempt in enumerate(order.tries):
                if nth == len(order.tries) - 1 and not attempt.code and not order.unwanted and order.paid_by < 0:
                    await self.open(order)
                found = await house.ask(attempt)
                if found.state == "PAID" and found.fen == order.fen:
                    self.paid(order, nth, found.trade)

    async def lapse(self, order: Order) -> None:
        """Nobody shall pay any more: the house is asked before and after, and until it has said so it is asked again."""
        if not order.unwanted and order.paid_by < 0:
            self.book.add("unwanted", ref=order.ref)
            self.soon(order.ref)
        await self.look(order)
        if order.paid_by >= 0 or order.lapsed:
            return
        for attempt in order.tries:
            await self.houses[order.via].close(attempt)
        await self.look(order)
        if order.paid_by < 0 and not order.lapsed:
            self.book.add("lapsed", ref=order.ref)

    async def open(self, order: Order) -> None:
        attempt = order.tries[-1]
        try:
            code = await self.houses[order.via].open(order, attempt)
        except Used:
            found = await self.houses[order.via].ask(attempt)
            if found.state != "PAID":
                self.book.add_try(order)
                await self.open(order)
        else:
            self.book.add("code", number=attempt.number, code=code)

    def paid(self, order: Order, nth: int, trade: str) -> None:
        """One credit; whatever the buyer pays by another number of the order goes back by itself."""
        if order.paid_by < 0:
            self.book.add("paid", number=order.tries[nth].number, trade=trade)
        elif nth != order.paid_by and f"second-{nth}" not in order.returns:
            self.give_back(order, f"second-{nth}", order.fen, nth=nth, own=True)

    async def notified(self, via: str, headers, body: bytes) -> bool:
        """Whether the house may stop telling: it told the truth, and we know it from our own question."""
        try:
            told = await self.houses[via].read(headers, body)
        except Untrue as error:
            logging.warning("a notify that nobody believes: %s", error)
            return False
        if told.is_return:
            order, made = self.book.returns_by_number.get(told.number, (None, None))
            return made is not None and await self.asked(self.look_back(order, made))
        order, _ = self.book.by_number.get(told.number, (None, 0))
        if order is None or order.via != via or (told.state == "PAID" and told.fen != order.fen):
            return False
        return (order.paid_by >= 0 or await self.asked(self.look(order))) and (
            order.paid_by >= 0 or told.state != "PAID"
        )

    # Returns

    def give_back(self, order: Order, no: str, fen: int, *, nth: int, own: bool = False) -> Return:
        number = f"{order.tries[nth].number}R{len(order.returns)}"
        self.book.add("return", ref=order.ref, no=no, fen=fen, number=number, at=now_text(), nth=nth, own=own)
        self.soon(f"{order.ref}/{no}")
        return order.returns[no]

    async def look_back(self, order: Order, made: Return) -> None:
        """Ask what became of it; what the house has never heard of is sent, under the number that it has."""
        house = self.houses[order.via]
        async with self.locks.setdefault(made.number, asyncio.Lock()):
            if made.state != "ASKED":
                return
            found = await house.ask_back(made)
            if found.state == "NONE":
                try:
                    await house.give_back(order, made)
                except Refused:
                    self.book.add("returned", number=made.number, state="VOID")
                    return
                found = await house.ask_back(made)
            if found.state in {"DONE", "VOID"}:
                self.book.add("returned", number=made.number, state=found.state)

    # What is done by itself

    def soon(self, key: str) -> None:
        self.plan[key] = (0.0, 0)

    async def work(self) -> None:
        for order in self.book.orders.values():
            self.soon(order.ref)
            for no in order.returns:
                self.soon(f"{order.ref}/{no}")
        while True:
            now = time.monotonic()
            for key in [key for key, (due, _) in self.plan.items() if due <= now]:
                self.step(key, now)
            for effect in self.book.news:
                if self.book.told.get(effect, 0) < TELLINGS and f"news {effect}" not in self.plan:
                    self.soon(f"news {effect}")
            await asyncio.sleep(0.02)

    def step(self, key: str, now: float) -> None:
        """One more try at what is unfinished; the next one comes later, whatever becomes of this."""
        _, times = self.plan[key]
        if not self.unfinished(key):
            del self.plan[key]
            return
        self.plan[key] = (now + LADDER_S[min(times, len(LADDER_S) - 1)], times + 1)
        task = asyncio.ensure_future(self.asked(self.work_on(key)))
        self.busy.add(task)
        task.add_done_callback(self.busy.discard)

    def unfinished(self, key: str) -> bool:
        if key.startswith("news "):
            return self.book.told.get(key[5:], 0) < TELLINGS
        ref, _, no = key.partition("/")
        order = self.book.orders[ref]
        return order.returns[no].state == "ASKED" if no else order.paid_by < 0

    async def work_on(self, key: str) -> None:
        if key.startswith("news "):
            await self.tell(key[5:])
            return
        ref, _, no = key.partition("/")
        order = self.book.orders[ref]
        if no:
            await self.look_back(order, order.returns[no])
        elif not order.lapsed and (order.unwanted or self.age_s(order) > LAPSES_S):
            await self.lapse(order)
        else:
            await self.look(order)

    async def tell(self, effect: str) -> None:
        told = self.book.told.get(effect, 0)
        form = {**self.book.news[effect], "effect": effect, "delivery": f"{effect}:{told}"}
        try:
            async with self.session.post(self.platform, data=form) as answer:
                good = answer.status == 200 and await answer.text() == "HEARD"
        except (aiohttp.ClientError, TimeoutError):
            good = False
        if good:
            self.book.add("told", effect=effect)
            self.soon(f"news {effect}")

    @staticmethod
    async def asked(question) -> bool:
        """Whether the question was answered; if not, somebody asks again."""
        try:
            await question
        except Unclear as error:
            logging.warning("unclear: %s", error)
            return False
        return True

    @staticmethod
    def age_s(order: Order) -> float:
        return time.time() + BEIJING_S - calendar.timegm(time.strptime(order.tries[0].at, "%Y%m%d%H%M%S"))


# The bazaar's own API: forms in, nested JSON out, yuan as text, and nothing about the houses' numbers.


def shown(order: Order, status: int = 200) -> web.Response:
    money = {"asked": yuan(order.fen), "back": yuan(order.back_fen)}
    deal = {"ref": order.ref, "phase": order.state, "money": money, "scan": order.code if order.tries else ""}
    return web.json_response({"deal": deal}, status=status)


def shown_return(made: Return, status: int = 200) -> web.Response:
    return web.json_response({"return": {"no": made.no, "phase": made.state, "yuan": yuan(made.fen)}}, status=status)


def no(status: int, why: str) -> web.Response:
    return web.json_response({"sorry": why}, status=status)


class Desk:
    """Who may ask, and what is answered."""

    def __init__(self, bazaar: Bazaar, secret: str) -> None:
        self.bazaar, self.secret = bazaar, secret

    @web.middleware
    async def signed(self, request: web.Request, handler) -> web.StreamResponse:
        if request.path.startswith("/bazaar/"):
            text = f"{request.method} {request.path_qs}\n".encode() + await request.read()
            right = hmac.new(self.secret.encode(), text, "sha256").hexdigest()
            if not hmac.compare_digest(right, request.headers.get("X-Seal", "")):
                return no(401, "the seal is not yours")
        return await handler(request)

    def order(self, request: web.Request) -> Order:
        order = self.bazaar.book.orders.get(request.match_info["ref"])
        if order is None:
            raise web.HTTPNotFound(text="no such deal")
        return order

    async def create(self, request: web.Request) -> web.Response:
        form = await request.post()
        fen = fen_of(str(form["yuan"]))
        if fen < 1:
            return no(400, "a deal is over a fen at least")
        order = self.bazaar.take(str(form["ref"]), fen, str(form["what"]), str(form["via"]))
        return no(409, "that ref is another deal's") if order is None else shown(order, 202)

    async def get(self, request: web.Request) -> web.Response:
        return shown(self.order(request))

    async def look(self, request: web.Request) -> web.Response:
        await self.bazaar.asked(self.bazaar.look(self.order(request)))
        return shown(self.order(request))

    async def lapse(self, request: web.Request) -> web.Response:
        await self.bazaar.asked(self.bazaar.lapse(self.order(request)))
        return shown(self.order(request))

    async def give_back(self, request: web.Request) -> web.Response:
        order, form = self.order(request), await request.post()
        name, fen = str(form["no"]), fen_of(str(form["yuan"]))
        made = order.returns.get(name)
        if made is None:
            if order.paid_by < 0 or not 0 < fen <= order.left_fen:
                return no(422, "that much is not there")
            made = self.bazaar.give_back(order, name, fen, nth=order.paid_by)
        return shown_return(made, 202) if made.fen == fen else no(409, "that number is another return's")

    async def get_back(self, request: web.Request) -> web.Response:
        made = self.order(request).returns.get(request.match_info["no"])
        return no(404, "no such return") if made is None else shown_return(made)

    async def hear(self, request: web.Request) -> web.Response:
        via = request.match_info["via"]
        good = await self.bazaar.notified(via, request.headers, await request.read())
        status, text = self.bazaar.houses[via].ack(good)
        return web.Response(status=status, text=text)

    async def here(self, request: web.Request) -> web.Response:
        return web.Response(text="open")

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.signed])
        app.router.add_get("/", self.here)
        app.router.add_post("/bazaar/deals", self.create)
        app.router.add_get("/bazaar/deals/{ref}", self.get)
        app.router.add_post("/bazaar/deals/{ref}/look", self.look)
        app.router.add_post("/bazaar/deals/{ref}/lapse", self.lapse)
        app.router.add_post("/bazaar/deals/{ref}/returns", self.give_back)
        app.router.add_get("/bazaar/deals/{ref}/returns/{no}", self.get_back)
        app.router.add_post("/hear/{via}", self.hear)
        return app


async def main(port: int, journal: str) -> None:
    env, keys = os.environ, Path(os.environ["BAZAAR_KEYS"])
    kinds = {"wx3": (WechatV3, "wechatpay"), "wx2": (WechatV2, "wechatpay"), "up": (UnionKeyed, "unionpay")}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        houses = {
            via: kind(env[f"BAZAAR_{name.upper()}"], keys / name, session, f"http://127.0.0.1:{port}/hear/{via}")
            for via, (kind, name) in kinds.items()
        }
        bazaar = Bazaar(Book(journal), houses, session, env["BAZAAR_PLATFORM"])
        runner = web.AppRunner(Desk(bazaar, env["BAZAAR_SECRET"]).app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await bazaar.work()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
