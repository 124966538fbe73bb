"""The sandbox as a process: starting, restarting, failing to start, and going away."""

import itertools
import json
import os
import select
import signal
import socket
import ssl
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cryptography import x509

from contract.sandbox_client import Sender, account_of, trust
from rekindle.errors import SandboxError
from rekindle.sandbox import Sandbox
from team.waiting import WAIT_SECONDS, until


def run(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "rekindle.sandbox", *map(str, arguments)]
    # As for a user: output to a pipe stays in a buffer until it is flushed.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def said_when_ready(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The line on its standard output."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], WAIT_SECONDS)
    if not ready:
        process.kill()
    assert ready, "it did not report that it is ready"
    return json.loads(process.stdout.readline())


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_it_prints_one_line_when_ready_and_ends_on_a_signal_without_output(tmp_path: Path):
    for number in (signal.SIGTERM, signal.SIGINT):
        process = run("--credentials", tmp_path / "account.json")
        with process:
            said = said_when_ready(process)
            assert list(said) == ["url"]
            context = ssl.create_default_context(cafile=str(tmp_path / "account.json.ca.pem"))
            with httpx.Client(verify=context, trust_env=False) as client:
                health = client.get(said["url"] + "/_sandbox/health")
            assert health.json() == {"status": "ok", "project": "rekindle-sandbox"}
            process.send_signal(number)
            rest, errors = process.communicate(timeout=WAIT_SECONDS)
            assert (process.returncode, rest, errors) == (0, "", "")


def start_ask_and_end(credentials: Path) -> tuple[str, str, int]:
    with run("--credentials", credentials) as process:
        url = said_when_ready(process)["url"]
        context = ssl.create_default_context(cafile=f"{credentials}.ca.pem")
        with httpx.Client(verify=context, trust_env=False) as client:
            client.get(f"{url}/_sandbox/health")
            process.send_signal(signal.SIGTERM)
            return *process.communicate(timeout=WAIT_SECONDS), process.returncode


def test_ending_is_clean_on_a_busy_machine_too(tmp_path: Path):
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(start_ask_and_end, [tmp_path / f"{n}.json" for n in range(24)]))
    assert ends == [("", "", 0)] * 24


def test_it_ends_on_a_signal_although_a_request_hangs():
    with Sandbox() as sandbox, Sender(sandbox) as sender, ThreadPoolExecutor(1) as pool:
        sandbox.faults([{"respond": "hang"}])
        hanging = pool.submit(sender.send, {"token": "t"}, timeout=WAIT_SECONDS)
        until(lambda: sandbox.requests()["send"] > 0 or hanging.done())
        assert not hanging.done()
        child = psutil.Process(sandbox.pid)
        os.kill(child.pid, signal.SIGTERM)
        assert isinstance(hanging.exception(timeout=WAIT_SECONDS), httpx.TransportError)
        psutil.wait_procs([child], timeout=WAIT_SECONDS)
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_clients_go_on_after_a_restart(tmp_path: Path):
    with Sandbox(tmp_path) as first, Sender(first) as sender:
        before, ca = account_of(first), first.ca.read_bytes()
        assert sender.send({"token": "one"}).status_code == 200
        headers, port = sender.headers, int(first.url.rpartition(":")[2])
    with Sandbox(tmp_path, port=port) as second:
        assert account_of(second) == before
        assert second.ca.read_bytes() == ca
        with httpx.Client(verify=trust(second), trust_env=False) as client:
            url = f"{first.url}/v1/projects/{first.project}/messages:send"
            answer = client.post(url, headers=headers, json={"message": {"token": "two"}})
        assert answer.status_code == 200
        assert [(m["seq"], m["target"]) for m in second.messages()] == [(1, "one"), (2, "two")]
    assert [entry["seq"] for entry in lines_of(tmp_path / "log.jsonl")] == [1, 2]


def test_a_restart_on_another_port_keeps_the_key_and_renews_the_token_uri(tmp_path: Path):
    with Sandbox(tmp_path) as first, socket.socket() as taken:
        before = account_of(first)
        taken.bind(("127.0.0.1", 0))
    with Sandbox(tmp_path) as second, Sender(second) as sender:
        after = account_of(second)
        assert after | {"token_uri": ""} == before | {"token_uri": ""}
        assert after["token_uri"] == f"{second.url}/token"
        assert sender.send({"token": "t"}).status_code == 200


def test_the_log_is_only_appended_to(tmp_path: Path):
    contents: list[bytes] = []
    names: list[str] = []
    for start in range(3):
        with Sandbox(tmp_path) as sandbox, Sender(sandbox) as sender:
            for n in range(3):
                names.append(sender.send({"token": f"t{start}{n}"}).json()["name"])
                # The line is written before the answer is sent.
                contents.append(sandbox.log.read_bytes())
                assert lines_of(sandbox.log)[-1]["name"] == names[-1]
            if start == 1:
                sandbox.clear()
                assert sandbox.messages() == []
                contents.append(sandbox.log.read_bytes())
    for earlier, later in itertools.pairwise(contents):
        assert later.startswith(earlier)
    kept = [entry for entry in lines_of(tmp_path / "log.jsonl") if "seq" in entry]
    assert [entry["seq"] for entry in kept] == list(range(1, 10))
    assert [entry["name"] for entry in kept] == names
    with Sandbox(tmp_path) as again:
        assert [entry["seq"] for entry in again.messages()] == [7, 8, 9]


def test_a_line_cut_off_by_a_crash_is_not_a_message(tmp_path: Path):
    with Sandbox(tmp_path) as sandbox, Sender(sandbox) as sender:
        sender.send({"token": "whole"})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"seq":2,"accepted_at":"20')
    with Sandbox(tmp_path) as sandbox, Sender(sandbox) as sender:
        sender.send({"token": "next"})
        assert [(m["seq"], m["target"]) for m in sandbox.messages()] == [(1, "whole"), (2, "next")]


def test_every_answered_message_is_in_the_log_after_a_kill(tmp_path: Path):
    with Sandbox(tmp_path) as sandbox, Sender(sandbox) as sender:
        names = [sender.send({"token": "t"}).json()["name"] for _ in range(50)]
        assert sandbox.pid is not None
        os.kill(sandbox.pid, signal.SIGKILL)
    with Sandbox(tmp_path) as again:
        assert [message["name"] for message in again.messages()] == names


def test_the_child_is_gone_when_its_parent_is_killed():
    script = (
        "from rekindle.sandbox import Sandbox\n"
        "import signal\n"
        "with Sandbox() as sandbox:\n"
        "    print(sandbox.pid, flush=True)\n"
        "    signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=WAIT_SECONDS)
        assert gone or child.status() == psutil.STATUS_ZOMBIE


def test_leaving_the_context_ends_the_child_and_removes_the_temporary_folder():
    with Sandbox() as sandbox:
        child, folder = psutil.Process(sandbox.pid), sandbox.credentials.parent
        assert folder.is_dir()
    assert not child.is_running()
    assert not folder.exists()


def test_a_port_in_use_is_one_line(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = run("--port", port, "--credentials", tmp_path / "account.json")
        said, errors = process.communicate(timeout=WAIT_SECONDS)
        assert (process.returncode, said) == (2, "")
        assert errors.startswith(f"RK602: the sandbox cannot listen on 127.0.0.1:{port}: ")
        assert errors.count("\n") == 1
        with pytest.raises(SandboxError) as refused, Sandbox(port=port):
            pass
        assert f"{refused.value}\n" == errors  # with its hint, and no other
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--credentials", "missing/account.json"), "cannot write its credentials"),
        (("--credentials", "account.json", "--log", "missing/log"), "cannot write its log"),
        (("--credentials", "account.json", "--log", "."), "cannot write its log"),
        (("--credentials", "account.json", "--log", "/dev/full"), "is not a regular file"),
        (("--credentials", "/dev/full"), "was not written by a sandbox"),
        (("--credentials", "account.json", "--project", "a/b"), "is not a valid project id"),
        (("--credentials", "account.json", "--port", "70000"), "cannot listen"),
    ],
)
def test_a_failed_start_is_reported_in_one_line(tmp_path: Path, arguments: tuple[str, ...], why: str):
    named = [
        str(tmp_path / part) if part in ("account.json", ".") or ("/" in part and part != "a/b") else part
        for part in arguments
    ]
    process = run(*named)
    said, errors = process.communicate(timeout=WAIT_SECONDS)
    assert (process.returncode, said) == (2, "")
    assert errors.startswith("RK602: ")
    assert why in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("content", ['{"type": "service_account", "private_key": "theirs"}', "", "\xff"])
def test_a_file_that_the_sandbox_did_not_write_is_never_overwritten(tmp_path: Path, content: str):
    file = tmp_path / "account.json"
    file.write_text(content, encoding="latin-1")
    process = run("--credentials", file)
    _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 2
    assert "was not written by a sandbox" in errors
    assert file.read_text(encoding="latin-1") == content


@pytest.mark.parametrize("content", ["hello\n", "hello", '{"seq":1,"a":2}\nhello\n'])
def test_a_file_that_is_not_a_sandbox_log_is_left_unchanged(tmp_path: Path, content: str):
    file = tmp_path / "log"
    file.write_text(content)
    process = run("--credentials", tmp_path / "account.json", "--log", file)
    _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 2
    assert "is not the log of a sandbox" in errors
    assert file.read_text() == content


def test_two_sandboxes_never_share_a_log(tmp_path: Path):
    with Sandbox(tmp_path):
        process = run("--credentials", tmp_path / "other.json", "--log", tmp_path / "log.jsonl")
        _, errors = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 2
    assert "another sandbox writes to the log" in errors


def test_the_ca_vouches_for_this_machine_alone(tmp_path: Path):
    with Sandbox(tmp_path) as sandbox:
        ca = x509.load_pem_x509_certificate(sandbox.ca.read_bytes())
        port = int(sandbox.url.rpartition(":")[2])
        for name in ("localhost", "127.0.0.1", "::1"):
            with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as raw:
                trust(sandbox).wrap_socket(raw, server_hostname=name).close()
        with (
            socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as raw,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            trust(sandbox).wrap_socket(raw, server_hostname="fcm.googleapis.com")
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = {str(name.value) for name in constraints.value.permitted_subtrees or ()}
    assert permitted == {"localhost", "127.0.0.1/32", "::1/128"}


def test_every_secret_file_is_private(tmp_path: Path):
    with Sandbox(tmp_path) as sandbox:
        for file in tmp_path.iterdir():
            if file != sandbox.ca:
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_hundred_thousand_messages_are_listed(tmp_path: Path):
    entry = {"accepted_at": "2026-01-01T00:00:00+00:00", "project": "p", "target_kind": "token", "target": "t"}
    entry |= {"message": {"token": "t", "notification": {"title": "x" * 80, "body": "y" * 160}}, "name": "n"}
    with (tmp_path / "log.jsonl").open("w") as file:
        for seq in range(1, 100_001):
            file.write(json.dumps({"seq": seq} | entry, separators=(",", ":")) + "\n")
    with Sandbox(tmp_path) as sandbox, Sender(sandbox) as sender:
        sender.send({"token": "last"})
        messages = sandbox.messages()
    assert len(messages) == 100_001
    assert messages[-1]["seq"] == 100_001
