"""What the page's server answers, and to whom it answers at all."""

import errno
import io

import numpy as np
import pytest
from PIL import Image
from reviewed import ORIGIN, built, client_of

from kizu.review import find_decision
from kizu.review_page.pictures import THUMBNAIL_PX
from kizu.review_page.safety import Access, access_for
from kizu.review_page.session import ReviewSession
from kizu.web import static_files

FILES = {**static_files(), **static_files("kizu.review_page")}

TASKS = {"page": "page-one", "most": 4}


def post(client, path, body, **headers):
    return client.post(path, json=body, headers={"Origin": ORIGIN, **headers})


def tasks_of(client, **body):
    return post(client, "/api/tasks", TASKS | body).json()["tasks"]


def decide(client, *wanted, by="Aiko"):
    decisions = [{"version": version_of(client, one["number"]), **one} for one in wanted]
    return post(client, "/api/decisions", {"reviewed_by": by, "decisions": decisions})


def version_of(client, number):
    answer = client.get(f"/api/samples/{number}")
    return answer.json()["version"] if answer.is_success else ""


def first_sample(client):
    return tasks_of(client)[0]["samples"][0]


def test_the_page_names_its_dataset_and_how_far_it_is(client, session):
    told = client.get("/api/review").json()
    assert (told["dataset"], told["version"]) == ("plates", session.build.version)
    accepted = sum(each.outcome.verdict == "accept" for each in session.build.samples)
    assert told["progress"]["random"] == {"total": accepted, "decided": 0}


def test_the_index_and_every_file_it_needs_are_served(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for name, data in FILES.items():
        assert client.get(f"/static/{name}").content == data


def test_a_sample_comes_with_its_pictures_at_full_size(client, session, store):
    sample = first_sample(client)
    told = client.get(f"/api/samples/{sample['number']}").json()
    outputs = session.sample(sample["number"]).outputs(store)
    assert (told["sample_id"], told["size"]) == (outputs.sample.sample_id, [96, 96])
    assert (told["section"], told["decision"], told["verdict"]) == ("random", None, "accept")
    assert set(told["reason"]) == {"en", "ja"}
    assert sum(told["label"]) == 96 * 96
    place = f"/samples/{sample['number']}/{sample['version']}"
    normal = client.get(f"{place}/normal")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(normal.content))), outputs.normal)
    for name in ("published", "heat"):
        picture = client.get(f"{place}/{name}")
        assert Image.open(io.BytesIO(picture.content)).size == (96, 96)
        assert "immutable" in picture.headers["cache-control"]
    thumbnail = client.get(f"{place}/thumbnail")
    assert Image.open(io.BytesIO(thumbnail.content)).size == (3 * THUMBNAIL_PX, THUMBNAIL_PX)


def test_a_decision_is_durable_before_it_is_answered(client, session, store):
    number = first_sample(client)["number"]
    [result] = decide(client, {"number": number, "verdict": "reject", "note": "no"}).json()[
        "results"
    ]
    found = find_decision(session.sample(number).outputs(store))
    assert result["stored"]
    assert (found.key, found.note) == (result["decision"]["key"], "no")
    assert found.reviewed_by == "Aiko"


def test_a_whole_sheet_is_stored_sample_by_sample(held_back):
    session = ReviewSession(held_back, "plates")
    client = client_of(session)
    sheet = tasks_of(client)[0]
    assert sheet["section"] == "held_back"
    kinds = {session.sample(s["number"]).sample.defect_type for s in sheet["samples"]}
    assert kinds == {sheet["sheet"]}
    numbers = [sample["number"] for sample in sheet["samples"]]
    wrong = numbers[0]
    wanted = [{"number": n, "verdict": "reject" if n == wrong else "accept"} for n in numbers]
    answer = decide(client, *wanted).json()
    assert [result["stored"] for result in answer["results"]] == [True] * len(numbers)
    found = [find_decision(session.sample(n).outputs(held_back)) for n in numbers]
    assert [each.verdict == "reject" for each in found] == [n == wrong for n in numbers]
    assert {each.drawn for each in found} == {"held_back"}
    assert answer["progress"]["held_back"]["decided"] == len(numbers)


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/api/tasks", {"page": "page-one"}, "most: Field required"),
        ("/api/tasks", {"page": "p", "most": 1}, "page: "),
        ("/api/tasks", {"page": "page-one", "most": 99}, "most: "),
        ("/api/decisions", {"reviewed_by": " ", "decisions": [{}]}, "reviewed_by: "),
        ("/api/decisions", {"reviewed_by": "Aiko", "decisions": []}, "decisions: "),
        (
            "/api/decisions",
            {
                "reviewed_by": "A",
                "decisions": [{"number": 0, "version": "v", "verdict": "review"}],
            },
            "decisions.0.verdict: ",
        ),
        ("/api/decisions", {"reviewed_by": "A", "decisions": [], "drawn": "random"}, "d"),
        ("/api/samples/0/clicks", {"version": "v"}, "give points or a box"),
        ("/api/samples/0/clicks", {"version": "v", "points": [["a", 1, True]]}, "points.0.0: "),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_with_what_is_wrong(client, path, body, told):
    answer = post(client, path, body)
    assert answer.status_code == 400
    assert told in answer.text


def test_json_that_is_none_is_refused(client):
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    assert client.post("/api/tasks", content=b"{", headers=headers).status_code == 400


def test_what_is_not_there_is_not_found(client):
    sample = first_sample(client)
    place = f"/samples/{sample['number']}"
    for path in (
        "/api/samples/999",
        "/api/numbers/cup",
        "/samples/999/0/normal",
        f"{place}/{sample['version']}/other",
        f"{place}/0000/normal",  # of another build
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ):
        assert client.get(path).status_code == 404, path
    points = {"points": [[1, 1, True]], "version": version_of(client, 0)}
    assert post(client, "/api/samples/0/clicks", points).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8377", "", "127.0.0.1.evil.example"]
)
def test_another_host_name_is_refused_whatever_it_asks(client, host):
    for path in ("/", "/api/review", "/static/main.js"):
        assert client.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:8377", "[::1]:8377", "LOCALHOST"])
def test_every_name_of_this_machine_is_answered_at_any_port(client, host):
    assert client.get("/api/review", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8378"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_origins_read_nothing_and_decide_nothing(client, headers):
    assert client.get("/api/review", headers=headers).status_code == 403
    body = {"reviewed_by": "Eve", "decisions": [{"number": 0, "verdict": "accept"}]}
    sent = {"Origin": ORIGIN, **headers}
    assert client.post("/api/decisions", json=body, headers=sent).status_code == 403


def test_a_link_from_elsewhere_opens_the_page_and_nothing_else(client):
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/api/review", headers=link).status_code == 403
    assert client.get("/", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403


def test_a_post_without_an_origin_is_refused(client):
    assert client.post("/api/tasks", json=TASKS).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_post_that_a_plain_form_could_send_is_refused(client, kind):
    headers = {"Origin": ORIGIN, "Content-Type": kind}
    assert client.post("/api/tasks", content=b"{}", headers=headers).status_code == 415


def test_a_body_that_is_too_large_or_of_no_known_length_is_refused(client):
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    large = {**headers, "Content-Length": str(2**31)}
    assert client.post("/api/tasks", content=b"{}", headers=large).status_code == 413
    assert client.post("/api/tasks", content=iter([b"{}"]), headers=headers).status_code == 413


def test_every_answer_keeps_to_itself(client):
    for path in ("/", "/api/review", "/api/samples/999", "/static/main.js"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert not any(name.startswith("access-control") for name in headers)


def test_the_page_needs_no_inline_scripts_styles_or_other_hosts():
    for name, data in FILES.items():
        text = data.decode()
        foreign = text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in foreign, name
        assert "https://" not in foreign, name
    page = FILES["index.html"].decode()
    assert page.count("<script") == page.count('<script type="module" src=')
    assert "style=" not in page
    assert " on" not in page.replace(" one", "")


def test_where_others_reach_it_only_who_has_the_link_gets_in(session):
    access = access_for("192.0.2.7", ["reviews.example"])
    client = client_of(session, host="reviews.example", access=access)
    assert client.get("/").status_code == 401
    assert client.get("/static/main.js").status_code == 401
    assert client.get("/?token=guess").status_code == 401
    assert client.get(f"/api/review?token={access.token}").status_code == 401
    page = client.get(f"/?token={access.token}")
    assert page.status_code == 200
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/api/review").status_code == 200
    client.cookies.clear()
    assert client.get("/api/review", headers={"Cookie": "kizu_review=guess"}).status_code == 401


def test_on_this_machine_nobody_signs_in_and_elsewhere_everybody_does():
    assert access_for("127.0.0.1") == Access(frozenset({"127.0.0.1", "localhost", "::1"}))
    one, other = access_for("192.0.2.7"), access_for("192.0.2.7")
    assert one.token
    assert one.token != other.token


def test_pictures_keep_their_addresses_while_nothing_of_them_is_made_anew(client, store, session):
    sample = first_sample(client)
    decide(client, {"number": sample["number"], "verdict": "accept"})
    built(store, session.spec)
    again = client_of(ReviewSession(store, "plates"))
    assert again.get(f"/api/samples/{sample['number']}").json()["version"] == sample["version"]


def test_one_decision_that_cannot_be_stored_stops_no_other(client, session, monkeypatch):
    first, second = (task["samples"][0]["number"] for task in tasks_of(client)[:2])
    unknown = {"number": 999, "verdict": "accept"}
    answers = decide(client, unknown, {"number": first, "verdict": "accept"}).json()["results"]
    assert [one["stored"] for one in answers] == [False, True]
    assert "no judged sample of number 999" in answers[0]["problem"]

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(session.store), "create", full)
    [answer] = decide(client, {"number": second, "verdict": "accept"}).json()["results"]
    assert not answer["stored"]
    assert answer["problem"] == "not stored: No space left on device; try again"


def test_clicks_on_a_sample_of_another_build_mark_nothing(client):
    clicks = {"points": [[1, 1, True]], "version": "0" * 16}
    answer = post(client, "/api/samples/0/clicks", clicks)
    assert answer.status_code == 404
    assert "was built anew" in answer.text
