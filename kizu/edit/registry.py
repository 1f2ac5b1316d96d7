"""The editors there are. A new one is one more row."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal, Union, get_args

from pydantic import BeforeValidator, Field, JsonValue, ValidationError

from kizu.edit.editor import Editor, SecretSource
from kizu.edit.flux import FluxSettings
from kizu.edit.folder import FolderSettings
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.paid import PaidEditor
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.request import DefectRequest
from kizu.edit.settings import EditorSettings
from kizu.edit.transplant.settings import TransplantSettings

EDITORS: Final[tuple[type[EditorSettings], ...]] = (
    PainterSettings,
    GptImageSettings,
    FluxSettings,
    FolderSettings,
    TransplantSettings,
)


def _name_of(editor: type[EditorSettings]) -> str:
    return str(get_args(editor.model_fields["name"].annotation)[0])


_CURRENT_NAMES: Final[Mapping[str, str]] = {
    alias: _name_of(editor) for editor in EDITORS for alias in editor.aliases
}


def _with_current_name(fields: object) -> object:
    """Return an editor's fields as a spec gives them, under the editor's name of today.

    A name alone stands for the editor with its defaults.
    """
    if isinstance(fields, str):
        fields = {"name": fields}
    if not isinstance(fields, Mapping):
        return fields
    name = fields.get("name")
    return {**fields, "name": _CURRENT_NAMES.get(name, name)} if isinstance(name, str) else fields


if TYPE_CHECKING:
    MakerChoice = EditorSettings
    EditorChoice = EditorSettings
else:
    MakerChoice = Annotated[
        Union[EDITORS],  # noqa: UP007 - of a tuple
        Field(discriminator="name"),
        BeforeValidator(_with_current_name),
    ]


class ReplaySettings(EditorSettings):
    """Serves what the store already holds; a missing edit is a failure, never a purchase."""

    name: Literal["replay"] = Field(title="Editor", description="Replays stored edits; makes none.")
    of: MakerChoice = Field(
        default_factory=PainterSettings,
        title="Replay of",
        description="The editor, with its settings, that made the edits.",
    )

    @property
    def maker(self) -> EditorSettings:
        """The editor that is replayed."""
        return self.of

    def is_emulated(self) -> bool:
        """Tell whether the emulator's edits are replayed."""
        return self.of.is_emulated()

    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:
        """Return the identity of the editor that is replayed."""
        return self.of.identity(emulated=emulated)

    def describe(self, defect: DefectRequest) -> dict[str, JsonValue]:
        """Return what was asked of the editor that is replayed."""
        return self.of.describe(defect)

    def make(self, secrets: SecretSource | None = None) -> Editor:
        """Return the replay."""
        from kizu.edit.replay import ReplayEditor  # noqa: PLC0415 - loaded when needed

        return ReplayEditor(self.of.make(secrets))


if not TYPE_CHECKING:
    EditorChoice = Annotated[
        Union[(*EDITORS, ReplaySettings)],
        Field(discriminator="name"),
        BeforeValidator(_with_current_name),
    ]

_ALL: Final[tuple[type[EditorSettings], ...]] = (*EDITORS, ReplaySettings)
_BY_NAME: Final[Mapping[str, type[EditorSettings]]] = {_name_of(each): each for each in _ALL}


def load_editor(
    name: str, settings: EditorSettings | None = None, secrets: SecretSource | None = None
) -> Editor | PaidEditor:
    """Load an editor by name.

    Args:
        name: One of ``editor_names()``, or an earlier name of one.
        settings: That editor's settings; its defaults where None.
        secrets: Where a paid editor finds secrets that are not in the environment.

    Raises:
        ValueError: No editor has that name, or the settings are another editor's.
    """
    name = _CURRENT_NAMES.get(name, name)
    if name not in _BY_NAME:
        choices = ", ".join(editor_names())
        raise ValueError(f"there is no editor {name!r}; choose one of {choices}")
    if settings is None:
        settings = _default_settings(name)
    if settings.name != name:
        raise ValueError(f"settings of {settings.name!r} given to the editor {name!r}")
    return settings.make(secrets)


def _default_settings(name: str) -> EditorSettings:
    try:
        return _BY_NAME[name].model_validate({"name": name})
    except ValidationError as error:
        lacking = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
        raise ValueError(
            f"the editor {name!r} has no default for {lacking}; give settings"
        ) from error


def editor_names() -> Sequence[str]:
    """Return the names that a spec can give."""
    return tuple(_BY_NAME)
