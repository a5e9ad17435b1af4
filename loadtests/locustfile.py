"""
The crowd, by Locust: one user in each worker, who sends everybody on their errands at the time that the shape names.

Locust's own histogram rounds, and its idea of success is not ours: whoever started this process reads the record
instead. Importing Locust patches the process, so nothing of ours but `loadtests` is ever imported here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent.pool import Group
from locust import FastHttpUser, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from loadtests.clock import cpu_s, moment_s, wall_s
from loadtests.desk import Answer, Desk
from loadtests.dispatcher import Arrivals, Queue, started
from loadtests.merchant import Errand, Merchant
from loadtests.output import Outbox, RecordFile
from loadtests.recorder import Recorder, is_last
from loadtests.settings import LoadSettings
from loadtests.users import PREPARE, VISITS

SETTINGS = LoadSettings.read()
LINES = "payproof_lines"
# Visits that look after their money may outlast the schedule by so much.
PATIENCE_S = 20.0

_outbox = Outbox()


def _carry_lines(environment: Environment, **_: Any) -> None:
    """Lines go to the file; those of workers travel with the reports that they send to their master anyway."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        events.report_to_master.add_listener(_take_along)
    elif isinstance(runner, MasterRunner):
        events.worker_report.add_listener(_Carried(runner))


def _take_along(client_id: str, data: dict[str, Any]) -> None:
    del client_id
    data[LINES] = _outbox.take()


class _Carried:
    """What workers brought, written down; when the last of them has ended, so does the run."""

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner
        self._file = RecordFile(Path(SETTINGS.record_file))
        self._ended = 0

    def __call__(self, client_id: str, data: Mapping[str, Any]) -> None:
        del client_id
        lines = data.get(LINES, [])
        self._file.write_all(lines)
        self._ended += sum(is_last(line) for line in lines)
        if self._ended == SETTINGS.workers:
            self._runner.quit()


events.init.add_listener(_carry_lines)


class Crowd(FastHttpUser):
    """Everybody who comes, as one dispatcher."""

    concurrency = SETTINGS.in_flight
    network_timeout = SETTINGS.answer_s
    connection_timeout = SETTINGS.answer_s

    def on_start(self) -> None:
        runner = self.environment.runner
        worker = max(getattr(runner, "worker_index", 0), 0)
        write = _outbox.write if isinstance(runner, WorkerRunner) else RecordFile(Path(SETTINGS.record_file)).write
        merchant = Merchant(SETTINGS, worker=worker)
        self._began_s = moment_s()
        self._arrivals = Arrivals(SETTINGS, worker=worker, began_s=self._began_s)
        self._recorder = Recorder(write, began_s=self._began_s, began_at_s=wall_s(), worker=worker)
        self._desk = Desk(self._send, merchant=merchant, recorder=self._recorder, wait=gevent.sleep)

    @task
    def dispatch(self) -> None:
        """
        Send everybody, wait for the last, and end the run.
        """
        for kind in SETTINGS.visitors:
            if kind in PREPARE:
                PREPARE[kind](self._desk)
        crowd, scheduled = Group(), self._arrivals.scheduled()
        if scheduled is None:
            errands = self._arrivals.unending()
            for _ in range(SETTINGS.in_flight):
                crowd.spawn(self._one_after_another, errands)
        else:
            queue = Queue(SETTINGS.in_flight)
            for errand in scheduled:
                gevent.sleep(max(errand.intended_s - moment_s(), 0))
                started(self._recorder, errand)
                if queue.enter(errand):
                    crowd.spawn(self._visits, errand, queue)
        crowd.join(timeout=PATIENCE_S)
        self._recorder.close(moment_s(), cpu_s=cpu_s())
        runner = self.environment.runner
        if not isinstance(runner, WorkerRunner):
            runner.quit()
        raise StopUser

    def _one_after_another(self, errands: Any) -> None:
        for errand in errands:
            started(self._recorder, errand)
            VISITS[errand.kind](self._desk, errand)

    def _visits(self, errand: Errand | None, queue: Queue) -> None:
        while errand is not None:
            VISITS[errand.kind](self._desk, errand)
            errand = queue.following()

    def _send(self, method: str, target: str, body: bytes, headers: Mapping[str, str], name: str) -> Answer:
        answer = self.client.request(method, target, data=body.decode(), headers=dict(headers), name=name)
        status = answer.status_code or 0
        told = answer.json() if status and answer.content else {}
        return Answer(
            status, told if isinstance(told, dict) else {}, dict(answer.headers.items() if answer.headers else ())
        )
