import pytest
from matching_pictures import part, with_scratch

from kizu.cli.labelling import phrases_of
from kizu.imaging.codecs import Decoding, encode_png
from kizu.spec import DatasetSpec


@pytest.fixture
def pictures(tmp_path):
    """``normals`` and ``edited`` below the working folder."""
    for folder in ("normals", "edited/crack"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "normals" / "a.png").write_bytes(encode_png(part(1)))
    (tmp_path / "edited" / "crack" / "a.png").write_bytes(encode_png(with_scratch(part(1))))
    return tmp_path


@pytest.mark.parametrize(
    ("defects", "phrases", "found"),
    [
        (["crack"], [], {"crack": []}),
        (["crack"], ["a crack", "a = b"], {"crack": ["a crack", "a = b"]}),
        (["crack", "stain"], ["stain=a spot"], {"crack": [], "stain": ["a spot"]}),
        (["crack", "stain"], ["stain = a = b"], {"crack": [], "stain": [" a = b"]}),
    ],
)
def test_a_phrase_belongs_to_the_defect_it_names_or_to_the_only_one(defects, phrases, found):
    assert phrases_of(defects, phrases) == found


@pytest.mark.parametrize("defects", [[], ["crack", "stain"]])
@pytest.mark.parametrize("phrase", ["a crack", "dent=a dent"])
def test_a_phrase_of_no_defect_is_an_error(defects, phrase):
    with pytest.raises(ValueError, match="belongs to no defect"):
        phrases_of(defects, [phrase])


@pytest.mark.usefixtures("pictures")
def test_a_dry_run_shows_the_pairs_and_builds_nothing(run, tmp_path):
    code, out, _ = run("label", "normals", "edited", "--dry-run", "--store", "kept")
    assert code == 0
    assert "a.png" in out
    assert not list(tmp_path.rglob("datasets"))
    assert not list(tmp_path.rglob("edits"))


@pytest.mark.usefixtures("pictures")
def test_the_spec_written_is_the_one_labelled_wherever_it_lies(run, tmp_path):
    (tmp_path / "specs").mkdir()
    file = tmp_path / "specs" / "dataset.yaml"
    words = ("label", "normals", "edited", "--dry-run", "--write-spec", str(file))
    read_as = ("--depth-bits", "12", "--profiles", "all")
    assert run(*words, "--defect", "crack", "--phrase", "a crack", *read_as)[0] == 0
    assert str(tmp_path) not in file.read_text(encoding="utf-8").partition("\n\n")[2]
    spec = DatasetSpec.from_yaml(file)
    places = [(file.parent / place).resolve() for place in (spec.images.path, spec.editor.path)]
    assert places == [tmp_path / "normals", tmp_path / "edited"]
    assert spec.name == "edited"
    assert spec.images.decoding == Decoding(12, "all")
    assert spec.defects[0].phrases == ("a crack",)


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("normals",), "give NORMALS and EDITED"),
        (("normals", "edited", "--no-normals"), "give NORMALS and EDITED"),
        (("normals", "edited", "--phrase", "a crack"), "belongs to no defect"),
        (("normals", "nowhere"), "nowhere"),
        (("normals", "edited", "--annotator", "nobody"), "nobody"),
        (("normals", "edited", "--write-spec", "normals/a.png"), "exists already"),
    ],
)
def test_wrong_arguments_are_answered_with_one_sentence(run, words, said):
    code, _, errors = run("label", *words, "--dry-run")
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors
