"""The command that labels pictures which exist: label."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from kizu.cli.datasets import show_build
from kizu.cli.options import DEFAULT_STORE, StoreUrl, fail, or_exit
from kizu.cli.pairs_table import show_pairs
from kizu.cli.spec_template import path_from
from kizu.cli.terminal import out
from kizu.edit.folder import FolderSettings
from kizu.edit.settings import PairBy
from kizu.imaging.codecs import Profiles
from kizu.labelling import label_spec
from kizu.settings import Settings
from kizu.spec import DatasetSpec
from kizu.spec.dataset import ImagesSpec
from kizu.store import Store


def _setting(name: str, of: type[Settings] = FolderSettings) -> Any:  # noqa: ANN401 - what typer.Option takes and gives
    """Return a command line option with a setting's own description."""
    return typer.Option(help=of.model_fields[name].description)


def label(
    normals: Annotated[str, typer.Argument(help="Folder, pattern or URL of the normal images.")],
    edited: Annotated[
        str | None, typer.Argument(help="The same of the pictures with defects.")
    ] = None,
    defect: Annotated[
        list[str] | None,
        typer.Option(help="What the pictures show; without, the names of their folders."),
    ] = None,
    phrase: Annotated[
        list[str] | None,
        typer.Option(
            help="What annotators look for; of several defects as crack='a crack'. May be repeated."
        ),
    ] = None,
    table: Annotated[str | None, _setting("table")] = None,
    name_rule: Annotated[str | None, _setting("name_rule")] = None,
    pair_by: Annotated[PairBy, _setting("pair_by")] = "auto",
    annotator: Annotated[
        list[str] | None, typer.Option(help="Who looks for the phrases; may be repeated.")
    ] = None,
    depth_bits: Annotated[int | None, _setting("depth_bits", ImagesSpec)] = None,
    profiles: Annotated[Profiles, _setting("profiles", ImagesSpec)] = "opaque",
    name: Annotated[str | None, typer.Option(help="The dataset's name; default: EDITED's.")] = None,
    store: StoreUrl = DEFAULT_STORE,
    write_spec: Annotated[
        Path | None, typer.Option(help="Also write a spec file, for 'kizu build'.")
    ] = None,
    *,
    no_normals: Annotated[
        bool, typer.Option("--no-normals", help="There are none: give the pictures alone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which picture belongs to which; then stop.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Prefect's log.")] = False,
) -> None:
    """Label pictures that have defects already: find their normal images, and what differs."""
    if no_normals == (edited is not None):
        fail("give NORMALS and EDITED, or --no-normals and the folder of the pictures alone")
    spec = or_exit(
        label_spec,
        None if no_normals else normals,
        edited or normals,
        or_exit(phrases_of, defect or [], phrase or []) if defect or phrase else None,
        name=name,
        table=table,
        name_rule=name_rule,
        pair_by=pair_by,
        annotators=annotator,
        images={"depth_bits": depth_bits, "profiles": profiles},
    )
    if write_spec is not None:
        or_exit(write_spec_file, spec, write_spec)
        out.print(f"Wrote {write_spec}.")
    show_pairs(spec, or_exit(Store, store))
    if not dry_run:
        show_build(spec, store, verbose=verbose)


def phrases_of(defects: list[str], phrases: list[str]) -> dict[str, list[str]]:
    """Give each phrase to its defect.

    Args:
        defects: The defect types.
        phrases: The phrases; with several defects each after the name of its own and "=".

    Raises:
        ValueError: It is not said whose a phrase is.

    Example:
        >>> phrases_of(["crack", "stain"], ["crack=a crack", "stain=a spot"])
        {'crack': ['a crack'], 'stain': ['a spot']}
    """
    found: dict[str, list[str]] = {defect: [] for defect in defects}
    for phrase in phrases:
        whose, equals, words = phrase.partition("=")
        if equals and whose.strip() in found:
            found[whose.strip()].append(words)
        elif len(defects) == 1:
            found[defects[0]].append(phrase)
        else:
            named = f"one of {', '.join(defects)}" if defects else "a --defect"
            raise ValueError(
                f"--phrase {phrase!r} belongs to no defect; name {named} and write NAME={phrase!r}"
            )
    return found


def write_spec_file(spec: DatasetSpec, file: Path) -> None:
    """Write a spec as a file that ``kizu build`` takes: what is as usual is left out.

    Raises:
        ValueError: The file is there already.
    """
    if file.exists():
        raise ValueError(f"{file} exists already; delete it or choose another --write-spec")
    relative = spec.with_paths(lambda place: path_from(place, file))
    fields = relative.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    heading = f"# Labels pictures that exist. Run it with 'kizu build {file}'."
    file.write_text(f"{heading}\n\n{text}", encoding="utf-8")
