"""The contract suites over PostgreSQL 15 and Redis 7 in containers: the very tests, other servers."""

import pytest

from tests.contract.test_redis_nonces import *  # noqa: F403
from tests.contract.test_redis_stream import *  # noqa: F403
from tests.contract.test_streams import *  # noqa: F403
from tests.contract.test_unit_of_work import *  # noqa: F403

pytestmark = [pytest.mark.asyncio, pytest.mark.processes]  # type: ignore[assignment]
