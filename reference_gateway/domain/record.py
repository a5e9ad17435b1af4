"""
Records that every request makes several of: never changed, and cheap to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

ClassT = TypeVar("ClassT")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(made: type[ClassT]) -> type[ClassT]:
    """
    Make a slotted dataclass that the type checker lets nobody change.

    A frozen one is filled by a call of `object.__setattr__` for each of its fields, and a payment has three dozen.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def named_record(made: type[ClassT]) -> type[ClassT]:
    """Make a record whose fields are all given by name."""
    return dataclass(slots=True, unsafe_hash=True, kw_only=True)(made)


def changed(whole: ClassT, **changes: Any) -> ClassT:
    """
    Return *whole* but for *changes*.

    As `dataclasses.replace` does, which goes through the fields one by one.
    """
    made: Any = type(whole)
    names, read = _fields_of(made)
    values = dict(zip(names, read(whole), strict=True))
    values.update(changes)
    return type(whole)(**values)


@cache
def _fields_of(made: type[Any]) -> tuple[tuple[str, ...], attrgetter[tuple[Any, ...]]]:
    names = tuple(one.name for one in fields(made))
    return names, attrgetter(*names)
