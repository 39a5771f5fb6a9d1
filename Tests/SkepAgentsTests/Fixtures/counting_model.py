#!/usr/bin/env python3
"""The model endpoint of the end-to-end tests, which also tells what it counted, and misbehaves.

    counting_model.py FOLDER    writes its address to FOLDER/address when it listens

FOLDER/count holds what its answers told to have used: requests, input, cached and output tokens;
requests without tools stand apart, in FOLDER/count-aside. FOLDER/told is all the text that was sent
last. The key, or what stands behind its last dash, says how it behaves:

    refused     401
    broken      500
    busy        529 where its provider has that, else 503
    limited     429, with a time to wait
    spent       429, since the account has used up what it may
    silent      never answers
    stuck       the tool that it calls never returns
    patient     its answer to a tool's result waits until FOLDER/go is there
"""
import json
import os
import pathlib
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2] / "EndToEndTests" / "Fixtures"))
import model_endpoint  # noqa: E402

FOLDER = sys.argv[1]
RESET = int(time.time()) + 7200
LIMIT = "This request would exceed your organization's rate limit. Please try again in 2 minutes."
# Status, headers and error, as the providers send them.
TROUBLES = {
    "refused": (401, {}, {"type": "authentication_error", "message": "scripted 401"}),
    "broken": (500, {}, {"type": "api_error", "message": "scripted 500"}),
    "busy": (503, {}, {"type": "server_error", "code": "server_is_overloaded",
                       "message": "The server is currently overloaded. Please try again later."}),
    "limited": (429, {"Retry-After": "2"}, {"type": "rate_limit_error", "message": LIMIT}),
    "spent": (429, {}, {
        "type": "insufficient_quota", "code": "insufficient_quota",
        "message": "You exceeded your current quota, please check your plan and billing details."}),
}
# By path, where a provider has a way of its own.
OWN_WAYS = {
    ("spent", "/v1/responses"): (429, {}, {
        "type": "usage_limit_reached", "message": "The usage limit has been reached",
        "plan_type": "pro", "resets_at": RESET}),
    ("spent", "/v1/messages"): (400, {}, {
        "type": "invalid_request_error",
        "message": "Your credit balance is too low to access the Anthropic API."}),
    ("busy", "/v1/messages"): (529, {}, {"type": "overloaded_error", "message": "Overloaded"}),
}


def write(name, text):
    with open(f"{FOLDER}/{name}.new", "w") as file:
        file.write(text)
    os.replace(f"{FOLDER}/{name}.new", f"{FOLDER}/{name}")


class Count:
    def __init__(self):
        self.lock = threading.Lock()
        self.used = {"count": {}, "count-aside": {}}

    def add(self, conversation):
        name = "count" if conversation.tools else "count-aside"
        with self.lock:
            used = self.used[name]
            for key, number in model_endpoint.USAGE.items():
                used[key] = used.get(key, 0) + number
            write(name, json.dumps(used))
            if conversation.tools:
                write("told", conversation.text)


class Handler(model_endpoint.Handler):
    count = Count()

    def do_POST(self):
        key = self.headers.get("x-api-key") or self.headers.get("Authorization") or ""
        way = key.split(" ")[-1].split("-")[-1]
        self.way = way
        if way == "silent":
            time.sleep(3600)
        trouble = OWN_WAYS.get((way, self.path.split("?")[0]), TROUBLES.get(way))
        if not trouble:
            super().do_POST()
            return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, self.further, error = trouble
        self.send_json({"type": "error", "error": error}, status)

    def end_headers(self):
        for name, value in getattr(self, "further", {}).items():
            self.send_header(name, value)
        super().end_headers()

    def obey(self, conversation):
        """What the key wants of an answer that is given."""
        if self.way == "stuck" and conversation.command:
            conversation.command = "tail -f /dev/null"
        is_patient = self.way == "patient" and conversation.has_result
        while is_patient and not os.path.exists(f"{FOLDER}/go"):
            time.sleep(0.05)

    def answer_responses(self, conversation):
        self.obey(conversation)
        super().answer_responses(conversation)

    def answer_messages(self, conversation):
        self.obey(conversation)
        super().answer_messages(conversation)

    def answer_chat(self, conversation):
        self.obey(conversation)
        super().answer_chat(conversation)


def end_with_parent():
    """Tests that crash leave nothing behind that listens, and that agents wait for."""
    parent = os.getppid()
    while parent != 1 and os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
model_endpoint.Handler = Handler
sys.argv[1] = FOLDER + "/address"
model_endpoint.main()
