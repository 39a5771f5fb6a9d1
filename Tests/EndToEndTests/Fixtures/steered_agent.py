"""An ACP agent that writes down what it is told, works at its first prompt until it is cancelled, and is
through with all others at once."""
import json
import sys


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def prompted(text):
    with open("told.txt", "a") as told:
        told.write(text + "\n----\n")
    if open("told.txt").read().count("----") > 1:
        return {"stopReason": "end_turn"}
    while json.loads(sys.stdin.readline()).get("method") != "session/cancel":
        pass
    return {"stopReason": "cancelled", "usage": {"inputTokens": 500, "outputTokens": 20}}


for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, result = message.get("method"), {}
    if method == "initialize":
        result = {"protocolVersion": 1, "agentCapabilities": {"loadSession": True}}
    elif method == "session/new":
        result = {"sessionId": "s1"}
    elif method == "session/prompt":
        result = prompted(message["params"]["prompt"][0]["text"])
    send({"id": message["id"], "result": result})
