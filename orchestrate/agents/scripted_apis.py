"""One answer of a model in the words of the services that the clients speak.

Anthropic Messages, OpenAI Responses and Chat Completions, Gemini; whole or as a stream. Only what
the clients read of an answer is there. Each function takes the request, the text, the tool call
(name and arguments) or None, and whether a stream was asked for; it gives a document, or the events
of a stream, each with its name.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Call = tuple[str, Json]  # the name of a tool and what it is given
Stream = list[tuple[str, Any]]

SHELLS = ("Bash", "run_shell_command", "bash", "exec_command")


def tools_offered(body: Json) -> dict[str, set[str]]:
    """Each tool that the request offers, with the names of its parameters."""
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


def shell_call(line: str, tools: Mapping[str, set[str]]) -> Call | None:
    """The call of the client's own shell for a line; None when it offers none."""
    for name in SHELLS:
        if name in tools:
            given = {"cmd" if name == "exec_command" else "command": line}
            return name, given | ({"description": "x"} if "description" in tools[name] else {})
    return None


def anthropic(body: Json, text: str, call: Call | None, stream: bool) -> Json | Stream:
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


def responses(body: Json, text: str, call: Call | None, stream: bool) -> Json | Stream:
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


def chat(body: Json, text: str, call: Call | None, stream: bool) -> Json | Stream:
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


def gemini(body: Json, text: str, call: Call | None, stream: bool) -> Json | Stream:
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
