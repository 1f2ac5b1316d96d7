"""Who has which sample before them."""

from kizu.review_page.leases import LEASE_S, Leases


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_a_page_holds_samples_against_others_and_not_against_itself():
    leases = Leases()
    leases.hold("one", [1, 2])
    assert leases.held_by_others("two") == {1, 2}
    assert leases.held_by_others("one") == set()


def test_what_a_page_holds_no_longer_is_free():
    leases = Leases()
    leases.hold("one", [1, 2])
    leases.hold("one", [2, 3])
    assert leases.held_by_others("two") == {2, 3}


def test_a_page_that_went_away_lets_go_after_a_while():
    clock = Clock()
    leases = Leases(clock)
    leases.hold("one", [1])
    clock.now_s = LEASE_S - 1
    assert leases.held_by_others("two") == {1}
    clock.now_s = LEASE_S
    assert leases.held_by_others("two") == set()
