#!/usr/bin/env python3
"""A model that can do one thing, for coding agents that want one: an endpoint on loopback.

It speaks OpenAI's /v1/responses (codex) and /v1/chat/completions (vibe, hermes, openhands), and
Anthropic's /v1/messages (claude), streaming and not. Asked to

    Create the file NAME with the line: TEXT
    Append to the file NAME the line: TEXT
    Run the command: TEXT

it calls the shell tool that the agent offers, and says "Done." when it is told the result, with the
code word that was told anywhere in the conversation. The last such message counts. Everything else
it answers with "ok". A request without a key is refused.

It counts what its answers told to have used; /count has it by orders ("Create", "Append", "Run", and
"" without one), and apart where no tools were offered ("Create, aside"): agents ask such things of
their own accord, for titles and the like. /heard has the text of each conversation that offered
tools, as often as it came. While there is a file ADDRESS-FILE.hold, who tells that an order was done
waits for the answer.

    model_endpoint.py ADDRESS-FILE    writes "http://127.0.0.1:PORT" there when it listens
"""
import base64
import json
import os
import re
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CREATE = re.compile(r"Create the file (\S+) with the line: ([^\n]+)")
APPEND = re.compile(r"Append to the file (\S+) the line: ([^\n]+)")
RUN = re.compile(r"Run the command: ([^\n]+)")
CODE_WORD = re.compile(r"code word of this conversation is ([A-Z0-9-]+)")
SHELLS = ["bash", "shell", "shell_command", "exec_command", "local_shell", "exec",
          "run_terminal_command", "run_terminal_cmd", "run_shell_command", "terminal",
          "execute_bash", "run_command"]
# Of each answer; the cached ones are part of the input.
USAGE = {"requests": 1, "input": 1200, "cached": 200, "output": 80}


def text_of(content):
    """The text of a message's content, which is a string, a part or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return text_of(content.get("text") or content.get("content") or "")
    return "\n".join(text_of(part) for part in content or [])


def tools_of(body):
    """The tools a request offers, by name; codex groups some in namespaces."""
    tools = {}
    for tool in body.get("tools") or []:
        is_group = tool.get("type") == "namespace"
        for each in tool["tools"] if is_group else [tool.get("function") or tool]:
            name = each.get("name") or each.get("type")
            tools[name] = {**each, "namespace": tool["name"] if is_group else None}
    return tools


def arguments_for(tool, command):
    """What to call a shell tool with, in the form its schema wants."""
    schema = tool.get("parameters") or tool.get("input_schema") or {}
    properties = schema.get("properties") or {}
    key = "command" if "command" in properties else "cmd"
    is_list = (properties.get(key) or {}).get("type") == "array"
    arguments = {key: ["sh", "-c", command] if is_list else command}
    for name in schema.get("required") or []:
        arguments.setdefault(name, filling(properties.get(name) or {}))
    return arguments


def filling(schema):
    """Something for an argument that has to be there."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
    return {"boolean": False, "integer": 30, "number": 30, "array": [], "object": {}}.get(
        kind, "do what was asked")


def written(order, sign):
    """The command that writes an order's line into its file, whatever is in the line."""
    path, line = order.group(1), order.group(2).strip()
    coded = base64.b64encode((line + "\n").encode()).decode()
    return f"printf %s {coded} | base64 -d {sign} {path}"


def order_of(text):
    """A message's order, as its first word, and the command that does it; None: it has none."""
    if order := CREATE.search(text):
        return "Create", written(order, ">")
    if order := APPEND.search(text):
        return "Append", written(order, ">>")
    order = RUN.search(text)
    return ("Run", order.group(1).strip()) if order else None


class Count:
    """What was used, by orders."""

    def __init__(self):
        self.lock = threading.Lock()
        self.used = {}

    def add(self, conversation):
        key = conversation.order + ("" if conversation.tools else ", aside")
        with self.lock:
            used = self.used.setdefault(key, dict.fromkeys(USAGE, 0))
            for name, number in USAGE.items():
                used[name] += number


class Conversation:
    """A request of either kind: what was said, whether the tool was called, what is offered."""

    def __init__(self, body, items):
        self.body = body
        self.tools = tools_of(body)
        self.text = "\n".join(text_of(item.get("content")) for item in items)
        orders = [(index, order_of(text_of(item.get("content"))))
                  for index, item in enumerate(items) if item.get("role") == "user"]
        place, (self.order, self.command) = next(
            ((index, order) for index, order in reversed(orders) if order), (0, ("", None)))
        self.has_result = any(self.is_result(item) for item in items[place:])

    @staticmethod
    def is_result(item):
        if str(item.get("type", "")).endswith("_output") or item.get("role") == "tool":
            return True
        content = item.get("content")
        return isinstance(content, list) and any(
            isinstance(part, dict) and part.get("type") == "tool_result" for part in content)

    def answer(self):
        """(text, tool, command): what to say, and the tool to call if any."""
        name = next((name for name in self.tools if name.lower() in SHELLS), None)
        if not self.command or not name:
            return "ok", None, None
        if self.has_result:
            word = CODE_WORD.search(self.text)
            return f"Done. The code word is {word.group(1)}." if word else "Done.", None, None
        return "I will do that.", {**self.tools[name], "name": name}, self.command


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = Count()
    heard = []
    hold = None

    def log_message(self, *_):
        pass

    def send_json(self, document, status=200):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_events(self, events):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number, event in enumerate(events):
            if self.path.startswith("/v1/responses"):
                event["sequence_number"] = number
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()
        self.close_connection = True

    def do_HEAD(self):
        self.send_json({})

    def do_GET(self):
        if self.path == "/count":
            self.send_json(self.count.used)
            return
        if self.path == "/heard":
            self.send_json(self.heard)
            return
        model = {"id": "scripted", "object": "model", "type": "model", "display_name": "scripted"}
        self.send_json({"object": "list", "data": [model], "models": [], "has_more": False})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw or b"{}")
        path = self.path.split("?")[0]
        if not (self.headers.get("Authorization") or self.headers.get("x-api-key")):
            self.send_json({"error": {"type": "authentication_error", "message": "no key"}}, 401)
        elif path == "/v1/messages/count_tokens":
            self.send_json({"input_tokens": 1200})
        elif path == "/v1/responses":
            entries = body.get("input")
            self.answer_responses(self.listen(body, entries if isinstance(entries, list) else []))
        elif path == "/v1/messages":
            self.answer_messages(self.listen(body, body.get("messages") or []))
        elif path == "/v1/chat/completions":
            self.answer_chat(self.listen(body, body.get("messages") or []))
        else:
            self.send_json({"error": {"type": "not_found_error", "message": path}}, 404)

    def listen(self, body, items):
        """What was said, when it is to be answered."""
        conversation = Conversation(body, items)
        if conversation.tools:
            self.heard.append(conversation.text)
        while conversation.has_result and os.path.exists(self.hold):
            time.sleep(0.05)
        return conversation

    def answer_responses(self, conversation):
        """OpenAI: https://platform.openai.com/docs/api-reference/responses-streaming"""
        self.count.add(conversation)
        text, tool, command = conversation.answer()
        output = [{
            "type": "message", "id": identifier("msg"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}]
        if tool and tool.get("type") == "custom":
            code = f"const r = await tools.exec_command({{cmd: {json.dumps(command)}}});" \
                " text(r.output ?? JSON.stringify(r));"
            output.append({
                "type": "custom_tool_call", "id": identifier("ctc"), "status": "completed",
                "call_id": identifier("call"), "name": tool["name"], "input": code})
        elif tool and tool.get("type") == "local_shell":
            output.append({
                "type": "local_shell_call", "id": identifier("lsh"), "status": "completed",
                "call_id": identifier("call"),
                "action": {"type": "exec", "command": ["sh", "-c", command]}})
        elif tool:
            call = {
                "type": "function_call", "id": identifier("fc"), "status": "completed",
                "call_id": identifier("call"), "name": tool["name"],
                "arguments": json.dumps(arguments_for(tool, command))}
            if tool["namespace"]:
                call["namespace"] = tool["namespace"]
            output.append(call)
        response = {
            "id": identifier("resp"), "object": "response", "created_at": 0, "status": "completed",
            "model": conversation.body.get("model"), "output": output, "error": None,
            "usage": {
                "input_tokens": USAGE["input"], "output_tokens": USAGE["output"],
                "total_tokens": USAGE["input"] + USAGE["output"],
                "input_tokens_details": {"cached_tokens": USAGE["cached"]},
                "output_tokens_details": {"reasoning_tokens": 0}}}
        if not conversation.body.get("stream"):
            self.send_json(response)
            return
        begun = {**response, "status": "in_progress", "output": [], "usage": None}
        events = [{"type": "response.created", "response": begun}]
        for index, item in enumerate(output):
            added = {**item, "status": "in_progress"}
            events.append(
                {"type": "response.output_item.added", "output_index": index, "item": added})
            events.append(
                {"type": "response.output_item.done", "output_index": index, "item": item})
        events.append({"type": "response.completed", "response": response})
        self.send_events(events)

    def answer_messages(self, conversation):
        """Anthropic: https://docs.anthropic.com/en/api/messages-streaming"""
        self.count.add(conversation)
        text, tool, command = conversation.answer()
        # What was read from a cache stands beside the input here.
        usage = {
            "input_tokens": USAGE["input"] - USAGE["cached"], "output_tokens": USAGE["output"],
            "cache_read_input_tokens": USAGE["cached"]}
        blocks = [{"type": "text", "text": text}]
        if tool:
            blocks.append({
                "type": "tool_use", "id": identifier("toolu"), "name": tool["name"],
                "input": arguments_for(tool, command)})
        message = {
            "id": identifier("msg"), "type": "message", "role": "assistant", "content": blocks,
            "model": conversation.body.get("model"), "stop_sequence": None, "usage": usage,
            "stop_reason": "tool_use" if tool else "end_turn"}
        if not conversation.body.get("stream"):
            self.send_json(message)
            return
        events = [{
            "type": "message_start", "message": {
                **message, "content": [], "stop_reason": None,
                # As the provider's own: how much it comes to is told with the last event.
                "usage": {**usage, "output_tokens": 1}}}]
        for index, block in enumerate(blocks):
            if block["type"] == "text":
                start, delta = {**block, "text": ""}, {"type": "text_delta", "text": text}
            else:
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            events += [
                {"type": "content_block_start", "index": index, "content_block": start},
                {"type": "content_block_delta", "index": index, "delta": delta},
                {"type": "content_block_stop", "index": index}]
        events.append({
            "type": "message_delta", "usage": usage,
            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None}})
        events.append({"type": "message_stop"})
        self.send_events(events)

    def answer_chat(self, conversation):
        """OpenAI: https://platform.openai.com/docs/api-reference/chat-streaming"""
        self.count.add(conversation)
        text, tool, command = conversation.answer()
        message = {"role": "assistant", "content": text}
        if tool:
            message["tool_calls"] = [{
                "id": identifier("call"), "type": "function", "index": 0,
                "function": {
                    "name": tool["name"], "arguments": json.dumps(arguments_for(tool, command))}}]
        reason = "tool_calls" if tool else "stop"
        head = {"id": identifier("chat"), "created": 0, "model": conversation.body.get("model")}
        usage = {
            "prompt_tokens": USAGE["input"], "completion_tokens": USAGE["output"],
            "total_tokens": USAGE["input"] + USAGE["output"],
            "prompt_tokens_details": {"cached_tokens": USAGE["cached"]}}
        if not conversation.body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            self.send_json({
                **head, "object": "chat.completion", "choices": [choice], "usage": usage})
            return
        chunk = {**head, "object": "chat.completion.chunk"}
        chunks = [
            {**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
            {**chunk, "choices": [], "usage": usage}]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for each in [json.dumps(each) for each in chunks] + ["[DONE]"]:
            self.wfile.write(f"data: {each}\n\n".encode())
        self.wfile.flush()
        self.close_connection = True


def identifier(prefix):
    return f"{prefix}_{uuid.uuid4().hex[:16]}"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # An agent that was ended hangs up; that is no news.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    server = Server(("127.0.0.1", 0), Handler)
    path = sys.argv[1]
    Handler.hold = path + ".hold"
    with open(path + ".new", "w") as file:
        file.write(f"http://127.0.0.1:{server.server_port}")
    os.replace(path + ".new", path)
    server.serve_forever()


if __name__ == "__main__":
    main()
