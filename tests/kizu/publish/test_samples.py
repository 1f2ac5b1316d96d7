"""What is published of one sample, from what the stages stored of it."""

import json

import cv2
import numpy as np
import pytest
from real_defects import write_defects

from kizu.agree.proof import Proof, Proven, Stratum, maker_of
from kizu.agree.verdict import Verdict
from kizu.diff import composite, diff_mask
from kizu.diff.storage import open_diff_mask, save_diff
from kizu.edit.editor import Edit
from kizu.edit.storage import save_edit
from kizu.grounding import Detections
from kizu.grounding.storage import save_detections
from kizu.imaging.codecs import decode_mask, decode_png, encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.publish.dataset import Dataset
from kizu.publish.layout import VersionFolder
from kizu.publish.outcomes import sample_outcome, with_proof
from kizu.publish.rows import settled_columns
from kizu.publish.samples import publish_sample
from kizu.publish.schemas import TABLES, encode_table
from kizu.report import contact_sheet, draw_card
from kizu.report.gather import gather_card
from kizu.review import record_decision
from kizu.shards import Shard
from kizu.sources import SourceFile, take_in
from kizu.spec import DatasetSpec
from kizu.stages import GROUNDING, STAGES
from kizu.store.keys import sha256_hex

SIDE_PX = 192
SHIFT_PX = (6, 4)
"""By how much the picture content moved, rightwards and downwards."""

ANNOTATOR = '{"annotator": "by hand"}'
SILENT = '{"annotator": "silent"}'
SIZES = FreeSizes(16, min_pixels=0, max_pixels=10**8, max_edge_px=10**4, max_aspect=9)


@pytest.fixture
def photo(make_photo):
    return make_photo(5, SIDE_PX)


@pytest.fixture
def spec(tmp_path):
    return DatasetSpec.parse(
        {
            "name": "plates",
            "images": {"path": str(tmp_path)},
            "defects": [{"defect_type": "hole", "prompt": "a deep hole"}],
        }
    )


def drifted_edit(photo):
    """The photo with a dark block, moved as a whole, and where the block lies then."""
    edited = photo.copy()
    edited[100:130, 90:140] = 20
    shift = np.array([[1, 0, SHIFT_PX[0]], [0, 1, SHIFT_PX[1]]], np.float64)
    moved = cv2.warpAffine(edited, shift, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REFLECT_101)
    block = np.zeros((SIDE_PX, SIDE_PX), bool)
    block[100 + SHIFT_PX[1] : 130 + SHIFT_PX[1], 90 + SHIFT_PX[0] : 140 + SHIFT_PX[0]] = True
    return moved, block


@pytest.fixture
def publish(store, photo, tmp_path):
    """Take a drifted edit through all stages and publish it."""
    file = tmp_path / "plate.png"
    file.write_bytes(encode_png(photo))
    image = take_in(SourceFile("plate.png", str(file)), store)

    def run(spec, *others):
        [sample] = plan_samples(spec, [image])
        edited, block = drifted_edit(photo)
        edit = Edit(encode_png(edited), model="by hand", cost_usd=0.0)
        save_edit(store, sample.request, edit, Geometry.fit((SIDE_PX, SIDE_PX), SIZES))
        annotators = tuple(sorted((ANNOTATOR, *others)))
        outputs = SampleOutputs(store, Shard(spec=spec, annotators=annotators, samples=()), sample)
        result = diff_mask(photo, edited, spec.diff)
        save_diff(outputs.diff, result, composite(photo, edited, result.mask, result))
        box = np.array([[96, 104, 146, 134]], np.float32)
        found = Detections(box, block[None], np.array([0.9], np.float32), ("a hole",))
        for annotator, folder in GROUNDING.folders(outputs).items():
            seen = found if annotator == ANNOTATOR else Detections.empty((SIDE_PX, SIDE_PX))
            save_detections(folder, annotator, seen)
        for stage in STAGES:
            if not stage.is_done(outputs):
                stage.make(outputs)
        version = VersionFolder("plates", "0123")
        return publish_sample(version, outputs), version

    return run


def box_of(row):
    return [row["x0"], row["y0"], row["x1"], row["y1"]]


def test_label_and_detections_are_published_in_the_photos_frame(publish, spec, store, photo):
    rows, version = publish(spec)
    [sample], instances = rows["samples"], {r["annotator"]: r for r in rows["instances"]}
    assert len(instances) == len(rows["instances"]) == 2
    for row in instances.values():
        assert np.allclose(box_of(row), [90, 100, 140, 130], atol=1.5)
    label = decode_mask(store.read(version.path(sample["mask_path"])))
    touched = decode_mask(store.read(version.path(sample["touched_path"])))
    image = decode_png(store.read(version.path(sample["image_path"])))
    assert label[102:128, 92:138].all()
    assert label.sum() == instances["kizu-diff"]["area_px"] < 1.1 * 30 * 50
    assert np.array_equal(image[~touched], photo[~touched])


def test_a_real_defect_that_was_moved_is_named(publish, spec, tmp_path):
    [row] = publish(spec)[0]["samples"]
    assert (row["real_defect"], row["real_defect_sha256"]) == ("", "")
    real = write_defects(tmp_path / "real", ["hole"], count=1)
    editor = {"name": "transplant", "defects": str(real)}
    [row] = publish(DatasetSpec.parse(spec.model_dump() | {"editor": editor}))[0]["samples"]
    assert row["real_defect"] == "hole/000.png"
    assert row["real_defect_sha256"] == sha256_hex((real / "hole" / "000.png").read_bytes())


def test_without_a_composite_everything_is_published_in_the_edited_pictures_frame(
    publish, spec, store, photo
):
    fields = spec.model_dump(mode="json")
    rows, version = publish(DatasetSpec.parse({**fields, "publish": {"composite": False}}))
    [sample] = rows["samples"]
    assert (sample["touched_path"], sample["touched_sha256"]) == ("", "")
    assert [row["composited"] for row in rows["provenance"]] == [False]
    for row in rows["instances"]:
        assert np.allclose(box_of(row), [96, 104, 146, 134], atol=1.5)
    image = decode_png(store.read(version.path(sample["image_path"])))
    assert np.array_equal(image, drifted_edit(photo)[0])


def test_what_each_annotator_says_is_published(publish, spec):
    rows, _ = publish(spec, SILENT)
    [row] = rows["provenance"]
    assert row["annotators"] == [ANNOTATOR, SILENT]
    agreeing, silent = json.loads(row["witnesses"])
    assert [(each["annotator"], each["agrees"]) for each in (agreeing, silent)] == [
        (ANNOTATOR, True),
        (SILENT, False),
    ]
    said, nothing = agreeing["figures"], silent["figures"]
    assert (said["detections"], nothing["detections"]) == (1, 0)
    assert (row["reason"], row["mask_iou"]) == ("agree", said["mask_iou"])
    assert nothing["unexplained_fraction"] == 1
    assert said["unexplained_fraction"] == row["unexplained_fraction"] == 0
    assert {instance["annotator"] for instance in rows["instances"]} == {"kizu-diff", ANNOTATOR}


def test_beside_a_silent_annotator_all_else_is_published_as_alone(publish, spec):
    alone, beside = publish(spec)[0], publish(spec, SILENT)[0]
    own = {"annotators", "witnesses", "grounding_key", "fuse_key", "verdict_key", "made_by"}
    [one], [other] = alone["provenance"], beside["provenance"]
    assert {name for name in one if one[name] != other[name]} == own
    assert (alone["samples"], alone["instances"]) == (beside["samples"], beside["instances"])


@pytest.fixture
def take_through(store, photo, tmp_path):
    """Take a picture through all stages with annotators that all find one block; publish it."""
    file = tmp_path / "plate.png"
    file.write_bytes(encode_png(photo))
    image = take_in(SourceFile("plate.png", str(file)), store)

    def run(spec, edited, annotators, *, has_normal, found=BLOCK_FOUND):
        [sample] = plan_samples(spec, [image])
        sample = sample.model_copy(update={"has_normal": has_normal})
        edit = Edit(encode_png(edited), model="by hand", cost_usd=0.0)
        save_edit(store, sample.request, edit, Geometry.fit((SIDE_PX, SIDE_PX), SIZES))
        shard = Shard(spec=spec, annotators=annotators, samples=())
        outputs = SampleOutputs(store, shard, sample)
        for annotator, folder in GROUNDING.folders(outputs).items():
            save_detections(folder, annotator, found)
        for stage in STAGES:
            if not stage.is_done(outputs):
                stage.make(outputs)
        return outputs

    return run


BLOCK = np.zeros((SIDE_PX, SIDE_PX), bool)
BLOCK[100:130, 90:140] = True
BLOCK_FOUND = Detections(
    np.array([[90, 100, 140, 130]], np.float32),
    BLOCK[None],
    np.array([0.5], np.float32),
    ("a hole",),
)


def published(outputs):
    """Return the rows of a sample by table, and its label."""
    version = VersionFolder("plates", "0123")
    rows = publish_sample(version, SampleOutputs(outputs.store, outputs.shard, outputs.sample))
    label = decode_mask(outputs.store.read(version.path(rows["samples"][0]["mask_path"])))
    return rows, label


@pytest.mark.parametrize(
    ("has_normal", "reason", "annotators"),
    [
        (True, "redrawn", (ANNOTATOR,)),
        (True, "redrawn", (ANNOTATOR, SILENT)),
        (False, "no_normal", ()),
        (False, "no_normal", (ANNOTATOR,)),
        (False, "no_normal", (ANNOTATOR, SILENT)),
    ],
)
def test_where_the_diff_cannot_speak_what_the_annotators_found_is_published_for_review(
    take_through, spec, make_photo, has_normal, reason, annotators
):
    other = make_photo(77, SIDE_PX)
    rows, label = published(take_through(spec, other, annotators, has_normal=has_normal))
    [sample], [provenance] = rows["samples"], rows["provenance"]
    assert (sample["verdict"], sample["split"], provenance["reason"]) == (
        "review",
        "review",
        reason,
    )
    assert provenance["mask_source"] == "grounding"
    assert np.array_equal(label, BLOCK if annotators else np.zeros_like(BLOCK))
    own = [row for row in rows["instances"] if row["annotator"] == "grounding"]
    assert [(row["score"], row["evidence"]) for row in own] == [(0.5, None)] * bool(annotators)
    assert (sample["touched_path"], provenance["composited"]) == ("", False)


def test_what_is_no_testimony_is_published_as_found_and_is_no_part_of_the_label(
    take_through, spec, photo
):
    found = Detections(
        np.array([[90, 100, 140, 130], [20, 20, 60, 60]], np.float32),
        np.stack([BLOCK, np.ones_like(BLOCK)]),
        np.array([0.5, 0.9], np.float32),
        ("a hole", "a hole"),
    )
    outputs = take_through(spec, photo, (ANNOTATOR,), has_normal=False, found=found)
    rows, label = published(outputs)
    assert np.array_equal(label, BLOCK)
    scores = [(row["annotator"], row["score"]) for row in rows["instances"]]
    assert sorted(scores) == [
        ("grounding", 0.5),
        (ANNOTATOR, 0.5),
        (ANNOTATOR, pytest.approx(0.9)),
    ]


def test_of_a_redrawn_picture_that_nobody_looked_at_the_diffs_mask_is_the_best_there_is(
    take_through, spec, make_photo
):
    outputs = take_through(spec, make_photo(77, SIDE_PX), (), has_normal=True)
    rows, label = published(outputs)
    assert rows["samples"][0]["verdict"] == "review"
    assert rows["provenance"][0]["mask_source"] == "kizu-diff"
    assert np.array_equal(label, open_diff_mask(outputs.diff))


@pytest.mark.parametrize(
    ("annotators", "found", "split"),
    [
        ((), BLOCK_FOUND, "review"),
        ((ANNOTATOR,), Detections.empty((SIDE_PX, SIDE_PX)), "review"),
        ((ANNOTATOR,), BLOCK_FOUND, "labelled"),
    ],
    ids=["nobody looked", "nothing found", "found"],
)
def test_the_diffs_mask_of_a_redrawn_picture_is_no_label_whatever_is_proven(
    take_through, spec, make_photo, annotators, found, split
):
    fields = {**spec.model_dump(mode="json"), "agree": {"without_grounding": "accept"}}
    redrawn = make_photo(77, SIDE_PX)
    outputs = take_through(
        DatasetSpec.parse(fields), redrawn, annotators, has_normal=True, found=found
    )
    makers = tuple(maker_of(outputs.made_by, stratum) for stratum in Stratum)
    everything = dict.fromkeys(Stratum, Proven(cut=0.0, makers=makers))
    del everything[Stratum.NONE]  # what is in none is never drawn, so nothing is proven of it
    proof = Proof(trusted=(outputs.made_by,), proven=everything)
    version = VersionFolder("plates", "0123")
    known = SampleOutputs(outputs.store, outputs.shard, outputs.sample, proof)
    rows = publish_sample(version, known)
    [sample], [provenance] = rows["samples"], rows["provenance"]
    assert provenance["diff_status"] == "redrawn"
    if split == "review":
        assert (sample["split"], sample["verdict"]) == ("review", "review")
        assert not sample["certified"]
        return
    assert sample["split"] in ("test", "train_defects")
    assert provenance["mask_source"] == "grounding"
    label = decode_mask(outputs.store.read(version.path(sample["mask_path"])))
    assert np.array_equal(label, BLOCK)  # and nothing of the diff's


def test_without_a_normal_image_nothing_is_said_of_a_comparison(take_through, spec, photo):
    outputs = take_through(spec, photo, (ANNOTATOR, SILENT), has_normal=False)
    [row] = published(outputs)[0]["provenance"]
    measured = ("threshold", "drift", "match_rate", "area_fraction", "mask_iou", "sharp_fraction")
    measured += ("unexplained_fraction", "unmoved_fraction", "score")
    assert {row.get(name) for name in measured} == {None}
    assert row["diff_status"] == "no_normal"
    assert np.array_equal(outputs.edited, photo)
    encode_table("provenance", [row])


def test_a_person_may_accept_a_picture_without_a_normal_image(take_through, spec, photo):
    outputs = take_through(spec, photo, (ANNOTATOR,), has_normal=False)
    record_decision(outputs, Verdict.ACCEPT, "Aiko")
    rows, label = published(outputs)
    assert rows["samples"][0]["verdict"] == "accept"
    assert rows["samples"][0]["split"] in ("test", "train_defects")
    assert rows["provenance"][0]["mask_source"] == "grounding"
    assert np.array_equal(label, BLOCK)
    record_decision(outputs, Verdict.ACCEPT, "Aiko", mask=~BLOCK)
    rows, label = published(outputs)
    assert rows["provenance"][0]["mask_source"] == "review"
    assert np.array_equal(label, ~BLOCK)


@pytest.mark.parametrize("has_normal", [True, False])
def test_a_decision_on_what_annotators_found_is_kept_as_long_as_the_mask_is_the_same(
    take_through, spec, make_photo, has_normal
):
    other = make_photo(77, SIDE_PX)
    outputs = take_through(spec, other, (ANNOTATOR,), has_normal=has_normal)
    record_decision(outputs, Verdict.ACCEPT, "Aiko")
    more = take_through(spec, other, (ANNOTATOR, SILENT), has_normal=has_normal)
    assert more.decision is not None
    none = take_through(spec, other, (), has_normal=has_normal)
    assert none.decision is None


def test_the_card_of_a_picture_without_a_normal_image_shows_none(take_through, spec, photo):
    outputs = take_through(spec, photo, (ANNOTATOR,), has_normal=False)
    rows, _ = published(outputs)
    [row] = rows["samples"]
    folder = VersionFolder("plates", "0123")
    tables = {name: encode_table(name, rows.get(name, [])) for name in TABLES}
    for name, data in tables.items():
        outputs.store.write(folder.path(f"{name}.parquet"), data)
    counts = {"rows": {"samples": 1}, "sha256": {n: sha256_hex(d) for n, d in tables.items()}}
    outputs.store.write_json(folder.path("manifest.json"), counts)
    dataset = Dataset(outputs.store, folder)
    pictures = draw_card(gather_card(outputs, dataset[row["sample_id"]]))
    assert pictures.words.panels == ("edited", "outlined")
    assert pictures.evidence.heat is None
    assert contact_sheet([pictures]).any()


@pytest.mark.parametrize("decided", [None, Verdict.REJECT])
@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_what_is_proven_comes_out_the_same_from_the_store_and_from_what_is_noted(
    take_through, spec, photo, make_photo, decided, cut
):
    for edited, annotators in (
        (drifted_edit(photo)[0], ()),
        (make_photo(77, SIDE_PX), (ANNOTATOR,)),
    ):
        outputs = take_through(spec, edited, annotators, has_normal=True)
        if decided:
            record_decision(outputs, decided, "Aiko")
        store, shard, sample = outputs.store, outputs.shard, outputs.sample
        noted = sample_outcome(SampleOutputs(store, shard, sample))
        maker = maker_of(noted.made_by, noted.stratum)
        everything = dict.fromkeys(Stratum, Proven(cut=cut, makers=(maker,)))
        proof = Proof(trusted=(noted.made_by,), proven=everything)
        read = sample_outcome(SampleOutputs(store, shard, sample, proof))
        assert with_proof(noted, proof) == read


@pytest.mark.parametrize("decided", [None, Verdict.ACCEPT, Verdict.REJECT])
@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_rows_that_are_taken_over_say_what_is_proven_as_rows_that_are_made(
    take_through, spec, photo, decided, cut
):
    outputs = take_through(spec, drifted_edit(photo)[0], (), has_normal=True)
    if decided:
        record_decision(outputs, decided, "Aiko")
    store, shard, sample = outputs.store, outputs.shard, outputs.sample
    version = VersionFolder("plates", "0123")
    before = publish_sample(version, SampleOutputs(store, shard, sample))
    noted = sample_outcome(SampleOutputs(store, shard, sample))
    everything = dict.fromkeys(
        Stratum, Proven(cut=cut, makers=(maker_of(noted.made_by, noted.stratum), noted.made_by))
    )
    proof = Proof(trusted=(noted.made_by,), proven=everything)
    after = publish_sample(version, SampleOutputs(store, shard, sample, proof))
    now = with_proof(noted, proof)
    assert now.rows_key == noted.rows_key
    for table, rows in before.items():
        assert [row | settled_columns(table, now) for row in rows] == after[table]
    if not decided:
        assert before["provenance"] != after["provenance"]
