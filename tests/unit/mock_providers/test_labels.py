"""
Labels: the harness's own where there is one, the order of arrival where there is none.
"""

from mock_providers.core.labels import Labels


def test_a_label_in_the_text_is_found_and_stays():
    labels = Labels()
    assert labels.of("alipay", "o1", text="tip pp000123") == "pp000123"
    assert labels.of("alipay", "o1") == "pp000123"
    assert labels.of("alipay", "o1", text="tip pp999999") == "pp000123"


def test_orders_without_a_label_are_numbered_as_they_arrive():
    labels = Labels()
    assert [labels.of("alipay", order) for order in ("x", "y", "x")] == ["arrival-1", "arrival-2", "arrival-1"]


def test_a_label_that_shows_up_later_takes_the_number_s_place():
    labels = Labels()
    assert labels.of("alipay", "o1") == "arrival-1"
    assert labels.of("alipay", "o1", text="pp000007") == "pp000007"


def test_short_numbers_are_no_labels():
    assert Labels().of("alipay", "o1", text="pp12345") == "arrival-1"


def test_forgetting_starts_the_count_anew():
    labels = Labels()
    labels.of("alipay", "o1")
    labels.forget()
    assert labels.of("alipay", "o2") == "arrival-1"
