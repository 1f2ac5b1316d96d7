"""What every editor is to the rest of kizu: its settings, which are the whole plug-in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue

from kizu.edit.digital_source import DigitalSource
from kizu.edit.editor import Editor, SecretSource
from kizu.edit.paid import PaidEditor
from kizu.edit.request import DefectRequest, EditRequest
from kizu.edit.served import ServedModel
from kizu.real_defects import RealPicture
from kizu.settings import Operational, Settings

PairBy = Literal["auto", "name", "content"]


@dataclass(frozen=True)
class PictureSource:
    """Where the pictures of an editor are that makes none, and how they find their normal images.

    Attributes:
        path: Folder, pattern or URL of the pictures.
        table: Path or URL of a table of pairs; None without.
        name_rule: Regular expression for names, with the group ``normal``; None without.
        pair_by: What counts where neither speaks: equal names, the content, or both together.
        has_normals: False if every picture stands alone.
    """

    path: str
    table: str | None = None
    name_rule: str | None = None
    pair_by: PairBy = "auto"
    has_normals: bool = True


def _operational_last(schema: dict[str, Any], editor: type[BaseModel]) -> None:
    """Sort the fields of an editor's form: first what shapes its pictures."""
    fields = editor.model_fields

    def is_operational(name: str) -> bool:
        return any(isinstance(mark, Operational) for mark in fields[name].metadata)

    schema["properties"] = {
        name: schema["properties"][name] for name in sorted(fields, key=is_operational)
    }


class EditorSettings(Settings, ABC):
    """Base of an editor's settings. They say what is asked of it, and make it when it is needed.

    An editor is one such class, listed in ``kizu.edit.registry``.

    Attributes:
        name: The editor's name; a ``Literal`` in each editor.
        aliases: Names that specs gave it earlier.
        digital_source: What its pictures are; None where that is not known.
    """

    model_config = ConfigDict(json_schema_extra=_operational_last)

    aliases: ClassVar[tuple[str, ...]] = ()
    digital_source: ClassVar[DigitalSource | None] = None

    name: str

    @classmethod
    def served_models(cls) -> Sequence[ServedModel]:
        """Return the models that the emulator serves in the place of the editor's service."""
        return ()

    @property
    def maker(self) -> "EditorSettings":
        """The editor whose pictures these are: itself, but for a replay."""
        return self

    @property
    def is_paid(self) -> bool:
        """True if its edits are bought."""
        return False

    @property
    def model_name(self) -> str:
        """The model that its edits name; empty where they name none."""
        return ""

    @property
    def pictures(self) -> PictureSource | None:
        """Where its edits are, if they are there already: then they are the samples."""
        return None

    @property
    def needs_prompt(self) -> bool:
        """True if it can only make what the user put into words."""
        return self.pictures is None

    def with_paths(self, resolve: Callable[[str], str]) -> Self:  # noqa: ARG002 - for editors with paths
        """Return the settings with every path resolved, as those of a spec file are."""
        return self

    @property
    def unpriced_model(self) -> str | None:
        """The model, if what a call to it costs is not known before it is made."""
        return None

    def is_emulated(self) -> bool:
        """Tell whether the emulator answers in the place of the service."""
        return False

    @abstractmethod
    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:
        """Return what of the editor is part of an edit's key: all that shapes the picture.

        Args:
            emulated: Whether the emulator is asked; real edits know nothing of it in their keys.
        """

    @abstractmethod
    def describe(self, defect: DefectRequest) -> dict[str, JsonValue]:
        """Return what is asked of the editor for one defect, as an edit's key holds it.

        Raises:
            ValueError: It does not understand the defect's prompt.
        """

    def real_defect(self, request: EditRequest) -> RealPicture | None:  # noqa: ARG002 - for editors with one
        """Return the real defect that a request has moved; None for an editor that moves none."""
        return None

    def sent_prompt(self, request: EditRequest) -> str | None:  # noqa: ARG002 - for editors with one
        """Return the prompt as it will be sent; None for an editor that sends none."""
        return None

    def problem(self) -> str:
        """Say what keeps edits from being made here; empty if nothing does, as far as can be told.

        Nothing is sent.
        """
        return ""

    def endpoint(self) -> str:
        """Return the URL of the service that is asked; empty for this machine.

        To be asked where ``problem`` says nothing.
        """
        return ""

    def warnings(self, defects: Sequence[str], today: date) -> list[str]:  # noqa: ARG002 - as above
        """Return one sentence per thing that may go wrong or cost more than expected.

        Args:
            defects: Per defect, all its words that are sent.
            today: Decides which models are retired.
        """
        return []

    @abstractmethod
    def make(self, secrets: SecretSource | None = None) -> Editor | PaidEditor:
        """Return the editor; what it needs is imported now.

        Args:
            secrets: Where a paid editor finds secrets that are not in the environment.
        """
