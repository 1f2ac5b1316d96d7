import pytest

from kizu.cli.demo import PHOTOS, write_demo
from kizu.demo_parts import PARTS
from kizu.planning import plan_samples
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.splits import group_photos


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory):
    """The demo with small photographs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kizu.demo_parts.camera.SIZE_PX", (128, 107))
        return write_demo(tmp_path_factory.mktemp("demo"))


def test_the_demo_is_a_valid_spec_on_photographs_of_its_parts(spec_file, store):
    spec = DatasetSpec.from_yaml(spec_file)
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    assert len(images) == len(PHOTOS) == 8
    planned = plan_samples(spec, images)
    assert len(planned) == 64
    assert {each.defect_type for each in planned} == {"scratch", "crack", "stain", "hole"}
    groups = group_photos(spec, images)
    assert len({groups.group_of(image).key for image in images}) == len(PARTS)


def test_the_demo_keeps_what_the_user_changed(spec_file):
    before = spec_file.read_text(encoding="utf-8")
    spec_file.write_text("mine", encoding="utf-8")
    write_demo(spec_file.parent)
    assert spec_file.read_text(encoding="utf-8") == "mine"
    spec_file.write_text(before, encoding="utf-8")
