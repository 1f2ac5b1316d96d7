"""What a build prints when it has ended."""

import pytest
from summaries import MUGS

from kizu.cli.ending import WIDTH, print_summary
from kizu.summary import Problem


@pytest.fixture
def ending(capsys):
    """Print the end of a build; return its lines."""

    def lines(summary, store=""):
        print_summary(summary, 61.0, "kizu build mugs.yaml", store)
        return capsys.readouterr().out.splitlines()

    return lines


def test_a_stage_is_a_line_and_the_table_fits_a_terminal(ending):
    said = ending(MUGS)
    [edit] = [line for line in said if line.startswith("│ edit")]
    cells = [cell.strip() for cell in edit.strip("│").split("│")]
    assert cells == ["edit", "7", "0", "1", "0", "1234.5", "12.40-13.20"]
    assert max(len(line) for line in said) <= WIDTH
    assert any(line.startswith("The build took 61 s") for line in said)


def test_the_commands_stand_whole_on_their_lines(ending):
    said = ending(MUGS)
    below = said[said.index("Next:") + 1 :]
    commands = [line.split("  #")[0].strip() for line in below if line.startswith("  kizu")]
    assert commands == [
        "kizu review 'my mugs'",
        "kizu build mugs.yaml",
        "kizu report 'my mugs'",
        "kizu open 'my mugs'",
        "kizu export 'my mugs' out --to coco",
    ]


def test_commands_name_a_store_that_they_do_not_find_by_themselves(ending):
    said = ending(MUGS, store="demo/store")
    assert "  kizu open 'my mugs' --store demo/store" in "\n".join(said)


def test_damage_leads_to_repair_and_failures_to_the_same_build(ending):
    problem = Problem(sample_id="a", reason="diff: /s/x.png is damaged: it is missing")
    said = "\n".join(ending(MUGS.model_copy(update={"failed": 1, "problems": (problem,)})))
    assert "kizu build mugs.yaml" in said
    assert "# makes only what is missing" in said
    assert "kizu repair" in said
