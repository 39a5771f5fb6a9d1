#!/usr/bin/env python3
"""An agent that misbehaves. As claude it is called with "-p …", as codex with "exec …", as one that
prints JSON lines or text with "lines" or "text"; "--way=" says how: see the functions named so."""
import json
import sys

KIND = {"-p": "claude", "exec": "codex"}.get(sys.argv[1], sys.argv[1])
WAY = next(word for word in sys.argv if word.startswith("--way=")).split("=")[1]


def send(**line):
    print(json.dumps(line) if KIND != "text" else line.get("text", ""), flush=True)


def begin():
    """Its start; answers with the prompt."""
    if KIND != "claude":
        prompt = sys.stdin.read()
    else:
        prompt = json.loads(sys.stdin.readline())["message"]["content"]
        send(type="system", subtype="init", session_id="s1", model="m")
    if KIND == "codex":
        send(type="thread.started", thread_id="s1")
    return prompt


def say(text):
    if KIND == "claude":
        content = [{"type": "text", "text": text}]
        send(type="assistant", message={"id": "m1", "content": content})
    elif KIND == "codex":
        send(type="item.completed", item={"id": "m1", "type": "agent_message", "text": text})
    else:
        send(type="message", text=text)


def end(error=None):
    if KIND == "claude":
        send(type="result", subtype="success", is_error=bool(error), result=error or "done",
             usage={})
    elif KIND == "codex" and error:
        send(type="turn.failed", error={"message": error})
    elif KIND == "codex":
        send(type="turn.completed", usage={})
    elif error:
        send(type="error", text=error)
    else:
        send(type="end")


def floods():
    """Prints a line that is too long for anybody, and goes on."""
    for _ in range(20):
        sys.stdout.write("x" * (1 << 20))
    sys.stdout.write("\n")
    say("still here")
    end()


def fails():
    """Says that all is lost, and ends well as far as its exit status says."""
    end("The sky fell.")


def measures():
    """Tells how long its prompt is."""
    say(str(len(PROMPT)))
    end()


def halves():
    """Ends in the middle of its last line."""
    sys.stdout.write('{"type": "result", "subtype": "succ')


def asks():
    """Asks leave for ever (claude), and is still there when it has been interrupted."""
    for number in range(80):
        send(type="control_request", request_id=str(number), request={
            "subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "rm -rf /"}})
    for line in sys.stdin:
        if json.loads(line).get("request", {}).get("subtype") == "interrupt":
            break
    send(type="result", subtype="error_during_execution", is_error=True)
    sys.stdin.read()


PROMPT = begin()
globals()[WAY]()
