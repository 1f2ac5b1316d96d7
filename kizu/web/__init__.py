"""What the report and the review page have in common in a browser: zoom, masks, keys, language.

The parts are ES modules in ``static/``. The review page's server serves them beside its own; the
report, which opens from disk, where browsers load no modules, has them in its one script.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "\./([^"]+)";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:const|function|class) (\w+))", re.MULTILINE)


@cache
def static_files(package: str = "kizu.web") -> Mapping[str, bytes]:
    """Return the files in a package's folder ``static``, by name."""
    folder = resources.files(package).joinpath("static")
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def one_script(modules: Mapping[str, str]) -> str:
    """Return ES modules as one script without imports.

    Args:
        modules: Their texts by name, each behind those that it imports from. They import by name
            and export declarations.

    Example:
        >>> print(one_script({"a.js": "export const a = 1;"}))
        const modules = {};
        modules["a.js"] = (() => {
        const a = 1;
        return { a };
        })();
    """
    parts = [_enclosed(name, text.strip()) for name, text in modules.items()]
    return "\n".join(["const modules = {};", *parts])


def _enclosed(name: str, text: str) -> str:
    """Return a module as a function's body that returns what it exports."""
    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(r'const {\1} = modules["\2"];', text))
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();'
