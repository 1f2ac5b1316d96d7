from browser import page, screenshots  # noqa: F401 - fixtures
from reported import plates  # noqa: F401 - a fixture
from republished import first  # noqa: F401 - a fixture
