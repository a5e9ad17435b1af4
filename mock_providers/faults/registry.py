"""
Every fault there is, by name; a new fault is one file and one line here.

The order of the lines is the order in which faults that strike together are applied.
"""

from collections.abc import Mapping
from types import MappingProxyType

from mock_providers.faults.base import Fault
from mock_providers.faults.delay import Delay
from mock_providers.faults.drop import Drop
from mock_providers.faults.drop_all import DropAll
from mock_providers.faults.duplicate import Duplicate
from mock_providers.faults.forged_signature import ForgedSignature
from mock_providers.faults.reorder import Reorder
from mock_providers.faults.tampered_amount import TamperedAmount
from mock_providers.faults.timeout_after import TimeoutAfter

_ALL: tuple[type[Fault], ...] = (
    Duplicate,
    TamperedAmount,
    ForgedSignature,
    Delay,
    Reorder,
    Drop,
    DropAll,
    TimeoutAfter,
)

FAULTS: Mapping[str, type[Fault]] = MappingProxyType({fault.name: fault for fault in _ALL})
RANK: Mapping[str, int] = MappingProxyType({fault.name: rank for rank, fault in enumerate(_ALL)})
