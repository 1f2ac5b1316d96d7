"""Every key against every setting: what shapes a result is in its key, and nothing else is."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from real_defects import write_defects

from kizu.agree.verdict import Verdict
from kizu.edit import regions
from kizu.edit.flux import FluxSettings
from kizu.edit.folder import FolderSettings
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.registry import EDITORS
from kizu.edit.storage import EditRecord, sidecar_path
from kizu.edit.transplant.settings import TransplantSettings
from kizu.grounding import annotator_version
from kizu.imaging.codecs import Decoding
from kizu.imaging.geometry import Geometry
from kizu.outputs import SampleOutputs
from kizu.pairing.pairs import Pair, Shown
from kizu.planning import plan_samples
from kizu.publish.outcomes import Outcome, SampleStatus, last_keys, version_name
from kizu.review import record_decision
from kizu.samples import PairedPicture
from kizu.settings import Settings
from kizu.shards import Shard
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.stages import FUSE, GROUNDING, STAGES
from kizu.stages.fuse import FusedRecord
from kizu.store import Store
from kizu.store.keys import content_key

NORMAL = NormalImage("ab" * 32, "cd" * 32, "a.png", 640, 480)
WHOLE = Geometry.fit((640, 480), GptImageSettings(name="gpt-image").sizes)
FOUNDATION: dict[str, Any] = {
    "name": "plates",
    "images": {"path": "photos", "group": {"table": "lots.csv"}},
    "defects": [
        {
            "defect_type": "hole",
            "prompt": "a deep hole",
            "phrases": ["a hole"],
            "region": {"kind": "box", "x0": 0.1, "y0": 0.1, "x1": 0.9, "y1": 0.9},
            "area": {"min_fraction": 0.001, "max_fraction": 0.2},
        },
        {"defect_type": "stain", "prompt": "a dark stain"},
    ],
    "grounding": {"annotator": "gpt-vision", "deployment": "eyes"},
}
PAID: dict[str, Any] = {**FOUNDATION, "editor": {"name": "gpt-image", "model": "gpt-image-1"}}
LATER_PAID: dict[str, Any] = {
    **FOUNDATION,
    "editor": {"name": "gpt-image", "model": "gpt-image-2.6-sunburst"},
}

GIVEN: dict[str, Any] = {**FOUNDATION, "editor": {"name": "folder", "path": "edited"}}
PAIR = Pair(
    picture=PairedPicture(name="x.png", sha256="ef" * 32, paired_by="content", score=0.9),
    pixels_sha256="01" * 32,
    normal=NORMAL,
    has_normal=True,
    geometry=Geometry.whole((640, 480), (320, 240)),
    shown=Shown(defect_type="hole"),
)

E, D, G, F, A, C, V = "edit", "diff", "grounding", "fuse", "verdict", "card", "version"
FROM_EDIT = {E, V}
FROM_DIFF = {D, F, A, C, V}
FROM_GROUNDING = {G, F, A, C, V}
FROM_FUSE = {F, A, C, V}
FROM_VERDICT = {A, C, V}
NOTHING: set[str] = set()

COMMON: dict[str, tuple[Any, set[str]]] = {
    "name": ("cups", {V}),
    "images.path": ("elsewhere", NOTHING),
    "images.category": ("cup", {V}),
    "images.group.pattern": ("tile([0-9]+)", {V}),
    "images.group.folder": (1, {V}),
    "images.group.table": ("other.csv", NOTHING),
    "images.near_duplicates": (False, {V}),
    "images.max_edited": (7, {V}),
    "images.max_megapixels": (50.0, NOTHING),
    "images.depth_bits": (12, NOTHING),
    "images.profiles": ("all", NOTHING),
    "defects.0.defect_type": ("dent", {C, V}),
    "defects.0.prompt": ("a round hole", FROM_EDIT | {C}),
    "defects.0.phrases": (["a pit"], FROM_GROUNDING),
    "defects.0.wordings": (["a pit"], {V}),
    "defects.0.severity": ("severe", FROM_EDIT | {C}),
    "defects.0.placement": ("at the rim", {V}),
    "defects.0.variants": (2, {V}),
    "defects.0.region.x0": (0.2, FROM_EDIT | FROM_DIFF),
    "defects.0.region.y0": (0.2, FROM_EDIT | FROM_DIFF),
    "defects.0.region.x1": (0.8, FROM_EDIT | FROM_DIFF),
    "defects.0.region.y1": (0.8, FROM_EDIT | FROM_DIFF),
    "defects.0.region.kind": ("foreground", FROM_EDIT | FROM_DIFF),
    "defects.0.area.min_fraction": (0.002, FROM_EDIT | FROM_VERDICT),
    "defects.0.area.max_fraction": (0.3, FROM_EDIT | FROM_VERDICT),
    "diff.false_alarm_rate": (0.02, FROM_DIFF),
    "diff.min_visible_delta_e": (3.0, FROM_DIFF),
    "diff.min_area_px": (9, FROM_DIFF),
    "diff.max_work_megapixels": (3.0, FROM_DIFF),
    "diff.threads": (2, NOTHING),
    "grounding.annotator": ("azure-vision", FROM_GROUNDING),
    "grounding.detector_weights": ("elsewhere", NOTHING),
    "grounding.segmenter_weights": ("elsewhere", NOTHING),
    "grounding.box_threshold": (0.4, FROM_GROUNDING),
    "grounding.phrase_threshold": (0.4, FROM_GROUNDING),
    "grounding.phrase_thresholds": ({"hole": 0.4}, FROM_GROUNDING),
    "grounding.nms_iou": (0.4, FROM_GROUNDING),
    "grounding.max_boxes": (9, FROM_GROUNDING),
    "grounding.max_area_fraction": (0.4, FROM_GROUNDING),
    "grounding.tile_px": (512, FROM_GROUNDING),
    "grounding.saliency": (True, FROM_GROUNDING),
    "grounding.rivals": (True, FROM_GROUNDING),
    "grounding.on_normal": (True, FROM_GROUNDING),
    "grounding.device": ("cpu", NOTHING),
    "grounding.precision": ("bfloat16", FROM_GROUNDING),
    "grounding.force_demo_weights": (True, NOTHING),
    "grounding.endpoint": ("https://eyes.example", FROM_GROUNDING),
    "grounding.deployment": ("other eyes", FROM_GROUNDING),
    "grounding.mmdet_python": ("elsewhere", NOTHING),
    "grounding.mmdet_config": ("elsewhere", NOTHING),
    "agree.min_mask_iou": (0.3, FROM_VERDICT),
    "agree.min_box_iou": (0.4, FROM_VERDICT),
    "agree.min_outline_iou": (0.4, FROM_VERDICT),
    "agree.max_outside_fraction": (0.4, FROM_VERDICT),
    "agree.max_unexplained_fraction": (0.1, FROM_VERDICT),
    "agree.min_sharp_fraction": (0.4, FROM_VERDICT),
    "agree.max_wrong": (0.05, NOTHING),
    "agree.confidence": (0.95, NOTHING),
    "agree.max_bad_edits": (0.1, NOTHING),
    "agree.without_grounding": ("accept", FROM_VERDICT),
    "publish.test_fraction": (0.4, {V}),
    "publish.folds": (5, {V}),
    "publish.composite": (False, {C, V}),
    "publish.negatives": (["unchanged"], {V}),
    "publish.license": ("cc-by-4.0", {V}),
    "publish.latest": ("always", NOTHING),
    "publish.wait_for_review": (True, NOTHING),
    "publish.take_over": (True, NOTHING),
    "seed": (3, FROM_EDIT | {C}),
    "budget.max_requests": (9, NOTHING),
    "budget.max_cost_usd": (9.0, NOTHING),
    "budget.max_requests_per_day": (9, NOTHING),
    "budget.max_cost_usd_per_day": (9.0, NOTHING),
}
PAINTER: dict[str, tuple[Any, set[str]]] = {
    "editor.drift": ("gpt-image-2", FROM_EDIT | {C}),
    "editor.fit": ("crop", FROM_EDIT | {C}),
}
GPT_IMAGE: dict[str, tuple[Any, set[str]]] = {
    "editor.model": ("gpt-image-1-mini", FROM_EDIT | {C}),
    "editor.quality": ("low", FROM_EDIT | {C}),
    "editor.input_fidelity": ("low", FROM_EDIT | {C}),
    "editor.size": ("1536x1024", FROM_EDIT | {C}),
    "editor.framing": ("whole", FROM_EDIT | {C}),
    "editor.language": ("ja", FROM_EDIT | {C}),
    **{
        f"editor.{name}": (value, NOTHING)
        for name, value in {
            "deployment": "edits",
            "provider": "openai",
            "url_style": "v1",
            "auth": "entra",
            "secret_block": "key",
            "images_per_minute": 9.0,
            "max_in_flight": 9,
            "timeout_s": 9.0,
            "max_attempts": 9,
            "max_wait_s": 9.0,
            "stop_after_failures": 9,
            "partial_images": 2,
            "max_refusals": 9,
            "batch": True,
            "batch_wait_s": 9.0,
            "prices": {"per_image_usd": 1.0},
        }.items()
    },
}
LATER: dict[str, tuple[Any, set[str]]] = {
    "editor.complexity": ("high", FROM_EDIT | {C}),
    "editor.region_as": ("none", FROM_EDIT | {C}),
}
"""What only later families take."""
FLUX: dict[str, tuple[Any, set[str]]] = {
    "editor.size": ("1248x832", FROM_EDIT | {C}),
    "editor.framing": ("whole", FROM_EDIT | {C}),
    **{
        f"editor.{name}": (value, NOTHING)
        for name, value in {
            "deployment": "edits",
            "api_version": "2025-04-01-preview",
            "auth": "entra",
            "secret_block": "key",
            "images_per_minute": 9.0,
            "max_in_flight": 9,
            "timeout_s": 9.0,
            "max_attempts": 9,
            "max_wait_s": 9.0,
            "stop_after_failures": 9,
            "max_refusals": 9,
            "price_usd": 1.0,
        }.items()
    },
}
FOLDER: dict[str, tuple[Any, set[str]]] = {
    f"editor.{name}": (value, NOTHING)
    for name, value in {
        "path": "elsewhere",
        "table": "pairs.csv",
        "name_rule": "(?P<normal>.*)",
        "pair_by": "content",
    }.items()
}
"""What leads to pictures is in no key; the pictures and their pairs are."""
REAL = Path(tempfile.mkdtemp(prefix="kizu-real-"))
TRANSPLANTED: dict[str, Any] = {
    **FOUNDATION,
    "editor": {"name": "transplant", "defects": str(write_defects(REAL / "a", ["hole", "stain"]))},
}
TRANSPLANT: dict[str, tuple[Any, set[str]]] = {
    "editor.defects": (str(write_defects(REAL / "b", ["hole", "stain"])), NOTHING),
    "editor.fit": ("crop", FROM_EDIT | {C}),
}
OF_A_TRANSPLANT: dict[str, tuple[Any, set[str]]] = {
    "defects.0.prompt": ("a round hole", {V}),
}
"""The pictures say what the defect looks like, and words nothing."""
ONE_VALUE = {
    FluxSettings: {"editor.model", "editor.language"},
    FolderSettings: {"editor.without_normals"},  # goes with images.path
}
"""Settings with a single value, or one that another setting decides."""

TABLES = {
    PainterSettings: PAINTER,
    GptImageSettings: GPT_IMAGE | LATER,
    FluxSettings: FLUX,
    FolderSettings: FOLDER,
    TransplantSettings: TRANSPLANT,
}
SEVERAL: dict[str, Any] = {
    **FOUNDATION,
    "grounding": {"annotators": ["demo-grounding-dino", FOUNDATION["grounding"]]},
}
OF_ONE = "grounding."
"""Where the settings of a single annotator stand; each of several has the same."""
OF_SEVERAL = "grounding.annotators.1."
EACH_OF_SEVERAL = {
    path.replace(OF_ONE, OF_SEVERAL): row for path, row in COMMON.items() if path.startswith(OF_ONE)
}
OUTLINED: dict[str, Any] = {
    **FOUNDATION,
    "grounding": {"annotator": "demo-grounding-dino+demo-sam"},
}
"""Only annotators with a segmenter draw outlines."""
ROWS = [
    (OUTLINED, "grounding.outlines", True, FROM_FUSE),
    *((FOUNDATION, path, *row) for path, row in (COMMON | PAINTER).items()),
    *((SEVERAL, path, *row) for path, row in EACH_OF_SEVERAL.items()),
    *((PAID, path, *row) for path, row in GPT_IMAGE.items()),
    *((LATER_PAID, path, *row) for path, row in LATER.items()),
    *(({**FOUNDATION, "editor": {"name": "flux"}}, path, *row) for path, row in FLUX.items()),
    *((GIVEN, path, *row) for path, row in FOLDER.items()),
    *((TRANSPLANTED, path, *row) for path, row in (TRANSPLANT | OF_A_TRANSPLANT).items()),
]


def keys(spec: DatasetSpec, picture: str = "ef" * 32, geometry: Geometry = WHOLE) -> dict[str, str]:
    """Return every key of the first sample, and the version's name."""
    return keys_of(outputs_of(spec, picture, geometry))


def outputs_of(
    spec: DatasetSpec, picture: str = "ef" * 32, geometry: Geometry = WHOLE, pair: Pair = PAIR
) -> SampleOutputs:
    """Return the outputs of the first sample, whose edit is in a store of its own."""
    sample = plan_samples(spec, [NORMAL], [pair])[0]
    edit = EditRecord(
        key=sample.request.key,
        request=sample.request,
        status="edited",
        geometry=geometry,
        picture_sha256=picture,
    )
    store = Store(f"memory://{uuid.uuid4().hex}")
    store.write_json(sidecar_path(edit.key), edit.model_dump(mode="json"))
    shard = Shard(spec=spec, annotators=versions(spec), samples=())
    return SampleOutputs(store, shard, sample)


def versions(spec: DatasetSpec) -> tuple[str, ...]:
    """Return the versions of a spec's annotators."""
    return tuple(annotator_version(settings) for settings in spec.grounding.annotators)


def keys_of(outputs: SampleOutputs) -> dict[str, str]:
    """Return every key of a sample, and the version's name."""
    made, sample = {stage.name: stage.key(outputs) for stage in STAGES}, outputs.sample
    outcome = Outcome(
        sample_id=sample.sample_id,
        defect_type=sample.defect_type,
        status=SampleStatus.JUDGED,
        reason="agree",
        verdict=Verdict.ACCEPT,
        edit_key=sample.request.key,
        output_keys=last_keys(outputs),
        decision_key=outputs.decision.key if outputs.decision else "",
        cost_usd=0.0,
    )
    version = version_name(outputs.shard.spec, [NORMAL], [outcome])
    return {**made, C: outputs.card_key, V: version}


def with_setting(fields: dict[str, Any], path: str, value: Any) -> DatasetSpec:
    """Return a spec with one setting changed."""
    copy = json.loads(json.dumps(DatasetSpec.parse(fields).model_dump(mode="json")))
    *parents, last = path.split(".")
    place = copy
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    place[last] = value
    if path.endswith("region.kind"):
        copy["defects"][0]["region"] = {"kind": value}
    if path.startswith("images.group"):
        copy["images"]["group"] = {last: value}
    return DatasetSpec.parse(copy)


@pytest.mark.parametrize(("fields", "path", "value", "expected"), ROWS, ids=[r[1] for r in ROWS])
def test_a_setting_changes_the_keys_of_what_it_shapes_and_no_others(fields, path, value, expected):
    before, after = keys(DatasetSpec.parse(fields)), keys(with_setting(fields, path, value))
    assert {name for name in before if before[name] != after[name]} == expected


def settings_of(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting below a model; of a tuple's items as item 0."""
    for name, field in model.model_fields.items():
        inner = [part for part in _flat(field.annotation) if issubclass(part, Settings)]
        is_tuple = "tuple" in str(field.annotation)
        place = f"{path}{name}.0." if is_tuple else f"{path}{name}."
        if not inner or name == "prices":
            yield f"{path}{name}"
        for part in inner if name != "prices" else ():
            yield from settings_of(part, place)


def _flat(annotation: Any) -> list[type]:
    parts = get_args(annotation)
    if not parts:
        return [annotation] if isinstance(annotation, type) else []
    return [kind for part in parts for kind in _flat(part)]


def test_every_setting_of_a_spec_stands_in_the_table():
    others = {name for name in settings_of(DatasetSpec) if not name.startswith("editor.")}
    each_of_several = {path.replace(".1.", ".0.") for path in EACH_OF_SEVERAL}
    outlines = {f"grounding.{place}outlines" for place in ("", "annotators.0.")}
    assert others - {"defects.0.region.path"} - outlines == set(COMMON) | each_of_several


@pytest.mark.parametrize("editor", EDITORS)
def test_every_setting_of_an_editor_stands_in_its_table(editor):
    settings = {f"editor.{name}" for name in editor.model_fields} - {"editor.name"}
    assert settings - ONE_VALUE.get(editor, set()) == set(TABLES[editor])


@pytest.mark.parametrize(
    ("module", "version", "expected"),
    [
        ("kizu.edit.painter.settings.PAINTER_VERSION", "next", FROM_EDIT | {C}),
        ("kizu.stages.diff.DIFF_VERSION", "next", FROM_DIFF),
        ("kizu.stages.verdict.VERDICT_VERSION", "next", FROM_VERDICT),
        ("kizu.outputs.CARD_VERSION", "next", {C}),
        ("kizu.grounding.annotators.GROUNDING_VERSION", 99, FROM_GROUNDING),
        ("kizu.publish.outcomes.SCHEMA_VERSION", 99, {V}),
    ],
)
def test_an_algorithms_version_is_in_the_keys_of_what_it_makes(
    monkeypatch, module, version, expected
):
    before = keys(DatasetSpec.parse(FOUNDATION))
    monkeypatch.setattr(module, version)
    after = keys(DatasetSpec.parse(FOUNDATION))
    assert {name for name in before if before[name] != after[name]} == expected


def test_another_foreground_changes_what_is_asked_for_within_it(monkeypatch):
    spec = with_setting(FOUNDATION, "defects.0.region.kind", "foreground")
    before = keys(spec)
    monkeypatch.setattr(regions, "FOREGROUND_VERSION", "next")
    after = keys(spec)
    assert {name for name in before if before[name] != after[name]} == FROM_DIFF


def test_another_picture_of_the_same_request_is_another_input():
    spec = DatasetSpec.parse(FOUNDATION)
    before, after = keys(spec), keys(spec, picture="01" * 32)
    assert before[E] == after[E]
    assert {name for name in before if before[name] != after[name]} == {D, G, F, A, C, V}


def test_the_same_picture_on_another_part_of_the_photo_is_another_input():
    spec = DatasetSpec.parse(FOUNDATION)
    window = Geometry.window((640, 480), (0, 0, 320, 320), GptImageSettings(name="gpt-image").sizes)
    before, after = keys(spec), keys(spec, geometry=window)
    assert {name for name in before if before[name] != after[name]} == {D, G, F, A, C, V}


def test_the_same_picture_read_otherwise_is_another_input():
    spec = DatasetSpec.parse(GIVEN)
    told = PAIR.model_copy(update={"decoding": Decoding(depth_bits=12)})
    before, after = (keys_of(outputs_of(spec, pair=pair)) for pair in (PAIR, told))
    assert {name for name in before if before[name] != after[name]} == FROM_EDIT | FROM_DIFF | {G}


def test_replayed_edits_make_the_version_that_their_editor_makes():
    replay = {"name": "replay", "of": {"name": "painter"}}
    assert keys(DatasetSpec.parse({**FOUNDATION, "editor": replay})) == keys(
        DatasetSpec.parse(FOUNDATION)
    )


def test_what_a_person_decides_makes_another_card_and_another_version_and_no_stage_anew():
    outputs = outputs_of(DatasetSpec.parse(FOUNDATION))
    mask = FusedRecord(mask_sha256="", is_diff=True, composited=False, regions=())
    FUSE.folder(outputs).finish(mask.model_dump(mode="json"))
    before = keys_of(outputs)
    record_decision(outputs, Verdict.REJECT, "Aiko")
    decided = SampleOutputs(outputs.store, outputs.shard, outputs.sample)
    after = keys_of(decided)
    assert {name for name in before if before[name] != after[name]} == {C, V}
    record_decision(outputs, Verdict.ACCEPT, "Aiko")
    again = keys_of(SampleOutputs(outputs.store, outputs.shard, outputs.sample))
    assert {name for name in after if after[name] != again[name]} == {C, V}


def test_a_single_annotators_output_is_found_under_the_key_of_kizu_0_3():
    outputs = outputs_of(DatasetSpec.parse(FOUNDATION))
    [version] = outputs.shard.annotators
    assert GROUNDING.key(outputs) == content_key(
        "grounding",
        annotator=version,
        normal=NORMAL.pixels_sha256,
        picture="ef" * 32,
        geometry=WHOLE.identity(),
        phrases=["a hole"],
    )


def test_one_more_annotator_changes_what_reads_the_detections_and_no_others():
    before, after = keys(DatasetSpec.parse(FOUNDATION)), keys(DatasetSpec.parse(SEVERAL))
    assert {name for name in before if before[name] != after[name]} == FROM_GROUNDING
