"""The curl commands of the reference of the HTTP API, run word for word."""

import json
import os
import re
import shutil
import subprocess

import pytest

from acceptance.api.served import KEY, serving
from acceptance.api.test_decisions import GUARDED
from acceptance.command import Command
from docs.documents import read
from rekindle.sandbox import Sandbox
from team.team import Team, write_config


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_commands_start_a_run_confirm_it_and_follow_it(keyed: Command, team: Team, fcm: Sandbox):
    team.people(12)
    write_config(keyed.folder, GUARDED)
    commands = re.findall(r"^\$ (curl -sN? http(?:.*\\\n)*.*)", read("docs/reference/http-api.md"), re.MULTILINE)
    begin, confirm, follow = (command for command in commands if "/v1/runs" in command)
    with serving(keyed) as api:

        def printed(command: str, run_id: str = "") -> str:
            command = command.replace("http://127.0.0.1:8321", api.url).replace("inactivity", "nudge")
            environment = {**os.environ, "REKINDLE_API_KEY": KEY, "RUN_ID": run_id}
            done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
            return done.stdout

        halted = json.loads(printed(begin))
        assert halted["status"] == "halted"
        done = json.loads(printed(confirm, halted["run_id"]))
        assert (done["status"], done["scenarios"][0]["confirmed"]) == ("done", 12)
        events = printed(follow, done["run_id"]).splitlines()
        assert events[:3] == ["retry: 2000", "", "event: ended"]
        assert json.loads(events[3].removeprefix("data: ")) == done
