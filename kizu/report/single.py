"""Makes one file of a report, to be sent: the page with the pictures that it shows."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from kizu.imaging.codecs import decode_png
from kizu.publish.dataset import DatasetError
from kizu.publish.layout import VersionFolder
from kizu.report.card_pictures import encode_webp
from kizu.report.cards import CardFolder
from kizu.report.index import ShownCard, quoted
from kizu.report.page import embedded, footer, json_text
from kizu.report.write import PAGE, UP
from kizu.store import DamagedFileError, Store

MOST_SAMPLES: Final = 200
"""Some 40 MB, which a browser opens at once and most mail servers no longer take."""

SIDE_PX: Final = 1024
"""Longer side of the large pictures: at full size a few samples would be too much for one file."""

_QUALITY: Final = 80  # of WebP
_DATA: Final = '<script type="application/json" id="{}">'
_END: Final = "</script>"
_FOOTER: Final = re.compile(r'(?<=<footer class="colophon">).*?(?=</footer>)', re.DOTALL)


def single_page(store: Store, folder: VersionFolder) -> str:
    """Return a version's report as HTML that asks for nothing.

    Raises:
        DatasetError: It has too many samples, or its report or a picture cannot be read.
    """
    try:
        html = store.read(folder.report(PAGE)).decode()
        index = _json_in(html, "index")
        if len(index["ids"]) > MOST_SAMPLES:
            raise DatasetError(
                f"{folder.dataset} {folder.version} has {len(index['ids'])} samples, one file "
                f"holds at most {MOST_SAMPLES}; send the folders 'reports' and 'datasets' instead"
            )
        held = {name: _held(store, folder, index, at) for at, name in enumerate(index["ids"])}
    except (FileNotFoundError, DamagedFileError) as error:
        raise DatasetError(f"{error}; 'kizu build' makes the report anew") from error
    place = _DATA.format("embedded")
    whole = html.replace(f"{place}null", f"{place}{json_text(held)}")
    return _FOOTER.sub(lambda _: footer(is_whole=True), whole)


def _json_in(html: str, name: str) -> Mapping[str, Any]:
    start = _DATA.format(name)
    _, found, rest = html.partition(start)
    if not found:
        raise DatasetError("the report was written by another kizu; 'kizu build' makes it anew")
    value: Mapping[str, Any] = json.loads(rest[: rest.index(_END)])
    return value


def _held(store: Store, folder: VersionFolder, index: Mapping[str, Any], at: int) -> dict[str, Any]:
    """Return what the page holds of a sample; see ``samples.js``."""
    pictures = CardFolder(store, folder.dataset).read(index["keys"][at])
    normal = index["values"]["normal"][index["columns"]["normal"][at]]
    published = index["images"][at].replace("*", quoted(index["ids"][at]))
    return {
        **embedded(ShownCard(pictures.words, pictures=pictures)),
        "normal": _picture(store, normal),
        "published": _picture(store, published),
    }


def _picture(store: Store, address: str) -> str:
    """Return the picture of an address in the page as WebP in base64; empty for none."""
    if not address:
        return ""
    image = decode_png(store.read(unquote(address).removeprefix(UP)))
    scale = min(SIDE_PX / max(image.shape[:2]), 1.0)
    return base64.b64encode(encode_webp(image, _QUALITY, scale)).decode("ascii")
