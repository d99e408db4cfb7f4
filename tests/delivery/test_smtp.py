"""The way to a mail server: its address, TLS, passwords, and patience."""

import socket
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from reports_lib.delivery.folder import Folder
from reports_lib.delivery.sender import sender_of
from reports_lib.delivery.smtp import Smtp
from reports_lib.delivery.smtp_url import Server, Tls
from reports_lib.errors import DeliveryError, SettingError
from reports_lib.workspace import Workspace
from tests.delivery.peer import Peer, knows, serve

PASSWORD = "hunter2@home"
LOGIN = "ann:hunter2%40home@"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Key and certificate of 127.0.0.1, signed by itself."""
    folder = tmp_path_factory.mktemp("certificate")
    pair = folder / "certificate.pem", folder / "key.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*made.split(), "-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True)
    return tuple(map(str, pair))


@pytest.fixture
def served(certificate):
    """`served(tls=True, …)`: a peer, with STARTTLS if asked."""
    running = []

    def start(tls=True, **options):
        peer = Peer()
        running.append(serve(peer, certificate if tls else None, **options))
        return peer

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def trusted(monkeypatch, certificate):
    """This machine trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])


def letter(text="hello"):
    mail = EmailMessage()
    mail["Date"] = datetime(2026, 1, 1, tzinfo=UTC)
    mail["Message-ID"] = "<1@example.com>"
    mail.set_content(text)
    return mail


def send(sender):
    try:
        sender.send(letter(), "reports@example.com", "a@x.example")
    finally:
        sender.close()


def refused(sender) -> DeliveryError:
    with pytest.raises(DeliveryError) as error:
        send(sender)
    return error.value


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mx.example.com", Server("mx.example.com", 25, Tls.OFFERED)),
        ("smtp://mx.example.com:2525", Server("mx.example.com", 2525, Tls.OFFERED)),
        ("smtp://mx.example.com?tls=off", Server("mx.example.com", 25, Tls.OFF)),
        ("smtp://mx.example.com/?tls=require", Server("mx.example.com", 587, Tls.REQUIRE)),
        (f"smtp://{LOGIN}mx", Server("mx", 587, Tls.REQUIRE, "ann", PASSWORD)),
        (f"smtp://{LOGIN}[::1]:25?tls=off", Server("::1", 25, Tls.OFF, "ann", PASSWORD)),
        (f"smtps://{LOGIN}mx", Server("mx", 465, Tls.ALWAYS, "ann", PASSWORD)),
    ],
)
def test_an_address_says_how_far_to_trust_the_line(url, server):
    assert Server.parse(url) == server
    assert "hunter2" not in repr(server)


NO_ADDRESSES = """http:// smtp:// mx smtps://mx?tls=off smtp://mx?tls=maybe smtp://mx?x=1 smtp://mx:99999 smtp://mx/path
smtp://[mx"""


@pytest.mark.parametrize("more", [*NO_ADDRESSES.split(), "smtp://mx\n"])
def test_an_address_that_cannot_be_read_is_not_repeated(more):
    url = more.replace("//", f"//{LOGIN}", 1)
    with pytest.raises(SettingError, match="DAYBOOK_SMTP_URL must be like") as error:
        Server.parse(url)
    assert "hunter2" not in str(error.value)


def test_settings_choose_the_sender(tmp_path):
    workspace = Workspace(tmp_path, tmp_path, outbox=tmp_path / "outbox")
    assert isinstance(sender_of(workspace), Folder)
    assert isinstance(sender_of(replace(workspace, smtp_url="smtp://mx")), Smtp)
    with pytest.raises(SettingError, match=r"DAYBOOK_MAIL_FROM: .* is not one e-mail address"):
        sender_of(replace(workspace, mail_from="Us <us@x.example>"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("more", "is_encrypted"), [("", True), ("?tls=require", True), ("?tls=off", False)])
def test_tls_is_used_where_it_is_offered(served, more, is_encrypted):
    peer = served()
    send(Smtp(peer.url(more=more)))
    assert peer.is_encrypted == [is_encrypted]


def test_a_certificate_counts_only_where_tls_is_required(served):
    peer = served()
    send(Smtp(peer.url()))  # as mail servers do among themselves
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused(Smtp(peer.url(more="?tls=require"))))
    assert peer.is_encrypted == [True]


@pytest.mark.usefixtures("trusted")
def test_a_password_goes_through_tls_only(served):
    secure, plain = served(authenticator=knows(PASSWORD)), served(tls=False)
    send(Smtp(secure.url(LOGIN)))
    assert secure.is_encrypted == [True]
    error = refused(Smtp(plain.url(LOGIN)))
    assert error.can_heal
    assert "offers no TLS; add ?tls=off" in str(error)
    assert plain.got == []


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_to_be_mended_and_never_shown(served):
    peer = served(authenticator=knows("another"))
    error = refused(Smtp(peer.url(LOGIN)))
    assert error.can_heal  # it is not the mail's fault
    assert "refuses our user or password" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("reply", "heals"),
    [("550 no", False), ("552 too big", False), ("450 busy", True), ("530 5.7.0 log in first", True)],
)
def test_an_answer_says_whether_to_try_again(served, reply, heals):
    peer = served(tls=False)
    peer.replies = {"RCPT": reply}
    assert refused(Smtp(peer.url())).can_heal is heals


def test_a_server_that_shuts_the_door_is_tried_again():  # 554 for us is no verdict about the mail
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_greet, args=(door, b"554 no service\r\n"))
        thread.start()
        error = refused(Smtp(f"smtp://127.0.0.1:{door.getsockname()[1]}"))
        thread.join()
    assert error.can_heal
    assert "554 no service" in str(error)


def test_a_server_that_is_never_silent_is_not_waited_for_either():  # a byte now and then
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_drip, args=(door,))
        thread.start()
        begun = time.monotonic()
        error = refused(Smtp(f"smtp://127.0.0.1:{door.getsockname()[1]}?tls=off", silence=1.0))
        assert time.monotonic() - begun < 10
        thread.join()
    assert error.can_heal


def test_an_answer_is_one_line_that_can_be_shown(served):
    peer = served(tls=False)
    peer.replies = {"RCPT": "550-first \x1b[31m line\r\n550 second"}
    error = refused(Smtp(peer.url()))
    assert str(error).isprintable()
    assert str(error).endswith("550 first [31m line second")


def test_a_file_of_the_folder_is_the_first_of_its_name(tmp_path):
    folder = Folder(tmp_path)
    folder.send(letter("one"), "a@b.c", "a@b.c")
    folder.send(letter("two"), "a@b.c", "a@b.c")
    (path,) = tmp_path.iterdir()
    assert path == Path(tmp_path / "1@example.com.eml")
    assert b"one" in path.read_bytes()


def _greet(door, words):
    peer, _ = door.accept()
    with peer:
        peer.sendall(words)


def _drip(door):
    """Greets and answers EHLO; then says one letter of an endless answer every 0.3 s."""
    peer, _ = door.accept()
    with peer:
        peer.sendall(b"220 hello\r\n")
        peer.recv(1000)
        peer.sendall(b"250 hello\r\n")
        peer.recv(1000)
        try:
            for _ in range(100):
                peer.sendall(b"2")
                time.sleep(0.3)
        except OSError:
            pass
