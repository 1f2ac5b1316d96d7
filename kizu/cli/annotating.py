"""Commands that try text grounding on single photos: annotators, annotate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kizu.cli.options import fail, or_exit
from kizu.cli.terminal import (
    err,
    out,
    print_catalogue,
    print_regions,
    print_warning,
    progress_bars,
)
from kizu.grounding import (
    AnnotationFailure,
    Annotator,
    Detections,
    GroundingSettings,
    GroundingUnavailable,
    catalogue,
    load_annotator,
)
from kizu.grounding.names import parse_annotator_name
from kizu.imaging.codecs import UnreadableImageError, decode_image, encode_png
from kizu.viz.detections_overlay import draw_overlay

PNG: Final = ".png"

_MODELS: Final = "Models on this machine"
_KEPT: Final = "Which regions are kept"
_SERVICES: Final = "Services and MMDetection"
_FRACTION: Final = {"min": 0, "max": 1, "metavar": "P"}


def annotators() -> None:
    """List the systems that find phrases in photos: ready here, or what adds them."""
    print_catalogue(catalogue())


def _setting(name: str, heading: str, *names: str, **options: Any) -> Any:  # noqa: ANN401 - as typer.Option
    """Return a command line option with a grounding setting's own description."""
    description = GroundingSettings.model_fields[name].description
    return typer.Option(*names, help=description, rich_help_panel=heading, **options)


def annotate(
    images: Annotated[list[Path], typer.Argument(help="Photos.")],
    phrase: Annotated[list[str], typer.Option(help="What to look for; may be given many times.")],
    annotator: Annotated[str, _setting("annotator", _MODELS)] = "grounding-dino+sam",
    output: Annotated[
        Path,
        typer.Option("--out", help="A folder for the pictures, or of a single photo a .png file."),
    ] = Path("annotated"),
    detector_weights: Annotated[str | None, _setting("detector_weights", _MODELS)] = None,
    segmenter_weights: Annotated[str | None, _setting("segmenter_weights", _MODELS)] = None,
    tile_px: Annotated[int | None, _setting("tile_px", _MODELS, min=64, metavar="PX")] = None,
    box_threshold: Annotated[float | None, _setting("box_threshold", _KEPT, **_FRACTION)] = None,
    phrase_threshold: Annotated[float, _setting("phrase_threshold", _KEPT, **_FRACTION)] = 0.0,
    max_boxes: Annotated[int, _setting("max_boxes", _KEPT, min=1, max=200, metavar="N")] = 20,
    max_area_fraction: Annotated[
        float, _setting("max_area_fraction", _KEPT, min=0.001, max=1, metavar="P")
    ] = 0.9,
    endpoint: Annotated[str | None, _setting("endpoint", _SERVICES)] = None,
    deployment: Annotated[str | None, _setting("deployment", _SERVICES)] = None,
    mmdet_python: Annotated[str | None, _setting("mmdet_python", _SERVICES)] = None,
    mmdet_config: Annotated[str | None, _setting("mmdet_config", _SERVICES)] = None,
    *,
    saliency: Annotated[bool, _setting("saliency", _KEPT, "--saliency")] = False,
) -> None:
    """Find phrases in photos; print the regions and draw them over the photos."""
    or_exit(parse_annotator_name, annotator)
    settings = GroundingSettings(
        annotator=annotator,
        detector_weights=detector_weights,
        segmenter_weights=segmenter_weights,
        box_threshold=box_threshold,
        phrase_threshold=phrase_threshold,
        max_boxes=max_boxes,
        max_area_fraction=max_area_fraction,
        tile_px=tile_px,
        saliency=saliency,
        endpoint=endpoint,
        deployment=deployment,
        mmdet_python=mmdet_python,
        mmdet_config=mmdet_config,
    )
    if settings.notice:
        print_warning(settings.notice)
    pictures = or_exit(overlay_files, images, output)
    try:
        failures = _annotate_all(settings, phrase, dict(zip(images, pictures, strict=True)))
    except GroundingUnavailable as error:
        fail(str(error))
    for sentence in failures:
        err.print(f"failed: {sentence}", style="red", markup=False)
    if failures:
        raise typer.Exit(1)


def overlay_files(images: Sequence[Path], output: Path) -> list[Path]:
    """Return where the picture of each photo goes.

    Args:
        images: The photos.
        output: A PNG file for a single photo, else a folder.

    Raises:
        ValueError: If several photos would go to one file, or a picture over a photo.

    >>> overlay_files([Path("a/cup.jpg"), Path("b/cup.png")], Path("seen"))[1].as_posix()
    'seen/cup-2.png'
    """
    if output.suffix.lower() == PNG:
        if len(images) > 1:
            raise ValueError(f"{len(images)} photos cannot go to one file {output}; name a folder")
        files = [output]
    else:
        files = [output / f"{name}{PNG}" for name in _numbered([image.stem for image in images])]
    photos = {image.resolve() for image in images}
    for file in files:
        if file.resolve() in photos:
            raise ValueError(f"{file} is a photo itself; choose another place with --out")
    return files


def _numbered(stems: Sequence[str]) -> list[str]:
    """Return the names with a number after those that came before."""
    names: list[str] = []
    for stem in stems:
        number, name = 1, stem
        while name in names:
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return names


def _annotate_all(
    settings: GroundingSettings, phrases: Sequence[str], pictures: dict[Path, Path]
) -> list[str]:
    """Annotate photo by photo, print and draw; return one sentence per photo that failed."""
    with progress_bars("load the models"):
        annotator = load_annotator(settings.annotator, settings)
    failures = []
    for photo, picture in pictures.items():
        try:
            shape, found = _annotate_file(annotator, photo, phrases, picture)
        except (OSError, ValueError) as error:
            failures.append(f"{photo}: {_reason(error)}")
            continue
        print_regions(str(photo), shape, found)
        out.print(f"Picture: {picture}", markup=False)
    return failures


def _annotate_file(
    annotator: Annotator, photo: Path, phrases: Sequence[str], picture: Path
) -> tuple[tuple[int, int], Detections]:
    """Return a photo's (H, W) and regions, and write its picture."""
    image = decode_image(photo.read_bytes())
    (found,) = annotator.annotate([image], [phrases])
    if isinstance(found, AnnotationFailure):
        raise UnreadableImageError(found.reason)
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(encode_png(draw_overlay(image, found)))
    return (image.shape[0], image.shape[1]), found


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check its name"
    if isinstance(error, IsADirectoryError):
        return "it is a folder; name its photos, for example FOLDER/*.png"
    return str(error)
