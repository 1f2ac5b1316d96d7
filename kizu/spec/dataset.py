"""What the user asks for: one spec describes one dataset."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from kizu.agree.settings import AgreementSettings
from kizu.billing.budget import BudgetSpec, unpriced
from kizu.diff import DiffSettings
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.regions import MaskRegion
from kizu.edit.registry import EditorChoice
from kizu.grounding import GroundingChoice, GroundingSettings
from kizu.grounding.registry import DEMO_NOTICE
from kizu.imaging.codecs import Decoding, Profiles
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS
from kizu.settings import KeyedByContent, Operational, Settings
from kizu.spec.defects import DefectSpec
from kizu.spec.errors import SpecError, problem_sentences, with_current_names
from kizu.spec.grouping import GroupSettings
from kizu.spec.publishing import PublishSettings
from kizu.spec.reading import read_spec
from kizu.spec.texts import FolderName, Words, WordsOrNone, caption_remarks
from kizu.spec.values import Place, value_problems
from kizu.store.addresses import without_secrets

MOST_DEFECTS: Final = 1000
"""Kinds of defects of one dataset; the largest public ones have some tens."""


class ImagesSpec(Settings):
    """The normal images."""

    path: Annotated[WordsOrNone, KeyedByContent(), AfterValidator(without_secrets)] = Field(
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
    group: GroupSettings | None = Field(
        None,
        title="Photos that belong together",
        description="Says which photos show the same part or lot: they are never in train and test "
        "at once. A pattern of names, a folder level, or a table. Empty: every photo by itself.",
    )
    near_duplicates: bool = Field(
        True,  # noqa: FBT003 - the field's default
        title="Find near-duplicates",
        description="Photos that show the same picture, as one file twice, resized, cropped or "
        "re-exposed, are found and put into one group. Off: only 'group' says what belongs "
        "together.",
    )
    max_edited: int | None = Field(
        None,
        ge=1,
        title="Most photos to edit",
        description="Edit at most this many photos; the others stay normal, for training. "
        "Empty: edit all.",
    )
    max_megapixels: Annotated[float, Operational()] = Field(
        DEFAULT_MAX_MEGAPIXELS,
        gt=0,
        title="Largest picture (megapixels)",
        description="A larger photo, or picture that you bring, is named and left out: decoding "
        "takes some 7 bytes of memory a pixel. WebP, AVIF, HEIC, progressive JPEG and 16-bit files "
        "take twice that and may have half as many pixels.",
    )
    depth_bits: Annotated[int | None, KeyedByContent()] = Field(
        None,
        ge=9,
        le=16,
        title="Depth of 16-bit photos (bits)",
        description="How many bits of a 16-bit file your camera fills. With 12, 4095 is white in "
        "every photo, and one with a larger value is left out. Empty: each photo is scaled by the "
        "smallest depth that holds its brightest pixel, so that photos of one lot may differ.",
    )
    profiles: Annotated[Profiles, KeyedByContent()] = Field(
        "opaque",
        title="Colour profiles",
        description="Which embedded colour profiles are converted to sRGB. 'opaque': of 8-bit RGB "
        "and CMYK pictures. 'all': also of grey, palette, transparent and 16-bit ones.",
    )

    @property
    def decoding(self) -> Decoding:
        """How the files of photos, and of pictures that the user brings, are read."""
        return Decoding(self.depth_bits, self.profiles)


@dataclass(frozen=True)
class Reading:
    """How a spec was read; it makes no difference between specs, so all are equal.

    Attributes:
        origin: Where from.
        remarks: One sentence per thing that was perhaps meant otherwise.
    """

    origin: str = field(default="the spec", compare=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)


class DatasetSpec(Settings):
    """A dataset: normal images, defects, and how to make, check and publish them."""

    name: FolderName = Field(title="Dataset name", description="Names the dataset's folder.")
    images: ImagesSpec = Field(title="Images", description="Where the normal images are.")
    defects: tuple[DefectSpec, ...] = Field(
        min_length=1,
        max_length=MOST_DEFECTS,
        title="Defects",
        description="The defects to make on them.",
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
        le=2**63 - 1,  # tables hold 64 bits
        title="Seed",
        description="Another seed asks for other edits, and pays for them again.",
    )
    budget: Annotated[BudgetSpec, Operational()] = Field(
        default_factory=BudgetSpec, title="Budget", description="What a build may spend."
    )

    _reading: Reading = PrivateAttr(default_factory=Reading)

    @model_validator(mode="wrap")
    @classmethod
    def _possible(cls, fields: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - unchecked input
        """Refuse what no setting can be, before anything goes through it; remark on captions."""
        if problems := value_problems(fields):
            raise ValueError("; ".join(problems))
        spec = handler(fields)
        if isinstance(fields, Mapping):
            spec._reading = Reading(remarks=tuple(caption_remarks(fields)))  # noqa: SLF001 - its own
        return spec

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
        if self.has_normals and not self.images.path:
            raise ValueError("images.path is missing; give the folder of your normal images")
        if not self.has_normals and self.images.path:
            raise ValueError(
                f"images.path is {self.images.path!r}, but editor.without_normals says that there "
                "are no normal images; remove one of the two"
            )
        unsaid = [i for i, defect in enumerate(self.defects) if not defect.prompt]
        if unsaid and self.editor.maker.needs_prompt:
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
    def origin(self) -> str:
        """Where it was read; sentences about it begin with this."""
        return self._reading.origin

    @property
    def remarks(self) -> tuple[str, ...]:
        """One sentence per thing that was perhaps meant otherwise than it was read."""
        return tuple(f"{self.origin}: {remark}" for remark in self._reading.remarks)

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
        group = self.images.group and self.images.group.with_paths(resolve)
        path = self.images.path and resolve(self.images.path)
        images = self.images.model_copy(update={"path": path, "group": group})
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
        text = read_spec(file)
        spec = cls.parse(text.fields, origin=str(file), lines=text.lines)
        remarks = (*text.notes, *spec._reading.remarks)  # noqa: SLF001 - its own
        spec._reading = Reading(str(file), remarks)  # noqa: SLF001 - its own
        return spec.with_paths(partial(_below, file.resolve().parent))

    @classmethod
    def parse(
        cls,
        fields: Any,  # noqa: ANN401 - unchecked input
        origin: str = "the spec",
        lines: Mapping[Place, int] | None = None,
    ) -> Self:
        """Check fields as read from YAML or JSON.

        Args:
            fields: The fields.
            origin: Where they were read; every sentence begins with it.
            lines: The line of each value, where they come from a file.

        Raises:
            SpecError: One line per wrong or renamed field.
        """
        if not isinstance(fields, dict):
            raise SpecError(f"{origin}: expected 'name:', 'images:' and 'defects:' entries")
        if problems := value_problems(fields):
            raise SpecError.of(origin, problems)
        current, renamed = with_current_names(fields)
        try:
            spec = cls.model_validate(current)
        except ValidationError as error:
            wrong = problem_sentences(error, cls, current, lines)
            raise SpecError.of(origin, renamed + wrong) from error
        if renamed:
            raise SpecError.of(origin, renamed)
        spec._reading = Reading(origin, spec._reading.remarks)  # noqa: SLF001 - its own
        return spec

    def recipe(self) -> dict[str, Any]:
        """Return what shapes the dataset, as JSON; replayed edits are their editor's."""
        return {**self.shaping(), "editor": self.editor.maker.shaping()}


def _below(folder: Path, place: str) -> str:
    """Return a place as it is if it is a URL or absolute, else below a folder."""
    if "://" in place or place.startswith("~") or Path(place).is_absolute():
        return place
    return str(folder / place)


def _with_mask(defect: DefectSpec, resolve: Callable[[str], str]) -> DefectSpec:
    if not isinstance(defect.region, MaskRegion):
        return defect
    region = defect.region.model_copy(update={"path": resolve(defect.region.path)})
    return defect.model_copy(update={"region": region})
