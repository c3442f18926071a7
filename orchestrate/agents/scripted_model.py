"""A model's service on loopback that does not think: each request is answered by a function.

    with ScriptedModel(answer) as model:
        ...  # point a client at model.url

It speaks what the clients speak (`scripted_apis.py`), so that an unmodified client can be made to
call a tool without a key, and without a byte leaving the machine.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, NamedTuple

from orchestrate.agents.scripted_apis import (
    Call,
    Json,
    Stream,
    anthropic,
    chat,
    gemini,
    responses,
    tools_offered,
)

_APIS = (
    ("/messages", anthropic),
    ("/responses", responses),
    ("/chat/completions", chat),
    (":generateContent", gemini),
    (":streamGenerateContent", gemini),
)


class Reply(NamedTuple):
    """One answer; a `status` other than 200 is an error of the service."""

    text: str
    call: Call | None = None
    status: int = 200


Answer = Callable[[Json, dict[str, set[str]]], Reply]


class ScriptedModel:
    """The service; `answer` gets a request and the tools that it offers, from several threads."""

    def __init__(self, answer: Answer) -> None:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(answer)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "ScriptedModel":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: ClassVar[Answer]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        self._json({"object": "list", "data": [], "models": []})

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        path = self.path.partition("?")[0]
        for end, api in _APIS:
            if path.endswith(end):
                reply = type(self).answer(body, tools_offered(body))
                if reply.status != 200:
                    return self._json(_error(reply.status), reply.status)
                stream = bool(body.get("stream")) or "stream" in path
                return self._send(api(body, reply.text, reply.call, stream))
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

    def _send(self, answer: Json | Stream) -> None:
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


def _error(status: int) -> Json:
    kind = "authentication_error" if status == 401 else "overloaded_error"
    return {"type": "error", "error": {"type": kind, "message": f"scripted {status}"}}
