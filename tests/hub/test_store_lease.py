"""Promise: no two workers write one feed, also when one was paused past its time."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import FakeClock
from hub.settings import StoreSettings
from hub.store import Lease, LeaseLost, Store

MINUTE = timedelta(minutes=1)


def test_a_held_name_is_refused_until_its_time_is_over(store: Store, clock: FakeClock) -> None:
    first = store.lease("northvale/coa", "a", MINUTE)
    assert first is not None
    assert first.token == 1
    assert store.lease("northvale/coa", "b", MINUTE) is None
    assert store.lease("halden/coa", "b", MINUTE) is not None
    clock.advance(MINUTE)
    second = store.lease("northvale/coa", "b", MINUTE)
    assert second is not None
    assert second.token == 2


def test_each_transaction_prolongs_the_lease(store: Store, clock: FakeClock) -> None:
    lease = store.lease("northvale/coa", "a", MINUTE)
    for _ in range(3):
        clock.advance(timedelta(seconds=50))
        with store.transaction(lease) as tx:
            tx.beat("watch")
    assert store.lease("northvale/coa", "b", MINUTE) is None


def test_an_overtaken_token_is_refused_inside_the_transaction(store: Store, clock: FakeClock) -> None:
    slow = store.lease("northvale/coa", "slow", MINUTE)
    clock.advance(2 * MINUTE)
    assert store.lease("northvale/coa", "fast", MINUTE) is not None
    with pytest.raises(LeaseLost, match="lease token 1 was overtaken by 2"), store.transaction(slow) as tx:
        tx.beat("watch")
    with store.reading() as tx:
        assert tx.last_beat("watch") is None


def test_a_lease_given_back_is_free_at_once_and_its_token_never_comes_again(store: Store) -> None:
    first = store.lease("northvale/coa", "a", MINUTE)
    assert first is not None
    store.release(first)
    second = store.lease("northvale/coa", "b", MINUTE)
    assert second is not None
    assert second.token > first.token
    store.release(first)  # too late: it is not its own any more
    assert store.lease("northvale/coa", "c", MINUTE) is None


def test_work_that_goes_on_after_the_lease_was_given_back_writes_nothing(store: Store) -> None:
    """A pull that was cut off gives its feed back while a thread of it still works."""
    given = store.lease("northvale/coa", "a", MINUTE)
    assert given is not None
    store.release(given)
    with pytest.raises(LeaseLost), store.transaction(given) as tx:
        tx.beat("watch")
    assert store.lease("northvale/coa", "b", MINUTE) is not None  # nobody prolonged it


def test_a_clock_that_was_set_back_locks_nobody_out(store: Store, clock: FakeClock) -> None:
    right = clock.now()
    clock.set(right + timedelta(days=365))
    given, held = store.lease("northvale/coa", "a", MINUTE), store.lease("northvale/pat", "a", MINUTE)
    assert given is not None
    assert held is not None
    store.release(given)
    clock.set(right)
    assert store.lease("northvale/coa", "b", MINUTE) is not None
    assert store.lease("northvale/pat", "b", MINUTE) is not None  # by its token the old holder writes nothing more


def test_a_holder_known_to_be_dead_is_not_waited_for(store: Store) -> None:
    dead = store.lease("northvale/coa", "dead", MINUTE)
    assert store.lease("northvale/coa", "next", MINUTE, instead_of="somebody else") is None
    taken = store.lease("northvale/coa", "next", MINUTE, instead_of="dead")
    assert taken is not None
    assert taken.token == 2
    with store.reading() as tx:
        assert tx.lease_of("northvale/coa").holder == "next"
    with pytest.raises(LeaseLost), store.transaction(dead):
        pass


def test_of_many_that_ask_at_once_one_gets_it(tmp_path: Path, clock: FakeClock) -> None:
    settings = StoreSettings().under(tmp_path)
    Store.open(settings, clock).close()
    start = threading.Barrier(8)
    got: list[Lease | None] = []

    def ask(n: int) -> None:
        mine = Store.open(settings, clock)  # a store of its own, as another process has
        start.wait()
        got.append(mine.lease("northvale/coa", f"worker-{n}", MINUTE))
        mine.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in got if lease is not None]) == 1


def test_two_workers_that_overtake_each_other_never_both_write(desk: Any, scale: str) -> None:
    """One pauses past its lease, the other works, the first wakes up and tries to write; again and again."""
    refused, rounds = 0, 50 if scale == "ci" else 500
    for n in range(rounds):
        slow = desk.store.lease("northvale/coa", "slow", MINUTE)
        desk.clock.advance(2 * MINUTE)
        fast = desk.store.lease("northvale/coa", "fast", MINUTE)
        with desk.store.transaction(fast) as tx:
            tx.beat(f"fast-{n}")
        try:
            with desk.store.transaction(slow) as tx:
                tx.beat(f"slow-{n}")
        except LeaseLost:
            refused += 1
        desk.store.release(fast)
    assert refused == rounds
