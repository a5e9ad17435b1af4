"""The ports of several workers: kept where one process listened a moment ago, refused where somebody listens."""

import socket
from contextlib import closing, contextmanager

import pytest

from mock_providers.settings import ProvidersSettings
from mock_providers.workers.parent import Workers


@contextmanager
def listener():
    """A server as one process opens it, and its port."""
    with closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server, server.getsockname()[1]


def keep(port, folder):
    workers = Workers(ProvidersSettings(credentials_dir=folder, workers=2, alipay_port=port))
    try:
        return workers._keep_ports()["alipay_port"]
    finally:
        for kept in workers._kept:
            kept.close()


def test_a_port_whose_connections_the_system_still_remembers_can_be_kept(tmp_path):
    with listener() as (server, port), closing(socket.create_connection(("127.0.0.1", port))) as client:
        served, _ = server.accept()
        # Who closes first is the one that is remembered.
        served.close()
        assert client.recv(1) == b""
    assert keep(port, tmp_path) == port


def test_a_port_at_which_somebody_listens_is_not_taken(tmp_path):
    with listener() as (_, port), pytest.raises(OSError, match="in use"):
        keep(port, tmp_path)
