import pytest

from kizu.pairing import PairingRules
from kizu.pairing.rules import UnpairedError
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec

NORMALS = [
    NormalImage(name[0] * 64, name[0] * 64, name, 64, 64)
    for name in ("1.png", "b/2.png", "c/2.png")
]


def rules_of(pictures=(), types=("crack", "stain"), **editor):
    fields = {
        "name": "mugs",
        "images": {"path": "" if editor.get("without_normals") else "normals"},
        "defects": [{"defect_type": kind} for kind in types],
        "editor": {"name": "folder", "path": "edited", **editor},
    }
    return PairingRules(DatasetSpec.parse(fields), NORMALS, pictures)


def table_of(tmp_path, *rows):
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(["normal,edited,defect_type", *rows]))
    return str(file)


def test_the_nearest_folder_names_the_defect():
    rules = rules_of()
    assert rules.tell("stain/old/Crack/9.png")[0].shown.defect_type == "crack"
    assert rules_of(types=["crack"]).tell("9.png")[0].shown.defect_type == "crack"
    with pytest.raises(UnpairedError, match=r"folder named after it \(crack, stain\)"):
        rules.tell("9.png")


def test_equal_names_count_only_where_they_are_to_be_trusted():
    [told] = rules_of(pair_by="name").tell("crack/1.jpg")
    assert (told.normal, told.by) == (NORMALS[0], "name")
    assert rules_of().tell("crack/1.jpg")[0].normal is None
    with pytest.raises(UnpairedError, match="no normal image has its name, or several have"):
        rules_of(pair_by="name").tell("crack/2.jpg")


def test_a_rule_for_names_gives_normal_and_defect():
    rules = rules_of(name_rule=r"(?P<defect_type>[a-z]+)_(?P<normal>.+?)(_v\d)?")
    [told] = rules.tell("stain_1_v2.png")
    assert (told.normal, told.shown.defect_type, told.by) == (NORMALS[0], "stain", "name")
    with pytest.raises(UnpairedError, match="its name does not follow"):
        rules.tell("stain.png")
    with pytest.raises(UnpairedError, match="its name says 'dent', which is no defect"):
        rules.tell("dent_1.png")
    with pytest.raises(UnpairedError, match=r"may be b/2.png, c/2.png; give the path"):
        rules.tell("crack_2.png")


def test_a_rule_that_names_no_normal_leaves_it_to_the_content():
    told = rules_of(name_rule=r"(?P<defect_type>\w+?)(_(?P<normal>\d+))?").tell("crack.png")
    assert told[0].normal is None


def test_without_normal_images_a_rule_names_the_defect_alone():
    rules = rules_of(name_rule=r"(?P<defect_type>\w+)_(?P<normal>.+)", without_normals=True)
    [told] = rules.tell("stain_7.png")
    assert (told.normal, told.shown.defect_type) == (None, "stain")


def test_a_row_speaks_of_the_picture_it_means_and_of_no_other(tmp_path):
    table = table_of(tmp_path, "1,x/a,crack", "1,x/a,stain", ",b,crack", "1,gone.png,crack")
    rules = rules_of(["x/a.png", "y/a.png", "b.png"], table=table)
    assert [told.shown.defect_type for told in rules.tell("x/a.png")] == ["crack", "stain"]
    assert rules.tell("x/a.png")[0].normal == NORMALS[0]
    assert rules.tell("b.png")[0].normal is None
    with pytest.raises(UnpairedError, match=r"it is not in .*pairs.csv; add a row"):
        rules.tell("y/a.png")
    [missing] = rules.unused_rows()
    assert missing.name == "gone.png"
    assert missing.reason == "is named in row 5 of pairs.csv, and no such file is in edited"


def test_a_row_that_may_mean_several_pictures_pairs_none_of_them(tmp_path):
    rules = rules_of(["x/a.png", "y/a.png"], table=table_of(tmp_path, "1,a.png,crack"))
    for name in ("x/a.png", "y/a.png"):
        with pytest.raises(UnpairedError, match=r"row 2 .* may be x/a.png, y/a.png; give the path"):
            rules.tell(name)


def test_a_table_without_rows_speaks_of_no_picture(tmp_path):
    rules = rules_of(["crack/a.png"], table=table_of(tmp_path))
    with pytest.raises(UnpairedError, match="it is not in"):
        rules.tell("crack/a.png")


def test_a_row_with_an_unknown_normal_or_defect_is_named(tmp_path):
    table = table_of(tmp_path, "9,a.png,crack", "1,b.png,dent")
    rules = rules_of(["a.png", "b.png"], table=table)
    with pytest.raises(UnpairedError, match=r"row 2 of pairs\.csv names the normal image '9'"):
        rules.tell("a.png")
    with pytest.raises(UnpairedError, match=r"row 3 of pairs\.csv says 'dent', which is no defect"):
        rules.tell("b.png")


@pytest.mark.parametrize("wrong", ["1,a.png,dent", "9,a.png,crack", "1,a.png,crack,x,y"])
def test_a_row_that_cannot_be_used_costs_no_other_row_of_its_picture(tmp_path, wrong):
    rules = rules_of(["a.png"], table=table_of(tmp_path, wrong, "1,a.png,stain"))
    assert [told.shown.defect_type for told in rules.tell("a.png")] == ["stain"]
    [unused] = rules.unused_rows()
    assert (unused.name, unused.reason.startswith("row 2 of pairs.csv")) == ("a.png", True)


def test_a_row_that_cannot_be_used_is_told_once_and_costs_no_other_picture(tmp_path):
    table = table_of(tmp_path, "1,,crack", "1,a.png,", "1,b.png,crack")
    rules = rules_of(["a.png", "b.png"], table=table)
    assert [told.shown.defect_type for told in rules.tell("b.png")] == ["crack"]
    with pytest.raises(UnpairedError, match=r"row 3 of pairs\.csv has no defect_type; fill it in"):
        rules.tell("a.png")
    [unused] = rules.unused_rows()
    assert unused.reason == "row 2 of pairs.csv has no edited; fill it in"
