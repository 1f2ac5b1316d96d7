"""The commands that tell what past builds teach."""

import csv

import pytest
from published import ANNOTATOR, PHRASE, complete_version, confirmed_sample

from kizu.agree.settings import AgreementSettings
from kizu.agree.verdict import Reason
from kizu.cli import terminal
from kizu.edit.painter.settings import PAINTER_MODEL
from kizu.publish.layout import VersionFolder
from kizu.publish.outcomes import SampleStatus
from kizu.publish.version import LastBuild
from kizu.spec import DatasetSpec
from kizu.store import Store


@pytest.fixture
def built(tmp_path, outcome):
    """Return a function that leaves a last build of the dataset ``photos`` with such outcomes."""
    store = Store(str(tmp_path / "kizu-store"))

    def leave(*came, models=(), **fields):
        made = [outcome(each, **fields) for each in came]
        for place, model in enumerate(models):
            made[place] = made[place].model_copy(update={"model": model})
        listed = {"outcomes": [each.model_dump(mode="json") for each in made]}
        last = LastBuild(
            shards=(),
            agree=AgreementSettings(),
            outcomes=store.put_json("builds/outcomes", listed),
            version="01",
        )
        store.write_json("builds/last/photos.json", last.model_dump(mode="json"))

    return leave


def painted(defect):
    """Return what the painter's outcomes for a defect of a spec have in common."""
    return {
        "defect_type": defect.defect_type,
        "prompt": defect.prompt,
        "model": PAINTER_MODEL,
    }


@pytest.fixture
def defect(run, photos, tmp_path):
    """Write a spec; return its first defect."""
    assert photos.is_dir()
    run("init", "photos")
    return DatasetSpec.from_yaml(tmp_path / "dataset.yaml").defects[0]


def test_yields_of_the_last_build_are_a_table_and_a_file(run, built, tmp_path, monkeypatch):
    monkeypatch.setattr(terminal.out, "width", 200)
    built(*[Reason.AGREE] * 3, *[Reason.NO_VISIBLE_CHANGE] * 9, SampleStatus.REFUSED)
    code, out, _ = run("yields", "photos", "--csv", "yields.csv")
    assert code == 0
    assert "Yield of photos by gpt-image-2" in out
    assert all(each in out for each in ("no change", "refused", "accepted", "USD per label"))
    assert not any(each in out for each in ("redrawn", "certified", "model"))
    assert '- hole ("a hole"): 9 of 12 edits show no change; describe it more strongly' in out
    [row] = csv.DictReader((tmp_path / "yields.csv").read_text(encoding="utf-8").splitlines())
    assert (row["accepted"], row["unchanged"], row["refused"]) == ("3", "9", "1")
    assert float(row["usd_per_accepted"]) == pytest.approx(0.16)


def test_yields_of_several_models_name_them(run, built, monkeypatch):
    monkeypatch.setattr(terminal.out, "width", 160)
    built(Reason.AGREE, Reason.AGREE, models=("flux", "gpt-image-2"))
    out = run("yields", "photos")[1]
    assert all(each in out for each in ("model", "flux", "gpt-image-2"))


def test_yields_of_what_was_never_built_say_how_to_build_it(run):
    code, _, errors = run("yields", "photos")
    assert code == 2
    assert "no build of 'photos' came as far as a verdict" in errors


def test_plan_says_what_the_last_build_suggests(run, built, defect):
    built(*[Reason.NO_VISIBLE_CHANGE] * 9, **painted(defect))
    code, out, _ = run("plan", "dataset.yaml")
    assert code == 0
    assert "The last build suggests:" in out
    assert f'- {defect.defect_type} ("{defect.prompt}"): 9 of 9 edits show no change' in out


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "other words"},
        {"model": "gpt-image-2"},
        {"emulated": True},
    ],
)
def test_what_another_prompt_or_model_or_the_emulator_did_is_not_held_against_a_plan(
    run, built, defect, other
):
    built(*[Reason.NO_VISIBLE_CHANGE] * 9, **{**painted(defect), **other})
    assert "suggests" not in run("plan", "dataset.yaml")[1]


def test_phrases_of_a_dataset_that_nobody_reviewed_say_so(run, dataset, store):
    code, out, _ = run("phrases", dataset.name, "--store", store.url, "--version", "0123")
    assert code == 0
    assert "Nobody accepted a label of plates 0123 yet" in out


@pytest.mark.parametrize(
    ("samples", "said", "unsaid"),
    [
        (24, ("1.00 (0.88-1.00)", "0.50 (0.37-0.63)", "a hole: 0.55"), ("too few",)),
        (6, ("too few", "from 20 accepted samples on"), ("1.00", "phrase_thresholds")),
    ],
)
def test_phrases_are_told_with_bounds_and_thresholds_where_samples_suffice(
    run, store, masks, monkeypatch, samples, said, unsaid
):
    monkeypatch.setattr(terminal.out, "width", 160)
    rows = {"samples": [], "provenance": [], "instances": []}
    for number in range(samples):
        found = (0.8, PHRASE, masks["ring"]), (0.3, PHRASE, masks["parts"] & ~masks["ring"])
        made = confirmed_sample(f"s{number}", masks["ring"], *found, annotators=[ANNOTATOR])
        for table, some in made.items():
            rows[table] += some
    complete_version(store, VersionFolder("plates", "0123"), **rows)
    code, out, _ = run("phrases", "plates", "--store", store.url, "--version", "0123")
    assert code == 0
    assert f"0 of these {samples} samples had an annotator's agreement" in out
    assert all(each in out for each in said)
    assert not any(each in out for each in unsaid)
