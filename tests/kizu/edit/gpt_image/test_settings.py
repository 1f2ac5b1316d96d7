import pytest
from pydantic import ValidationError

from kizu.edit.gpt_image.models import Fidelity
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError


def settings(**fields):
    return GptImageSettings.model_validate({"name": "gpt-image", **fields})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"model": "gpt-image-2", "input_fidelity": "high"},
            r"gpt-image-2 does not take input_fidelity 'high' \(it takes: none\); leave it out",
        ),
        (
            {"model": "gpt-image-1-mini", "input_fidelity": "high"},
            r"gpt-image-1-mini does not take input_fidelity 'high' \(it takes: low\)",
        ),
        (
            {"model": "gpt-image-1.5", "size": "2048x2048"},
            "gpt-image-1.5 does not take size 2048x2048; choose 1024x1024, 1536x1024, 1024x1536",
        ),
        (
            {"model": "gpt-image-2", "size": "1000x1000"},
            "gpt-image-2 does not take size 1000x1000; edges must be multiples of 16, up to 3840",
        ),
        ({"deployment": "my deployment"}, "pattern"),
        ({"api_key": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_what_a_model_does_not_take_is_said_before_anything_is_sent(fields, says):
    with pytest.raises(ValidationError, match=says):
        settings(**fields)


@pytest.mark.parametrize("size", ["1024x1024", "3840x2160", "816x816", "2880x2880", "1920x640"])
def test_gpt_image_2_takes_any_size_within_its_rule(size):
    assert settings(model="gpt-image-2", size=size).size == size


@pytest.mark.parametrize("size", ["3856x2160", "800x800", "3840x2176", "1936x640"])
def test_gpt_image_2_takes_no_size_outside_its_rule(size):
    with pytest.raises(ValidationError, match="does not take size"):
        settings(model="gpt-image-2", size=size)


def test_the_highest_fidelity_is_asked_for_where_it_is_offered():
    assert settings(model="gpt-image-1.5").fidelity is Fidelity.HIGH
    assert settings(model="gpt-image-1-mini").fidelity is None
    assert settings(model="gpt-image-2").fidelity is None


def test_how_a_picture_is_bought_is_no_part_of_its_identity():
    plain = settings().identity(emulated=False)
    plumbed = settings(
        deployment="eu-1", images_per_minute=99, timeout_s=5, provider="openai", prices={}
    )
    assert plumbed.identity(emulated=False) == plain
    for shaping in ({"quality": "high"}, {"size": "1024x1024"}, {"model": "gpt-image-2"}):
        assert settings(**shaping).identity(emulated=False) != plain
    assert settings(input_fidelity="high").identity(emulated=False) == plain


def test_a_cap_in_dollars_without_a_price_is_refused_with_the_way_out(spec):
    fields = spec.model_dump(mode="json")
    fields |= {
        "editor": {"name": "gpt-image", "model": "gpt-image-2"},
        "budget": {"max_cost_usd": 5},
    }
    with pytest.raises(SpecError, match=r"price of gpt-image-2 is not known; give editor\.prices"):
        DatasetSpec.parse(fields)
    fields["editor"]["prices"] = {"per_image_usd": 0.05}
    assert DatasetSpec.parse(fields).budget.max_cost_usd == 5
    fields |= {
        "editor": {"name": "gpt-image", "model": "gpt-image-2"},
        "budget": {"max_requests": 5},
    }
    assert DatasetSpec.parse(fields).budget.max_requests == 5


def test_replay_stands_in_for_the_paid_editor_too(spec):
    fields = spec.model_dump(mode="json")
    paid = DatasetSpec.parse({**fields, "editor": {"name": "gpt-image"}})
    replay = DatasetSpec.parse(
        {**fields, "editor": {"name": "replay", "of": {"name": "gpt-image"}}}
    )
    assert replay.editor.of == paid.editor
