"""The frame of all stages, and what it takes to add one."""

import shutil
from pathlib import Path

from kizu.diff.storage import open_diff_mask
from kizu.stages import DIFF, EDIT, FUSE, GROUNDING, LAST_STAGES, STAGES, VERDICT
from kizu.stages.base import Stage


class AreaStage(Stage):
    """Notes how large the mask of the diff is."""

    name = "area"
    after = (DIFF,)

    def key_inputs(self, sample):
        return {"version": "1", "diff": DIFF.key(sample)}

    def make(self, sample):
        self.folder(sample).finish({"area_px": int(open_diff_mask(DIFF.folder(sample)).sum())})


def counts(report):
    return report.made, report.kept, len(report.waiting), len(report.failures)


def test_a_stage_makes_what_is_missing_and_keeps_what_is_there(through, inputs, store):
    assert counts(through(EDIT, DIFF)) == (4, 0, 0, 0)
    victim = inputs()[0]
    folder = Path(store.address(f"stages/diff/{DIFF.key(victim)[:2]}/{DIFF.key(victim)}"))
    shutil.rmtree(folder)
    assert counts(through(DIFF)) == (1, 3, 0, 0)
    assert (folder / "record.json").exists()


def test_without_a_picture_a_sample_waits(through):
    assert counts(through(DIFF)) == (0, 0, 4, 0)
    assert counts(through(VERDICT)) == (0, 0, 4, 0)


def test_a_sample_waits_until_all_is_there_that_the_stage_reads(through):
    assert counts(through(EDIT, FUSE)) == (0, 0, 4, 0)
    assert counts(through(DIFF, FUSE)) == (4, 0, 0, 0)


def test_a_new_stage_is_one_class(through):
    assert counts(through(*STAGES, AreaStage())) == (4, 0, 0, 0)
    assert counts(through(AreaStage())) == (0, 4, 0, 0)


def test_what_a_stage_says_of_a_sample_fills_exactly_its_columns(through, inputs):
    through(*STAGES)
    for stage in STAGES:
        names = [column.name for column in stage.columns]
        assert set(stage.row(inputs()[0])) == set(names), stage.name


def test_the_last_stages_stand_for_all():
    read = {before for stage in STAGES for before in stage.after}
    assert read | set(LAST_STAGES) == set(STAGES)
    assert not read & set(LAST_STAGES)


def test_no_two_stages_fill_one_column():
    names = [f"{stage.name}_key" for stage in STAGES]
    names += [column.name for stage in STAGES for column in stage.columns]
    assert len(set(names)) == len(names)


def test_the_table_names_every_stage_after_those_it_reads():
    for number, stage in enumerate(STAGES):
        assert set(stage.after) <= set(STAGES[:number])
    assert len({stage.name for stage in STAGES}) == len(STAGES)


def test_a_samples_keys_are_made_once(through, inputs, monkeypatch):
    through(EDIT)
    sample, made = inputs()[0], []
    key_inputs = type(DIFF).key_inputs
    monkeypatch.setattr(type(DIFF), "key_inputs", lambda *args: made.append(1) or key_inputs(*args))
    assert DIFF.key(sample) == DIFF.key(sample)
    assert VERDICT.key(sample) != GROUNDING.key(sample)
    assert len(made) == 1
