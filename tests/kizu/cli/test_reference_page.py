from kizu.cli import COMMANDS
from kizu.cli.lazy_group import command_name, load
from kizu.cli.reference_page import page

PAGE = page()


def section(command: str) -> str:
    return PAGE.partition(f"{{#kizu-{command}}}\n")[2].partition("\n### ")[0]


def test_every_command_has_a_section_with_all_its_options():
    for places in COMMANDS.values():
        for place in places:
            said = section(command_name(place))
            for parameter in load(place).params:
                if parameter.opts[0].startswith("-"):
                    names = (*parameter.opts, *parameter.secondary_opts)
                    assert all(f"`{name}`" in said for name in names), (place, names)
                else:
                    assert f"| `{parameter.name.upper()}` |" in said, (place, parameter.name)


def test_what_must_be_given_is_told_from_what_may_be():
    assert "kizu label NORMALS [EDITED] [OPTIONS]" in section("label")
    assert "kizu annotate IMAGES... [OPTIONS]" in section("annotate")
    assert "| **required** |" in section("export").partition("`--to`")[2].partition("\n")[0]


def test_an_option_says_its_default_its_choices_and_its_variable():
    store = section("build").partition("| `--store` |")[2].partition("\n")[0]
    assert "`KIZU_STORE`" in store
    assert store.endswith("| `kizu-store` |")
    assert "One of `auto`, `name`, `content`." in section("label")
    assert "One of `accept`, `review`, `reject`." in section("export")
