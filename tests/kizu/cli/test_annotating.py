import numpy as np
import pytest

from kizu.imaging.codecs import decode_png


@pytest.fixture
def no_keys_no_cache(monkeypatch, tmp_path):
    """A machine without keys and with an empty hub cache, which it returns."""
    for name in ("AZURE_VISION_KEY", "AZURE_OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def annotate(run, photos, grounding_dino_folder, sam_folder):
    """Annotate photos by name with tiny random models."""

    def invoke(*words):
        weights = ("--detector-weights", grounding_dino_folder, "--segmenter-weights", sam_folder)
        names = [str(photos / word) if word.endswith(".png") else word for word in words]
        return run("annotate", *names, *map(str, weights), "--box-threshold", "0")

    return invoke


def row_of(text, name):
    return next(line for line in text.splitlines() if f"│ {name} " in line)


@pytest.mark.usefixtures("no_keys_no_cache")
def test_annotators_says_what_each_gives_and_what_adds_it(run):
    code, out, _ = run("annotators")
    assert code == 0
    assert "boxes" in row_of(out, "owlv2")
    assert "masks for boxes" in row_of(out, "sam2")
    assert "boxes and masks" in row_of(out, "clipseg")
    assert "lacks a key" in row_of(out, "gpt-vision")
    assert "\n  owlv2: hf download google/owlv2-base-patch16-ensemble\n" in out


def test_annotators_tells_weights_in_the_cache_from_weights_on_the_hub(run, no_keys_no_cache):
    repository = no_keys_no_cache / "models--facebook--sam3"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    for name in ("config.json", "model.safetensors"):
        (snapshot / name).write_bytes(b"{}")
    out = run("annotators")[1]
    assert "ready" in row_of(out, "sam3")
    assert "hf download facebook/sam3" not in out
    assert "lacks weights" in row_of(out, "clipseg")


def test_annotate_prints_the_regions_and_draws_them_over_the_photo(annotate, tmp_path):
    code, out, _ = annotate("a.png", "--phrase", "a hole", "--phrase", "a scratch")
    assert code == 0
    assert "a.png: 12 of 96x96 px" in out
    assert {phrase for phrase in ("a hole", "a scratch") if phrase in out}
    picture = decode_png((tmp_path / "annotated" / "a.png").read_bytes())
    assert picture.shape == (800, 800, 3)


def test_one_picture_goes_to_the_file_that_is_named(annotate, tmp_path):
    code, out, _ = annotate("a.png", "--phrase", "a hole", "--out", "seen/overlay.PNG")
    assert code == 0
    assert "Picture: seen/overlay.PNG" in out
    assert (tmp_path / "seen" / "overlay.PNG").is_file()


def test_a_photo_that_cannot_be_read_does_not_keep_others_from_being_annotated(annotate, photos):
    (photos / "broken.png").write_bytes(b"no image")
    code, out, errors = annotate("nowhere.png", "broken.png", "b.png", "--phrase", "a hole")
    assert code == 1
    assert "b.png: 12 of 96x96 px" in out
    assert "nowhere.png: there is no such file; check its name" in errors
    assert "broken.png: it is not an image, or its header is damaged" in errors


def test_a_folder_is_no_photo(annotate, photos):
    code, _, errors = annotate(str(photos), "--phrase", "a hole")
    assert code == 1
    assert "it is a folder; name its photos" in errors


def test_nothing_found_says_what_finds_more(run, photos):
    code, out, _ = run("annotate", str(photos / "a.png"), "--phrase", "a", "--annotator", "none")
    assert code == 0
    assert "nothing found; a lower --box-threshold finds more" in out


@pytest.mark.usefixtures("photos")
def test_an_unknown_annotator_lists_the_choices(run):
    code, _, errors = run("annotate", "photos/a.png", "--phrase", "a hole", "--annotator", "dyno")
    assert code == 2
    assert "unknown annotator 'dyno'; choose none, clipseg" in errors


@pytest.mark.usefixtures("photos")
def test_a_phrase_is_needed(run):
    code, _, errors = run("annotate", "photos/a.png")
    assert code == 2
    assert "--phrase" in errors


@pytest.mark.usefixtures("photos")
def test_a_phrase_needs_words(annotate):
    code, _, errors = annotate("a.png", "--phrase", "  ")
    assert code == 1
    assert "no phrase to look for" in errors


@pytest.mark.usefixtures("photos")
def test_missing_weights_are_one_sentence(run):
    words = ("--phrase", "a hole", "--detector-weights", "./nowhere")
    code, _, errors = run("annotate", "photos/a.png", *words)
    assert code == 2
    assert "the weights folder './nowhere' does not exist" in errors


def test_several_photos_need_a_folder(annotate):
    code, _, errors = annotate("a.png", "b.png", "--phrase", "a hole", "--out", "one.PNG")
    assert code == 2
    assert "2 photos cannot go to one file one.PNG; name a folder" in errors


def test_a_picture_never_replaces_a_photo(run, photos):
    before = (photos / "a.png").read_bytes()
    words = ("--phrase", "a hole", "--annotator", "none", "--out", "photos")
    code, _, errors = run("annotate", "photos/a.png", *words)
    assert code == 2
    assert "is a photo itself; choose another place" in errors
    assert np.array_equal((photos / "a.png").read_bytes(), before)
