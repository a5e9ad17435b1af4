"""
The table of APIs: which path and method is which, built from templates such as `/v3/pay/transactions/id/{number}`.

Facts: wechatpay/api-list
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.refunding import Refunding
from mock_providers.wechatpay.v3 import (
    answers,
    batches,
    bills,
    certificates,
    codepay,
    combine,
    orders,
    partner,
    refunds,
    transfers,
)
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.visit import Api

_NO_PLACES: Mapping[str, str] = {}


@dataclass(slots=True)
class Table:
    """Fixed paths are looked up; those with variable parts are compared by their number of parts."""

    _fixed: dict[str, dict[str, Api]] = field(default_factory=dict)
    _open: dict[int, list[tuple[tuple[str, ...], dict[str, Api]]]] = field(default_factory=dict)

    def add(self, method: str, template: str, api: Api) -> None:
        """Enter an API."""
        if "{" not in template:
            self._fixed.setdefault(template, {})[method] = api
            return
        parts = tuple(template.split("/"))
        known = self._open.setdefault(len(parts), [])
        methods = next((methods for pattern, methods in known if pattern == parts), None)
        if methods is None:
            methods = {}
            known.append((parts, methods))
        methods[method] = api

    def find(self, method: str, path: str) -> tuple[Api, Mapping[str, str]] | Answer:
        """
        The API and the variable parts of the path, or the refusal of a path or method that does not exist.

        Facts: wechatpay/unsigned-refusals
        """
        methods, places = self._fixed.get(path), _NO_PLACES
        if methods is None:
            methods, places = self._matched(tuple(path.split("/")))
        if methods is None:
            return answers.no_such_path()
        api = methods.get(method)
        return answers.wrong_method() if api is None else (api, places)

    def _matched(self, parts: tuple[str, ...]) -> tuple[dict[str, Api] | None, Mapping[str, str]]:
        for pattern, methods in self._open.get(len(parts), ()):
            places: dict[str, str] = {}
            for wanted, got in zip(pattern, parts, strict=True):
                if wanted.startswith("{") and got:
                    places[wanted[1:-1]] = got
                elif wanted != got:
                    break
            else:
                return methods, places
        return None, _NO_PLACES


def table_of(desk: Desk, *, refunding: Refunding) -> Table:
    """Every API that is played."""
    table = Table()
    orders.enter(table.add, desk)
    partner.enter(table.add, desk)
    refunds.enter(table.add, desk, refunding=refunding)
    codepay.enter(table.add, desk)
    bills.enter(table.add, desk)
    certificates.enter(table.add, desk)
    combine.enter(table.add, desk)
    transfers.enter(table.add, desk)
    batches.enter(table.add, desk)
    return table
