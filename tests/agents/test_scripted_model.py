"""The scripted model over real HTTP: each service's words for one call, whole and as a stream."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from orchestrate.agents.proof_run import Script
from orchestrate.agents.scripted_apis import Json, shell_call
from orchestrate.agents.scripted_model import Reply, ScriptedModel

LINE = "git commit --no-verify"
PARAMETERS = {"type": "object", "properties": {"command": {}, "description": {}}}
SHELL = {"name": "bash", "parameters": PARAMETERS}
REQUESTS: dict[str, Json] = {
    "/v1/messages?beta=true": {"tools": [{"name": "Bash", "input_schema": PARAMETERS}]},
    "/v1/responses": {"tools": [{"type": "function", **SHELL}]},
    "/v1/chat/completions": {"tools": [{"type": "function", "function": SHELL}]},
    "/v1beta/models/m:generateContent": {
        "tools": [{"functionDeclarations": [{**SHELL, "name": "run_shell_command"}]}]
    },
}


def ask(url: str, body: Json) -> str:
    data = json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data), timeout=10) as answer:
        return str(answer.read().decode())


def calls(text: str) -> list[str]:
    """Each command line that the answer has the client run."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if set(value) == {"command", "description"}:
                found.append(value["command"])
            for below in value.values():
                look(below)
        elif isinstance(value, list):
            for below in value:
                look(below)
        elif isinstance(value, str) and value.startswith('{"command"'):
            look(json.loads(value))

    lines = [line.removeprefix("data: ") for line in text.split("\n") if line[:1] in "{d"]
    for line in filter(None, lines):
        if line != "[DONE]":
            look(json.loads(line))
    return found


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("path", REQUESTS)
def test_each_service_calls_the_shell_that_the_client_offers(path: str, stream: bool) -> None:
    body = {**REQUESTS[path], "model": "m", "stream": stream}
    if stream:
        path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
    with ScriptedModel(lambda body, tools: Reply("x", shell_call(LINE, tools))) as model:
        assert model.url.startswith("http://127.0.0.1:")
        assert set(calls(ask(model.url + path, body))) == {LINE}


def test_a_service_that_fails() -> None:
    with ScriptedModel(lambda body, tools: Reply("", status=401)) as model:
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(f"{model.url}/v1/messages", {})
        assert caught.value.code == 401
        assert "authentication_error" in caught.value.read().decode()
        caught.value.close()


def test_a_script_goes_on_only_where_a_shell_is_offered() -> None:
    script = Script()
    script.lines = ["one", "two"]
    shell = {"bash": {"command"}}
    assert script.answer({}, {}).call is None
    assert script.answer({}, {"read": {"path"}}).call is None
    assert script.asked == 0
    given = [script.answer({}, shell).call for _ in range(3)]
    assert given == [("bash", {"command": "one"}), ("bash", {"command": "two"}), None]
    assert script.asked == 3
