"""The table of export formats, and what all of them have in common.

Exports are for supervised training, so the defects that one-class methods must not see
(``train_defects``) are part of an export's ``train``; the layouts of MVTec AD keep them apart.
"""

import csv
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast
from uuid import uuid4

from kizu.export.names import stem_of
from kizu.publish.dataset import Dataset
from kizu.publish.selection import Selection
from kizu.sentences import words_of


class ExportError(ValueError):
    """A dataset cannot be exported; the message says why and the way out."""


class ExportModule(Protocol):
    """A module of this room.

    Attributes:
        LOADS: Python that loads an export in the tool, run in the export's folder.
        KEEPS: What of the masks is kept: "every pixel", or what is lost.
    """

    LOADS: str
    KEEPS: str

    def export(self, dataset: Dataset, samples: Selection, folder: Path) -> int | None:
        """Write samples into an empty folder.

        Args:
            dataset: The version, for its name.
            samples: What to write, and the classes there are.
            folder: An empty folder; it is renamed when the export is whole.

        Returns:
            How many mask pixels the format's reader gives back otherwise; None if it keeps no
            masks.
        """
        ...


FORMATS: Final = (
    "anomalib",
    "coco",
    "coco-polygons",
    "cvat",
    "fiftyone",
    "huggingface",
    "label-studio",
    "labelme",
    "mvtec",
    "webdataset",
    "yolo",
    "yolo-detect",
)
"""Each is a module of this room, with ``_`` in the place of ``-``."""

LOSSLESS: Final = "every pixel"
"""``KEEPS`` of a format that loses nothing of a mask."""
SAMPLES: Final = "samples.csv"
README: Final = "README.md"
_COLUMNS: Final = ("name", "sample_id", "defect_type", "split", "verdict", "certified")


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        count: How many samples.
        left_out: How many of the version were not, and why; a sentence per reason.
        lost_px: Mask pixels that the format's reader gives back otherwise; None of a format
            without masks.
        keeps: What the format keeps of masks, in words.
        by_certificate: Whether a certificate stands for the version.
    """

    count: int
    left_out: tuple[str, ...]
    lost_px: int | None
    keeps: str
    by_certificate: bool


def format_module(name: str) -> ExportModule:
    """Return the module of a format.

    Raises:
        ExportError: There is none.
    """
    if name not in FORMATS:
        raise ExportError(f"there is no export format {name!r}; choose one of {', '.join(FORMATS)}")
    return cast("ExportModule", import_module(f"kizu.export.{name.replace('-', '_')}"))


def export_dataset(
    dataset: Dataset,
    to: str,
    folder: Path,
    *,
    also: Collection[str] = (),
    uncertified: bool = False,
) -> Exported:
    """Write a version's normal and accepted images in another tool's format.

    The folder is there when the export is whole, and not before.

    Args:
        dataset: The version.
        to: One of ``FORMATS``.
        folder: Where it goes; must be absent or empty.
        also: Verdicts to export besides "accept": "review", "reject".
        uncertified: Whether accepted samples that no certificate covers go along where one stands.

    Raises:
        ExportError: There is no such format, the folder holds something, or cannot be written.
        DatasetError: A file of the version is missing, or is not the one that was published.
    """
    module = format_module(to)
    check_is_empty(folder)
    samples = Selection(dataset, to, also, uncertified)
    with _whole_or_absent(folder) as aside:
        lost_px = module.export(dataset, samples, aside)
        _write_names(samples, aside / SAMPLES)
        _write_readme(dataset, to, module, samples, aside / README)
    return Exported(
        len(samples), tuple(samples.sentences), lost_px, module.KEEPS, samples.by_certificate
    )


def check_is_empty(folder: Path) -> None:
    """Refuse a folder that is a file, or holds something.

    Raises:
        ExportError: It does.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not an empty folder; choose another one, or empty it")


def make_empty_folder(folder: Path) -> None:
    """Make a folder that an export is written into.

    Raises:
        ExportError: It is a file, or holds something.
    """
    check_is_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _whole_or_absent(folder: Path) -> Iterator[Path]:
    """Give a folder beside the one that is asked for, and rename it when all is written."""
    folder = folder.absolute()
    aside = folder.with_name(f".{folder.name}.partial-{uuid4().hex[:8]}")
    try:
        aside.mkdir(parents=True)
        yield aside
        if folder.exists():
            folder.rmdir()  # no system but POSIX renames over an empty folder
        aside.rename(folder)
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written ({words_of(error)}); choose another place, or make room"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_names(samples: Selection, file: Path) -> None:
    """Write which published sample each name of the export stands for."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(_COLUMNS)
        for sample in samples.rows():
            table.writerow([stem_of(sample), *(sample.row[column] for column in _COLUMNS[1:])])


def _write_readme(
    dataset: Dataset, to: str, module: ExportModule, samples: Selection, file: Path
) -> None:
    """Write what the folder is and how it is loaded; behind what the format wrote itself."""
    docstring = (module.__doc__ or "").strip()
    left_out = "".join(f"- {sentence}\n" for sentence in samples.sentences)
    text = (
        f"# {dataset.name} {dataset.version} ({to})\n\n"
        f"{len(samples)} images, written by `kizu export`. Masks: {module.KEEPS}.\n"
        f"`{SAMPLES}` names the published sample of every file.\n\n"
        f"{docstring}\n\n"
        f"## Load it\n\nIn this folder:\n\n```python\n{module.LOADS.strip()}\n```\n"
    )
    if left_out:
        text += f"\n## Left out of the version's {len(dataset)} images\n\n{left_out}"
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)
