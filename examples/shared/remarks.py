"""Finds work in the sources of a real repository: remarks that nobody came back to, and public
functions that nobody documented."""
import os
import random
import re
import subprocess

SOURCES = {".swift", ".c", ".h", ".cc", ".cpp", ".py", ".sh", ".js", ".ts", ".go", ".rs", ".rb",
           ".java", ".kt"}
REMARK = re.compile(r"(?://|#|/\*|\*).*?\b(TODO|FIXME|XXX)\b(?:\([^)]*\))?:?\s*(.*)")
FUNCTION = re.compile(r"\s*public (?:(?:static|final|mutating) )*func (\w+)")


class Finding:
    """One thing to mend: what it is, where it stands, and the line as it is."""

    def __init__(self, kind, path, line, code, text):
        self.kind, self.path, self.line, self.code, self.text = kind, path, line, code, text

    @property
    def title(self):
        name = os.path.basename(self.path)
        title = f"{name}: {self.text}" if self.kind == "remark" else (
            f"{name}: say what `{self.text}` does")
        return title if len(title) <= 90 else title[:89] + "…"

    @property
    def body(self):
        words = {
            "remark": "This remark has stood there for a while, and nobody came back to it. Do "
                      "what it says, or take it away:",
            "documentation": "This function is public and has no documentation:",
        }[self.kind]
        return (f"{words}\n\n```\n{self.code.rstrip()}\n```\n\n"
                f"File: {self.path}\nLine: {self.line}\nKind: {self.kind}\n")


def find(folder, count, seed):
    """So many findings of a repository, remarks first, else in an order that the seed decides."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", folder, "ls-files", "-z"], check=True,
        capture_output=True, stdin=subprocess.DEVNULL)
    remarks, functions = [], []
    for name in sorted(listed.stdout.decode().split("\0")):
        if os.path.splitext(name)[1] in SOURCES:
            look_through(folder, name, remarks, functions)
    chance = random.Random(seed)
    chance.shuffle(remarks)
    chance.shuffle(functions)
    # Some of each, where there are enough of them.
    shown = remarks[:max(count * 2 // 3, count - len(functions))]
    return (shown + functions)[:count]


def look_through(folder, name, remarks, functions):
    path = os.path.join(folder, name)
    if os.path.islink(path):
        return
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeDecodeError):
        return
    for index, line in enumerate(lines):
        # Whoever mends it finds it by its text.
        if lines.count(line) > 1:
            continue
        remark = REMARK.search(line)
        if remark:
            text = remark.group(2).strip(" */") or remark.group(1)
            remarks.append(Finding("remark", name, index + 1, line, text))
            continue
        function = FUNCTION.match(line)
        if function and not is_documented(lines, index):
            functions.append(
                Finding("documentation", name, index + 1, line, function.group(1)))


def is_documented(lines, index):
    above = index - 1
    while above >= 0 and lines[above].strip().startswith("@"):
        above -= 1
    return above >= 0 and lines[above].strip().startswith(("///", "*/"))
