import pytest

from harness.errors import HistoryError
from harness.history import Phase, endings, read_history
from tests.unit.harness.rows import history, order


def test_what_was_written_is_read_back(tmp_path):
    file = tmp_path / "history.ndjson"
    written = history(file)
    asked = written.invoke("create", order=order(1), amount_fen=990)
    written.unknown(asked, detail="no answer")
    written.fact("notify", order=order(1), kind="true", acked=True)
    written.close()

    recording = read_history(file)

    assert recording.operations == tuple(written)
    assert recording.torn == ""


def test_a_torn_last_line_is_told_and_survived(tmp_path):
    file = tmp_path / "history.ndjson"
    written = history(file)
    written.fact("kill")
    written.fact("restart")
    written.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])

    recording = read_history(file)

    assert [operation.kind for operation in recording.operations] == ["kill"]
    assert recording.torn.startswith('{"index":1')


def test_damage_in_the_middle_is_refused_with_its_line(tmp_path):
    file = tmp_path / "history.ndjson"
    written = history(file)
    for _ in range(3):
        written.fact("kill")
    written.close()
    lines = file.read_bytes().split(b"\n")
    lines[1] = lines[1][:20]
    file.write_bytes(b"\n".join(lines))

    with pytest.raises(HistoryError, match=r"history\.ndjson:2:"):
        read_history(file)


def test_an_ending_finds_its_invocation():
    written = history()
    first = written.invoke("create", order=order(1))
    second = written.invoke("create", order=order(2))
    written.fail(second, code="order_conflict")

    ended = endings(written)

    assert ended[second].phase is Phase.FAIL
    assert ended[second].order == order(2)
    assert first not in ended


def test_an_ending_cannot_end():
    written = history()
    ended = written.ok(written.invoke("pay"))

    with pytest.raises(AssertionError):
        written.ok(ended)


def test_both_clocks_are_recorded():
    written = history()
    written.fact("kill")

    assert written[0].at.tzinfo is not None
    assert written[0].real_at.tzinfo is not None
