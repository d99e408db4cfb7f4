"""What a kernel sends is read only if it signed it, and only if it answers what was asked."""

from types import SimpleNamespace

import papermill.engines  # noqa: F401  it loads ours, which must not be the first to ask for it
import pytest
from jupyter_client.session import Session

from reports_lib.kernels.cells import CellClient


@pytest.fixture
def sent():
    """`sent(key)`: a client whose kernel signs by `b"ours"`, and the frames of a message signed by `key`."""

    def make(key):
        client = CellClient.__new__(CellClient)
        client.kc = SimpleNamespace(session=Session(key=b"ours"))
        signer = Session(key=key)
        request = signer.msg("execute_request")
        message = signer.msg("stream", {"name": "stdout", "text": "1"}, parent=request)
        return client, signer.serialize(message), request["msg_id"]

    return make


def test_a_message_is_what_jupyter_makes_of_it(sent):
    client, frames, request = sent(b"ours")
    _, parts = client.kc.session.feed_identities(frames)
    theirs = Session(key=b"ours").deserialize(parts)
    ours = client._opened(frames, request)
    assert {name: ours[name] for name in ("header", "content", "metadata", "msg_id", "msg_type")} == {
        name: theirs[name] for name in ("header", "content", "metadata", "msg_id", "msg_type")
    }
    assert client._opened(frames, "another request") is None


def test_what_the_kernel_did_not_sign_is_refused(sent):
    client, frames, request = sent(b"somebody else's")
    with pytest.raises(ValueError, match="did not sign"):
        client._opened(frames, request)
