"""An agent that speaks ACP, and behaves as its argument says: see the functions that are named so."""
import json
import os
import signal
import sys
import time

TREE = os.getcwd()


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def request(number, method, **params):
    send({"id": number, "method": method, "params": {"sessionId": "s1", **params}})


def answer(number):
    """The next answer with that id; what else comes is passed over."""
    while True:
        message = json.loads(sys.stdin.readline())
        if message.get("id") == number and "method" not in message:
            return message.get("result", message.get("error"))


def ask(number, method, **params):
    request(number, method, **params)
    return answer(number)


def say(text):
    content = {"type": "text", "text": text}
    update = {"sessionUpdate": "agent_message_chunk", "content": content}
    send({"method": "session/update", "params": {"sessionId": "s1", "update": update}})


def works():
    """Writes a file, runs a command, and tries to read what lies outside, all through its client."""
    print("no JSON at all", flush=True)
    outside = ask(1, "fs/read_text_file", path=TREE + "/../secret")
    ask(2, "fs/write_text_file", path=TREE + "/made.txt", content="made\n")
    terminal = ask(3, "terminal/create", command="cat", args=["made.txt"])
    ask(4, "terminal/wait_for_exit", **terminal)
    printed = ask(5, "terminal/output", **terminal)["output"]
    ask(6, "terminal/release", **terminal)
    say(f"{outside['code']} {printed}")


def asks_for_ever():
    """Asks leave for what it doesn't get, also when it is cancelled, and then says all is well."""
    options = [{"optionId": "yes", "name": "Yes", "kind": "allow_once"},
               {"optionId": "no", "name": "No", "kind": "reject_once"}]
    for number in range(1, 80):
        request(number, "session/request_permission", options=options,
                toolCall={"toolCallId": "c1", "title": "rm -rf /", "kind": "delete"})
    cancelled = False
    while not cancelled:
        cancelled = json.loads(sys.stdin.readline()).get("method") == "session/cancel"
    request(80, "session/request_permission", options=options,
            toolCall={"toolCallId": "c1", "title": "rm -rf /", "kind": "delete"})


def breaks_off():
    """Works until it is cancelled, and tells then what it used."""
    say("at it")
    while json.loads(sys.stdin.readline()).get("method") != "session/cancel":
        pass
    return {"stopReason": "cancelled", "usage": {"inputTokens": 500, "outputTokens": 20}}


def ends_in_half():
    """Ends, well as far as it knows, in the middle of its answer."""
    sys.stdout.write('{"jsonrpc":"2.0","id":"prompt-1","result":{"stopReas')
    sys.stdout.flush()
    sys.exit(0)


def floods():
    """Prints a line that is too long for anybody, and goes on."""
    for _ in range(20):
        sys.stdout.write("x" * (1 << 20))
    sys.stdout.write("\n")
    say("still here")


def falls_silent():
    """Closes its output and lives on."""
    sys.stdout.flush()
    os.close(1)
    time.sleep(1000)


def hangs_at_its_end():
    """Closes its output when it is interrupted, and ends only when it is told to."""
    signal.signal(signal.SIGINT, lambda *_: os.close(1))
    open("at-it", "w").close()
    while True:
        signal.pause()


def reaches_out():
    """Reads and writes what lies outside, by a link of its own making."""
    os.symlink("/etc", "door")
    os.symlink("/etc/passwd", "passwd")
    answers = [
        ask(1, "fs/read_text_file", path=TREE + "/door/passwd"),
        ask(2, "fs/read_text_file", path=TREE + "/passwd"),
        ask(3, "fs/write_text_file", path=TREE + "/door/skep-was-here", content="x"),
        ask(4, "terminal/create", command="pwd", cwd=TREE + "/door")]
    say(" ".join(str(each.get("code")) for each in answers))


def mixes_ids():
    """Uses an id twice at once, answers what nobody asked, and asks what nobody knows."""
    send({"id": "prompt-7", "result": {"stopReason": "end_turn"}})
    send({"id": 99, "error": {"code": 1, "message": "no"}})
    open("one", "w").write("1")
    request(5, "terminal/create", command="sh", args=["-c", "cat one; echo . >>ran"])
    request(5, "fs/read_text_file", path=TREE + "/one")
    terminal = answer(5)
    ask(6, "terminal/wait_for_exit", **terminal)
    printed = ask(6, "terminal/output", **terminal)["output"]
    unknown = ask("six", "_skep/never-heard-of")["code"]
    say(f"{printed} {unknown}")


def waits():
    """Has a command run that ends when "go" is there."""
    script = "echo . >>ran; while [ ! -e go ]; do sleep 0.05; done; echo through"
    terminal = ask(1, "terminal/create", command="sh", args=["-c", script])
    ask(2, "terminal/wait_for_exit", **terminal)
    say(ask(3, "terminal/output", **terminal)["output"])
    ask(4, "terminal/release", **terminal)


for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    result = {}
    if method == "initialize":
        result = {"protocolVersion": 1, "agentCapabilities": {}}
    elif method == "session/new":
        result = {"sessionId": "s1"}
    elif method == "session/prompt":
        result = globals()[sys.argv[1]]() or {"stopReason": "end_turn"}
    if "method" in message and "id" in message:
        send({"id": message["id"], "result": result})
