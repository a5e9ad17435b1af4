"""
What people read, in Chinese: nothing is missing, nothing a machine reads is changed, and money stays money.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import harness
from harness.catalog import BY_ID
from harness.channels import CHANNELS
from harness.words import CATALOGUE, Words
from harness.words.words import pattern_of

ZH, EN = Words("zh"), Words("en")
ROOM = Path(harness.__file__).parent
SAID = YAML(typ="safe", pure=True).load(CATALOGUE.read_text(encoding="utf-8"))
# Where sentences are made that findings and results carry.
SPEAKERS = [*sorted((ROOM / "checks").glob("*.py")), *(ROOM / name for name in ("accounts.py", "audit.py", "trial.py"))]
# What stands in those files and is no sentence for people.
NO_SENTENCES = {
    "the webhooks come before the ledger",
    "not settled",
    "not played",
    "not put to the test",
    "{} times",
    "0.00 yuan",
    "{}: {}",
    "{} {}",
}
# However the words of a reader are held.
SAYING = {"say", "words.say", "self.words.say", "self._words.say"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def skeletons(file: Path) -> Iterator[str]:
    """
    Every text of a module that people could read, with `{}` for what is filled in; docstrings are none.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} | {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def messages() -> Iterator[str]:
    """
    What is handed to `say`, in modules, in templates and in the tables whose names end with SAID.
    """
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SAYING:
                yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))  # type: ignore[misc]
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(getattr(target, "id", "").endswith("_SAID") for target in targets):
                    yield from (value.value for value in node.value.values if isinstance(value, ast.Constant))  # type: ignore[misc]
    for template in (ROOM / "reports" / "html" / "templates").glob("*.html"):
        yield from re.findall(r'words\.say\("([^"]+)"', template.read_text(encoding="utf-8"))


def test_every_sentence_of_a_finding_is_said_in_chinese():
    sentences = SAID["sentences"]
    missing = {
        f"{file.name}: {text}"
        for file in SPEAKERS
        for text in skeletons(file)
        if " " in text.strip() and text not in NO_SENTENCES and text not in sentences
    }

    assert not missing, "say these in harness/words/zh.yaml, under sentences:\n" + "\n".join(sorted(missing))


def test_every_message_is_said_in_chinese():
    missing = {text for text in messages() if text not in SAID["messages"]}

    assert not missing, "say these in harness/words/zh.yaml, under messages:\n" + "\n".join(sorted(missing))


@pytest.mark.parametrize("part", ["messages", "sentences"])
def test_a_translation_fills_in_what_the_english_does(part: str):
    for english, chinese in SAID[part].items():
        holes = re.findall(r"\{(\w*)\}", english)
        wanted = {str(number) for number, _ in enumerate(holes)} if part == "sentences" else set(holes)
        assert set(re.findall(r"\{(\w*)\}", chinese)) <= wanted, english


@pytest.mark.parametrize("part", ["messages", "sentences", "requirements"])
def test_a_translation_is_chinese(part: str):
    plain = {english for english, chinese in SAID[part].items() if not CHINESE.search(str(chinese))}

    assert plain <= {"1 payment.paid"}


def test_every_channel_has_its_chinese_name():
    assert {channel.title for channel in CHANNELS.values()} <= set(SAID["messages"])


def test_money_in_words():
    said = ZH.sentence("order pp000001-x credited twice: 9.90 yuan too much")

    assert said.startswith("订单 pp000001-x 重复入账：多记 9.90 元")  # noqa: RUF001
    assert "两次" in said


def test_the_longest_pattern_wins_and_its_parts_are_translated():
    lost = "order pp000001-x lost: 9.90 yuan paid by the buyer, the gateway does not know it"

    assert ZH.sentence(lost) == "订单 pp000001-x 丢失：买家已付 9.90 元，网关不知道这笔支付"  # noqa: RUF001


def test_what_nobody_translated_is_said_in_english():
    assert ZH.sentence("the moon is full") == "the moon is full"
    assert ZH.say("the moon is full") == "the moon is full"


def test_english_is_left_alone():
    assert EN.say("{count} broken", count=3) == "3 broken"
    assert EN.sentence("9.90 yuan") == "9.90 yuan"
    assert EN.requirement("money/one-fen", BY_ID["money/one-fen"].text) == BY_ID["money/one-fen"].text


def test_a_pattern_takes_braces_and_dots_as_they_are():
    assert pattern_of("1 payment.paid of {}").fullmatch("1 payment.paid of 3")
    assert not pattern_of("1 payment.paid of {}").fullmatch("1 paymentxpaid of 3")
