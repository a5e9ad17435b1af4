import pytest

from loadtests.histogram import Histogram, upper_us


def filled(*milliseconds):
    made = Histogram()
    for one in milliseconds:
        made.add(one / 1000)
    return made


@pytest.mark.parametrize("value_us", [0, 1, 63, 64, 127, 128, 129, 1000, 123_456, 7_777_777, 3_600_000_000])
def test_a_bucket_is_never_below_its_value_and_hardly_above(value_us):
    made = Histogram()
    made.add(value_us / 1e6)

    (place,) = made.buckets
    assert value_us <= upper_us(place) + 1
    assert upper_us(place) <= value_us * 1.016 + 1


def test_buckets_follow_each_other_without_a_gap():
    places: list[int] = []
    for value_us in range(20_000):
        made = Histogram()
        made.add((value_us + 0.5) / 1e6)
        places += made.buckets

    assert sorted(set(places)) == list(range(max(places) + 1))
    assert places == sorted(places)


def test_percentiles_are_by_rank_and_the_maximum_is_exact():
    made = filled(*range(1, 101))

    assert made.percentile_ms(50) == pytest.approx(50, rel=0.016)
    assert made.percentile_ms(99) == pytest.approx(99, rel=0.016)
    assert made.summary()["max"] == pytest.approx(100, abs=0.001)
    assert made.percentile_ms(100) == made.summary()["max"]


def test_two_workers_add_up_to_one():
    together, one, other = filled(1, 2, 3, 900), filled(1, 900), filled(2, 3)

    one.merge(Histogram.from_json(other.to_json()))

    assert (one.buckets, one.count, one.max_us) == (together.buckets, together.count, together.max_us)


def test_it_stays_small_however_much_it_is_fed():
    made = Histogram()
    for number in range(100_000):
        made.add(number * 0.00037)

    assert made.count == 100_000
    assert len(made.buckets) < 1500


def test_of_nothing_there_is_nothing():
    assert Histogram().summary() is None
    with pytest.raises(ValueError, match="nothing"):
        Histogram().percentile_ms(50)


def test_one_may_stand_for_many():
    made = Histogram()
    made.add(0.010, 9)
    made.add(0.500)

    assert made.count == 10
    assert made.percentile_ms(90) == pytest.approx(10, rel=0.016)
    assert made.above(100) == 1
