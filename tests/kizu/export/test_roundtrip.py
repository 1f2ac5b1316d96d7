import stat
import sys

import pytest

from kizu.export import FORMATS
from kizu.export import roundtrip as roundtrip_module
from kizu.export.readers.own import OWN
from kizu.export.roundtrip import TOOLS, roundtrip


@pytest.fixture
def nothing_installed(monkeypatch):
    installed = roundtrip_module.find_spec
    monkeypatch.setattr(
        roundtrip_module,
        "find_spec",
        lambda name: installed(name) if name == "pycocotools" else None,
    )


@pytest.mark.parametrize("name", [name for name in FORMATS if name in OWN])
@pytest.mark.usefixtures("nothing_installed")
def test_kizus_own_reading_gives_back_every_pixel_and_class(name, odd_dataset):
    [trip] = roundtrip(odd_dataset, formats=[name])
    assert trip.reader == "kizu's own reading"
    assert (trip.differing_px, trip.wrong_classes, trip.unknown) == (0, 0, 0)
    assert trip.exported == 10
    assert trip.images == (6 if name in {"mvtec", "anomalib"} else 10)  # others lie apart
    assert trip.mask_px > 5000


@pytest.mark.parametrize("name", ["coco", "coco-polygons", "fiftyone"])
@pytest.mark.usefixtures("nothing_installed")
def test_pycocotools_gives_back_every_pixel_and_class(name, odd_dataset):
    [trip] = roundtrip(odd_dataset, formats=[name])
    assert trip.reader.startswith("pycocotools 2.")
    assert (trip.images, trip.differing_px, trip.wrong_classes) == (10, 0, 0)
    assert not trip.is_broken


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "reader"), [("huggingface", "datasets 5"), ("webdataset", "WebDataset 1")]
)
def test_tools_of_this_environment_read_in_a_process_of_their_own(name, reader, odd_dataset):
    [trip] = roundtrip(odd_dataset, formats=[name])
    assert trip.reader.startswith(reader)
    assert (trip.images, trip.differing_px, trip.wrong_classes, trip.problem) == (10, 0, 0, "")


def test_every_format_has_a_tool_and_a_reading_of_its_own():
    assert TOOLS.keys() == set(FORMATS)
    pycocotools = {
        name for name, tools in TOOLS.items() if "pycocotools" in {t.name for t in tools}
    }
    assert OWN.keys() | pycocotools == set(FORMATS)


@pytest.fixture
def environment(tmp_path):
    """Make an environment whose Python has a package and answers what it is told."""

    def made(package, answer):
        python = tmp_path / "environments" / "tool" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!{sys.executable}\n{answer}\n", encoding="utf-8")
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        (python.parents[1] / "lib" / "python3.11" / "site-packages" / package).mkdir(parents=True)
        return tmp_path / "environments"

    return made


def test_a_tool_that_cannot_read_an_export_is_told_by_its_last_words(dataset, environment):
    place = environment("labelme", "import sys; sys.exit('no display')")
    [trip] = roundtrip(dataset, formats=["labelme"], environments=place)
    assert (trip.problem, trip.is_broken) == ("no display", True)


def test_what_a_tool_reads_otherwise_is_counted(dataset, environment):
    """One image is empty, one is too small, one has another class, and one nobody wrote."""
    answer = """
import base64, json, zlib
def say(name, size, label):
    bits = base64.b64encode(zlib.compress(bytes(size[0] * size[1] // 8 + 1))).decode()
    print(json.dumps({"name": name, "size": size, "bits": bits, "label": label}))
print(json.dumps({"version": "1"}))
say("ring", [61, 95], "hole")
say("parts", [60, 95], "hole")
say("line", [61, 95], "hole")
say("strange", [61, 95], None)
"""
    place = environment("labelme", answer)
    [trip] = roundtrip(dataset, formats=["labelme"], environments=place)
    ring, line = (int(dataset[name].label().sum()) for name in ("ring", "line"))
    assert trip.reader == "LabelMe 1"
    assert (trip.images, trip.exported, trip.unknown, trip.wrong_classes) == (3, 4, 1, 1)
    assert trip.differing_px == ring + 61 * 95 + line
    assert trip.is_broken
