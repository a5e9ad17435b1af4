"""
The imitation of Redis that serves where no real one can be had: fakeredis behind a TCP port of its own.

It runs as a process, `python -m harness.world.fake_redis`, like any other server. It refuses to be fast.
"""

import json
import signal
import sys
import threading
from collections.abc import Sequence

from fakeredis import TcpFakeServer


def main(argv: Sequence[str] = ()) -> int:
    """
    Serve on a free loopback port until SIGTERM.

    Args:
        argv: optionally the port.
    """
    port = int(argv[0]) if argv else 0
    # Redis 6.2 is what the oldest bundled binary speaks, so the imitation allows no more.
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis", server_version=(6, 2))
    server.daemon_threads = True
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host, chosen = server.server_address[:2]
    sys.stdout.write(json.dumps({"event": "ready", "url": f"redis://{host!s}:{chosen}"}) + "\n")
    sys.stdout.flush()
    told.wait()
    server.shutdown()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
