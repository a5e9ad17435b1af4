"""
The outbox as a Kafka topic, keyed by subject: what belongs to one payment is in one partition, in order.

Each batch is a transaction of the producer `payproof-outbox`: Kafka itself fences whoever led before, and consumers
that read committed never see half a batch. confluent-kafka is an optional dependency, imported only by who uses this.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

from reference_gateway.domain.records import OutboxRow
from reference_gateway.errors import SettingsRefused, StreamFenced, StreamUnavailable

PRODUCER_ID = "payproof-outbox"


class KafkaTopic:
    """Produces events to one topic."""

    name = "kafka"

    def __init__(self, servers: str, topic: str, *, timeout_s: float = 10.0) -> None:
        try:
            self._kafka: Any = importlib.import_module("confluent_kafka")
        except ImportError as error:
            raise SettingsRefused(
                "kafka_servers is set, but confluent-kafka is not installed: pip install 'payproof[kafka]'"
            ) from error
        self._topic = topic
        self._timeout_s = timeout_s
        self._settings = {
            "bootstrap.servers": servers,
            "transactional.id": PRODUCER_ID,
            "enable.idempotence": True,
            "linger.ms": 0,
            "message.timeout.ms": int(timeout_s * 1000),
            "transaction.timeout.ms": int(timeout_s * 1000),
            "log_level": 0,
        }
        self._producer: Any = None
        self._term = 0

    async def open(self) -> None:
        """Nothing to open: the producer is made by whoever is elected, which fences the one before."""

    async def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await asyncio.to_thread(producer.flush, self._timeout_s)

    async def append(self, events: Sequence[OutboxRow], *, term: int) -> None:
        """
        Append *events* in this order, all or none.

        Raises:
            StreamFenced: another producer of this id has begun.
            StreamUnavailable: nobody knows whether they were appended; append them again.
        """
        try:
            await asyncio.to_thread(self._append, events, term)
        except self._kafka.KafkaException as error:
            self._producer = None
            reason = error.args[0]
            if reason.code() in (self._kafka.KafkaError._FENCED, self._kafka.KafkaError.INVALID_PRODUCER_EPOCH):  # noqa: SLF001 (its public name)
                raise StreamFenced(f"Kafka: {reason.str()}") from error
            raise StreamUnavailable(f"Kafka: {reason.str()}") from error

    def _append(self, events: Sequence[OutboxRow], term: int) -> None:
        """Run in a thread: the client waits by blocking."""
        if self._producer is None or self._term != term:
            producer = self._kafka.Producer(self._settings)
            producer.init_transactions(self._timeout_s)
            self._producer, self._term = producer, term
        producer = self._producer
        producer.begin_transaction()
        for event in events:
            headers = {
                "event_id": event.event_id,
                "type": event.type,
                "app_id": event.app_id,
                "term": str(term),
            }
            key = event.subject_id or event.event_id
            producer.produce(self._topic, value=event.payload, key=key.encode(), headers=headers)
        producer.commit_transaction(self._timeout_s)
