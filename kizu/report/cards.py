"""Keeps drawn cards as files that the reports of a dataset share, each drawn once.

``reports/NAME/cards/ab/KEY.webp`` is a film, ``KEY.js`` beside it the words and the evidence: JSON
with its checksum within a call, for a page that is opened from disk may read no file but may run
one. ``reports/NAME/cards.json`` remembers the words of the last build's cards and where its contact
sheet lies, so that the next build reads two files and not two of each sample.
"""

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kizu.publish.layout import CARDS, VersionFolder, cards_path
from kizu.publish.outcomes import Outcome
from kizu.report.card import CardPictures, CardWords, Evidence
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.checked import decode_json, encode_json, naming
from kizu.store.keys import content_key
from kizu.versions import CARD_VERSION

_CALL: Final = b"kizuCard("
_END: Final = b")"
_DIGITS: Final = 20
"""Of a card's key in its files' names: enough to tell apart all cards of a dataset."""


@dataclass(frozen=True)
class DrawnCard:
    """A card that lies in the store.

    Attributes:
        key: Its name there.
        words: What is said of it.
        lasts: Whether it is what its sample's outcome stands for, also in later builds.
    """

    key: str
    words: CardWords
    lasts: bool = True


class CardFolder:
    """The drawn cards of a dataset."""

    def __init__(self, store: Store, dataset: str) -> None:
        """Point at them; nothing is read."""
        self._store = store
        self._folder = cards_path(dataset)

    def path(self, key: str, suffix: str) -> str:
        """Return where a card's film (``webp``) or words and evidence (``js``) lie."""
        return f"{keyed(self._folder, key)}.{suffix}"

    def whole(self) -> frozenset[str]:
        """Return the keys of all cards whose files are both there; none of them is read."""
        sizes = self._store.known_sizes(self._folder)
        found = Counter(posixpath.splitext(path)[0] for path, size in sizes.items() if size)
        return frozenset(posixpath.basename(path) for path, files in found.items() if files == 2)

    def film(self, key: str) -> bytes:
        """Return a card's film.

        Raises:
            FileNotFoundError: It is not there.
        """
        return self._store.read(self.path(key, "webp"))

    def read(self, key: str) -> CardPictures:
        """Return a card.

        Raises:
            FileNotFoundError: It is not there.
            DamagedFileError: It is not what was written.
        """
        words, evidence = self._told(key)
        return CardPictures(words, self.film(key), evidence)

    def words(self, key: str) -> CardWords:
        """Return what is said of a card.

        Raises:
            FileNotFoundError: It is not there.
            DamagedFileError: It is not what was written.
        """
        return self._told(key)[0]

    def write(self, key: str, pictures: CardPictures) -> None:
        """Write a card: it counts once its words are there."""
        self._store.write(self.path(key, "webp"), pictures.film)
        path = self.path(key, "js")
        told = {"words": pictures.words.to_json(), "evidence": pictures.evidence.to_json()}
        self._store.write(path, _CALL + encode_json(path, told).strip() + _END)

    def _told(self, key: str) -> tuple[CardWords, Evidence]:
        path = self.path(key, "js")
        data = self._store.read(path)
        with naming(self._store.address(path)):
            if not (data.startswith(_CALL) and data.endswith(_END)):
                raise ValueError("it is no card")
            told = decode_json(path, data[len(_CALL) : -len(_END)])
            return CardWords.from_json(told["words"]), Evidence.from_json(told["evidence"])


def card_name(card_key: str) -> str:
    """Return what a card's files are called."""
    return card_key[:_DIGITS]


def named_cards(store: Store, version: VersionFolder) -> list[str] | None:
    """Return the keys of the cards that a version's report has; None where it does not say."""
    try:
        keys: list[str] = store.read_json(version.report(f"{CARDS}.json"))["cards"]
    except (FileNotFoundError, DamagedFileError, KeyError):
        return None
    return keys


def note_cards(store: Store, version: VersionFolder, keys: Sequence[str]) -> None:
    """Note which cards a version's report has; see ``named_cards``."""
    store.write_json(version.report(f"{CARDS}.json"), {"cards": keys})


@dataclass(frozen=True)
class NotedSheet:
    """A contact sheet in the store.

    Attributes:
        path: Where it lies.
        sha256: What its file must hash to.
        keys: The names of its cards in its order.
    """

    path: str
    sha256: str
    keys: tuple[str, ...]


class CardMemory:
    """The words of the last build's cards, by what they follow from, and its contact sheet."""

    def __init__(self, store: Store, dataset: str) -> None:
        """Read them; nothing where there are none, or they cannot be read."""
        self._store = store
        self._path = f"{cards_path(dataset)}.json"
        try:
            self._told = store.read_json(self._path)
            self._cards = self._told["cards"]
        except (FileNotFoundError, DamagedFileError, KeyError):
            self._told, self._cards = {}, {}

    def find(self, outcome: Outcome) -> DrawnCard | None:
        """Return an outcome's card where the last build had it."""
        found = self._cards.get(_memory_key(outcome)) if outcome.rows_key else None
        return (
            None if found is None else DrawnCard(found["key"], CardWords.from_json(found["words"]))
        )

    @property
    def sheet(self) -> NotedSheet | None:
        """The last build's contact sheet; None where it is not known."""
        told = self._told.get("sheet")
        return NotedSheet(told["path"], told["sha256"], tuple(told["keys"])) if told else None

    def remember(
        self, outcomes: Sequence[Outcome], cards: Sequence[DrawnCard], sheet: NotedSheet | None
    ) -> None:
        """Keep the words of cards and the sheet, and nothing of earlier ones.

        Args:
            outcomes: What the cards stand for.
            cards: The cards.
            sheet: The contact sheet.
        """
        by_name = {card.words.sample_id: card for card in cards}
        told: dict[str, Any] = {"cards": {}}
        for outcome in outcomes:
            card = by_name.get(outcome.sample_id)
            if card is not None and card.lasts and outcome.rows_key:
                words = card.words.to_json()
                told["cards"][_memory_key(outcome)] = {"key": card.key, "words": words}
        if sheet is not None:
            told["sheet"] = {"path": sheet.path, "sha256": sheet.sha256, "keys": list(sheet.keys)}
        if told != self._told:
            self._store.write_json(self._path, told)


def _memory_key(outcome: Outcome) -> str:
    """Return a key of everything that a card follows from, without reading any of it."""
    return content_key(
        "shown",
        version=CARD_VERSION,
        rows=outcome.rows_key,
        verdict=outcome.verdict,
        reason=outcome.reason,
    )
