"""Records that every call makes: frozen in the eyes of the type checker, and cheap to make."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_Class]) -> type[_Class]:
    """
    A slotted dataclass that nobody changes.

    A frozen one is made by as many calls of `object.__setattr__` as it has fields, which takes four times as long; a
    request makes a dozen of them. So it is the type checker that forbids to change one.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
