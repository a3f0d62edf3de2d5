"""A burst is allowed, a steady stream keeps its distance."""

from __future__ import annotations

from jobs.token_bucket import TokenBucket


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def test_a_burst_is_allowed_and_then_one_after_each_distance() -> None:
    clock = Hand()
    bucket = TokenBucket(3, 20, clock)

    assert [bucket.spend() for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s == 20
    clock.at_s += 15
    assert (bucket.spend(), bucket.wait_s) == (False, 5)
    clock.at_s += 5
    assert (bucket.spend(), bucket.spend()) == (True, False)


def test_a_long_rest_gives_no_more_than_a_burst() -> None:
    clock = Hand()
    bucket = TokenBucket(2, 20, clock)
    clock.at_s += 86_400

    assert [bucket.spend() for _ in range(3)] == [True, True, False]
    assert TokenBucket(1, 20, clock).wait_s == 0
