"""Credentials files: which are accepted, and one line that says how to fix the others."""

import json
from pathlib import Path

import pytest

from contract.fcm_server import private_key
from contract.mangled_keys import MANGLED
from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher
from rekindle.dispatchers.fcm.google_auth import trusting
from rekindle.dispatchers.fcm.google_credentials import GOOGLE_HOSTS, load
from rekindle.errors import BadArgument, CredentialsMissing, CredentialsRejected

GOOD = {
    "type": "service_account",
    "project_id": "programme-1",
    "private_key_id": "key-1",
    "client_email": "push@programme-1.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}

FILE = "the file that GOOGLE_APPLICATION_CREDENTIALS names"


@pytest.fixture
def file(tmp_path):
    def write(**changes):
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps({**GOOD, "private_key": private_key(), **changes}))
        return path

    return write


def failure(path, kind):
    with pytest.raises(kind) as raised:
        load(path, hosts=GOOGLE_HOSTS)
    assert "\n" not in str(raised.value)
    assert raised.value.hint
    assert "PRIVATE KEY" not in str(raised.value)
    assert raised.value.__cause__ is None
    return str(raised.value)


def test_a_service_account_file_is_loaded_for_messaging_only(file):
    loaded = load(file(), hosts=GOOGLE_HOSTS)
    assert loaded.project == "programme-1"
    assert loaded.credentials.scopes == ["https://www.googleapis.com/auth/firebase.messaging"]
    assert repr(loaded) == "LoadedCredentials(project='programme-1')"


def test_credentials_that_are_not_named_are_missing():
    assert failure(None, CredentialsMissing).startswith("RK401: GOOGLE_APPLICATION_CREDENTIALS is not set.")


def test_credentials_that_are_not_there_are_missing(tmp_path):
    text = failure(tmp_path / "none.json", CredentialsMissing)
    assert text.startswith(f"RK401: {FILE} cannot be read: no such file")


@pytest.mark.parametrize("content", ["", "no json", "[]", "{}"])
def test_a_file_that_is_not_json_is_refused_as_credentials(tmp_path, content):
    path = tmp_path / "credentials.json"
    path.write_text(content)
    assert failure(path, CredentialsMissing).startswith(f"RK401: {FILE} is not JSON.")


@pytest.mark.parametrize("content", [{"type": 1}, {"project_id": "p"}, {"type": "cat", "project_id": "p"}])
def test_a_file_of_an_unknown_type_is_refused_as_credentials(tmp_path, content):
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(content))
    assert failure(path, CredentialsMissing).startswith(f"RK401: {FILE} is not the key file of a service account.")


def test_a_folder_is_refused_as_credentials(tmp_path):
    failure(tmp_path, CredentialsMissing)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"private_key": "no key"}, f"the private_key in {FILE} cannot be read."),
        ({"private_key": 7}, f"the private_key in {FILE} cannot be read."),
        ({"private_key": None}, f"{FILE} has no private_key."),
        ({"private_key": ""}, f"{FILE} has no private_key."),
        ({"client_email": None}, f"{FILE} has no client_email."),
    ],
)
def test_a_file_without_a_whole_key_is_rejected_with_what_is_wrong_and_without_quoting_it(file, changes, said):
    assert failure(file(**changes), CredentialsRejected).startswith(f"RK402: {said}")


@pytest.mark.parametrize("cut", [1, 30, 800, -40])
def test_a_key_that_lost_characters_is_not_repaired_into_another(file, cut):
    key = private_key()
    assert "cannot be read" in failure(file(private_key=key[:cut] + key[cut + 3 :]), CredentialsRejected)


def test_a_key_file_without_type_and_token_address_gets_those_of_a_service_account(file):
    path = file()
    content = {key: value for key, value in json.loads(path.read_text()).items() if key not in ("type", "token_uri")}
    path.write_text(json.dumps(content))
    assert load(path, hosts=GOOGLE_HOSTS).credentials._token_uri == GOOD["token_uri"]


@pytest.mark.parametrize("mangled", MANGLED)
def test_a_key_file_that_was_mangled_on_its_way_is_repaired(file, mangled):
    path = file()
    path.write_bytes(MANGLED[mangled](json.loads(path.read_text())))
    loaded = load(path, hosts=GOOGLE_HOSTS)
    assert (loaded.project, loaded.credentials.service_account_email) == ("programme-1", GOOD["client_email"])
    assert loaded.credentials.signer.sign(b"x")


@pytest.mark.parametrize("mangled", MANGLED)
def test_the_content_of_a_key_file_in_place_of_its_path_is_said_to_be_that(file, mangled):
    content = MANGLED[mangled](json.loads(file().read_text()))
    text = content.replace(b"\0", b"").decode(errors="replace")
    said = failure(Path(text), CredentialsMissing)
    assert said.startswith("RK401: GOOGLE_APPLICATION_CREDENTIALS contains the content of a key file and not its path.")
    assert not any(line in said for line in private_key().splitlines())


@pytest.mark.parametrize("project", [None, "", "a/../b", "../x", "A B", 7])
def test_a_project_id_that_is_not_valid_in_an_address_is_refused(file, project):
    assert "GOOGLE_CLOUD_PROJECT" in failure(file(project_id=project), CredentialsMissing)


def test_the_project_may_come_from_elsewhere(file):
    assert load(file(project_id=None), project="other-2", hosts=GOOGLE_HOSTS).project == "other-2"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/token",
        "https://oauth2.googleapis.com.evil.example/token",
        "https://evilgoogleapis.com/token",
        "https://oauth2.googleapis.com@evil.example/token",
        "https://user@oauth2.googleapis.com/token",
        "http://oauth2.googleapis.com/token",
        "file:///etc/passwd",
        "https://[::1/token",
        "",
        7,
    ],
)
def test_a_signed_assertion_goes_to_google_and_to_nobody_else(file, address):
    text = failure(file(token_uri=address), CredentialsRejected)
    assert text.startswith("RK402: ")
    assert "token_uri" in text


@pytest.mark.parametrize(
    "address", ["https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token"]
)
def test_googles_own_addresses_are_taken(file, address):
    assert load(file(token_uri=address), hosts=GOOGLE_HOSTS)


@pytest.mark.parametrize("key", ["token_url", "token_info_url", "service_account_impersonation_url"])
def test_addresses_of_other_kinds_of_credentials_must_be_on_the_list_too(tmp_path, key):
    path = tmp_path / "credentials.json"
    path.write_text(
        json.dumps({"type": "impersonated_service_account", "source_credentials": {key: "https://evil.example"}})
    )
    assert key in failure(path, CredentialsRejected)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "fcm.googleapis.com",
        "http://127.0.0.1:1",
        "https://",
        "https://[::1",
        "https://u@h",
        "https://h:x",
        "https://h?k=1",
    ],
)
def test_an_fcm_address_that_is_not_https_is_refused(url):
    with pytest.raises(BadArgument):
        FcmDispatcher(None, url=url)


def test_there_is_at_least_one_connection():
    with pytest.raises(BadArgument):
        FcmDispatcher(None, url="https://h", connections=0)


def test_the_content_of_a_certificate_in_place_of_its_path_is_said_to_be_that():
    with pytest.raises(CredentialsMissing, match=r"REKINDLE_FCM_CA contains a certificate and not its path"):
        trusting(Path("-----BEGIN CERTIFICATE-----\nMIIB"))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_invalid_certificate_file_is_refused_without_its_path(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CredentialsMissing, match=r"REKINDLE_FCM_CA does not name a readable file") as raised:
        trusting(path)
    assert "ca.pem." not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
