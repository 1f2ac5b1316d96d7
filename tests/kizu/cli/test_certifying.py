import json

import pytest
from damage import damage

from kizu.agree.proof import Stratum
from kizu.agree.settings import AgreementSettings
from kizu.agree.verdict import Reason
from kizu.publish.version import LastBuild
from kizu.store import Store


@pytest.fixture
def built(tmp_path, outcome):
    """Leave a last build of 200 accepted samples of as many photographs."""
    store = Store(str(tmp_path / "kizu-store"))
    made = [
        outcome(
            Reason.AGREE,
            normal_sha256=f"photo {number}",
            score=number / 200,
            stratum=Stratum.ACCEPTED,
            made_by="m",
            decisions=f"decisions/{number}",
        )
        for number in range(200)
    ]
    listed = {"outcomes": [each.model_dump(mode="json") for each in made]}
    last = LastBuild(
        shards=(),
        agree=AgreementSettings(confidence=0.95),
        outcomes=store.put_json("builds/outcomes", listed),
        version="01",
    )
    store.write_json("builds/last/mugs.json", last.model_dump(mode="json"))


@pytest.mark.usefixtures("built")
def test_certify_says_how_many_reviews_are_missing_and_where_to_make_them(run, tmp_path):
    code, out, _ = run("certify", "mugs", "--json", "proof.json")
    assert code == 0
    assert "149 more reviews without an error prove that at most 2%" in out
    assert "Next: kizu review mugs" in out
    [told] = json.loads((tmp_path / "proof.json").read_text())["certificates"]
    assert (told["is_certified"], told["missing_reviews"]) == (False, 149)


def test_certify_of_what_was_never_built_says_how_to_build_it(run):
    code, _, errors = run("certify", "mugs")
    assert code == 2
    assert "no build of 'mugs' came as far as a verdict" in errors


@pytest.mark.usefixtures("built")
def test_what_a_command_finds_damaged_is_one_sentence(run, tmp_path):
    store = Store(str(tmp_path / "kizu-store"))
    [outcomes] = store.list("builds/outcomes")
    damage(store, outcomes, "cut to half")
    code, _, errors = run("certify", "mugs")
    assert code == 2
    assert f"{outcomes} is damaged: " in errors
    assert "'kizu repair' says what becomes of it" in errors
