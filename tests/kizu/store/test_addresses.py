import pytest

from kizu.pairing.table import read_table
from kizu.sources import SourceError
from kizu.spec import DatasetSpec, SpecError
from kizu.store import Store
from kizu.store.addresses import SecretInUrlError, shown_url, without_secrets

OPENS_IT = "gEh/eim+3%3D"
WITH_SECRETS = [
    f"sftp://me:{OPENS_IT}@host/photos",
    f"s3://AKIA:{OPENS_IT}@bucket/photos",
    f"https://h.example/c/x.png?sv=2024&se=1&sp=r&sig={OPENS_IT}",
    f"https://b.s3.amazonaws.com/x?X-Amz-Credential={OPENS_IT}&X-Amz-Signature={OPENS_IT}",
    f"https://b.s3.amazonaws.com/x?AWSAccessKeyId=A&Signature={OPENS_IT}",
    f"https://storage.googleapis.com/b/x?X-Goog-Signature={OPENS_IT}",
    f"az://photos/line?sv=1&sig={OPENS_IT}",
    f"abfs://c@a.dfs.core.windows.net/x?SharedAccessSignature={OPENS_IT}",
    f"https://h.example/x?api-key={OPENS_IT}",
    f"https://h.example/x?Subscription-Key={OPENS_IT}",
    f"simplecache::https://me:{OPENS_IT}@h.example/x",
]
WITHOUT = [
    "photos",
    "photos/line[2]",
    "a::b",
    "q?key=1.png",
    "me:pass@word",
    "/data/x?sig=1",
    "abfs://photos@account.dfs.core.windows.net/line 1",
    "s3://bucket/a@b/c:d.png",
    "http://host:8080/x@y",
    "memory://photos",
    "https://h.example/x?page=2&versionId=7",
]


@pytest.mark.parametrize("url", WITH_SECRETS)
def test_a_url_is_shown_without_what_opens_it(url):
    assert OPENS_IT not in shown_url(f"cannot open {url!r}: 403")
    with pytest.raises(SecretInUrlError, match="environment variables") as raised:
        without_secrets(url)
    assert OPENS_IT not in str(raised.value)


@pytest.mark.parametrize("url", WITHOUT)
def test_a_place_without_a_secret_stays_as_it_is(url):
    assert shown_url(url) == without_secrets(url) == url


@pytest.mark.parametrize("url", WITH_SECRETS)
@pytest.mark.parametrize("place", ["images.path", "editor.path", "editor.table", "region.path"])
def test_no_secret_of_a_spec_gets_as_far_as_a_run(url, place):
    spec = {
        "name": "cups",
        "images": {"path": url if place == "images.path" else "photos"},
        "defects": [{"defect_type": "crack", "prompt": "a crack"}],
    }
    if place == "region.path":
        spec["defects"][0]["region"] = {"kind": "mask", "path": url}
    if place.startswith("editor"):
        spec["editor"] = {"name": "folder", "path": "edited", place.split(".")[1]: url}
    with pytest.raises(SpecError, match="environment variables") as raised:
        DatasetSpec.parse(spec)
    assert OPENS_IT not in str(raised.value)


@pytest.mark.parametrize("url", WITH_SECRETS)
def test_a_store_whose_url_carries_a_secret_is_refused(url):
    with pytest.raises(ValueError, match="environment variables") as raised:
        Store(url)
    assert OPENS_IT not in str(raised.value)


def test_a_table_that_cannot_be_read_is_named_without_its_secret():
    with pytest.raises(SourceError) as raised:
        read_table(WITH_SECRETS[2])
    assert OPENS_IT not in str(raised.value)
