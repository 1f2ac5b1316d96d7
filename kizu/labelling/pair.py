"""Labels one picture that exists, with its normal image or alone, in memory."""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import TypeAlias

import numpy as np

from kizu.agree.change import Change
from kizu.agree.fusion import Fused, fuse
from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.agree.verdict import Agreement, agree
from kizu.diff import DiffResult, DiffSettings, Status, not_compared
from kizu.diff.composite import Composite, carry_map, composite, mask_on_edited
from kizu.diff.window import diff_window
from kizu.edit.regions import Region, foreground_mask, region_mask
from kizu.grounding import (
    AnnotationFailure,
    Detections,
    GroundingSettings,
    GroundingUnavailable,
    load_annotator,
)
from kizu.grounding.encoded import decoded, encoded
from kizu.grounding.moved import move_detections
from kizu.grounding.names import NO_GROUNDING
from kizu.imaging.arrays import Mask, RgbImage, checked_rgb
from kizu.imaging.codecs import Decoding, Profiles, UnreadableImageError, decode_image
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS, most_bytes
from kizu.imaging.geometry import Geometry
from kizu.labelling.labelled import LabelledPair
from kizu.matching import find_geometry
from kizu.source_files import NotReadableError, read_url
from kizu.store.addresses import without_secrets

Picture: TypeAlias = RgbImage | bytes | str | PathLike[str]
"""(H, W, 3) uint8 RGB, or a picture's file: its bytes, its path, or an fsspec URL."""

Annotators: TypeAlias = str | GroundingSettings | Sequence[str | GroundingSettings]
"""Who looks for phrases: names, or settings that name an annotator."""


def label_pair(
    normal: Picture | None,
    edited: Picture,
    phrases: Sequence[str] | str = (),
    *,
    annotators: Annotators | None = None,
    diff: DiffSettings | None = None,
    region: Region | Mask | None = None,
    depth_bits: int | None = None,
    profiles: Profiles = "opaque",
) -> LabelledPair:
    """Label a picture that has a defect already: find how it lies on its normal, and what differs.

    Args:
        normal: The normal image; None if there is none, so that the annotators alone say where the
            defect is.
        edited: The picture, of any size: resized, cropped, padded or turned.
        phrases: What annotators look for; none to compare only.
        annotators: Who looks for the phrases; None for the usual one.
        diff: What counts as a change.
        region: Where the defect may be: a region, or an (H, W) bool mask of the normal image.
        depth_bits: How files of 16 bits are read, as in a spec's ``images``.
        profiles: Which colour profiles of files are converted, as there.

    Returns:
        The label with all that led to it; as the last line of a notebook's cell it is a picture.

    Raises:
        ValueError: A picture cannot be used, or there are neither a normal image nor phrases.
        OSError: A file cannot be opened.
        GroundingUnavailable: An annotator cannot run here; the message says why and the way out.

    Example:
        >>> normal = np.random.default_rng(0).integers(60, 200, (64, 96, 3)).astype(np.uint8)
        >>> edited = normal.copy()
        >>> edited[20:36, 30:50] = 255
        >>> label_pair(normal, edited).boxes.tolist()
        [[30.0, 20.0, 50.0, 36.0]]
    """
    read_as = Decoding(depth_bits, profiles)
    picture = _opened(edited, "edited", read_as)
    looked_for = (phrases,) if isinstance(phrases, str) else tuple(phrases)
    chosen = _chosen(annotators, looked_for)
    if normal is None:
        if not (looked_for and chosen):
            raise ValueError(
                "without a normal image only annotators can say where the defect is; give phrases, "
                "and an annotator"
            )
        return _alone(picture, _look(picture, looked_for, chosen))
    photo = _opened(normal, "normal", read_as)
    match = find_geometry(photo, picture)
    sizes = [(image.shape[1], image.shape[0]) for image in (photo, picture)]
    geometry = match.geometry if match else Geometry.whole(sizes[0], sizes[1])
    on_grid = geometry.undo(picture, photo)
    inside = _region_mask(region, photo)
    result = diff_window(photo, on_grid, geometry.crop, diff, region=inside)
    found = _look(on_grid, looked_for, chosen)
    fused, agreement = _judged(_change_of(result), on_grid, found, _moved(inside, result))
    label = _pasted(photo, on_grid, fused.mask, result)
    moved = result.status is Status.CHANGED
    return LabelledPair(
        normal=photo,
        edited=picture,
        has_normal=True,
        mask=label.label,
        mask_on_edited=geometry.apply_mask(fused.mask),
        judged_on_edited=geometry.apply_mask(result.judged),
        composite=label.image,
        touched=label.touched,
        anomaly_map=carry_map(result.anomaly_map, result.normal_from_edited)
        if moved
        else result.anomaly_map,
        detections=_carried(found, result) if moved else found,
        geometry=geometry,
        match_score=match.score if match else 0.0,
        status=result.status,
        drift=result.drift,
        verdict=agreement.verdict,
        reason=agreement.reason,
        explanation=agreement.explanation,
        figures=agreement.figures.model_dump(),
        score=agreement.score,
    )


def _alone(picture: RgbImage, found: Mapping[str, Detections]) -> LabelledPair:
    """Label a picture by what annotators found alone."""
    size = (picture.shape[1], picture.shape[0])
    change = _change_of(not_compared((picture.shape[0], picture.shape[1])))
    fused, agreement = _judged(change, picture, found)
    mask = fused.mask
    return LabelledPair(
        normal=picture,
        edited=picture,
        has_normal=False,
        mask=mask,
        mask_on_edited=mask,
        judged_on_edited=None,
        composite=picture,
        touched=np.ones(mask.shape, np.bool_),
        anomaly_map=None,
        detections=found,
        geometry=Geometry.whole(size, size),
        match_score=None,
        status=Status.NO_NORMAL,
        drift=None,
        verdict=agreement.verdict,
        reason=agreement.reason,
        explanation=agreement.explanation,
        figures=agreement.figures.model_dump(),
        score=agreement.score,
    )


def _opened(picture: Picture, what: str, read_as: Decoding) -> RgbImage:
    """Return a picture's pixels; ``what`` names the argument in errors."""
    if isinstance(picture, np.ndarray):
        return checked_rgb(picture, what)
    name, data = what, picture
    if not isinstance(data, bytes):
        name = f"{what} {fspath(data)}"
        data = _read(fspath(data), name)
    try:
        return decode_image(data, decoding=read_as)
    except UnreadableImageError as error:
        raise UnreadableImageError(f"{name}: {error}") from error


def _read(place: str, name: str) -> bytes:
    """Return a file's bytes.

    Raises:
        ValueError: It is no file, or a URL that carries a secret, or one too large for a picture.
        OSError: It cannot be opened.
    """
    try:
        return read_url(without_secrets(place), most_bytes(DEFAULT_MAX_MEGAPIXELS))
    except NotReadableError as error:
        raise UnreadableImageError(f"{name}: {error}") from error


def _region_mask(region: Region | Mask | None, photo: RgbImage) -> Mask | None:
    shape = photo.shape[0], photo.shape[1]
    if not isinstance(region, np.ndarray):
        return region_mask(region, shape, lambda: foreground_mask(photo))
    if region.shape != shape or region.dtype != np.bool_:
        raise ValueError(f"region is {region.dtype} {region.shape}; the normal needs bool {shape}")
    return region


def _chosen(annotators: Annotators | None, phrases: Sequence[str]) -> list[GroundingSettings]:
    """Return the settings of all annotators that are to look.

    Raises:
        ValueError: There is no annotator of that name, one is named twice, or there is nothing to
            look for.
    """
    if annotators is None:
        return [GroundingSettings()] if phrases else []
    listed = [annotators] if isinstance(annotators, str | GroundingSettings) else annotators
    settings = [
        GroundingSettings(annotator=item) if isinstance(item, str) else item for item in listed
    ]
    asked = [each for each in settings if each.annotator != NO_GROUNDING]
    names = [each.annotator for each in asked]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} appears twice; name each annotator once")
    if asked and not phrases:
        raise ValueError("annotators look for phrases; give phrases=['a scratch'], or no annotator")
    return asked


def _look(
    picture: RgbImage, phrases: Sequence[str], annotators: Sequence[GroundingSettings]
) -> dict[str, Detections]:
    """Return what each annotator finds, by its name.

    Raises:
        GroundingUnavailable: One cannot run here, or cannot read this picture.
    """
    found = {}
    for settings in annotators:
        name = settings.annotator
        annotator = load_annotator(name, settings, keep=len(annotators))
        [answer] = annotator.annotate([picture], [phrases])
        if isinstance(answer, AnnotationFailure):
            raise GroundingUnavailable(f"{name}: {answer.reason}")
        found[name] = answer
    return found


def _change_of(result: DiffResult) -> Change:
    return Change(result.status, result.mask, result.anomaly_map, result.threshold)


def _moved(region: Mask | None, result: DiffResult) -> Mask | None:
    """Return the region in the edited picture's frame."""
    return None if region is None else mask_on_edited(region, result.normal_from_edited)


def _judged(
    change: Change, edited: RgbImage, found: Mapping[str, Detections], region: Mask | None = None
) -> tuple[Fused, Agreement]:
    """Choose the mask, and compare the change with what annotators found."""
    testimony = {name: encoded(each) for name, each in found.items()}
    fused = fuse(change, edited, testimony, region)
    judged = agree(change, fused, testimony, AreaRange(), AgreementSettings(), region=region)
    return fused, judged


def _pasted(normal: RgbImage, edited: RgbImage, mask: Mask, result: DiffResult) -> Composite:
    """Return the composite with its label; of a redrawn picture, the picture itself."""
    if result.status is not Status.REDRAWN:
        return composite(normal, edited, mask, result)
    return Composite(edited, mask, np.ones(mask.shape, np.bool_))


def _carried(found: Mapping[str, Detections], result: DiffResult) -> dict[str, Detections]:
    """Return detections in the normal image's frame."""
    shape = result.mask.shape[0], result.mask.shape[1]
    return {
        name: decoded(move_detections(encoded(each), result.normal_from_edited), shape)
        for name, each in found.items()
    }
