"""The card of a version, as Hugging Face reads one: what it holds, how it was made, its limits.

https://huggingface.co/docs/hub/datasets-cards. Equal content gives an equal card. Paths in it begin
at the version's folder.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from kizu.agree.verdict import Verdict
from kizu.edit.digital_source import IPTC_TERMS, MADE_BY_MODEL
from kizu.markdown import table as markdown_table
from kizu.publish.certification import Certification
from kizu.publish.facts import DefectFacts, VersionFacts
from kizu.publish.rows import TEST, TRAIN, TRAIN_DEFECTS
from kizu.publish.schemas import TABLES
from kizu.spec import DatasetSpec
from kizu.versions import DIFF_VERSION, FUSE_VERSION, GROUNDING_VERSION, VERDICT_VERSION

README: Final = "README.md"
CROISSANT: Final = "croissant.json"

_SIZES: Final[Mapping[int, str]] = {
    10**3: "n<1K",
    10**4: "1K<n<10K",
    10**5: "10K<n<100K",
    10**6: "100K<n<1M",
    10**7: "1M<n<10M",
}
"""Hugging Face's words for how many rows there are, by the first number that is too many."""

_DEFECT_HEADS: Final = (
    "defect",
    "edits answered",
    "accepted",
    "in train_defects",
    "in test",
    "certified",
    "to review",
    "rejected",
    "refused",
    "yield",
    "USD per accepted label",
)

_SOURCES: Final[Mapping[str, str]] = {
    "trainedAlgorithmicMedia": "made by a generative model as a whole",
    "compositeWithTrainedAlgorithmicMedia": "a photograph with a part made by a generative model",
    "compositeSynthetic": "a photograph with a part drawn by a program that learnt nothing",
    "compositeCapture": "a photograph with a part of another photograph",
    "": "pictures that existed before; what made them is not known",
}

_MADE_BY: Final = (
    "Made by kizu: photographs of good parts are edited, and what really changed is compared, "
    "judged and kept as the label."
)

_LIMITS: Final = """\
- The defects are made, not found. A model that tells these from good parts need not find real ones:
  measure it on real defects (`kizu prove`), and keep some for that alone.
- A mask holds what changed visibly, beyond the noise of its pair of pictures. Where a defect fades
  out, its edge is a threshold and no physical border.
- Accepted samples that are not certified were accepted by a rule without a proven error rate here.
- Images of the splits `review` and `reject` are no ground truth, neither as defects nor as good.
- How often a kind of defect occurs here says nothing of how often it occurs in production.
"""

_LOAD: Final = """\
```python
import kizu

dataset = kizu.open_dataset("STORE", "{name}", "{version}")
for sample in dataset:
    image, label = sample.image(), sample.label()  # (H, W, 3) uint8, (H, W) bool
```

```python
import pandas
from anomalib.data import Tabular  # pip install anomalib pyarrow

root = "STORE/datasets/{name}"
samples = pandas.read_parquet(f"{{root}}/{version}/samples.parquet").astype({{"mask_path": object}})
data = Tabular(name="{name}", samples=samples, root=root)
```

`datasets.load_dataset(FOLDER, "samples")` reads the tables from this folder. `kizu export {name}
--to huggingface DIR` writes the images into Parquet files; other formats are for other tools.
"""


def montage_name(defect_type: str) -> str:
    """Return where the picture of a defect lies, within the version."""
    return f"card/{defect_type}.png"


def description(spec: DatasetSpec, facts: VersionFacts) -> str:
    """Return one sentence about a version."""
    return (
        f"{facts.images} images of {spec.images.category}: {facts.normals.total()} normal and "
        f"{facts.count()} with a synthetic defect, of which {facts.count(Verdict.ACCEPT)} are "
        "accepted, with pixel masks."
    )


def card(
    version: str,
    spec: DatasetSpec,
    facts: VersionFacts,
    proven: Certification | None,
    pictured: Sequence[str],
) -> str:
    """Return the card in Markdown, with its header in YAML.

    Args:
        version: The version.
        spec: The dataset.
        facts: What the version holds.
        proven: What reviews have proven of it; None if that is not known.
        pictured: The defects that have a picture (``montage_name``).
    """
    sections = (
        f"# {spec.name} {version}\n\n{description(spec, facts)} {_MADE_BY}\n",
        _licence_section(spec),
        f"## Defects\n\n{_defect_table(facts)}\n{_pictures(pictured)}",
        f"## Splits\n\n{_splits(facts)}",
        f"## How it was made\n\n{_making(spec, facts)}",
        f"## What is proven\n\n{_proven(proven)}",
        f"## Marking of AI-generated pictures\n\n{_marking(facts)}",
        f"## What it cannot do\n\n{_LIMITS}{_emulated(facts)}",
        f"## How to load it\n\n{_LOAD.format(name=spec.name, version=version)}",
    )
    header = yaml.safe_dump(_header(spec, facts), sort_keys=False, allow_unicode=True)
    return f"---\n{header}---\n\n" + "\n".join(sections)


def _header(spec: DatasetSpec, facts: VersionFacts) -> dict[str, Any]:
    tables = [
        {"config_name": table, "data_files": f"{table}.parquet"} | _default(table)
        for table in TABLES
    ]
    return {
        "pretty_name": spec.name,
        **({"license": spec.publish.license} if spec.publish.license else {}),
        "task_categories": ["image-segmentation", "image-classification"],
        "tags": ["anomaly-detection", "visual-inspection", "synthetic", "kizu"],
        "annotations_creators": ["machine-generated"],
        "size_categories": [_size(facts.images)],
        "configs": tables,
    }


def _default(table: str) -> dict[str, bool]:
    return {"default": True} if table == "samples" else {}


def _size(images: int) -> str:
    return next((words for end, words in _SIZES.items() if images < end), "n>10M")


def _licence_section(spec: DatasetSpec) -> str:
    if spec.publish.license:
        return f"Licence: {spec.publish.license}.\n"
    return (
        "No licence is stated (`publish.license` of the spec): ask whoever made it before you pass "
        "it on.\n"
    )


def _defect_table(facts: VersionFacts) -> str:
    return markdown_table(_DEFECT_HEADS, (_cells(*each) for each in facts.defects.items()))


def _cells(defect_type: str, facts: DefectFacts) -> tuple[str, ...]:
    counts = (
        facts.asked,
        facts.accepted,
        facts.splits[TRAIN_DEFECTS],
        facts.splits[TEST],
        facts.certified,
        facts.verdicts[Verdict.REVIEW],
        facts.verdicts[Verdict.REJECT],
        facts.refused,
    )
    yielded = "" if facts.yielded is None else f"{facts.yielded:.0%}"
    cost = "" if facts.usd_per_label is None else f"{facts.usd_per_label:.4f}"
    return (defect_type.replace("|", r"\|"), *map(str, counts), yielded, cost)


def _pictures(pictured: Sequence[str]) -> str:
    shown = (f"**{name}**\n\n![{name}](<{montage_name(name)}>)\n" for name in pictured)
    intro = "Some of each, the label outlined, and the defect close by:\n" if pictured else ""
    return "\n".join([intro, *shown])


def _splits(facts: VersionFacts) -> str:
    accepted = [each.splits for each in facts.defects.values()]
    negatives = sum((each.negatives for each in facts.defects.values()), Counter[str]())
    rows = [
        (TRAIN, facts.normals[TRAIN], 0, "one-class training"),
        (TEST, facts.normals[TEST], sum(each[TEST] for each in accepted), "testing"),
        (
            TRAIN_DEFECTS,
            0,
            sum(each[TRAIN_DEFECTS] for each in accepted),
            "supervised training, besides train",
        ),
        ("review", 0, facts.count(Verdict.REVIEW), "nothing yet: a person is to look"),
        ("reject", 0, facts.count(Verdict.REJECT) - sum(negatives.values()), _NO_USE),
        *(("negatives", *row) for row in _negative_rows(negatives)),
    ]
    return markdown_table(
        ("split", "normal", "with a defect", "for"), ([str(each) for each in row] for row in rows)
    )


_NO_USE: Final = "nothing: the label does not hold"


def _negative_rows(negatives: Counter[str]) -> Iterator[tuple[int, int, str]]:
    if found := negatives["unchanged"]:
        yield found, 0, "hard normal images: a model redrew the photo, nothing visible changed"
    if found := negatives["wrong"]:
        yield 0, found, "what a person rejected: neither normal nor of its class"


def _making(spec: DatasetSpec, facts: VersionFacts) -> str:
    models = ", ".join(f"{name} ({count})" for name, count in facts.models.items()) or "none"
    annotators = "; ".join(facts.annotators) or "none"
    return (
        f"- editor: {spec.editor.maker.name}; edits by model: {models}\n"
        f"- annotators that looked for the phrases: {annotators}\n"
        f"- versions of kizu's steps: diff {DIFF_VERSION}, grounding {GROUNDING_VERSION}, fuse "
        f"{FUSE_VERSION}, verdict {VERDICT_VERSION}\n"
        "- prompts, seeds, settings and figures of every image: `provenance.parquet`; all edits "
        "that were asked for, refusals among them: `edits.parquet`\n"
    )


def _proven(proven: Certification | None) -> str:
    if proven is None:
        return "Nothing is certified.\n"
    lines = [f"{each.stratum} labels: {each.sentence}" for each in proven.certificates]
    if any(each.is_certified for each in proven.certificates):
        lines.append("Not covered: " + "; ".join(proven.accepted.not_covered) + ".")
    return "".join(f"- {line}\n" for line in lines)


def _marking(facts: VersionFacts) -> str:
    rows = [
        (source or "not known", str(count), _SOURCES[source])
        for source, count in facts.sources.items()
    ]
    by_model = sum(facts.sources.get(source, 0) for source in MADE_BY_MODEL)
    told = (
        f"{by_model} of {facts.count()} images with a defect hold pixels of a generative model. "
        if facts.count()
        else ""
    )
    return (
        f"{told}What made each image is said in `digital_source_type` of `provenance.parquet`, in "
        f"the terms of IPTC ({IPTC_TERMS}). Normal images are the user's photographs.\n\n"
        f"{markdown_table(('digital source type', 'images', 'meaning'), rows)}\n"
        "Content Credentials (C2PA) sign a file's bytes, so those that a service put into an edit "
        "cannot be part of an image that was composited from it. They stay in the edit as it was "
        "received, which kizu's store keeps (`edits/`), and in pictures that are published as they "
        "came (`edited_path`).\n"
    )


def _emulated(facts: VersionFacts) -> str:
    if not facts.emulated:
        return ""
    return (
        f"- {facts.emulated} images were painted by kizu's emulator in the place of a model: they "
        "show that a build works and are not for training.\n"
    )
