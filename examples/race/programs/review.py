"""Two reviewers: the owl asks whether all is there, the stork whether more is there.

    review.py owl|stork <prompt

Leaves the verdict at $SKEP_OUTPUT. The working tree is at the commit that is reviewed.
"""
import json
import os
import re
import sys


def missing(path, functions):
    """The owl's findings: functions that still have no documentation."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for index, line in enumerate(lines):
        if line.rstrip() in functions and not lines[index - 1].strip().startswith("///"):
            yield {"path": path, "line": index + 1, "message": "This one isn't documented yet."}


def unasked(path):
    """The stork's findings: what nobody asked for."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("// Made tidier"):
                yield {"path": path, "line": number, "message": "Nobody asked for this."}


prompt = sys.stdin.read()
path = re.search(r"^File: (.*)$", prompt, re.MULTILINE).group(1)
functions = re.search(r"```\n(.*?)\n```", prompt, re.DOTALL).group(1).split("\n")
if sys.argv[1] == "owl":
    findings = list(missing(path, functions))
    verdict = "request_changes" if findings else "approve"
    summary = "Some are missing." if findings else "All are there."
else:
    findings = list(unasked(path))
    verdict = "comment" if findings else "approve"
    summary = "There is more than was asked for." if findings else "Nothing but what was asked for."
with open(os.environ["SKEP_OUTPUT"], "w", encoding="utf-8") as file:
    json.dump({"verdict": verdict, "summary": summary, "findings": findings}, file)
print(f"{verdict}: {summary}")
