"""What was written is read again, or the file is named."""

import io
import json
from contextlib import suppress

import numpy as np
import pytest
from damage import CONTENT, EXCHANGED, damage
from hypothesis import given
from hypothesis import strategies as st

from kizu.store import DamagedFileError
from kizu.store.checked import (
    check_json,
    decode_bytes,
    decode_json,
    encode_bytes,
    encode_json,
    naming,
)

values = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4
    ),
    max_size=4,
).filter(lambda value: "checksum" not in value)


@given(values)
def test_an_object_comes_back_as_it_was(value):
    assert decode_json("a/b.json", encode_json("a/b.json", value)) == value


WRITERS = [
    lambda value: json.dumps(value, indent=2).encode(),
    lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n",
    lambda value: json.dumps(dict(reversed(value.items()))).encode("utf-8-sig"),
]


@pytest.mark.parametrize("written_by", WRITERS)
@given(value=values)
def test_what_another_program_writes_anew_counts_by_what_it_says(written_by, value):
    other = written_by(json.loads(encode_json("a/b.json", value)))
    assert decode_json("a/b.json", other) == value
    check_json("a/b.json", other)


@pytest.mark.parametrize("written_by", WRITERS)
@given(value=values)
def test_what_another_program_changes_is_damaged(written_by, value):
    changed = json.loads(encode_json("a/b.json", value)) | {"one more": 1}
    with pytest.raises(ValueError, match="its checksum is another one"):
        decode_json("a/b.json", written_by(changed))


@given(values, st.data())
def test_no_flipped_bit_gives_another_object(value, data):
    written = encode_json("a/b.json", value)
    bit = data.draw(st.integers(0, 8 * len(written) - 1))
    flipped = bytearray(written)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        found = decode_json("a/b.json", bytes(flipped))
    except ValueError:
        with pytest.raises(ValueError, match=r"it is no JSON|another one"):
            check_json("a/b.json", bytes(flipped))
        return
    check_json("a/b.json", bytes(flipped))
    known = {name: found.get(name) for name in value}
    assert known == value  # the word "checksum" itself was hit: the members are what they were


@given(st.binary(max_size=40), st.integers(0, 300))
def test_no_flipped_bit_gives_other_bytes_of_the_same_length(content, bit):
    written = encode_bytes("a/b.npz", content)
    assert decode_bytes("a/b.npz", written) == content
    flipped = bytearray(written)
    flipped[bit % (8 * len(written)) // 8] ^= 1 << bit % 8
    try:
        found = decode_bytes("a/b.npz", bytes(flipped))
    except ValueError:
        return
    assert len(found) > len(content)  # the mark was hit; the reader of the content then speaks


def test_files_of_an_older_kizu_are_read_as_they_are(store):
    store.write("old/a.json", b'{"a": 1}')
    store.write("old/a.npz", b"1")
    assert store.read_json("old/a.json") == {"a": 1}
    assert store.read_checked("old/a.npz") == b"1"


def test_a_version_that_is_copied_elsewhere_stays_whole(store):
    store.write_json("datasets/a/0123/manifest.json", {"a": 1})
    store.write("elsewhere/b/0123/manifest.json", store.read("datasets/a/0123/manifest.json"))
    assert store.read_json("elsewhere/b/0123/manifest.json") == {"a": 1}


@pytest.mark.parametrize("way", [*CONTENT, EXCHANGED])
def test_a_damaged_object_is_named(store, way):
    for name in ("a", "b"):
        store.write_json(f"matches/{name}.json", {"name": name, "score": 0.5})
    damage(store, "matches/a.json", way, ["matches/b.json"])
    with pytest.raises(DamagedFileError, match=r"store/matches/a\.json is damaged: "):
        store.read_json("matches/a.json")


@pytest.mark.parametrize("content", [b"[1]", b"1", b"[" * 100_000, b'{"a": 1}'])
def test_json_that_is_nothing_known_is_named(store, content):
    store.write("a/b.json", content)
    with pytest.raises(DamagedFileError, match=r"a/b\.json is damaged: "):
        store.read_json_as("a/b.json", lambda value: value["b"])


@pytest.mark.parametrize("way", CONTENT)
def test_what_lies_under_its_own_key_is_replaced_where_it_is_damaged(store, way):
    path = store.put_json("builds/shards", {"a": 1, "b": [1, 2, 3]})
    written = store.read(path)
    damage(store, path, way)
    assert store.put_json("builds/shards", {"a": 1, "b": [1, 2, 3]}) == path
    assert store.read(path) == written


@given(st.data())
def test_a_damaged_archive_of_an_older_kizu_is_named(data):
    packed = io.BytesIO()
    np.savez_compressed(packed, one=np.arange(9), two=np.zeros((3, 4)))
    written = bytearray(packed.getvalue())
    bit = data.draw(st.integers(0, 8 * len(written) - 1))
    written[bit // 8] ^= 1 << bit % 8
    with (
        suppress(DamagedFileError, OSError),  # an error of the system is no damage by itself
        naming("a.npz"),
        np.load(io.BytesIO(decode_bytes("a/a.npz", bytes(written)))) as stored,
    ):
        assert {stored[name].size for name in ("one", "two")}
