import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from reviewed import built, spec_of

from kizu.edit.digital_source import DigitalSource, published_source
from kizu.imaging.codecs import decode_png
from kizu.publish.card import card
from kizu.publish.facts import DefectFacts, VersionFacts
from kizu.publish.montage import montage
from kizu.publish.samples import publish_shard
from kizu.publish.schemas import TABLES
from kizu.publish.version import publish_version
from kizu.sources import list_source, take_in


def facts(**changes):
    crack = DefectFacts(
        verdicts=Counter(accept=3, review=1),
        splits=Counter(test=1, train_defects=2),
        certified=2,
        refused=1,
        cost_usd=0.6,
    )
    told = {
        "normals": Counter(train=5, test=2),
        "defects": {"crack": crack},
        "models": {"painter-2": 4},
        "annotators": ["none"],
        "sources": {"compositeSynthetic": 4},
        "emulated": 0,
    }
    return VersionFacts(**(told | changes))


def header(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_the_header_is_what_hugging_face_reads(spec):
    head = header(card("0123", spec, facts(), None, []))
    assert [each["config_name"] for each in head["configs"]] == list(TABLES)
    assert head["size_categories"] == ["n<1K"]
    assert "license" not in head


def test_the_licence_of_the_spec_is_in_it(spec):
    licensed = spec.model_copy(
        update={"publish": spec.publish.model_copy(update={"license": "cc-by-4.0"})}
    )
    text = card("0123", licensed, facts(), None, [])
    assert header(text)["license"] == "cc-by-4.0"
    assert "No licence is stated" in card("0123", spec, facts(), None, [])


def test_yield_and_cost_of_a_label_are_told(spec):
    text = card("0123", spec, facts(), None, [])
    assert "| crack | 5 | 3 | 2 | 1 | 2 | 1 | 0 | 1 | 60% | 0.2000 |" in text


def test_what_a_price_is_not_known_of_has_no_cost(spec):
    unknown = DefectFacts(verdicts=Counter(accept=1), cost_usd=None)
    text = card("0123", spec, facts(defects={"crack": unknown}), None, [])
    assert "| 100% |  |" in text


def test_pictures_of_a_model_and_of_the_emulator_are_told(spec):
    sources = {"compositeWithTrainedAlgorithmicMedia": 3, "": 1}
    text = card("0123", spec, facts(sources=sources, emulated=3), None, [])
    assert "3 of 4 images with a defect hold pixels of a generative model" in text
    assert "3 images were painted by kizu's emulator" in text


@pytest.mark.parametrize(
    ("edit", "composited", "emulated", "told"),
    [
        (DigitalSource.MODEL, True, False, DigitalSource.MODEL_COMPOSITE),
        (DigitalSource.MODEL, False, False, DigitalSource.MODEL),
        (DigitalSource.MODEL, True, True, DigitalSource.DRAWN_COMPOSITE),
        (DigitalSource.DRAWN_COMPOSITE, False, False, DigitalSource.DRAWN_COMPOSITE),
        (None, True, False, None),
    ],
)
def test_what_made_a_published_picture_follows_from_its_edit(edit, composited, emulated, told):
    assert published_source(edit, composited=composited, emulated=emulated) is told


@pytest.mark.parametrize("shape", [(61, 95), (20, 300), (300, 20), (8, 8)])
def test_a_montage_shows_labels_of_every_shape(shape):
    empty, full = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    image = np.full((*shape, 3), 128, np.uint8)
    assert montage([(image, empty), (image, full)]).shape == (388, 388, 3)


@pytest.fixture
def version(store, tmp_path):
    """A published version's folder on disk."""
    spec = spec_of(tmp_path / "photos", photos=2, side_px=96, defects=["hole", "stain"])
    chosen = built(store, spec)
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    shards = [ref.open(store) for ref in chosen.open_work(store).shards]
    parts = [publish_shard(store, chosen.folder(), shard) for shard in shards]
    publish_version(store, chosen, spec, images, parts)
    return Path(store.address(chosen.folder().path("")))


def test_a_version_has_a_card_with_a_picture_of_each_defect(version):
    text = (version / "README.md").read_text(encoding="utf-8")
    pictures = sorted(version.glob("card/*.png"))
    assert pictures
    assert all(f"![{file.stem}](<card/{file.name}>)" in text for file in pictures)
    assert decode_png(pictures[0].read_bytes()).shape[0] == 388
    files = json.loads((version / "manifest.json").read_bytes())["files"]
    assert set(files) == {"README.md", "croissant.json", *(f"card/{f.name}" for f in pictures)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:mlcroissant")
def test_croissants_own_library_reads_every_table(version):
    import mlcroissant

    described = mlcroissant.Dataset(version / "croissant.json")
    assert not described.metadata.issues.errors
    for table in TABLES:
        rows = list(described.records(table))
        assert all(f"{table}/{TABLES[table].names[0]}" in row for row in rows)
    assert len(list(described.records("samples"))) > 1
