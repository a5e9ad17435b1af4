"""
The smallest server that aiohttp can be: an empty answer to everything, on a port that it prints as JSON.

The yardstick of calls that sign nothing dear. Run as a program.
"""

import asyncio
import json
import sys

from aiohttp import web


async def _empty(request: web.BaseRequest) -> web.StreamResponse:
    await request.read()
    return web.Response()


async def _serve() -> None:
    runner = web.ServerRunner(web.Server(_empty, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(json.dumps({"url": f"http://{host}:{port}"}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve())
