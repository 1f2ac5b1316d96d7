"""Commands that find datasets in a store: list, open."""

import typer
from rich.table import Column, Table

from kizu.agree.verdict import Verdict
from kizu.cli.options import DEFAULT_STORE, DatasetName, DatasetVersion, StoreUrl, or_exit
from kizu.cli.terminal import err, out
from kizu.publish.dataset import LATEST, Dataset, DatasetError, open_dataset
from kizu.publish.layout import complete_versions, dataset_names
from kizu.spec import GOOD
from kizu.store import Store


def list_(store: StoreUrl = DEFAULT_STORE) -> None:
    """List the datasets in a store, with what their latest versions hold."""
    opened = or_exit(Store, store)
    names = dataset_names(opened)
    if not names:
        out.print(f"No dataset in {opened.url}; 'kizu build' makes one.", markup=False)
        return
    numbers = [Column(title, justify="right") for title in ("normal", *Verdict, "versions")]
    table = Table(Column("dataset", no_wrap=True), "latest version", *numbers)
    troubles = []
    for name in names:
        versions = str(len(complete_versions(opened, name)))
        try:
            dataset = open_dataset(opened, name)
            table.add_row(name, dataset.version, *_counts(dataset), versions)
        except DatasetError as error:
            table.add_row(name, "none", *[""] * (1 + len(Verdict)), versions)
            troubles.append(str(error))
    out.print(table)
    for sentence in troubles:
        err.print(sentence, style="yellow", markup=False)


def _counts(dataset: Dataset) -> list[str]:
    """Return how many images are normal, and how many have each verdict."""
    samples = dataset.samples
    judged = samples[samples["defect_type"] != GOOD]["verdict"].value_counts()
    normal = int((samples["defect_type"] == GOOD).sum())
    return [str(normal), *(str(judged.get(verdict, 0)) for verdict in Verdict)]


def open_(
    name: DatasetName, version: DatasetVersion = LATEST, store: StoreUrl = DEFAULT_STORE
) -> None:
    """Print where a version lies: folder of its tables, for example for 'cd'."""
    opened = or_exit(Store, store)
    dataset = or_exit(open_dataset, opened, name, version)
    typer.echo(opened.address(dataset.folder.path("")).rstrip("/"))
