"""
A database of its own for each world, in a server that many worlds use one after another.

It makes and drops databases and refuses to know what is stored.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from harness.world.postgres import socket_url

NAME = "chaos"
PORT = 5432


def sockets_of(url: str) -> Path:
    """
    The folder with the socket of an embedded server.
    """
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def socket_in(folder: Path) -> Path:
    """
    The socket itself, whose name every client knows.
    """
    return folder / f".s.PGSQL.{PORT}"


async def fresh_database(url: str, *, name: str = NAME) -> str:
    """
    An empty database in the embedded server at *url*; one of the same name is dropped, whoever still uses it.
    """
    sockets = sockets_of(url)
    connection = await asyncpg.connect(host=str(sockets), port=PORT, user="postgres", database="postgres")
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return socket_url(sockets, database=name)
