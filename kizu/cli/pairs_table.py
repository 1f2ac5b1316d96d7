"""Shows which picture belongs to which normal image."""

from kizu.cli.options import or_exit
from kizu.cli.terminal import out, print_skipped, progress_bars
from kizu.pairing import pair_source
from kizu.spec import DatasetSpec
from kizu.store import Store


def show_pairs(spec: DatasetSpec, store: Store) -> None:
    """Pair the pictures of a dataset, and print the pairs and what is left out."""
    with progress_bars():
        inventory, pairing = or_exit(pair_source, spec, store)
    for pair in pairing.pairs:
        out.print(
            f"{pair.picture.name} <- {pair.normal.name} {pair.shown.defect_type} {pair.picture.paired_by} {pair.picture.score} {pair.geometry}"
        )
    print_skipped((*inventory.skipped, *pairing.left_out))
