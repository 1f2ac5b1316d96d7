"""The READMEs' example of labelling runs as it is written, on a demo of two photos."""

import re
import shlex
from pathlib import Path

import cv2
import pytest
from published import made_from, publish
from served import ROOT

from kizu.cli.demo import write_demo
from kizu.edit.painter import DefectKind, paint
from kizu.imaging.codecs import decode_image, encode_png
from kizu.publish.dataset import open_dataset
from kizu.publish.layout import VersionFolder
from kizu.store import Store

HEADINGS = {
    "README.md": "## Label pictures you already have",
    "README.ja.md": "## 手元の画像にラベルを付ける",
}
PHOTOS = (("cap", 1), ("plate", 1))


def example(readme: str) -> list[str]:
    """The lines of the first block of commands below a README's heading."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    section = re.search(rf"^{HEADINGS[readme]}$(.*?)^## ", text, re.MULTILINE | re.DOTALL)[1]
    return re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[1].splitlines()


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A demo of two photos, one of them stained, with its files where the demo's lie."""
    monkeypatch.setattr("kizu.cli.demo.PHOTOS", PHOTOS)
    spec = write_demo(tmp_path / "demo")
    version = VersionFolder("demo", "0123456789ab")
    photo = decode_image((spec.parent / "photos" / "cap_1.png").read_bytes())
    region = cv2.circle(photo[..., 0] * 0, (256, 190), 60, 1, -1).astype(bool)
    file = spec.parent / "store" / version.path("files/images/stain/cap_1_stain_000.png")
    file.parent.mkdir(parents=True)
    file.write_bytes(encode_png(paint(photo, DefectKind.STAIN, seed=1, region=region).image))
    return spec.parent


def python_blocks(readme: str) -> list[str]:
    """The blocks of Python that import kizu."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "kizu.make_sample" in block or "open_dataset" in block]


def words_of(line: str) -> list[str]:
    program, *words = shlex.split(line)
    assert program == ".venv/bin/kizu"
    return words


@pytest.mark.usefixtures("demo")
def test_the_examples_first_line_pairs_the_demos_pictures(run):
    code, said, errors = run(*words_of(example("README.md")[0]))
    assert code == 0, errors
    assert "cap_1_stain_000.png: from cap_1.png, stain" in said
    assert said.splitlines()[-1] == "1 pair (1 by content)"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # of Prefect's client
def test_the_example_of_labelling_runs_as_it_is_written(demo, run):
    for line in example("README.md"):
        code, _, errors = run(*words_of(line))
        assert code == 0, errors
    labelled = open_dataset(str(demo / "labelled"), "stain").samples
    assert sorted(labelled["defect_type"]) == ["good", "good", "stain"]
    alone = open_dataset(str(demo / "labelled"), "stain-alone").samples
    assert alone["verdict"].tolist() == ["review"]


def test_both_languages_have_the_same_example():
    assert example("README.md") == example("README.ja.md")
    assert len(example("README.md")) == 3


@pytest.mark.parametrize(("readme", "name"), [("README.md", "mugs"), ("README.ja.md", "湯呑み")])
def test_the_python_of_a_readme_runs_as_it_is_written(
    readme, name, tmp_path, monkeypatch, make_photo
):
    monkeypatch.chdir(tmp_path)
    Path("mug.png").write_bytes(encode_png(make_photo(1)))
    photos = [make_photo(number) for number in range(3)]
    mask = photos[0][..., 0] > 150
    rows = [("cup", "good", "train", "accept", None)]
    rows += [(f"cup_{n}", "crack", "train_defects", "accept", mask) for n in range(2)]
    origins = made_from({row[0]: "1" * 64 for row in rows})
    store = Store("kizu-store")
    publish(store, VersionFolder(name, "0123"), rows, photos, provenance=origins)
    store.write_json(f"datasets/{name}/latest.json", {"version": "0123"})
    blocks = python_blocks(readme)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, readme, "exec"), {})  # noqa: S102 - our own lines
