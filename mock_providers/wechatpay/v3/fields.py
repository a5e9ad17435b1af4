"""
Reading JSON bodies: rules for fields, checked in their order, and the platform's words for what fails.

Facts: wechatpay/field-errors
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from mock_providers.wechatpay.v3 import answers
from mock_providers.wechatpay.v3.answers import Answer

ORDER_NO = re.compile(r"[0-9a-zA-Z_\-|*]+", re.ASCII)
REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]+", re.ASCII)
ALNUM = re.compile(r"[0-9A-Za-z]+", re.ASCII)
# The live validator's, as merchants read it in error messages: neither a query nor a fragment.
NOTIFY_URL = re.compile(r"https?://[^\s/?#:]+(?::\d{2,5})?(?:/[^\s?#]*)?")
_SHOWN = {ORDER_NO: r"^[0-9a-zA-Z_\-\|\*]+$", REFUND_NO: r"^[0-9A-Za-z_\-\|\*@]+$", ALNUM: "^[0-9A-Za-z]+$"}
_ECHOED_CHARS = 64


class FieldRefused(Exception):
    """A field that cannot be taken; carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("a field was refused")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Text:
    """
    Args:
        path: names from the outside in.
        title: what the platform calls it.
        low, high: characters.
    """

    path: tuple[str, ...]
    title: str
    low: int = 0
    high: int = 1 << 20
    pattern: re.Pattern[str] | None = None
    required: bool = False

    def check(self, value: object, where: str) -> object:
        """The value itself."""
        if not isinstance(value, str):
            raise _other_type(where, self.title, "字符串", value)
        size = len(value)
        if self.required and size == 0:
            raise _missing(where, self.title)
        if size < self.low:
            raise _length(where, self.title, size, f"小于最小值 {self.low}")
        if size > self.high:
            raise _length(where, self.title, size, f"大于最大值 {self.high}")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise _charset(where, self.title, value, self.pattern)
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """An integer, amounts in fen above all."""

    path: tuple[str, ...]
    title: str
    low: int = 0
    high: int = 10_000_000_000
    required: bool = False

    def check(self, value: object, where: str) -> object:
        """The value itself."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise _other_type(where, self.title, "数值", value)
        if value < self.low or value > self.high:
            limit = f"低于最小值 {self.low}" if value < self.low else f"高于最大值 {self.high}"
            message = f"输入源“{where}”映射到数值字段“{self.title}”规则校验失败，值{limit}"  # noqa: RUF001
            raise FieldRefused(answers.refused("PARAM_ERROR", message, detail={"location": "body", "value": value}))
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    path: tuple[str, ...]
    title: str
    required: bool = False

    def check(self, value: object, where: str) -> object:
        """The value itself."""
        if not isinstance(value, bool):
            raise _other_type(where, self.title, "布尔", value)
        return value


@dataclass(frozen=True, slots=True)
class Group:
    """An object; rules for what stands in it have its name in their paths."""

    path: tuple[str, ...]
    title: str
    required: bool = False

    def check(self, value: object, where: str) -> object:
        """The value itself."""
        if not isinstance(value, dict):
            raise _other_type(where, self.title, "对象", value)
        return value


@dataclass(frozen=True, slots=True)
class Items:
    """
    A list of objects, or of texts where there are no rules for its items.
    """

    path: tuple[str, ...]
    title: str
    rules: "Rules | None" = None
    low: int = 0
    high: int = 1000
    required: bool = False

    def check(self, value: object, where: str) -> object:
        """The items, each checked."""
        if not isinstance(value, list):
            raise _other_type(where, self.title, "数组", value)
        if not self.low <= len(value) <= self.high:
            limit = f"小于最小值 {self.low}" if len(value) < self.low else f"大于最大值 {self.high}"
            raise _length(where, self.title, len(value), limit, unit="数组元素数")
        for place, item in enumerate(value):
            if self.rules is not None:
                if not isinstance(item, dict):
                    raise _other_type(f"{where}/{place}", self.title, "对象", item)
                self.rules.check(item, base=f"{where}/{place}")
            elif not isinstance(item, str):
                raise _other_type(f"{where}/{place}", self.title, "字符串", item)
        return value


Rule = Text | Number | Flag | Group | Items


def body_of(raw: bytes) -> dict[str, Any]:
    """
    Parse a body.

    Raises:
        FieldRefused: it is no JSON object; NaN, lone surrogates and absurd nesting are none either.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise FieldRefused(answers.refused("PARAM_ERROR", "请求体不是合法的JSON对象"))
    return body


class Rules:
    """
    Rules in their order, made ready once: those with one holder are looked up together.

    Args:
        rules: a rule for an object stands before those for what is in it.
    """

    def __init__(self, *rules: Rule) -> None:
        self._groups: list[tuple[tuple[str, ...], list[tuple[str, Rule]]]] = []
        for rule in rules:
            holder, name = rule.path[:-1], rule.path[-1]
            if not self._groups or self._groups[-1][0] != holder:
                self._groups.append((holder, []))
            self._groups[-1][1].append((name, rule))

    def check(self, body: Mapping[str, Any], *, base: str = "/body") -> None:
        """
        Check *body*, one rule after another.

        Raises:
            FieldRefused: for the first rule that does not hold.
        """
        for path, rules in self._groups:
            holder: object = body
            for name in path:
                holder = holder.get(name) if isinstance(holder, dict) else None
            if not isinstance(holder, dict):
                continue  # the rule for the holder has spoken, or it was not required
            for name, rule in rules:
                value = holder.get(name)
                if value is not None:
                    rule.check(value, "/".join((base, *path, name)))
                elif rule.required:
                    raise _missing("/".join((base, *path, name)), rule.title)


def at(body: Mapping[str, Any], *path: str) -> Any:
    """What stands at *path*, None where nothing does."""
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def parameter(parameters: Mapping[str, str], name: str, title: str) -> str:
    """
    A required parameter of the query.

    Raises:
        FieldRefused: it is missing or empty.
    """
    value = parameters.get(name, "")
    if not value:
        raise _missing(f"/query/{name}", title, location="uri_template")
    return value


def bad_parameter(name: str, value: str, issue: str, *, location: str = "query") -> FieldRefused:
    """A parameter or field whose value makes no sense."""
    shown = value[:_ECHOED_CHARS]
    detail = {"field": name, "value": shown, "issue": issue, "location": location}
    return FieldRefused(answers.refused("PARAM_ERROR", f"参数错误：{name}{issue}", detail=detail))  # noqa: RUF001


def _missing(where: str, title: str, *, location: str = "body") -> FieldRefused:
    message = f"输入源“{where}”映射到字段“{title}”必填性规则校验失败，此字段为必填项"  # noqa: RUF001
    return FieldRefused(answers.refused("PARAM_ERROR", message, detail={"location": location, "value": ""}))


def _length(where: str, title: str, size: int, limit: str, *, unit: str = "字节数") -> FieldRefused:
    message = f"输入源“{where}”映射到值字段“{title}”字符串规则校验失败，{unit} {size}，{limit}"  # noqa: RUF001
    return FieldRefused(answers.refused("PARAM_ERROR", message, detail={"location": "body", "value": size}))


def _charset(where: str, title: str, value: str, pattern: re.Pattern[str]) -> FieldRefused:
    shown = _SHOWN.get(pattern, f"^{pattern.pattern}$")
    message = f"输入源“{where}”映射到值字段“{title}”字符串规则校验失败，字符串必须匹配正则表达式“{shown}”"  # noqa: RUF001
    detail = {"location": "body", "value": value[:_ECHOED_CHARS]}
    return FieldRefused(answers.refused("PARAM_ERROR", message, detail=detail))


def _other_type(where: str, title: str, wanted: str, value: object) -> FieldRefused:
    shown = value if isinstance(value, int | float | bool) else str(value)[:_ECHOED_CHARS]
    detail = {"field": where.removeprefix("/body"), "value": shown, "issue": f"需要{wanted}类型", "location": "body"}
    message = f"输入源“{where}”映射到字段“{title}”类型校验失败，需要{wanted}"  # noqa: RUF001
    return FieldRefused(answers.refused("PARAM_ERROR", message, detail=detail))
