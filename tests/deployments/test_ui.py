"""What a person does in the browser: start a build, look at it, mend a failure, press Retry."""

import re
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # 115 s alone on a quiet machine

STAGES = ("edit", "diff", "fuse", "verdict")


def edits(store: Path) -> dict[str, int]:
    """When each bought edit was written, in nanoseconds, by key."""
    return {file.parent.name: file.stat().st_mtime_ns for file in store.glob("edits/*/*/edit.json")}


def choose(page, field: str, option: str) -> None:
    """Choose from a list, and wait until it is gone: it fades away."""
    page.get_by_role("button", name=f"Select {field}", exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()
    page.wait_for_function("!document.querySelector('[role=option]')")


def submit(page) -> None:
    """Submit the form, again while the server is too busy to take it, and open the run."""
    status = httpx.codes.SERVICE_UNAVAILABLE
    while status == httpx.codes.SERVICE_UNAVAILABLE:
        with page.expect_response(lambda answer: "create_flow_run" in answer.url) as answered:
            page.get_by_role("button", name="Submit").click()
        status = answered.value.status
    page.get_by_role("button", name="View run").click()


def open_section(page, title: str) -> None:
    """Open a section that is closed until a person wants to change something in it."""
    label = page.get_by_text(f"{title} (Optional)", exact=True)
    field = label.locator("xpath=ancestor::div[contains(@class, 'group')][1]")
    field.get_by_role("tab", name="change").click()


def test_a_person_fills_the_form_and_finds_the_pictures(served, page, photos, screenshots):
    deployment = served.deployment("build-dataset/on-demand")["id"]
    page.goto(f"{served.url}/v2/deployments/deployment/{deployment}/run")
    page.get_by_label("Dataset name").fill("from the form")
    page.get_by_label("Normal images").fill(str(photos))
    page.get_by_label("Category").fill("plate")
    for number, (kind, prompt) in enumerate((("hole", "a deep hole"), ("stain", "a brown stain"))):
        page.get_by_role("button", name="Add item").last.click()
        page.get_by_label("Defect type").nth(number).fill(kind)
        page.get_by_label("Edit prompt").nth(number).fill(prompt)
    page.get_by_label("Variants").nth(1).fill("2")
    page.get_by_role("tab", name="from … to").first.click()
    page.get_by_label("Largest", exact=False).first.fill("0.5")
    choose(page, "Imitated drift", "gpt-image-2")
    choose(page, "Annotator", "none")
    open_section(page, "Agreement")
    choose(page, "Without grounding", "accept")
    page.screenshot(path=screenshots / "1 form.png", full_page=True)
    submit(page)
    page.get_by_text("build from the form").first.wait_for()
    page.get_by_text("Completed", exact=True).first.wait_for()
    page.screenshot(path=screenshots / "2 completed.png")
    run_id = re.search(r"flow-run/([0-9a-f-]{36})", page.url)[1]

    parameters = httpx.get(f"{served.api}/flow_runs/{run_id}").json()["parameters"]
    assert parameters["spec"]["images"]["category"] == "plate"
    assert parameters["spec"]["editor"]["drift"] == "gpt-image-2"
    assert [defect["variants"] for defect in parameters["spec"]["defects"]] == [1, 2]
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("contact-sheet-from-the-form", exact=False).first.wait_for()
    page.screenshot(path=screenshots / "3 artifacts.png")
    sheet = _artifact(served, "contact-sheet-from-the-form")
    assert httpx.get(sheet["data"]).content.startswith(b"\x89PNG")
    page.goto(f"{served.url}/v2/artifacts/artifact/{sheet['latest_id']}")
    picture = page.locator(f"img[src='{sheet['data']}']").first
    picture.wait_for()
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert picture.evaluate("image => image.naturalWidth") > 100
    page.screenshot(path=screenshots / "4 contact sheet.png")
    page.goto(re.search(r"\((http[^)]+)\)", _artifact(served, "report-from-the-form")["data"])[1])
    page.get_by_text("hole").first.wait_for()
    page.screenshot(path=screenshots / "5 report.png")


def test_a_person_fills_in_all_that_a_paid_build_needs(served, page, photos, azure, screenshots):
    billed = azure.tally.billed
    deployment = served.deployment("build-dataset/on-demand")["id"]
    page.goto(f"{served.url}/v2/deployments/deployment/{deployment}/run")
    page.get_by_label("Dataset name").fill("bought")
    page.get_by_label("Normal images").fill(str(photos))
    page.get_by_label("Most photos to edit").fill("1")
    page.get_by_role("button", name="Add item").last.click()
    page.get_by_label("Defect type").fill("hole")
    page.get_by_label("Edit prompt").fill("a deep hole")
    page.get_by_role("tab", name="a box").click()
    for edge, place in {"Left": 0.25, "Top": 0.25, "Right": 0.75, "Bottom": 0.75}.items():
        page.get_by_label(edge, exact=True).fill(str(place))
    page.get_by_role("tab", name="gpt-image", exact=True).click()
    choose(page, "Model", "gpt-image-2")
    choose(page, "Picture quality", "low")
    page.get_by_label("Images per minute").fill("6000")
    choose(page, "Annotator", "none")
    page.get_by_label("Most requests (Optional)", exact=True).fill("5")
    page.screenshot(path=screenshots / "paid form.png", full_page=True)
    submit(page)
    page.get_by_text("build bought: gpt-image, none").first.wait_for()
    page.get_by_text("Completed", exact=True).first.wait_for()
    run_id = re.search(r"flow-run/([0-9a-f-]{36})", page.url)[1]
    run = httpx.get(f"{served.api}/flow_runs/{run_id}").json()
    assert {"dataset:bought", "editor:gpt-image", "annotator:none"} <= set(run["tags"])
    editor = run["parameters"]["spec"]["editor"]
    assert (editor["name"], editor["model"], editor["quality"]) == (
        "gpt-image",
        "gpt-image-2",
        "low",
    )
    assert "drift" not in editor
    assert azure.tally.billed == billed + 1
    served.wait_for(lambda: "1 edit: 1 made" in str(served.logged(run_id)))
    page.reload()  # a page that has seen a run's beginning does not ask for the rest of its log
    page.get_by_role("tab", name="Logs").click()
    page.get_by_text(re.compile(r"1 edit: 1 made, 0.00 USD \(emulator\), ")).wait_for()
    page.screenshot(path=screenshots / "paid log.png")


def test_a_wrong_path_is_a_sentence_that_says_what_retry_cannot_do(served, page, screenshots):
    run_id = served.run({"spec_file": "/nowhere/dataset.yaml"}, "build-dataset/from-file")
    message = served.end_of(run_id)["message"]
    assert message.startswith("spec_file '/nowhere/dataset.yaml': no such file on the worker")
    assert "choose 'Copy to new run' in the run's menu" in message
    served.wait_for(lambda: "no such file on the worker" in str(served.logged(run_id)))
    page.goto(f"{served.url}/v2/runs/flow-run/{run_id}")
    page.get_by_role("tab", name="Logs").click()
    page.get_by_text("no such file on the worker").last.wait_for()
    page.screenshot(path=screenshots / "wrong path.png")
    assert page.get_by_text("Traceback").count() == 0
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Copy to new run").wait_for()


def test_retry_buys_only_what_a_failed_shard_lacks(served, page, paid_spec, azure, screenshots):
    azure.down_for, azure.painted = "stain", {"hole": 0, "stain": 0}
    run_id = served.run({"spec": paid_spec, "shard_size": 1})
    assert served.end_of(run_id)["type"] == "FAILED"
    page.goto(f"{served.url}/v2/runs/flow-run/{run_id}")
    page.get_by_text("Failed", exact=True).first.wait_for()
    page.get_by_role("tab", name="Details").click()
    page.get_by_text("2 of 4 samples failed", exact=False).first.wait_for()
    page.screenshot(path=screenshots / "6 failed.png")
    first = served.task_states(run_id)
    bought = edits(served.store)
    assert azure.painted == {"hole": 2, "stain": 0}

    azure.down_for = None
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Retry").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Retry").click()
    page.get_by_text("Completed", exact=True).first.wait_for()
    page.get_by_role("tab", name="Task Runs").click()
    page.get_by_text("Cached", exact=True).first.wait_for()
    page.screenshot(path=screenshots / "7 retried.png")
    assert azure.painted == {"hole": 2, "stain": 2}
    after = edits(served.store)
    assert bought.items() <= after.items()
    assert len(after.keys() - bought.keys()) == 2
    again = _later(served.task_states(run_id), first)
    shards = [(name, state) for name, state in again if name.split(" ")[0] in STAGES]
    assert sorted(state for _, state in shards) == ["Cached"] * 8 + ["Completed"] * 8
    made = {name.split(" ", 1)[1] for name, state in shards if state == "Completed"}
    assert made == {"2 of 4", "4 of 4"}


def test_a_cancelled_build_keeps_what_it_bought_and_the_next_buys_the_rest(
    served, page, paid_spec, azure, screenshots
):
    # asked in other words: what another test has bought is not bought again
    defects = [{**one, "prompt": f"{one['prompt']} at the rim"} for one in paid_spec["defects"]]
    spec = paid_spec | {"name": "stopped", "defects": defects}
    billed, asked = azure.tally.billed, azure.tally.calls
    azure.hold_after(1)
    run_id = served.run({"spec": spec, "shard_size": 1})
    served.wait_for(lambda: azure.tally.calls >= asked + 2)
    page.goto(f"{served.url}/v2/runs/flow-run/{run_id}")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Cancel").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel Flow Run").click()
    page.get_by_text("Cancelling", exact=True).first.wait_for()
    azure.release()
    page.get_by_text("Cancelled", exact=True).first.wait_for()
    page.screenshot(path=screenshots / "cancelled.png")
    assert billed < azure.tally.billed <= billed + 4
    assert served.end_of(served.run({"spec": spec}))["type"] == "COMPLETED"
    assert azure.tally.billed == billed + 4


def test_a_person_lets_a_build_go_on_that_waits_for_review(served, page, spec, screenshots):
    fields = spec.model_dump(mode="json") | {"name": "waits"}
    fields["agree"] = {"without_grounding": "review"}
    fields["publish"] = fields["publish"] | {"wait_for_review": True}
    run_id = served.run({"spec": fields})
    assert served.end_of(run_id)["type"] == "PAUSED"
    page.goto(f"{served.url}/v2/runs/flow-run/{run_id}")
    page.get_by_text("Suspended", exact=True).first.wait_for()
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Resume").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("4 samples are to be looked at", exact=False).wait_for()
    dialog.get_by_text("kizu review waits").wait_for()
    page.screenshot(path=screenshots / "review.png")
    dialog.get_by_role("button", name="Resume").click()
    page.get_by_text("Completed", exact=True).first.wait_for()
    message = served.state(run_id)["message"]
    assert "4 to review" in message, "who judges nothing has published nothing new"
    assert "nothing changed" in message


def _artifact(served, key: str) -> dict:
    found = served.post("artifacts/latest/filter", {"artifacts": {"key": {"any_": [key]}}})
    return found[0]


def _later(now: list[tuple[str, str]], before: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The task runs that a retry added."""
    rest = list(now)
    for item in before:
        rest.remove(item)
    return rest
