"""What bounds the stores of things that are costly to make again."""

from concurrent.futures import ThreadPoolExecutor

from langchain_gptv._bounded import BoundedStore


def test_the_least_recently_used_gives_way():
    """A value that was asked for stays longer than one that was not."""
    store = BoundedStore[str, str](10, len)
    store.put("a", "12345")
    store.put("b", "12345")
    assert store.get("a") == "12345"
    store.put("c", "12345")
    assert [store.get(key) for key in "abc"] == ["12345", None, "12345"]


def test_an_old_value_is_as_good_as_gone():
    """Age bounds a store as size does."""
    store = BoundedStore[str, str](10, max_age_s=0)
    store.put("a", "new")
    assert store.get("a") is None


def test_what_is_larger_than_the_store_is_not_kept():
    """One large value does not push all others out."""
    store = BoundedStore[str, str](10, len)
    store.put("a", "1")
    store.put("b", "1" * 11)
    assert (store.get("a"), store.get("b")) == ("1", None)


def test_a_value_put_again_counts_once():
    """The size is that of what is kept now."""
    store = BoundedStore[str, str](10, len)
    for _ in range(5):
        store.put("a", "12345")
    store.put("b", "12345")
    assert (store.get("a"), store.get("b")) == ("12345", "12345")


def test_threads_do_not_lose_count():
    """After any mix of puts from many threads the store still holds what fits, and no more."""
    store = BoundedStore[int, str](1000, len)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put(number % 97, "x" * (number % 50)), range(20_000)))
    kept = [store.get(key) for key in range(97)]
    assert sum(len(value) for value in kept if value) <= 1000
    store.put(1000, "y" * 1000)
    assert store.get(1000) == "y" * 1000
