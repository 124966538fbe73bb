"""What [alert] may say, which addresses a receiver may have, and what a webhook gets."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from rekindle.alert.addresses import is_public
from rekindle.alert.alerts import HttpAlerts, Sender, signature
from rekindle.alert.settings import AlertSettings
from rekindle.configuration import load_config
from rekindle.errors import BadArgument, ConfigInvalid, of_code
from rekindle.scenario import AlertConfig
from rekindle.scenario.alert import url_mistake

SECRET = "s3cret-of-the-tests-0123456789abcdef"
SENDER = Sender("machine-1", "0.1.0")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AlertSettings.variables():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "url",
    ["https://hc.example/t0ken", "https://hc.example:443/a?b=c", "https://[2606:4700::1111]/x", "https://hc.example"],
)
def test_an_https_address_may_be_a_receiver(url: str) -> None:
    assert url_mistake(url, allow_private=False) is None


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        ("http://hc.example/t0ken", "must begin with https://"),
        ("hc.example/t0ken", "must begin with https://"),
        ("https:///t0ken", "must begin with https://"),
        ("https://t0ken@hc.example/", "user name"),
        ("https://me:t0ken@hc.example/", "user name"),
        ("https://@hc.example/", "user name"),
        ("https://hc.example:8443/t0ken", "other than 443"),
        ("https://hc.example:t0ken/", "cannot be read"),
        ("https://hc.example:99999/t0ken", "cannot be read"),
        ("https://[::1/t0ken", "cannot be read"),
        ("https://hc.example/t0ken#x", "#"),
        ("https://hc.example\\@10.0.0.1/t0ken", "printable ASCII"),
        ("https://hc.example/t0ken\r\nx: y", "printable ASCII"),
        ("https://hc.exämple/t0ken", "printable ASCII"),
        ("https://hc.example/" + "t0ken" * 500, "2,048"),
        ("", "printable ASCII"),
    ],
)
def test_any_other_address_is_refused_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, mistake: str
) -> None:
    (tmp_path / "rekindle.toml").write_text(f"[alert]\nheartbeat_url = {json.dumps(url)}\n")
    with pytest.raises(ConfigInvalid, match=r"alert\.heartbeat_url") as fault:
        load_config(tmp_path / "rekindle.toml")
    assert mistake in str(fault.value)
    assert "t0ken" not in str(fault.value)
    if url:
        monkeypatch.setenv("REKINDLE_ALERT_WEBHOOK_URL", url)
        with pytest.raises(BadArgument, match="REKINDLE_ALERT_WEBHOOK_URL") as refused:
            HttpAlerts.of(AlertConfig(), AlertSettings(), SENDER)
        assert mistake in str(refused.value)
        assert "t0ken" not in str(refused.value)


def test_another_port_needs_allow_private() -> None:
    assert url_mistake("https://hc.example:8443/", allow_private=True) is None


def test_an_address_is_in_no_repr() -> None:
    config = AlertConfig(heartbeat_url=SecretStr("https://hc.example/t0ken"))
    assert "t0ken" not in f"{config!r}{config}{config.model_dump_json()}"


def test_a_webhook_needs_a_secret_that_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    config = AlertConfig(webhook_url=SecretStr("https://hook.example/"))
    with pytest.raises(BadArgument, match="needs REKINDLE_ALERT_SECRET"):
        HttpAlerts.of(config, AlertSettings(), SENDER)
    for unfit in ("short", "with a space " * 4, "é" * 40):
        monkeypatch.setenv("REKINDLE_ALERT_SECRET", unfit)
        with pytest.raises(BadArgument, match="32 to 512") as fault:
            HttpAlerts.of(config, AlertSettings(), SENDER)
        assert unfit not in str(fault.value)
    monkeypatch.setenv("REKINDLE_ALERT_SECRET", SECRET)
    assert HttpAlerts.of(config, AlertSettings(), SENDER).tells
    assert not HttpAlerts.of(AlertConfig(), AlertSettings(), SENDER).tells


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254",
        "2002:7f00:1::1", "2001::1", "2001:db8::1", "ff02::1", "4000::1",
    ],
)  # fmt: skip
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(address)


def test_the_signature_is_that_of_the_time_and_the_content() -> None:
    # Computed with: printf '1773144000.{"a":1}' | openssl dgst -sha256 -hmac key
    expected = "1ea9c67bacf06d35cbadace40eae3a97bac12050aba07af2cc5bea5680d288cd"
    assert signature(b"key", b'{"a":1}', at=1_773_144_000) == f"t=1773144000,v1={expected}"


def test_a_code_finds_its_error() -> None:
    assert (of_code("RK402").__name__, of_code("RK999").__name__) == ("CredentialsRejected", "RekindleError")
