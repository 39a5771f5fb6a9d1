"""Reviews a change: asks for what was left for later, and approves of everything else.

Reads the prompt, which has the change as a diff, and leaves its verdict at $SKEP_OUTPUT.
"""
import json
import os
import re
import sys

LATER = "LATER:"


def added(prompt):
    """The lines that a diff adds: (path, line, text)."""
    path, line = None, 0
    old, new = 0, 0
    for text in prompt.split("\n"):
        hunk = re.match(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", text)
        if old <= 0 and new <= 0:
            if text.startswith("+++ "):
                path = text[6:] if text.startswith("+++ b/") else None
            elif hunk and path:
                line = int(hunk.group(2))
                old, new = int(hunk.group(1) or 1), int(hunk.group(3) or 1)
        elif text.startswith("+"):
            yield path, line, text[1:]
            line, new = line + 1, new - 1
        elif text.startswith("-"):
            old -= 1
        elif not text.startswith("\\"):
            line, old, new = line + 1, old - 1, new - 1


findings = [
    {"path": path, "line": line, "message": "Later is never. Do it now, or say it without this word."}
    for path, line, text in added(sys.stdin.read()) if LATER in text]
verdict = {
    "verdict": "request_changes" if findings else "approve",
    "summary": "Something was left for later." if findings else "It does what it says.",
    "findings": findings,
}
with open(os.environ["SKEP_OUTPUT"], "w", encoding="utf-8") as file:
    json.dump(verdict, file)
print(f"{verdict['verdict']}: {verdict['summary']}")
