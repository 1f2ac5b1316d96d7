from kizu.cli.demo import PHOTOS, write_demo
from kizu.planning import plan_samples
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec


def test_the_demo_is_a_valid_spec_on_real_photographs(tmp_path, store):
    spec = DatasetSpec.from_yaml(write_demo(tmp_path))
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    assert len(images) == len(PHOTOS) >= 6
    assert len(plan_samples(spec, images)) >= 48
    assert len(spec.defects) >= 4


def test_the_demo_keeps_what_the_user_changed(tmp_path):
    spec_file = write_demo(tmp_path)
    spec_file.write_text("mine", encoding="utf-8")
    write_demo(tmp_path)
    assert spec_file.read_text(encoding="utf-8") == "mine"
