"""The dispatcher's function reads a mangled key file as Rekindle does, and says what is wrong with
any other."""

import json
import subprocess
from typing import Any

import pytest

from contract.fcm_server import private_key
from contract.mangled_keys import MANGLED, dumped
from edge.deno import DENO, FUNCTIONS, deno_environment

GOOD = {
    "type": "service_account",
    "project_id": "programme-1",
    "private_key_id": "key-1",
    "client_email": "push@programme-1.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}
SCRIPT = """
import { accountFromEnvironment } from "./account.ts";
const said = [];
for (const [content, url] of JSON.parse(Deno.env.get("CASES"))) {
  Deno.env.set("FCM_SERVICE_ACCOUNT", content);
  const account = accountFromEnvironment(url);
  const good = typeof account !== "string" && account.email.startsWith("push@") && account.project === "programme-1";
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (good) await crypto.subtle.importKey("pkcs8", account.key, algorithm, false, ["sign"]);
  said.push(good ? account.tokenUrl : account);
}
console.log(JSON.stringify(said));
"""


def accounts(*cases: tuple[str, str]) -> list[str]:
    """What the function makes of each content and FCM_URL: the token address, or the word."""
    return evaluated(SCRIPT, CASES=json.dumps(cases))


def evaluated(script: str, **environment: str) -> Any:
    """The JSON that a script in the function's folder prints."""
    done = subprocess.run(
        [DENO, "eval", "--ext=ts", "--no-check", script],
        cwd=FUNCTIONS / "push-notification-dispatcher",
        env={**deno_environment(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


FCM_URL = "https://fcm.googleapis.com"
NAME = "scenario-edge-function-scheduler"


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return {**GOOD, "private_key": private_key()}


def test_a_key_file_that_was_mangled_on_its_way_is_repaired(content: dict[str, Any]) -> None:
    texts = [one(content).decode() for name, one in MANGLED.items() if not name.startswith("utf-16")]
    bare = dumped({key: value for key, value in content.items() if key not in ("type", "token_uri")})
    said = accounts(*((text, FCM_URL) for text in [*texts, bare]))
    assert said == [GOOD["token_uri"]] * (len(texts) + 1)


def test_every_other_key_file_is_refused_with_what_is_wrong(content: dict[str, Any]) -> None:
    key = content["private_key"]
    cases: list[tuple[object, str]] = [
        ("", "credentials_missing"),
        ("''", "credentials_missing"),
        ("{", "credentials_not_json"),
        ("[]", "credentials_not_json"),
        (dumped(content)[:400], "credentials_not_json"),
        ({**content, "project_id": "a/../b"}, "credentials_incomplete"),
        ({**content, "client_email": None}, "credentials_incomplete"),
        (GOOD, "private_key_missing"),
        ({**content, "private_key": ""}, "private_key_missing"),
        ({**content, "private_key": 7}, "private_key_unreadable"),
        ({**content, "private_key": "no key"}, "private_key_unreadable"),
        ({**content, "private_key": key[3:]}, "private_key_unreadable"),
        ({**content, "token_uri": "https://tokens.example/token"}, "token_uri_not_google"),
        ({**content, "token_uri": "http://oauth2.googleapis.com/token"}, "token_uri_not_google"),
        ({**content, "token_uri": ""}, "token_uri_not_google"),
    ]
    said = accounts(*((one if isinstance(one, str) else dumped(one), FCM_URL) for one, _ in cases))
    assert said == [word for _, word in cases]
    assert accounts((dumped(content), "http://fcm.example")) == ["fcm_url_not_https"]


def test_an_empty_variable_of_a_function_counts_as_not_set() -> None:
    copies = [FUNCTIONS / name / "environment.ts" for name in ("push-notification-dispatcher", NAME)]
    assert len({one.read_text() for one in copies}) == 1
    values = ["", " ", "\n", '""', "' '", "\ufeff", "x", ' "x"\n', "'x'", "\ufeffx", "it's"]
    script = f"""
    import {{ setting }} from "./environment.ts";
    const values = {json.dumps(values)};
    console.log(JSON.stringify(values.map((value) => (Deno.env.set("X", value), setting("X") ?? null))));
    """
    assert evaluated(script) == [*[None] * 6, *["x"] * 4, "it's"]
