import re

import pytest

from kizu.spec import DatasetSpec
from kizu.spec.reference_page import page

PAGE = page()


def row(setting: str, section: str) -> str:
    """The line of a setting below a heading."""
    below = PAGE.partition(f"{{#{section}}}\n")[2]
    return next(line for line in below.splitlines() if line.startswith(f"| `{setting}` |"))


def test_every_setting_has_a_row_and_every_one_says_what_it_means():
    schema = DatasetSpec.model_json_schema()
    models = [schema, *(each for each in schema["$defs"].values() if "properties" in each)]
    for model in models:
        for name, field in model["properties"].items():
            assert f"| `{name}` | **{field['title']}" in PAGE, (model["title"], name)
            assert field["description"], (model["title"], name)


def test_a_row_has_the_default_and_the_limits():
    assert row("variants", "defects").endswith("| integer | `1` | ≥ 1, ≤ 1,000 |")
    assert row("false_alarm_rate", "diff").endswith("| number | `0.01` | > 0.0, ≤ 0.5 |")
    assert "| **required** |" in row("defect_type", "defects")


def test_choices_are_listed():
    assert "`slight`, `moderate`, `severe`" in row("severity", "defects")


def test_a_setting_of_several_forms_leads_to_each():
    forms = row("region", "defects")
    assert all(f"(#defects-region-kind-{kind})" in forms for kind in ("box", "foreground", "mask"))


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", PAGE))))
def test_links_lead_to_one_section(anchor):
    assert PAGE.count(f"{{#{anchor}}}") == 1
