"""Prefect's results beside everything else in the store."""

import pytest

from kizu.store import Store
from tasks.results import _block

# the clients of object stores leave sessions for the interpreter to close
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture
def local_store(tmp_path) -> str:
    return str(tmp_path / "store")


@pytest.mark.parametrize("service", ["local_store", "azure_store", "s3_store"])
def test_a_result_lies_in_the_stores_results_folder(service, request):
    url = request.getfixturevalue(service)
    block = _block(f"{url}/results")
    block.write_path("ab12", content=b"{}", _sync=True)
    assert Store(url).read("results/ab12") == b"{}"
    assert block.read_path("ab12", _sync=True) == b"{}"
