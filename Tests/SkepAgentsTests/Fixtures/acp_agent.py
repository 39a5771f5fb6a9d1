"""An agent that speaks ACP by itself: writes a file, runs a command and asks leave, through its client."""
import json
import os
import sys


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def ask(number, method, **params):
    send({"id": number, "method": method, "params": {"sessionId": "s1", **params}})
    while True:
        message = json.loads(sys.stdin.readline())
        if message.get("id") == number:
            return message.get("result", message.get("error"))


def work():
    tree = os.getcwd()
    outside = ask(1, "fs/read_text_file", path=tree + "/../secret")
    ask(2, "fs/write_text_file", path=tree + "/made.txt", content="made\n")
    terminal = ask(3, "terminal/create", command="cat", args=["made.txt"])
    ask(4, "terminal/wait_for_exit", **terminal)
    printed = ask(5, "terminal/output", **terminal)["output"]
    ask(6, "terminal/release", **terminal)
    text = f"{outside['code']} {printed}"
    content = {"type": "text", "text": text}
    update = {"sessionUpdate": "agent_message_chunk", "content": content}
    send({"method": "session/update", "params": {"sessionId": "s1", "update": update}})


print("no JSON at all", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    method = request.get("method")
    result = {}
    if method == "initialize":
        result = {"protocolVersion": 1, "agentCapabilities": {}}
    elif method == "session/new":
        result = {"sessionId": "s1"}
    elif method == "session/prompt":
        work()
        result = {"stopReason": "end_turn"}
    send({"id": request.get("id"), "result": result})
