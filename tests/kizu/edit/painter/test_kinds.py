import pytest

from kizu.edit.painter import DefectKind, kind_from_prompt

PROMPTS = {
    "Add two thin SCRATCHES across the lid": DefectKind.SCRATCH,
    "scuffed and scraped paint": DefectKind.SCRATCH,
    "a hairline crack": DefectKind.CRACK,
    "the glass is fractured": DefectKind.CRACK,
    "a dark coffee stain": DefectKind.STAIN,
    "greasy smudges": DefectKind.STAIN,
    "drill small holes": DefectKind.HOLE,
    "a dented corner": DefectKind.DENT,
    "white lint and dust particles": DefectKind.CONTAMINATION,
    "foreign-object on the wafer": DefectKind.CONTAMINATION,
    "yellowed, discolored plastic": DefectKind.DISCOLOURATION,
    "Discoloured area": DefectKind.DISCOLOURATION,
    "missing_part": DefectKind.MISSING_PART,
    "microchip with a missing screw": DefectKind.MISSING_PART,
    "chipped edge": DefectKind.CHIP,
    "表面に擦り傷": DefectKind.SCRATCH,
    "ひっかき傷を付ける": DefectKind.SCRATCH,
    "ｷｽﾞがある": DefectKind.SCRATCH,
    "ガラスのひび割れ": DefectKind.CRACK,
    "亀裂": DefectKind.CRACK,
    "シミが残っている": DefectKind.STAIN,
    "油汚れ": DefectKind.STAIN,
    "小さな穴": DefectKind.HOLE,
    "打痕": DefectKind.DENT,
    "打ち傷": DefectKind.DENT,
    "角が凹んでいる": DefectKind.DENT,
    "異物の付着": DefectKind.CONTAMINATION,
    "ほこりがある": DefectKind.CONTAMINATION,
    "色むら": DefectKind.DISCOLOURATION,
    "変色した": DefectKind.DISCOLOURATION,
    "ネジの欠品": DefectKind.MISSING_PART,
    "部品の欠損": DefectKind.MISSING_PART,
    "縁の欠け": DefectKind.CHIP,
}


@pytest.mark.parametrize(("prompt", "kind"), PROMPTS.items())
def test_prompt_names_its_defect(prompt, kind):
    assert kind_from_prompt(prompt) is kind


@pytest.mark.parametrize("kind", DefectKind)
def test_every_kind_is_found_by_its_own_name(kind):
    assert kind_from_prompt(kind) is kind


def test_longest_word_wins():
    assert kind_from_prompt("a stain around the contaminated hole") is DefectKind.CONTAMINATION


def test_of_equally_long_words_the_first_wins():
    assert kind_from_prompt("穴と傷") is DefectKind.HOLE
    assert kind_from_prompt("傷と穴") is DefectKind.SCRATCH


def test_words_inside_other_words_do_not_count():
    with pytest.raises(ValueError, match="microchips"):
        kind_from_prompt("microchips")


def test_unknown_prompt_is_named_with_what_can_be_painted():
    with pytest.raises(ValueError, match=r"'a unicorn'.*scratch.*missing_part"):
        kind_from_prompt("a unicorn")


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("a burr along the cut edge", DefectKind.BURR),
        ("端面にバリを残す", DefectKind.BURR),
        ("ﾊﾞﾘ残り", DefectKind.BURR),
        ("peeling paint near the corner", DefectKind.DELAMINATION),
        ("塗装が剥がれている", DefectKind.DELAMINATION),
        ("メッキの剥離", DefectKind.DELAMINATION),
        ("a misprinted logo", DefectKind.MISPRINT),
        ("印刷ズレ", DefectKind.MISPRINT),
        ("文字のかすれ", DefectKind.MISPRINT),
        ("印字かすれ", DefectKind.MISPRINT),
        ("a bent pin", DefectKind.BENT),
        ("端子の曲がり", DefectKind.BENT),
        ("板の反り", DefectKind.BENT),
        ("a deformed lead", DefectKind.BENT),
        ("擦れた傷", DefectKind.SCRATCH),
        ("文字の欠け", DefectKind.CHIP),
        ("a dent in the sheet", DefectKind.DENT),
    ],
)
def test_the_words_of_a_shop_floor_are_known(prompt, kind):
    assert kind_from_prompt(prompt) is kind
