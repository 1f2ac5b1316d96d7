"""The user's own pictures as an editor: made elsewhere, found in a folder, taken as they are."""

import re
from collections.abc import Callable
from math import inf
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, JsonValue, TypeAdapter, field_validator

from kizu.edit.editor import Edit, EditError, Editor, SecretSource
from kizu.edit.request import DECODING, DefectRequest, EditRequest
from kizu.edit.settings import EditorSettings, PairBy, PictureSource
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.geometry import Geometry
from kizu.settings import KeyedByContent
from kizu.source_files import NotReadableError, SourceError, file_url, read_url
from kizu.store.addresses import without_secrets
from kizu.store.keys import sha256_hex

NORMAL_GROUP: Final = "normal"
DEFECT_TYPE_GROUP: Final = "defect_type"

_GEOMETRY: Final = TypeAdapter(Geometry)


TableUrl: TypeAlias = Annotated[str, AfterValidator(without_secrets)]


class FolderSettings(EditorSettings):
    """Pictures with defects that exist already: each is paired with its normal and labelled.

    Which picture belongs to which normal image is no part of any setting's key: the pairs
    themselves are.
    """

    name: Literal["folder"] = Field(
        title="Editor", description="Labels pictures you already have; makes none."
    )
    path: Annotated[str, KeyedByContent(), AfterValidator(without_secrets)] = Field(
        min_length=1,
        title="Edited pictures",
        description="A folder (best with one subfolder per defect type), a pattern like "
        "edited/*.png, or an fsspec URL of either.",
    )
    table: Annotated[TableUrl | None, KeyedByContent()] = Field(
        None,
        title="Table of pairs",
        description="A CSV or Parquet file with the columns normal, edited, defect_type and, if "
        "you like, prompt, phrases (separated by ;) and region (left, top, right, bottom as "
        "fractions). An empty normal is looked for by content.",
    )
    name_rule: Annotated[str | None, KeyedByContent()] = Field(
        None,
        title="Rule for names",
        description="A regular expression for a picture's path below the folder, without its "
        "ending, with the groups normal and, if you like, defect_type: "
        r"(?P<defect_type>\w+)/(?P<normal>.+)_edit\d*",
    )
    pair_by: Annotated[PairBy, KeyedByContent()] = Field(
        "auto",
        title="Pair by",
        description="How pictures that no table or rule speaks of find their normal image: 'name' "
        "trusts equal names, 'content' looks at the pictures alone, 'auto' does the same but lets "
        "an equal name decide between normal images that are equally near.",
    )
    without_normals: Annotated[bool, KeyedByContent()] = Field(
        False,  # noqa: FBT003 - a pydantic default
        title="There are no normal images",
        description="Label every picture by what the annotators find in it, and nothing else: all "
        "go to review.",
    )

    @field_validator("name_rule")
    @classmethod
    def _rule_names_the_normal(cls, rule: str | None) -> str | None:
        if rule is None:
            return None
        try:
            groups = re.compile(rule).groupindex
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from error
        if NORMAL_GROUP not in groups:
            raise ValueError("has no group (?P<normal>...), which names the normal image")
        return rule

    @property
    def pictures(self) -> PictureSource:
        """Where the pictures are."""
        return PictureSource(
            self.path, self.table, self.name_rule, self.pair_by, not self.without_normals
        )

    def with_paths(self, resolve: Callable[[str], str]) -> Self:
        """Return the settings with the places of pictures and table resolved."""
        table = self.table and resolve(self.table)
        return self.model_copy(update={"path": resolve(self.path), "table": table})

    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:  # noqa: ARG002 - the base's
        """Return the name alone: the picture is in what is asked."""
        return {"name": self.name}

    def describe(self, defect: DefectRequest) -> dict[str, JsonValue]:
        """Return the picture, and where its normal image lies in it.

        Raises:
            ValueError: There is no picture.
        """
        if defect.picture is None:
            raise ValueError(f"no picture shows {defect.defect_type!r}; add one to {self.path}")
        geometry = defect.picture.geometry.identity()
        decoding: dict[str, JsonValue] = {**defect.picture.decoding.told()}
        return {
            "picture": defect.picture.name,
            "picture_sha256": defect.picture.sha256,
            "geometry": {n: list(v) if isinstance(v, tuple) else v for n, v in geometry.items()},
            **({DECODING: decoding} if decoding else {}),
        }

    def make(self, secrets: SecretSource | None = None) -> Editor:  # noqa: ARG002 - the base's
        """Return what takes the pictures over."""
        return FolderEditor(self.path)


class FolderEditor:
    """Takes a picture over as it is; its bytes are the edit."""

    def __init__(self, path: str) -> None:
        """Take where the pictures are; nothing is read."""
        self._path = path

    @property
    def is_paid(self) -> Literal[False]:
        """False: the pictures are there."""
        return False

    def plan_crop(
        self,
        request: EditRequest,
        source: tuple[int, int],  # noqa: ARG002 - the Protocol's
        guide: Mask | None,  # noqa: ARG002 - the Protocol's
    ) -> Geometry:
        """Return the geometry that was found when the picture was paired."""
        return _GEOMETRY.validate_python(request.ask["geometry"])

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float:  # noqa: ARG002 - the Protocol's
        """Return 0: nothing is made."""
        return 0.0

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:  # noqa: ARG002 - the Protocol's
        """Return the picture as it lies in the folder.

        Raises:
            EditError: It is gone, or another one than was paired.
        """
        name = str(request.ask["picture"])
        try:
            data = self._read(name)
        except (FileNotFoundError, NotReadableError, SourceError) as error:
            raise EditError(
                f"{name} is no longer in {self._path}; bring it back, or build again"
            ) from error
        if sha256_hex(data) != request.ask["picture_sha256"]:
            raise EditError(f"{name} in {self._path} has changed since it was paired; build again")
        return Edit(picture=data, model="")

    def _read(self, name: str) -> bytes:
        url = file_url(self._path, name)
        if url is None:
            raise FileNotFoundError(name)
        return read_url(url, inf)  # it was let in when it was paired
