"""The command that lets people judge samples: review."""

from typing import Annotated

import typer

from kizu.cli.options import DEFAULT_STORE, DatasetName, StoreUrl, or_exit
from kizu.cli.terminal import out
from kizu.store import Store


def review(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    reviewer: Annotated[str, typer.Option(help="Your name, where the page does not know it.")] = "",
    segmenter: Annotated[
        str | None,
        typer.Option(
            help="Marks what you click on, as sam or sam2; 'none' for none. Default: the dataset's."
        ),
    ] = None,
    segmenter_weights: Annotated[
        str | None, typer.Option(help="Hub id or local path of its weights.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    address: Annotated[
        str, typer.Option(help="Name by which others reach this machine.", show_default=False)
    ] = "",
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 8377,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Judge samples in the browser; the next build takes the decisions in."""
    from kizu.review_page import PageAddress, serve_review
    from kizu.review_page.clicking import ClickSegmenter, named_segmenter, segmenters_of
    from kizu.review_page.session import ReviewSession

    session = or_exit(ReviewSession, or_exit(Store, store), name, reviewer=reviewer)
    if segmenter is None:
        choices = segmenters_of(session.spec)
    elif segmenter == "none":
        choices = []
    else:
        choices = [or_exit(named_segmenter, segmenter, segmenter_weights)]
    or_exit(
        serve_review,
        session,
        PageAddress(host=host, port=port, name=address),
        lambda text: out.print(text, markup=False),
        clicks=ClickSegmenter(choices) if choices else None,
        show=show,
    )
