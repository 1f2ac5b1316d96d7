"""The commands; what goes over is tested in tests/kizu/review_exchange."""


def test_a_tool_that_does_not_exist_lists_those_that_do(run, tmp_path):
    (tmp_path / "file").write_text("")
    for words in (
        ("review-export", "plates", "out", "--to", "paint"),
        ("review-import", "plates", "file", "--from", "paint", "--reviewer", "Aiko"),
    ):
        code, _, errors = run(*words)
        assert code == 2
        assert "no review tool 'paint'; choose one of label-studio, cvat" in errors


def test_a_dataset_that_was_never_built_is_one_sentence(run):
    code, _, errors = run("review-export", "plates", "out", "--to", "cvat")
    assert code == 2
    assert "'kizu build' makes one" in errors


def test_a_file_that_is_not_there_is_one_sentence(run):
    words = ("review-import", "plates", "absent.json", "--from", "cvat", "--reviewer", "Aiko")
    code, _, errors = run(*words)
    assert code == 2
    assert "absent.json cannot be read (No such file or directory)" in errors
