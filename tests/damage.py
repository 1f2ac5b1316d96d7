"""The ways in which stored files are damaged: what disks, kills and careless hands leave."""

from collections.abc import Callable, Iterable
from random import Random

from kizu.store import Store


def _flipped(data: bytes) -> bytes:
    place = Random(len(data)).randrange(len(data))  # noqa: S311 - anybody may repeat it
    return data[:place] + bytes([data[place] ^ 1 << 4]) + data[place + 1 :]


def _random(data: bytes) -> bytes:
    return Random(len(data)).randbytes(max(len(data), 64))  # noqa: S311 - as above


CONTENT: dict[str, Callable[[bytes], bytes]] = {
    "one flipped byte": _flipped,
    "cut to half": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "random bytes": _random,
}
"""Ways that leave a file of other content, by name."""

MISSING, EXCHANGED = "missing", "exchanged with another of its kind"

WAYS = (*CONTENT, MISSING, EXCHANGED)


def damage(store: Store, path: str, way: str, others: Iterable[str] = ()) -> None:
    """Damage a stored file.

    Args:
        store: The store.
        path: The file.
        way: One of ``WAYS``.
        others: Files of its kind, for ``EXCHANGED``.
    """
    if way == MISSING:
        store.remove(path)
    elif way == EXCHANGED:
        data = store.read(path)
        store.write(path, next(d for other in others if (d := store.read(other)) != data))
    else:
        store.write(path, CONTENT[way](store.read(path)))
