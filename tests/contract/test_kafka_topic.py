"""The outbox in a Kafka topic, against the mock broker inside librdkafka: in order for each payment, whole batches."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from reference_gateway.errors import SettingsRefused, StreamUnavailable
from reference_gateway.streams.kafka_topic import KafkaTopic
from tests.contract.samples import event

TOPIC = "payments"
PATIENCE_S = 20.0
REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def servers():
    """A broker within a client of this process; it lives as long as the client."""
    owner = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0})
    brokers = owner.list_topics(timeout=PATIENCE_S).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del owner


def consumed(servers, topic, count):
    """What is in the topic, by key and in the order of each partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": f"readers of {topic}",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    partitions = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found: list[Message] = []
    while len(found) < count:
        message = consumer.poll(PATIENCE_S)
        assert message is not None, f"only {len(found)} of {count} came"
        if message.error() is None:
            found.append(message)
    consumer.close()
    return found


def test_events_of_one_payment_stay_in_order_and_carry_their_term(servers):
    events = [event(n, subject_id=f"pay{n % 5}", payload=f"{n}".encode()) for n in range(40)]

    async def relay():
        topic = KafkaTopic(servers, TOPIC)
        for begin in range(0, 40, 10):
            await topic.append(events[begin : begin + 10], term=7)
        await topic.close()

    asyncio.run(relay())
    by_key: dict[bytes, list[int]] = {}
    for message in consumed(servers, TOPIC, 40):
        by_key.setdefault(message.key(), []).append(int(message.value()))
        assert dict(message.headers())["term"] == b"7"
        assert dict(message.headers())["event_id"] == f"ev{int(message.value())}".encode()
    assert by_key == {f"pay{k}".encode(): list(range(k, 40, 5)) for k in range(5)}


def test_the_next_term_goes_on_where_the_last_one_stopped(servers):
    async def relay():
        first, second = KafkaTopic(servers, "takeover"), KafkaTopic(servers, "takeover")
        await first.append([event(1, subject_id="pay1")], term=1)
        await second.append([event(1, subject_id="pay1"), event(2, subject_id="pay1")], term=2)
        await first.close()
        await second.close()

    asyncio.run(relay())
    terms = [dict(message.headers())["term"] for message in consumed(servers, "takeover", 3)]
    assert terms == [b"1", b"2", b"2"]


def test_a_broker_that_is_away_says_so():
    async def relay():
        nobody = KafkaTopic("127.0.0.1:1", TOPIC, timeout_s=1.0)
        with pytest.raises(StreamUnavailable):
            await nobody.append([event(1)], term=1)
        await nobody.close()

    asyncio.run(relay())


def test_without_the_client_the_settings_are_refused_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(SettingsRefused, match=r"payproof\[kafka\]"):
        KafkaTopic("127.0.0.1:1", TOPIC)


def test_nobody_who_has_no_kafka_imports_its_client():
    look = "import sys, reference_gateway.app; sys.exit('confluent_kafka' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], cwd=REPO, check=False).returncode == 0
