import shutil
import subprocess

import pytest

from kizu.report.page import script
from kizu.web import one_script


def test_modules_see_what_they_import_and_nothing_else():
    text = one_script(
        {
            "a.js": "const hidden = 1;\nexport const shown = hidden + 1;\nexport function two() {}",
            "b.js": 'import { shown } from "./a.js";\nconst hidden = shown;',
        }
    )
    assert "import" not in text
    assert "export" not in text
    assert 'const { shown } = modules["a.js"];' in text
    assert "return { shown, two };" in text


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to read JavaScript")
def test_the_reports_script_is_javascript(tmp_path):
    file = tmp_path / "page.mjs"
    file.write_text(script(), encoding="utf-8")
    subprocess.run(["node", "--check", file], check=True, timeout=60)  # noqa: S603, S607 - ours
