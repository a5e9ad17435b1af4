"""What Prometheus reads: every figure moves when its thing happens, and its names are the ones that people use."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.errors import StoreUnavailable
from reference_gateway.metrics import BreakerState, Metrics
from tests.unit.reference_gateway.support import APP, RememberingSender, World, settings

Figures = dict[tuple[str, tuple[str, ...]], float]


def run(story: Callable[[World], Coroutine[Any, Any, None]], **changes: Any) -> None:
    async def told() -> None:
        async with World(settings=settings(**changes)) as world:
            await story(world)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


def read(text: str) -> Figures:
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(world: World) -> Figures:
    async with world.http.get(f"{world.gateway.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        return read(await answer.text())


def test_a_payment_is_counted_by_channel_and_result():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        await world.gateway.idle()
        seen = await scraped(world)
        for result in ("created", "opened", "paid"):
            assert seen["gateway_payments_total", ("alipay", result)] == 1, result
        assert seen["gateway_http_requests_total", ("POST", "/api/v1/payments", "201")] == 1
        assert seen["gateway_commit_batch_items_count", ("admission",)] == 1
        assert seen["gateway_scheduling_latency_seconds_count", ("opening",)] == 1
        assert seen["gateway_admission_queue", ()] == 0
        assert seen["gateway_store_up", ()] == 1

    run(story)


def test_a_repeated_notify_is_not_counted_as_another_payment():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        for _ in range(3):
            await world.merchant.notify(payment)
        assert (await scraped(world))["gateway_payments_total", ("alipay", "paid")] == 1

    run(story)


def test_strangers_addresses_become_no_series():
    async def story(world: World) -> None:
        for path in ("/a", "/b", "/wp-login.php"):
            async with world.http.get(world.gateway.url + path) as answer:
                assert answer.status == 404
        seen = await scraped(world)
        assert seen["gateway_http_requests_total", ("GET", "none", "404")] == 3
        assert not any("wp-login" in label for _, labels in seen for label in labels)

    run(story)


def test_events_that_nobody_takes_are_a_backlog():
    async def story(world: World) -> None:
        world.sender._refusals = 1000
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        assert (await scraped(world))["gateway_outbox_backlog", ("webhook",)] == 1
        world.sender._refusals = 0
        await world.clock.sleep(30)
        await world.gateway.idle()
        assert (await scraped(world))["gateway_outbox_backlog", ("webhook",)] == 0

    run(story)
    assert RememberingSender().tries == 0


def test_an_app_without_a_webhook_leaves_nothing_to_be_sent_and_its_events_are_read_all_the_same():
    async def story(world: World) -> None:
        world.sender.left_alone.add(APP.app_id)
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        assert (await scraped(world))["gateway_outbox_backlog", ("webhook",)] == 0
        async with world.gateway.runtime.units() as unit:
            assert [row.type for row in (await unit.unpublished(9)).values()] == ["payment.paid"]
        assert world.sender.tries == 0

    run(story)


def test_a_store_that_is_away_is_told_and_the_other_figures_remain():
    async def story(world: World) -> None:
        await world.merchant.pay()
        honest = world.gateway.runtime.units

        class Away:
            heartbeat_s = None
            pace_s = 0.0

            def __call__(self):
                raise StoreUnavailable

        world.gateway._ops._units = Away()  # type: ignore[assignment]
        seen = await scraped(world)
        world.gateway._ops._units = honest
        assert seen["gateway_store_up", ()] == 0
        assert seen["gateway_payments_total", ("alipay", "created")] == 1

    run(story)


def test_instances_behind_one_port_have_figures_and_health_of_their_own():
    async def story(world: World) -> None:
        assert world.gateway.ops_url != world.gateway.url
        for path, status in (("/metrics", 200), ("/healthz", 200), ("/readyz", 200), ("/api/v1/payments", 404)):
            async with world.http.get(world.gateway.ops_url + path) as answer:
                assert answer.status == status, path

    run(story, ops_port=0)


def test_breaker_leader_and_lateness_are_told():
    metrics = Metrics()
    metrics.breaker("alipay", BreakerState.OPEN)
    metrics.leads("relay", True)
    metrics.began("poller", late_s=-0.5)
    metrics.share(0.25)
    seen = read(metrics.render().decode())
    assert seen["gateway_breaker_state", ("alipay",)] == 2
    assert seen["gateway_leader", ("relay",)] == 1
    assert seen["gateway_scheduling_latency_seconds_sum", ("poller",)] == 0
    assert seen["gateway_due_work_share", ()] == 0.25


def test_every_series_that_a_scrape_shows_is_among_the_names():
    async def story(world: World) -> None:
        await world.merchant.pay()
        names = Metrics().names()
        shown = {name for name, _ in await scraped(world) if not name.endswith("_created")}
        assert shown <= names, shown - names

    run(story)
