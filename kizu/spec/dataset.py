"""What the user asks for: one spec describes one dataset."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from kizu.agree.settings import AgreementSettings
from kizu.billing.budget import BudgetSpec, unpriced
from kizu.diff import DiffSettings
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.regions import MaskRegion
from kizu.edit.registry import EditorChoice
from kizu.grounding import GroundingChoice, GroundingSettings
from kizu.grounding.registry import DEMO_NOTICE
from kizu.settings import KeyedByContent, Operational, Settings
from kizu.spec.defects import DefectSpec
from kizu.spec.errors import SpecError, load_yaml, problem_sentence, with_current_names
from kizu.spec.publishing import PublishSettings
from kizu.spec.texts import FolderName, Words, WordsOrNone


class ImagesSpec(Settings):
    """The normal images."""

    path: Annotated[WordsOrNone, KeyedByContent()] = Field(
        "",
        title="Normal images",
        description="A folder, a folder with MVTec AD's train/good inside, a pattern like "
        "photos/*.jpg, or an fsspec URL (abfs://…, s3://…) of any of these. Empty only where the "
        "editor 'folder' says that there are none.",
    )
    category: Words = Field(
        "object",
        title="Category",
        description="What the photos show ('mug', 'circuit board'); goes into prompts and rows.",
    )
    max_edited: int | None = Field(
        None,
        ge=1,
        title="Most photos to edit",
        description="Edit at most this many photos; the others stay normal, for training. "
        "Empty: edit all.",
    )


class DatasetSpec(Settings):
    """A dataset: normal images, defects, and how to make, check and publish them."""

    name: FolderName = Field(title="Dataset name", description="Names the dataset's folder.")
    images: ImagesSpec = Field(title="Images", description="Where the normal images are.")
    defects: tuple[DefectSpec, ...] = Field(
        min_length=1, title="Defects", description="The defects to make on them."
    )
    editor: EditorChoice = Field(
        default_factory=PainterSettings, title="Editor", description="Who makes the edits."
    )
    diff: DiffSettings = Field(
        default_factory=DiffSettings, title="Diff", description="How changes are found."
    )
    grounding: GroundingChoice = Field(
        default_factory=GroundingSettings,
        title="Grounding",
        description="Who looks for the phrases.",
    )
    agree: AgreementSettings = Field(
        default_factory=AgreementSettings,
        title="Agreement",
        description="When an edit is accepted, reviewed or rejected.",
    )
    publish: PublishSettings = Field(
        default_factory=PublishSettings, title="Publishing", description="How it is written."
    )
    seed: int = Field(
        0,
        ge=0,
        title="Seed",
        description="Another seed asks for other edits, and pays for them again.",
    )
    budget: Annotated[BudgetSpec, Operational()] = Field(
        default_factory=BudgetSpec, title="Budget", description="What a build may spend."
    )

    @model_validator(mode="after")
    def _distinct_types(self) -> Self:
        types = [defect.defect_type.casefold() for defect in self.defects]
        twice = sorted({name for name in types if types.count(name) > 1})
        if twice:
            raise ValueError(
                f"defect_type {', '.join(twice)} appears twice; "
                "use variants for more of the same, or another name"
            )
        return self

    @model_validator(mode="after")
    def _told_what_to_make(self) -> Self:
        pictures = self.editor.maker.pictures
        if self.has_normals and not self.images.path:
            raise ValueError("images.path is missing; give the folder of your normal images")
        if not self.has_normals and self.images.path:
            raise ValueError(
                f"images.path is {self.images.path!r}, but editor.without_normals says that there "
                "are no normal images; remove one of the two"
            )
        unsaid = [i for i, defect in enumerate(self.defects) if not defect.prompt]
        if unsaid and pictures is None:
            raise ValueError(
                f"defects.{unsaid[0]}.prompt is missing; say what {self.editor.name} is to add"
            )
        return self

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.budget.caps_cost and (model := self.editor.unpriced_model):
            raise ValueError(unpriced(model))
        return self

    @model_validator(mode="after")
    def _trusted(self) -> Self:
        weak = [each.annotator for each in self.grounding.annotators if each.needs_forcing]
        if self.editor.maker.is_paid and weak:
            raise ValueError(
                f"grounding.annotator {weak[0]!r} has {DEMO_NOTICE}, too little to judge paid "
                "edits; choose another, or set force_demo_weights: true beside it"
            )
        return self

    @property
    def has_normals(self) -> bool:
        """False if the editor's pictures stand alone, without normal images to compare with."""
        pictures = self.editor.maker.pictures
        return pictures is None or pictures.has_normals

    def rival_phrases(self, defect_type: str, phrases: Iterable[str]) -> tuple[str, ...]:
        """Return what the other defects are called, each phrase once.

        Args:
            defect_type: The asked defect.
            phrases: What it is called; a name that both bear tells nothing apart and is left out.
        """
        asked = {phrase.casefold() for phrase in phrases}
        others = (
            phrase
            for defect in self.defects
            if defect.defect_type != defect_type
            for phrase in defect.grounding_phrases
        )
        named = {phrase.casefold(): phrase for phrase in others}
        return tuple(phrase for name, phrase in named.items() if name not in asked)

    def with_paths(self, resolve: Callable[[str], str]) -> Self:
        """Return the dataset with every place of pictures, masks and tables resolved."""
        images = self.images.model_copy(
            update={"path": self.images.path and resolve(self.images.path)}
        )
        defects = tuple(_with_mask(defect, resolve) for defect in self.defects)
        editor = self.editor.with_paths(resolve)
        return self.model_copy(update={"images": images, "defects": defects, "editor": editor})

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read a spec file; relative paths in it start at the file's folder.

        Raises:
            SpecError: The file cannot be read, is no YAML, or a field is wrong.
        """
        file = Path(path)
        spec = cls.parse(load_yaml(file), origin=str(file))
        return spec.with_paths(partial(_below, file.resolve().parent))

    @classmethod
    def parse(cls, fields: Any, origin: str = "the spec") -> Self:  # noqa: ANN401 - unchecked input
        """Check fields as read from YAML or JSON.

        Raises:
            SpecError: One line per wrong or renamed field.
        """
        if not isinstance(fields, dict):
            raise SpecError(f"{origin}: expected 'name:', 'images:' and 'defects:' entries")
        current, renamed = with_current_names(fields)
        try:
            spec = cls.model_validate(current)
        except ValidationError as error:
            wrong = [problem_sentence(problem) for problem in error.errors()]
            raise SpecError.of(origin, renamed + wrong) from error
        if renamed:
            raise SpecError.of(origin, renamed)
        return spec

    def recipe(self) -> dict[str, Any]:
        """Return what shapes the dataset, as JSON; replayed edits are their editor's."""
        return {**self.shaping(), "editor": self.editor.maker.shaping()}


def _below(folder: Path, place: str) -> str:
    """Return a place as it is if it is a URL or absolute, else below a folder."""
    if "://" in place or Path(place).expanduser().is_absolute():
        return place
    return str(folder / place)


def _with_mask(defect: DefectSpec, resolve: Callable[[str], str]) -> DefectSpec:
    if not isinstance(defect.region, MaskRegion):
        return defect
    region = defect.region.model_copy(update={"path": resolve(defect.region.path)})
    return defect.model_copy(update={"region": region})
