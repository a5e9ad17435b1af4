"""
A simulator whose book holds orders already: `filled.py N CREDENTIALS RULES JOURNAL`. Run as a program.
"""

import asyncio
import gc
import json
import signal
import sys
from datetime import timedelta
from pathlib import Path

from mock_providers.app import Simulator, build
from mock_providers.core.books.book import Opening
from mock_providers.core.money import Fen
from mock_providers.settings import ProvidersSettings


def fill(simulator: Simulator, count: int) -> None:
    """
    Enter orders of days gone by, as a precreate would have written them.
    """
    (merchant,) = simulator.providers["alipay"].merchants
    begun_at = simulator.schedule.now() - timedelta(days=30)
    for number in range(count):
        at = begun_at + timedelta(seconds=number)
        opening = Opening(
            provider="alipay",
            out_trade_no=f"old{number:09d}",
            merchant_id=merchant,
            app_id="2021000000000000",
            label=f"pp{number:06d}",
            subject=f"tip pp{number:06d}",
            total_fen=Fen(990),
            created_at=at,
            expires_at=at + timedelta(hours=3),
            refundable_s=31_536_000.0,
            notify_url="http://127.0.0.1:9/notify",
            details={"charset": "utf-8", "sign_type": "RSA2", "buyer_user_id": f"2088{number:012d}"},
        )
        simulator.book.open(opening, qr_code=f"https://qr.alipay.com/bax{number:021d}", qr_expires_at=at)


async def serve(count: int, credentials: Path, rules: Path, journal: Path) -> None:
    """
    Until somebody ends it.
    """
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    simulator = build(ProvidersSettings(credentials_dir=credentials, faults_file=rules, journal_file=journal))
    await simulator.start()
    fill(simulator, count)
    gc.set_threshold(50_000, 20, 1_000_000)  # as the simulator's own program does
    sys.stdout.write(json.dumps({"alipay_url": simulator.alipay_url}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await simulator.stop()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(int(sys.argv[1]), *map(Path, sys.argv[2:5])))
