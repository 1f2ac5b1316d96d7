"""Pictures as services and gateways put them into an answer."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kizu.edit.openai_images.picture import as_asked, decode_base64, has_picture, picture_in
from kizu.edit.openai_images.said import parse_body
from kizu.imaging.codecs import decode_image

SENT = np.full((64, 96, 3), 90, np.uint8)


def file_of(size=(96, 64), colour=(10, 20, 30), form="PNG", **options):
    data = io.BytesIO()
    mode = "RGBA" if len(colour) == 4 else "RGB"
    Image.new(mode, size, colour).save(data, form, **options)
    return data.getvalue()


FILE = file_of()
TEXT = base64.b64encode(FILE).decode()


def no_fetch(url):
    raise ValueError(f"not fetched: {url}")


def found_in(body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    tree = None if content == FILE else parse_body(content)
    assert has_picture(content, tree)
    return picture_in(content, tree, no_fetch)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"data:image/png;base64,{TEXT}",
        f"DATA:image/PNG;charset=utf-8;BASE64,{TEXT}",
        base64.encodebytes(FILE).decode(),
        base64.encodebytes(FILE).decode().replace("\n", "\r\n  "),
        base64.urlsafe_b64encode(FILE).decode().rstrip("="),
        f"{TEXT}===",
    ],
)
def test_base64_is_read_however_it_is_written(text):
    assert found_in({"data": [{"b64_json": text}]}) == FILE


@given(st.binary(min_size=1), st.booleans(), st.integers(1, 80))
def test_base64_of_any_bytes_survives_alphabet_padding_and_lines(data, is_url, width):
    text = (base64.urlsafe_b64encode if is_url else base64.b64encode)(data).decode().rstrip("=")
    lines = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    assert decode_base64(lines) == data


@pytest.mark.parametrize(
    "body",
    [
        FILE,
        {"data": [{"url": f"data:image/png;base64,{TEXT}"}]},
        {"data": [f"data:image/png;base64,{TEXT}"]},
        {"data": {"b64_json": TEXT}},
        {"data": [{"b64_json": None}, {"b64_json": TEXT}]},
        {"data": [{"b64_json": TEXT}, {"b64_json": "another"}]},
        {"result": {"images": [{"b64_json": TEXT}]}},
    ],
)
def test_a_picture_is_found_where_it_stands(body):
    assert found_in(body) == FILE


EVENT = json.dumps({"type": "image_edit.completed", "b64_json": TEXT})
PARTIAL = json.dumps({"type": "image_edit.partial_image", "b64_json": "partial"})


@pytest.mark.parametrize(
    "stream",
    [
        f"event: image_edit.completed\ndata: {EVENT}\n\n",
        f"data: {PARTIAL}\r\n\r\n: ping\r\n\r\ndata:{EVENT}\r\n\r\ndata: [DONE]\r\n\r\n",
        f"data: {PARTIAL}\ndata: {EVENT}\n",
        f"data: {json.dumps(json.loads(EVENT), indent=1)}".replace("\n", "\ndata: "),
    ],
)
def test_the_finished_picture_of_a_stream_is_taken(stream):
    assert found_in(stream.encode()) == FILE


def test_a_url_is_fetched_only_where_there_is_no_picture():
    body = {"data": [{"url": "https://example.org/a.png", "b64_json": TEXT}]}
    assert found_in(body) == FILE
    with pytest.raises(ValueError, match=r"not fetched: https://example\.org/a\.png"):
        found_in({"data": [{"url": "https://example.org/a.png"}]})


def test_what_is_as_it_was_asked_for_stays_as_it_came():
    for data in (FILE, file_of(form="JPEG"), file_of(colour=(1, 2, 3, 255))):
        assert as_asked(data, SENT) == (data, "")


@pytest.mark.parametrize("size", [(192, 128), (117, 78), (48, 32), (97, 64), (96, 65)])
def test_another_size_of_the_same_shape_is_scaled_and_that_is_noted(size):
    data, note = as_asked(file_of(size), SENT)
    assert decode_image(data).shape == SENT.shape
    assert note == f"scaled from {size[0]}x{size[1]} to 96x64"


@pytest.mark.parametrize("size", [(64, 96), (96, 96), (47, 32), (300, 64), (96, 70)])
def test_another_shape_or_far_less_detail_is_no_edit(size):
    with pytest.raises(ValueError, match=rf"is {size[0]}x{size[1]}, 96x64 was asked for"):
        as_asked(file_of(size), SENT)


def test_where_a_picture_is_transparent_the_sent_one_shows_through():
    image = Image.new("RGBA", (96, 64), (200, 0, 0, 0))
    image.paste((200, 0, 0, 255), (0, 0, 48, 64))
    data = io.BytesIO()
    image.save(data, "PNG")
    made, note = as_asked(data.getvalue(), SENT)
    pixels = decode_image(made)
    assert (pixels[:, :48] == (200, 0, 0)).all()
    assert (pixels[:, 48:] == SENT[:, 48:]).all()
    assert "transparent" in note


def test_a_half_transparent_picture_is_mixed_with_the_sent_one():
    made, _ = as_asked(file_of(colour=(190, 90, 90, 128)), SENT)
    assert np.abs(decode_image(made)[0, 0].astype(int) - (140, 90, 90)).max() <= 1


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_damaged_picture_raises_anything_but_a_sentence(noise, at):
    damaged = FILE[:at] + noise + FILE[at + len(noise) :]
    try:
        as_asked(damaged, SENT)
    except ValueError as problem:
        assert str(problem)  # noqa: PT017 - most damage is seen, some is not
