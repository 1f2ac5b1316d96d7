import json

from made_pairs import made_pair
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from kizu.pairing import Pairing
from kizu.sources import Skipped
from kizu.spec import DatasetSpec
from tasks.artifacts import show_pairs


def show(spec: DatasetSpec, pairing: Pairing):
    """Call it as a flow does, whose parameters may not be as large."""
    flow(lambda: show_pairs(spec, pairing), name="show")()


def read(key):
    """Read the latest artifact of a key: its description and its rows."""
    with get_client(sync_client=True) as client:
        chosen = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        [artifact] = client.read_artifacts(artifact_filter=chosen)
    return artifact.description, json.loads(artifact.data)


def test_the_ui_shows_the_pairs_least_sure_first_and_why_files_were_left_out(spec):
    pairs = (made_pair("b.png", 0.9), made_pair("a.png", 0.5, by="name"))
    left_out = (Skipped("x.png", "matches no normal image"),)
    show(spec, Pairing(pairs=pairs, left_out=left_out))
    described, rows = read(f"pairs-{spec.name}")
    assert described == "2 pairs (1 by content, 1 by name); 1 file left out"
    assert [row["edited"] for row in rows] == ["a.png", "b.png"]
    assert rows[0]["normal"] == "normal.png"
    assert rows[0]["geometry"] == "as it is"
    described, rows = read(f"left-out-{spec.name}")
    assert described == "1 file belongs to no pair"
    assert [(row["file"], row["reason"]) for row in rows] == [("x.png", "matches no normal image")]


def test_of_hundreds_the_ui_shows_a_part_and_says_so(spec):
    named = spec.model_copy(update={"name": "many"})
    pairs = tuple(made_pair(f"{row}.png", row / 250) for row in range(250))
    left_out = tuple(Skipped(f"x{row}.png", "it is damaged") for row in range(250))
    show(named, Pairing(pairs=pairs, left_out=left_out))
    for key in ("pairs-many", "left-out-many"):
        described, rows = read(key)
        assert len(rows) == 200
        assert described.endswith("200 are shown")
