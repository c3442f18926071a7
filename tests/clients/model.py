"""A model that does not think: it plays a list of turns over the APIs that the real clients speak.

    with Model([Turn("Write it.", write=("a.txt", "hello")), Turn("Done.")], cwd) as model:
        ...  # point the client at model.url

Loopback only. A turn's action is turned into the tools that the client offers, or into text for a
client that offers none. Requests that are not the task itself (titles, commit messages, quota
checks) get a fixed answer. After the last turn the model says that it is done.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"  # how mini-swe-agent ends
NO_TOOLS = re.compile(
    r"SEARCH/REPLACE|\*file listing\*|Act as an expert software developer"
)  # aider
Json = dict[str, Any]
Call = tuple[str, Json]  # the name of a tool and what it is given


@dataclass(frozen=True)
class Turn:
    """One answer of the model: text, then a file to write or a command to run, or an error."""

    text: str = ""
    write: tuple[str, str] | None = None
    shell: str = ""
    status: int = 200
    delay: float = 0.0


class Model:
    """A server that plays turns; `requests` keeps what each task request said."""

    def __init__(self, turns: Sequence[Turn], cwd: str | Callable[[], str]) -> None:
        self._turns = list(turns)
        self._cwd = cwd if callable(cwd) else lambda: str(cwd)
        self._lock = threading.Lock()
        self.requests: list[str] = []
        handler = type("Handler", (_Handler,), {"model": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Model":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(
        self, body: Json, tools: dict[str, set[str]]
    ) -> tuple[Turn, tuple[str, Json | str] | None]:
        """The next turn and its tool call; a fixed turn for what is not the task."""
        said = json.dumps(body)
        if not tools and not NO_TOOLS.search(said):
            return Turn("ok"), None
        with self._lock:
            self.requests.append(said)
            turn = self._turns.pop(0) if self._turns else Turn("All done.")
        if not tools:
            return Turn(_as_text(turn), status=turn.status, delay=turn.delay), None
        last = not turn.write and not turn.shell and turn.status == 200
        if last and SUBMIT.split()[1] in said:
            turn = replace(turn, shell=SUBMIT)
        return turn, _call(turn, tools, self._cwd() if turn.write else "")


def _as_text(turn: Turn) -> str:
    if turn.write:
        path, content = turn.write
        return f"{turn.text}\n\n{path}\n```\n{content.rstrip()}\n```\n"
    return turn.text


def _call(turn: Turn, tools: dict[str, set[str]], cwd: str) -> Call | None:
    """The call of the client's own tool for a turn's action."""
    if turn.write:
        path, content = turn.write
        for name in ("Write", "write_file", "write"):
            if name in tools:
                key = next(k for k in ("file_path", "filePath") if k in tools[name])
                return name, {key: f"{cwd}/{path}" if path[0] != "/" else path, "content": content}
        return _call(Turn(shell=f"printf '%s' '{content}' > '{path}'"), tools, cwd)
    if not turn.shell:
        return None
    for name in ("Bash", "run_shell_command", "bash", "exec_command"):
        if name in tools:
            given = {"cmd" if name == "exec_command" else "command": turn.shell}
            return name, given | ({"description": "x"} if "description" in tools[name] else {})
    raise AssertionError(f"the client offers no shell: {sorted(tools)}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: ClassVar[Model]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        self._json({"object": "list", "data": [], "models": []})

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        path = self.path.partition("?")[0]
        for end, play in (
            ("/messages", _anthropic),
            ("/responses", _responses),
            ("/chat/completions", _chat),
            (":generateContent", _gemini),
            (":streamGenerateContent", _gemini),
        ):
            if path.endswith(end):
                turn, call = self.model.answer(body, _tools(body))
                time.sleep(turn.delay)
                if turn.status != 200:
                    kind = "authentication_error" if turn.status == 401 else "overloaded_error"
                    error = {"type": kind, "message": f"scripted {turn.status}"}
                    return self._json({"type": "error", "error": error}, turn.status)
                stream = bool(body.get("stream")) or "stream" in path
                return self._send(play(body, turn.text, call, stream))
        return self._json({"input_tokens": 10, "totalTokens": 10})

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Json | list[tuple[str, Json | str]]) -> None:
        if isinstance(answer, dict):
            return self._json(answer)
        lines = [
            (f"event: {name}\n" if name else "")
            + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
            for name, data in answer
        ]
        return self._write("".join(lines).encode(), "text/event-stream", 200)

    def _json(self, document: Json, status: int = 200) -> None:
        self._write(json.dumps(document).encode(), "application/json", status)

    def _write(self, data: bytes, kind: str, status: int) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the client went away, or was ended


def _tools(body: Json) -> dict[str, set[str]]:
    """Each tool that the request offers, with its parameters."""
    found: dict[str, set[str]] = {}
    for tool in body.get("tools") or []:
        for one in tool.get("functionDeclarations") or [tool.get("function") or tool]:
            schema = (
                one.get("input_schema")
                or one.get("parameters")
                or one.get("parametersJsonSchema")
                or {}
            )
            if one.get("name"):
                found[one["name"]] = set(schema.get("properties") or {})
    return found


def _anthropic(body: Json, text: str, call: Any, stream: bool) -> Any:
    blocks: list[Json] = [{"type": "text", "text": text or "-"}]
    if call:
        identity = f"toolu_{time.monotonic_ns()}"
        blocks.append({"type": "tool_use", "id": identity, "name": call[0], "input": call[1]})
    stop = "tool_use" if call else "end_turn"
    usage = {
        "input_tokens": 1000,
        "output_tokens": 50,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }
    message: Json = {
        "id": f"msg_{time.monotonic_ns()}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }
    if not stream:
        return message
    started = message | {"content": [], "stop_reason": None}
    events: list[tuple[str, Any]] = [("message_start", {"message": started})]
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            empty, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        events.append(("content_block_start", {"index": index, "content_block": empty}))
        events.append(("content_block_delta", {"index": index, "delta": delta}))
        events.append(("content_block_stop", {"index": index}))
    delta = {"stop_reason": stop, "stop_sequence": None}
    events.append(("message_delta", {"delta": delta, "usage": {"output_tokens": 50}}))
    events.append(("message_stop", {}))
    return [(name, {"type": name} | data) for name, data in events]


def _responses(body: Json, text: str, call: Any, stream: bool) -> Any:
    part = {"type": "output_text", "text": text or "-", "annotations": []}
    identity = str(time.monotonic_ns())
    items: list[Json] = [
        {
            "type": "message",
            "id": f"msg_{identity}",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }
    ]
    if call:
        items.append(
            {
                "type": "function_call",
                "id": f"fc_{identity}",
                "call_id": f"call_{identity}",
                "status": "completed",
                "name": call[0],
                "arguments": json.dumps(call[1]),
            }
        )
    response = {
        "id": f"resp_{identity}",
        "object": "response",
        "status": "completed",
        "model": body.get("model"),
        "output": items,
        "error": None,
        "usage": {
            "input_tokens": 1000,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 50,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1050,
        },
    }
    if not stream:
        return response
    events: list[tuple[str, Json]] = [("response.created", {"response": response | {"output": []}})]
    for index, item in enumerate(items):
        place = {"output_index": index, "item": item}
        events.append(("response.output_item.added", place))
        events.append(("response.output_item.done", place))
    events.append(("response.completed", {"response": response}))
    return [(n, {"type": n, "sequence_number": i} | d) for i, (n, d) in enumerate(events)]


def _chat(body: Json, text: str, call: Any, stream: bool) -> Any:
    identity = str(time.monotonic_ns())
    message: Json = {"role": "assistant", "content": text or "-"}
    if call:
        function = {"name": call[0], "arguments": json.dumps(call[1])}
        message["tool_calls"] = [
            {"index": 0, "id": f"call_{identity}", "type": "function", "function": function}
        ]
    finish = "tool_calls" if call else "stop"
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    head = {"id": f"chat-{identity}", "created": 1, "model": body.get("model")}
    if not stream:
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return head | {"object": "chat.completion", "choices": [choice], "usage": usage}
    head |= {"object": "chat.completion.chunk"}
    first = {"index": 0, "delta": message, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": finish}
    return [
        ("", head | {"choices": [first]}),
        ("", head | {"choices": [last]}),
        ("", head | {"choices": [], "usage": usage}),
        ("", "[DONE]"),
    ]


def _gemini(body: Json, text: str, call: Any, stream: bool) -> Any:
    parts: list[Json] = [{"text": text or "-"}]
    if call:
        parts.append({"functionCall": {"name": call[0], "args": call[1]}})
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 50, "totalTokenCount": 1050}
    content = {"role": "model", "parts": parts}
    answer = {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": usage | {"cachedContentTokenCount": 0},
        "modelVersion": "scripted",
    }
    return [("", answer)] if stream else answer
