"""The command that says what reviews prove of a dataset: certify."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from kizu.certify.certificate import Certificate
from kizu.cli.options import DEFAULT_STORE, DatasetName, StoreUrl, or_exit, write_text
from kizu.cli.terminal import out
from kizu.publish.certification import prove
from kizu.publish.version import last_build
from kizu.store import Store


def certify(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    json: Annotated[Path | None, typer.Option(help="Write the certificates to this file.")] = None,
) -> None:
    """Say what the reviews of a dataset's last build prove, and how many more are needed."""
    opened = or_exit(Store, store)
    last = or_exit(last_build, opened, name)
    found = prove(opened, name, last.agree, last.open_outcomes(opened))
    for certificate in found.certificates:
        _print(certificate)
    if found.proof.trusted:
        makers = len(found.proof.trusted)
        out.print(f"{makers} prompts are trusted: their clear changes need no annotator.")
    if json is not None:
        write_text(json, found.model_dump_json(indent=2) + "\n")
        out.print(f"Wrote {json}.", markup=False)
    if found.accepted.is_certified:
        out.print(f"'kizu build' publishes what is certified in the version after {last.version}.")
    elif found.accepted.accepted:
        out.print(f"Next: kizu review {name} --store {opened.url}", markup=False)


def _print(certificate: Certificate) -> None:
    out.print(f"{certificate.stratum}: {certificate.sentence}", markup=False)
    points = [point for point in certificate.curve if point.n]
    if not points:
        return
    table = Table("surest part", "reviewed", "wrong", f"bound at {certificate.confidence:.0%}")
    for point in points:
        table.add_row(f"{point.fraction:.0%}", str(point.n), str(point.wrong), f"{point.bound:.1%}")
    out.print(table)
