"""What paid editors hand to who counts: answers that survive a crash, and errors that cost."""

import pytest

from kizu.edit.editor import EditError
from kizu.edit.paid import BadReplyError, Reply

TOLD = {"latency_s": 1.5, "request_id": None, "limit_per_minute": None, "at": 1000.0}


def test_a_stored_reply_is_read_as_it_came():
    reply = Reply(body='{"data": ["傷"]}', host="service.example", emulated=True, **TOLD)
    assert Reply.model_validate(reply.model_dump(mode="json")) == reply


def test_a_reply_stored_before_hosts_were_told_is_a_real_services():
    reply = Reply.model_validate({"body": "{}", **TOLD})
    assert (reply.host, reply.emulated) == ("", False)


def test_a_reply_cannot_be_changed_once_it_is_there():
    with pytest.raises(ValueError, match="frozen"):
        Reply(body="{}", **TOLD).body = "another"


def test_a_reply_that_is_no_edit_is_an_error_that_tells_what_it_cost():
    usage = {"output": 7}
    error = BadReplyError("it holds no picture", None, usage)
    usage["output"] = 8
    assert isinstance(error, EditError)
    assert str(error) == "it holds no picture"
    assert (error.cost_usd, error.usage) == (None, {"output": 7})
