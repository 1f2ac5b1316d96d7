import pytest
from served import ROOT

from kizu.export import FORMATS
from kizu.export.registry import format_module
from kizu.export.roundtrip import TOOLS

PAGE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_has_the_lines_that_load_each_format_and_what_it_keeps(name):
    [_, section] = PAGE.split(f"\n### {name}\n")
    section = section.split("\n### ")[0]
    module = format_module(name)
    assert f"```python\n{module.LOADS.strip()}\n```" in section
    assert f"Masks: {module.KEEPS}." in section
    assert module.__doc__.strip().replace("``", "`") in section


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_says_which_tool_gave_back_what(name):
    assert f"| `{name}` | {TOOLS[name][0].name} " in PAGE
