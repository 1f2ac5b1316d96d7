import pytest

from kizu.imaging.codecs import Decoding
from kizu.labelling import label_spec
from kizu.sources import SourceError
from kizu.spec import DatasetSpec, SpecError

FOLDER = {"name": "folder", "path": "edited"}


@pytest.fixture
def edited(tmp_path):
    """A folder of pictures by defect; only their names are read."""
    for name in ("crack/1.png", "crack/2.png", "stain/1.png"):
        file = tmp_path / "edited" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"a picture")
    return tmp_path / "edited"


def phrases(spec):
    return {defect.defect_type: list(defect.phrases) for defect in spec.defects}


def types(spec):
    return [defect.defect_type for defect in spec.defects]


def parsed(images, editor, **defect):
    return DatasetSpec.parse(
        {
            "name": "mugs",
            "images": images,
            "defects": [{"defect_type": "crack", **defect}],
            "editor": editor,
        }
    )


def test_a_defect_is_a_name_several_or_names_with_their_phrases(edited):
    assert types(label_spec("normals", str(edited), "dent")) == ["dent"]
    assert types(label_spec("normals", str(edited), ["dent", "hole"])) == ["dent", "hole"]
    given = {"dent": ["a dent", "a bump"], "hole": ["a hole"]}
    assert phrases(label_spec("normals", str(edited), given)) == given


def test_without_defects_the_folders_name_them(edited):
    assert types(label_spec("normals", str(edited))) == ["crack", "stain"]


def test_how_photos_are_read_may_be_said_beside_where_they_lie(edited):
    spec = label_spec("normals", str(edited), images={"depth_bits": 12})
    assert (spec.images.path, spec.images.decoding) == ("normals", Decoding(depth_bits=12))


def test_without_defects_a_picture_in_no_folder_is_an_error(edited):
    (edited / "1.png").write_bytes(b"a picture")
    with pytest.raises(SourceError, match="--defect crack"):
        label_spec("normals", str(edited))


def test_without_defects_a_table_names_them_in_its_order(edited, tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text(
        "normal,edited,defect_type\n,stain/1.png,stain\n,crack/1.png,crack\n,crack/2.png,crack\n",
        encoding="utf-8",
    )
    spec = label_spec("normals", str(edited), table=str(table))
    assert types(spec) == ["stain", "crack"]


def test_the_dataset_is_called_like_the_folder_unless_it_has_a_name(edited):
    assert label_spec("normals", str(edited)).name == "edited"
    assert label_spec("normals", str(edited), name="mugs").name == "mugs"


def test_no_normals_are_a_setting_of_the_editor(edited):
    assert not label_spec(None, str(edited)).has_normals
    assert label_spec("normals", str(edited)).has_normals


def test_normals_are_given_exactly_where_the_editor_compares_with_them():
    with pytest.raises(SpecError, match=r"images.path is missing"):
        parsed({}, FOLDER)
    with pytest.raises(SpecError, match=r"'normals'.*without_normals"):
        parsed({"path": "normals"}, {**FOLDER, "without_normals": True})
    assert not parsed({}, {**FOLDER, "without_normals": True}).has_normals


def test_only_an_editor_that_makes_pictures_needs_a_prompt():
    with pytest.raises(SpecError, match=r"prompt is missing.*painter"):
        parsed({"path": "normals"}, {"name": "painter"})
    assert parsed({"path": "normals"}, FOLDER).has_normals


def test_every_place_is_resolved_and_none_that_is_empty():
    mask = {"region": {"kind": "mask", "path": "mask.png"}}
    spec = parsed({"path": "normals"}, {**FOLDER, "table": "pairs.csv"}, **mask)
    moved = spec.with_paths(lambda place: f"/there/{place}")
    assert moved.images.path == "/there/normals"
    assert (moved.editor.path, moved.editor.table) == ("/there/edited", "/there/pairs.csv")
    assert moved.defects[0].region.path == "/there/mask.png"
    alone = parsed({}, {**FOLDER, "without_normals": True})
    moved = alone.with_paths(lambda place: f"/there/{place}")
    assert (moved.images.path, moved.editor.table) == ("", alone.editor.table)
