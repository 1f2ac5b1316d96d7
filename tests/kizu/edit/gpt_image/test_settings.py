import pytest
from pydantic import ValidationError

from kizu.edit.gpt_image.models import FAMILIES, Family, Fidelity
from kizu.edit.gpt_image.served import served_models
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.regions import BoxRegion
from kizu.edit.request import DefectRequest, EditRequest
from kizu.edit.served import ServedCall
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
        (
            {"model": "gpt-image-2", "quality": "max"},
            r"gpt-image-2 does not take quality 'max' \(it takes: low, medium, high\); choose one",
        ),
        (
            {"model": "gpt-image-2.5-flare", "complexity": "high"},
            r"2.5-flare does not take complexity 'high' \(it takes: none\); leave it out",
        ),
        (
            {"model": "gpt-image-2", "region_as": "markup"},
            "gpt-image-2 takes no markup; let editor.region_as be auto, mask or none",
        ),
        (
            {"model": "generic", "size": "cheapest"},
            "what a picture of generic costs by its size is not known",
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
        "editor": {"name": "gpt-image", "model": "generic"},
        "budget": {"max_cost_usd": 5},
    }
    with pytest.raises(SpecError, match=r"price of generic is not known; give editor\.prices"):
        DatasetSpec.parse(fields)
    fields["editor"]["prices"] = {"per_image_usd": 0.05}
    assert DatasetSpec.parse(fields).budget.max_cost_usd == 5
    fields |= {
        "editor": {"name": "gpt-image", "model": "generic"},
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


BOX = BoxRegion(x0=0.5, y0=0.1, x1=0.9, y1=0.4)
DEFECT = DefectRequest(
    normal_sha256="ab" * 32,
    source=(6000, 4000),
    category="door",
    defect_type="dent",
    prompt="a dent",
    wording="a dent",
    variant=1,
    seed=3,
    region=BOX,
    area=(0.0001, 0.001),
)


def request_of(editor, defect=DEFECT):
    return EditRequest(
        normal_sha256=defect.normal_sha256,
        ask=editor.describe(defect),
        editor=editor.identity(emulated=False),
        variant=defect.variant,
        seed=defect.seed,
    )


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "31d3eee770214ce0ef7ecafa0680b9661e84c40ef281804784f17fa271c32154"),
        (
            {"model": "gpt-image-1"},
            "e20a438ca1ef98d24f0b514e143b66c04e26dde717722b430aff760626d4ca08",
        ),
        (
            {"model": "gpt-image-1-mini", "quality": "low"},
            "99c5bf811a4d9bf1ff2eea0f6e909688d7cdbe81863a34da06b2532260f2d2d1",
        ),
        (
            {"model": "gpt-image-2"},
            "542b64e743a295b5c99a3215ccc523de59304d43e82c647e8e3ad223ae529f97",
        ),
        (
            {"model": "gpt-image-2", "quality": "high", "size": "2048x1024"},
            "e5dec7e10e1b7b38eea26c41c4c0295431df3fd25270a7d322345e483a32c49f",
        ),
        (
            {"model": "generic", "language": "ja"},
            "9e6063dfdcfb446d8e6f07be2dfbcbab9d4820caccf1c90d98286b9924927ea0",
        ),
        (
            {"input_fidelity": "low", "framing": "whole"},
            "6e494411dcc8cf69c029d1940c07503b3f446c1f6f49d86f4901b92a784f992d",
        ),
    ],
)
def test_what_was_bought_before_there_were_later_families_is_found_again(fields, key):
    assert request_of(settings(**fields)).key == key


NEW = [family for family in Family if "2.5" in family or "2.6" in family]


@pytest.mark.parametrize("family", NEW)
def test_a_later_family_gets_the_region_as_markup_and_a_mask_where_that_is_asked_for(family):
    sentence = "magenta outline drawn over the photo"
    marked, masked = settings(model=family), settings(model=family, region_as="mask")
    in_words = settings(model=family, region_as="none")
    assert (marked.region_form, masked.region_form, in_words.region_form) == (
        "markup",
        "mask",
        "none",
    )
    assert sentence in marked.describe(DEFECT)["prompt"]
    assert "transparent area of the mask" in masked.describe(DEFECT)["prompt"]
    assert "%" in in_words.describe(DEFECT)["prompt"]
    keys = {request_of(each).key for each in (marked, masked, in_words)}
    assert len(keys) == 3
    assert request_of(settings(model=family, region_as="markup")).key == request_of(marked).key


def test_little_planning_is_asked_for_where_it_is_offered():
    for family in NEW:
        sent = settings(model=family).options.get("complexity")
        assert sent == ("low" if "2.6" in family else None)
    low, high = (settings(model=NEW[-1], complexity=each) for each in ("low", "high"))
    assert low.identity(emulated=False) == settings(model=NEW[-1]).identity(emulated=False)
    assert low.identity(emulated=False) != high.identity(emulated=False)


@pytest.mark.parametrize("family", NEW)
def test_no_later_family_is_sent_an_input_fidelity(family):
    assert "input_fidelity" not in settings(model=family).options


@pytest.mark.parametrize("family", [*Family])
@pytest.mark.parametrize("size", [(1024, 1024), (1536, 1024), (1024, 1536)])
def test_the_most_a_call_can_cost_is_never_less_than_what_the_emulator_bills(family, size):
    model = next(model for model in served_models() if model.name == family)
    for quality in FAMILIES[family].qualities:
        editor = settings(model=family, quality=quality)
        request = request_of(editor)
        options = {"quality": quality.value}
        if editor.fidelity:
            options["input_fidelity"] = editor.fidelity.value
        billed = model.serve(ServedCall(editor.sent_prompt(request), size, options)).cost_usd
        most = editor.most_usd(request, size)
        assert (most is None) == (editor.unpriced_model is not None)
        if most is not None:
            assert most >= billed > 0


@pytest.mark.parametrize("quality", ["xhigh", "max"])
def test_a_quality_whose_tokens_nobody_published_has_no_price(quality):
    editor = settings(model="gpt-image-2.5-sunburst", quality=quality)
    assert editor.unpriced_model == "gpt-image-2.5-sunburst"
    assert editor.most_usd(request_of(editor), (1024, 1024)) is None
    assert settings(model="gpt-image-2.5-sunburst").unpriced_model is None


def test_partial_pictures_are_reserved_for():
    request, size = request_of(settings()), (1024, 1024)
    plain, streamed = settings().most_usd(request, size), settings(partial_images=3)
    assert streamed.most_usd(request, size) == pytest.approx(plain + 300 * 32e-6)


def test_markup_is_reserved_for_like_a_second_picture():
    plain = settings(model="gpt-image-2.5-flare", region_as="mask")
    marked = settings(model="gpt-image-2.5-flare")
    size = (1024, 1024)
    assert marked.most_usd(request_of(marked), size) > plain.most_usd(request_of(plain), size)


def test_the_cheapest_size_is_taken_by_later_families_and_by_others_where_it_is_asked_for():
    square = (1024, 1024)
    for family in Family:
        chosen = settings(model=family).sizes.best_size(*square)
        assert (chosen != square) == (family in NEW)
        assert settings(model=family, size="fit").sizes.best_size(*square) == square
    assert settings(model="gpt-image-2", size="cheapest").sizes.best_size(*square) != square


def test_a_size_has_one_key_however_it_is_asked_for():
    def key(**fields):
        return request_of(settings(**fields)).key

    assert key(model="gpt-image-2", size="fit") == key(model="gpt-image-2")
    assert key(model="gpt-image-2", size="cheapest") != key(model="gpt-image-2")
    assert key(model=NEW[0], size="cheapest") == key(model=NEW[0])
    assert key(model=NEW[0], size="fit") != key(model=NEW[0])
