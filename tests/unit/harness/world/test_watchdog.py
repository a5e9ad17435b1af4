"""Whom the watchdog ends: those who were started and have not been reaped."""

from harness.world.watchdog import alive


def test_nobody_was_started():
    assert alive([]) == {}


def test_those_who_were_reaped_are_left_alone():
    assert alive(["+10 9\n", "+11 2\n", "-10\n"]) == {11: 2}


def test_the_last_word_about_a_process_counts():
    assert alive(["+10 9\n", "-10\n", "+10 2\n", "+10 15\n"]) == {10: 15}


def test_forgetting_a_stranger_is_harmless():
    assert alive(["-99\n", "+10 9\n"]) == {10: 9}
