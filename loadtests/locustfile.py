"""
Tipping at an open rate: requests start on schedule, however slow the gateway is, so that slowness cannot hide.

One user, one dispatcher with a schedule and a pool; every request is written down with its intended start. Locust's own
histogram rounds, and its idea of success is not ours: whoever started this process reads the record instead.
Importing Locust patches the process, so nothing of ours but `loadtests` is ever imported here.
"""

import json
import time
from pathlib import Path
from typing import TextIO

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, task
from locust.exception import StopUser

from loadtests.merchant import PATH, tip
from loadtests.settings import LoadSettings


class Tipper(FastHttpUser):
    """The crowd in a live room, as one dispatcher."""

    settings = LoadSettings.read()
    concurrency = settings.in_flight_max
    network_timeout = settings.answer_s
    connection_timeout = settings.answer_s

    @task
    def dispatch(self) -> None:
        """
        Start every tip at its time, wait for the last answer, and end the run.
        """
        crowd = Pool(self.settings.in_flight_max)
        with Path(self.settings.record_file).open("w", encoding="utf-8") as record:
            began_s = time.monotonic()
            # The wall clock's share of the record: signatures need it, and so does whoever compares with the webhooks.
            began_at_s = time.time()  # noqa: TID251 - a process of its own, without a Clock port
            record.write(json.dumps({"began_s": began_s, "began_at_s": began_at_s}) + "\n")
            for number in range(1, self.settings.payments + 1):
                intended_s = began_s + (number - 1) / self.settings.rate
                gevent.sleep(max(intended_s - time.monotonic(), 0))
                stamp = int(began_at_s + time.monotonic() - began_s)
                crowd.spawn(self.send, number, intended_s, stamp, record)
            crowd.join()
        self.environment.runner.quit()
        raise StopUser

    def send(self, number: int, intended_s: float, stamp: int, record: TextIO) -> None:
        """
        One tip; status 0 where no answer came.
        """
        request = tip(self.settings, number, timestamp=stamp)
        start_s = time.monotonic()
        answer = self.client.post(PATH, data=request.body.decode(), headers=request.headers, name="tip")
        line = {
            "order": request.order_no,
            "intended_s": intended_s,
            "start_s": start_s,
            "end_s": time.monotonic(),
            "status": answer.status_code,
        }
        record.write(json.dumps(line) + "\n")
