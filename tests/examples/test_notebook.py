"""The notebook runs from top to bottom, in a kernel of its own."""

import nbformat
import pytest
from nbclient import NotebookClient
from served import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
def test_the_notebook_runs_and_shows_what_it_makes(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    shown = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/jpeg" in output.get("data", {}) or "image/png" in output.get("data", {})
    ]
    assert len(shown) == 3
    last = notebook.cells[-1].outputs[-1]["data"]["text/plain"]
    assert "torch.Size([2, 3, 428, 512])" in last


def test_what_the_notebook_shows_is_what_it_was_run_with():
    code = [
        cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"
    ]
    assert all(cell.outputs or cell.source.startswith("from pathlib") for cell in code)
