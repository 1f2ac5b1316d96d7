import re
import webbrowser
from pathlib import Path

import pytest
from deep_photos import deep_file, part_of_lot

from kizu.imaging.codecs import encode_png
from kizu.publish.layout import VersionFolder
from kizu.publish.version import point_to_latest
from kizu.spec import DatasetSpec
from kizu.store import Store


def test_init_writes_a_spec_that_is_valid_and_commented(run, photos, tmp_path):
    code, out, _ = run("init", "photos")
    assert code == 0
    assert "kizu plan dataset.yaml" in out
    text = (tmp_path / "dataset.yaml").read_text(encoding="utf-8")
    assert text.count("#") > 10
    spec = DatasetSpec.from_yaml(tmp_path / "dataset.yaml")
    assert (spec.name, spec.images.path) == ("photos", str(photos))


def test_init_counts_the_photos_and_says_that_small_ones_are_small(run, photos):
    (photos / "broken.png").write_bytes(b"")
    _, out, errors = run("init", "photos")
    assert "for 2 photos that can be used" in out
    assert "skipped: broken.png: the file is empty" in errors
    assert "they are small (shorter side 96 px)" in errors


def test_photos_of_16_bits_are_told_with_the_setting_that_gives_them_one_scale(run, photos):
    (photos / "deep.png").write_bytes(deep_file(part_of_lot(1000)))
    for words in (("init", "photos"), ("plan", "dataset.yaml"), ("check", "dataset.yaml")):
        _, said, errors = run(*words)
        assert "16-bit photos: 1; each is scaled by its own" in " ".join((errors + said).split())
    spec = Path("dataset.yaml")
    told = spec.read_text(encoding="utf-8").replace("# depth_bits: 12", "depth_bits: 12")
    spec.write_text(told, encoding="utf-8")
    assert "16-bit photos" not in "".join(map(str, run("plan", "dataset.yaml")))


@pytest.mark.usefixtures("photos")
def test_init_writes_what_runs_on_this_machine(run, tmp_path, monkeypatch):
    run("init", "photos")
    text = (tmp_path / "dataset.yaml").read_text(encoding="utf-8")
    assert "annotator: demo-grounding-dino+demo-sam" in text
    assert "hf download IDEA-Research/grounding-dino-tiny" in text
    assert "is set here" not in text
    monkeypatch.setenv("OPENAI_API_KEY", "0123456789abcdef")
    run("init", "photos", "--output", "keyed.yaml")
    assert "OPENAI_API_KEY is set here" in (tmp_path / "keyed.yaml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("photos")
def test_check_prints_a_row_for_all_that_a_build_needs(run, tmp_path):
    run("init", "photos")
    before = sorted(tmp_path.rglob("*"))
    code, out, _ = run("check", "dataset.yaml")
    assert code == 0
    for words in ("2 can be used", "demo-grounding-dino+demo-sam is here", "painter works here"):
        assert words in " ".join(out.split())
    assert "Next: kizu plan dataset.yaml" in out
    kept = [path for path in sorted(tmp_path.rglob("*")) if "kizu-store" not in path.parts]
    assert kept == before


@pytest.mark.usefixtures("photos")
def test_check_ends_with_an_error_where_something_is_missing(run, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    spec = "name: p\nimages: {path: photos}\ndefects: [{defect_type: hole, prompt: a hole}]\n"
    Path("paid.yaml").write_text(spec + "editor: gpt-image\n", encoding="utf-8")
    code, out, _ = run("check", "paid.yaml")
    assert code == 1
    assert "AZURE_OPENAI_ENDPOINT" in out


@pytest.mark.usefixtures("photos")
def test_init_does_not_overwrite_a_spec(run):
    run("init", "photos")
    code, _, errors = run("init", "photos")
    assert code == 2
    assert "dataset.yaml exists already" in errors


@pytest.mark.parametrize("folder", ["写真 (良品)", "it's: a #1 folder"])
def test_init_copes_with_any_folder_name(run, tmp_path, make_photo, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "a.png").write_bytes(encode_png(make_photo(1)))
    assert run("init", folder)[0] == 0
    assert DatasetSpec.from_yaml(tmp_path / "dataset.yaml").images.path == str(tmp_path / folder)


def test_init_of_a_missing_folder_says_what_to_give(run):
    code, _, errors = run("init", "nowhere")
    assert code == 2
    assert "'nowhere' does not exist; give a folder" in errors


def test_plan_prints_what_would_be_made_and_changes_nothing(run, photos, tmp_path):
    (photos / "broken.png").write_bytes(b"")
    run("init", "photos")
    before = sorted(tmp_path.rglob("*"))
    code, out, errors = run("plan", "dataset.yaml")
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    defect, *_, last = [row for row in rows if row]
    assert defect[:6] == ["hole", "2", "1", "0", "2", "0.00"]
    assert last[:6] == ["all", "2", "2", "0", "4", "0.00"]
    assert "2 photos can be used. It costs nothing (painter)." in out
    assert max(len(line) for line in out.splitlines() if "│" in line) <= 80
    assert "skipped: broken.png: the file is empty" in errors
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("photos")
def test_a_typo_in_the_spec_is_one_sentence(run, tmp_path):
    run("init", "photos")
    file = tmp_path / "dataset.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("seed: 0", "sed: 0"), encoding="utf-8")
    code, _, errors = run("plan", "dataset.yaml")
    assert code == 2
    assert re.search(r"dataset.yaml: line \d+: sed is not a setting; did you mean seed\?$", errors)


def test_report_opens_the_latest_version(run, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    store = Store(str(tmp_path / "kizu-store"))
    folder = VersionFolder("mugs", "0123456789ab")
    store.write_json(folder.path("manifest.json"), {})
    point_to_latest(store, folder)
    code, out, _ = run("report", "mugs")
    assert code == 0
    assert out.strip().endswith("reports/mugs/0123456789ab/index.html")
    assert opened[0].startswith("file://")
    assert run("report", "mugs", "--ja", "--no-open")[1].strip().endswith("index.ja.html")
    assert len(opened) == 1


def test_report_of_an_unknown_dataset_says_how_to_make_one(run):
    code, _, errors = run("report", "mugs")
    assert code == 2
    assert "there is no dataset 'mugs' in kizu-store; 'kizu build' makes one" in errors


def test_export_says_how_many_images_went_where(run, dataset, store, tmp_path):
    words = ("export", dataset.name, "out", "--to", "coco", "--store", store.url)
    code, out, _ = run(*words, "--version", dataset.version)
    assert code == 0
    assert "Wrote 4 of 5 images of plates 0123 to out" in out
    assert (tmp_path / "out" / "annotations" / "instances_train.json").is_file()


def test_export_in_an_unknown_format_ends_with_the_choices(run, dataset, store):
    words = ("export", dataset.name, "out", "--to", "kml", "--store", store.url)
    code, _, errors = run(*words, "--version", dataset.version)
    assert code == 2
    assert "no export format 'kml'" in errors


def test_export_tells_what_it_left_out_and_how_to_load_it(run, dataset, store):
    words = ("export", dataset.name, "out", "--to", "mvtec", "--store", store.url)
    _, out, _ = run(*words, "--version", dataset.version)
    assert "Masks: every pixel." in out
    assert "Left out: 1 wait for a person (--also review exports them too)." in out
    assert "README.md there says how to load it." in out


def test_roundtrip_prints_a_row_per_reader_and_no_pixel_that_differs(run, dataset, store):
    words = ("roundtrip", dataset.name, "--to", "coco", "--to", "yolo", "--store", store.url)
    code, out, _ = run(*words, "--version", dataset.version)
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")] for line in out.splitlines() if "│" in line]
    assert [row[1] for row in rows] == ["coco", "yolo"]
    assert all(row[3:5] == ["4 of 4", "0"] for row in rows)
    assert rows[0][2].startswith("pycocotools")


def test_plan_says_how_groups_fall_and_what_no_rule_speaks_of(run, photos, tmp_path, make_photo):
    for name in ("lot1_a", "lot1_b", "lot2_a"):
        (photos / f"{name}.png").write_bytes(encode_png(make_photo(len(name) + ord(name[3]))))
    (photos / "lot1_b.png").write_bytes(encode_png(make_photo(99)))
    run("init", "photos")
    file = tmp_path / "dataset.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("images:", "images:\n  group: lot(\\d+)_"), encoding="utf-8")
    code, out, errors = run("plan", "dataset.yaml")
    assert code == 0
    assert "4 groups of 5 photos, the largest of 2: " in out
    assert "images.group says nothing of 2 of 5 photos (" in errors
