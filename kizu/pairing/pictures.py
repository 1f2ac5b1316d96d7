"""Pairs the user's pictures with their normal images, a part of the files at a time."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import Decoding, UnreadableImageError, decode_image, decoding_of
from kizu.imaging.geometry import Geometry
from kizu.matching import (
    ContentMatch,
    ImageFeatures,
    describe_image,
    find_geometry,
    match_by_content,
)
from kizu.pairing.normals import NormalImages
from kizu.pairing.pairs import Pair
from kizu.pairing.rules import PairingRules, Told, UnpairedError
from kizu.progress import advance
from kizu.samples import PairedPicture
from kizu.sentences import words_of
from kizu.settings import Record
from kizu.sources import NormalImage, Skipped, SourceFile, pixels_digest, read_file, take_in
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import content_key, sha256_hex
from kizu.versions import DECODER_VERSION, MATCHING_VERSION

logger = logging.getLogger(__name__)

SETTING: Final = "editor.path"
"""The setting that says where the pictures are."""

PAIR: Final = "pair"
"""What progress is reported as."""

_OPEN_PICTURES: Final = 2  # decoded at a time; of 24 megapixels one takes 72 MB
_RIVALS_SHOWN: Final = 3


class FoundMatch(Record):
    """What looking at a picture and its possible normal images came to; kept in the store.

    Attributes:
        pixels_sha256: SHA-256 of the picture's size and decoded pixels.
        normal: SHA-256 of the normal image's file; None if none was found.
        geometry: How that one was brought to the picture.
        score: How much of the nearest normal image was found again, 0 to 1.
        rivals: SHA-256 of normal images that are equally near.
    """

    pixels_sha256: str
    normal: str | None
    geometry: Geometry | None
    score: float
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Picture:
    """A readable picture: its file, the SHA-256 of its bytes, how it is read and what is said."""

    file: SourceFile
    sha256: str
    decoding: Decoding
    told: tuple[Told, ...]


def pair_files(
    files: Sequence[SourceFile], rules: PairingRules, normals: NormalImages, store: Store
) -> list[Pair | Skipped]:
    """Pair pictures with their normal images, or tell of each why it has none.

    Args:
        files: The pictures.
        rules: What names, folders and a table say of them.
        normals: The normal images.
        store: Where it is kept what was found, so that no picture is looked at twice.
    """
    found: list[Pair | Skipped] = []
    pictures: list[_Picture] = []
    for file in files:
        picture = _look_up(file, rules)
        if isinstance(picture, Skipped):
            found.append(picture)
            advance(PAIR)
        else:
            pictures.append(picture)
    if not rules.source.has_normals:
        for picture in pictures:
            found += _alone(picture, rules.max_megapixels, store)
            advance(PAIR)
        return found
    untold = [picture for picture in pictures if any(not told.normal for told in picture.told)]
    by_content = _search(untold, normals, store, rules.max_megapixels)
    for picture in pictures:
        found += _paired(picture, by_content.get(picture.sha256), rules, normals, store)
        advance(PAIR)
    return found


def _look_up(file: SourceFile, rules: PairingRules) -> _Picture | Skipped:
    data = read_file(file, rules.max_megapixels)
    if isinstance(data, Skipped):
        return data
    try:
        own = decoding_of(data, rules.decoding)
        return _Picture(file, sha256_hex(data), own, tuple(rules.tell(file.name)))
    except UnpairedError as error:
        return Skipped(file.name, str(error))


def _alone(picture: _Picture, max_megapixels: float, store: Store) -> list[Pair | Skipped]:
    """Take in a picture without a normal image."""
    image = take_in(picture.file, store, max_megapixels, picture.decoding)
    if isinstance(image, Skipped):
        return [image]
    size = (image.width, image.height)
    alone = PairedPicture(name=image.name, sha256=picture.sha256, paired_by="none", score=None)
    return [
        Pair(
            picture=alone,
            pixels_sha256=image.pixels_sha256,
            normal=image,
            has_normal=False,
            geometry=Geometry.whole(size, size),
            shown=told.shown,
            decoding=picture.decoding,
        )
        for told in picture.told
    ]


def _paired(
    picture: _Picture,
    by_content: FoundMatch | Skipped | None,
    rules: PairingRules,
    normals: NormalImages,
    store: Store,
) -> list[Pair | Skipped]:
    """Pair a picture with the normal images it is told to belong to, or that were found."""
    try:
        return [_pair(picture, told, by_content, rules, normals, store) for told in picture.told]
    except OSError:
        raise  # the store
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this picture's alone
        return [Skipped(picture.file.name, _why(error))]


def _pair(
    picture: _Picture,
    told: Told,
    by_content: FoundMatch | Skipped | None,
    rules: PairingRules,
    normals: NormalImages,
    store: Store,
) -> Pair:
    if told.normal is not None:
        found, by = _as_told(picture, told.normal, rules, normals, store), told.by
    elif isinstance(by_content, FoundMatch):
        named = _of_the_same_name(picture, by_content, rules, normals, store)
        found, by = (named, "name") if named else (by_content, "content")
    else:
        raise UnpairedError(by_content.reason if by_content else "it was not looked at")
    if found.normal is None or found.geometry is None:
        raise UnpairedError(_why_unpaired(found, normals))
    return Pair(
        picture=PairedPicture(
            name=picture.file.name,
            sha256=picture.sha256,
            paired_by=by,
            score=round(found.score, 4),
        ),
        pixels_sha256=found.pixels_sha256,
        normal=normals[found.normal],
        has_normal=True,
        geometry=found.geometry,
        shown=told.shown,
        decoding=picture.decoding,
    )


def _of_the_same_name(
    picture: _Picture,
    found: FoundMatch,
    rules: PairingRules,
    normals: NormalImages,
    store: Store,
) -> FoundMatch | None:
    """Let the name decide where the content leaves it open, if the pictures do not contradict.

    It is open between normal images that are equally near, and where the picture is a normal image
    itself: one that was edited twice has its first edit among the normal images of the second.
    """
    same = rules.same_name(picture.file.name) if rules.source.pair_by == "auto" else None
    if same is None:
        return None
    is_normal = found.normal and normals[found.normal].pixels_sha256 == found.pixels_sha256
    if same.sha256 not in found.rivals and not is_normal:
        return None
    named = _as_told(picture, same, rules, normals, store)
    return named if named.score else None


def _as_told(
    picture: _Picture,
    normal: NormalImage,
    rules: PairingRules,
    normals: NormalImages,
    store: Store,
) -> FoundMatch:
    """Find how a normal image lies in its picture; the whole in the whole if it is not to be seen.

    Raises:
        UnreadableImageError: The picture cannot be decoded.
    """
    path = _match_path(picture, normal.sha256)
    if (known := _known(path, store)) is not None:
        return known
    pixels = _decode(picture, rules.max_megapixels)
    match = find_geometry(normals.open(normal.sha256), pixels, normals.features(normal.sha256))
    size = (pixels.shape[1], pixels.shape[0])
    geometry = match.geometry if match else Geometry.whole((normal.width, normal.height), size)
    found = FoundMatch(
        pixels_sha256=pixels_digest(pixels),
        normal=normal.sha256,
        geometry=geometry,
        score=match.score if match else 0.0,
    )
    store.write_json(path, found.model_dump(mode="json"))
    return found


def _search(
    pictures: Sequence[_Picture], normals: NormalImages, store: Store, max_megapixels: float
) -> Mapping[str, FoundMatch | Skipped]:
    """Look for the normal image of each picture, once; the answers by the pictures' SHA-256."""
    answers: dict[str, FoundMatch | Skipped] = {}
    files, features, digests = {}, {}, {}
    for picture in pictures:
        if (known := _known(_match_path(picture, normals.digest), store)) is not None:
            answers[picture.sha256] = known
            continue
        try:
            pixels = _decode(picture, max_megapixels)
        except UnreadableImageError as error:
            answers[picture.sha256] = Skipped(picture.file.name, str(error))
            continue
        files[picture.sha256] = picture
        features[picture.sha256] = describe_image(pixels)
        digests[picture.sha256] = pixels_digest(pixels)
    opened = lru_cache(maxsize=_OPEN_PICTURES)(
        lambda sha256: _decode(files[sha256], max_megapixels)
    )
    for sha256, match in _matches(features, normals, opened).items():
        if isinstance(match, str):
            answers[sha256] = Skipped(files[sha256].file.name, match)
            continue
        found = FoundMatch(
            pixels_sha256=digests[sha256],
            normal=match.normal,
            geometry=match.geometry,
            score=match.score,
            rivals=match.rivals,
        )
        store.write_json(_match_path(files[sha256], normals.digest), found.model_dump(mode="json"))
        answers[sha256] = found
    return answers


def _matches(
    features: Mapping[str, ImageFeatures],
    normals: NormalImages,
    opened: Callable[[str], RgbImage],
) -> Mapping[str, ContentMatch | str]:
    """Look for the normal image of each picture, or say why that cannot be told."""
    if not features:
        return {}
    try:
        return match_by_content(features, normals.index, opened, normals.open)
    except OSError:
        raise  # the store
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one picture's alone
        if len(features) == 1:
            return dict.fromkeys(features, _why(error))
        singly = [_matches({sha256: one}, normals, opened) for sha256, one in features.items()]
        return {sha256: match for found in singly for sha256, match in found.items()}


def _why(error: Exception) -> str:
    """Return what is wrong with a picture that could not be compared."""
    if isinstance(error, UnpairedError | UnreadableImageError):
        return words_of(error)
    logger.warning("a picture cannot be compared", exc_info=error)
    return f"it cannot be compared with normal images ({words_of(error)})"


def _decode(picture: _Picture, max_megapixels: float) -> RgbImage:
    data = read_file(picture.file, max_megapixels)
    if isinstance(data, Skipped):
        raise UnreadableImageError(data.reason)
    if sha256_hex(data) != picture.sha256:
        raise UnreadableImageError("it changed while it was looked at; build again")
    return decode_image(data, max_megapixels, picture.decoding)


def _match_path(picture: _Picture, among: str) -> str:
    told = picture.decoding.told()
    versions = {"decoder": DECODER_VERSION, "matching": MATCHING_VERSION}
    chosen = {"decoding": told} if told else {}
    key = content_key("match", picture=picture.sha256, among=among, **versions, **chosen)
    return f"{keyed('matches', key)}.json"


def _known(path: str, store: Store) -> FoundMatch | None:
    try:
        return store.read_json_as(path, FoundMatch.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def _why_unpaired(found: FoundMatch, normals: NormalImages) -> str:
    if not found.rivals:
        return (
            f"matches no normal image (best score {found.score:.2f}); if it belongs to one, say so "
            "in a table (editor.table), or give it the same name and set editor.pair_by: name"
        )
    names = " and ".join(normals[sha256].name for sha256 in found.rivals[:_RIVALS_SHOWN])
    return f"{names} are equally near; say in a table (editor.table) which it is"
