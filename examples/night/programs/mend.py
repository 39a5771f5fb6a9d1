"""The hands of five of the night's agents: mends what the issue names, each in its own way.

    mend.py quick|slow|failing|careless|rival <prompt

A model would read the issue and think. This reads three lines of it, "File:", "Line:" and "Kind:",
and knows two things to do: to take a remark away, and to write a line of documentation.
"""
import os
import re
import subprocess
import sys
import time

# What a careless change leaves behind, and reviewers look for.
LATER = "LATER:"
REMARK = re.compile(r"\b(TODO|FIXME|XXX)\b(?:\([^)]*\))?:?")
MARKS = ("//", "#", "/*", "*")


def git(*arguments):
    return subprocess.run(
        ["git", *arguments], text=True, stdin=subprocess.DEVNULL, capture_output=True)


class Task:
    """What the prompt says."""

    def __init__(self, prompt):
        def named(word):
            found = re.search(rf"^{word}: (.*)$", prompt, re.MULTILINE)
            if not found:
                sys.exit(f"mend: the task has no line \"{word}:\"")
            return found.group(1)

        self.prompt = prompt
        self.path, self.kind = named("File"), named("Kind")
        self.code = re.search(r"```\n(.*?)\n```", prompt, re.DOTALL).group(1)
        self.issue = re.search(r"#(\d+)", prompt).group(1)

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read().split("\n")

    def write(self, lines):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def place(self, lines):
        """The line that is to be mended; None when there is nothing to mend any more."""
        found = [index for index, line in enumerate(lines) if line.rstrip() == self.code]
        if not found:
            return None
        above = lines[found[0] - 1].strip() if found[0] > 0 else ""
        return None if self.kind == "documentation" and above.startswith("///") else found[0]


def without_remark(line):
    """A line without its comment; None when there is nothing else in it."""
    start = REMARK.search(line).start()
    cut = max((line.rfind(mark, 0, start) for mark in MARKS), default=-1)
    return line[:max(cut, 0)].rstrip().rstrip("/#*").rstrip() or None


def documentation(line):
    name = re.search(r"func (\w+)", line).group(1)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    return f"{line[:len(line) - len(line.lstrip())]}/// Does what its name says: {words}."


def mend(task):
    lines = task.read()
    index = task.place(lines)
    if index is None:
        return print("It is mended already.")
    if task.kind == "remark":
        rest = without_remark(lines[index])
        lines[index:index + 1] = [] if rest is None else [rest]
    else:
        lines.insert(index, documentation(lines[index]))
    task.write(lines)
    print(f"Mended {task.path}, line {index + 1}.")


def mend_carelessly(task):
    """Leaves a word for later; takes it away when it is asked to."""
    lines = task.read()
    left = [index for index, line in enumerate(lines) if LATER in line]
    if left:
        for index in left:
            lines[index] = re.sub(f" ?{LATER}", "", lines[index], count=1)
        task.write(lines)
        return print(f"Took the word away that stood in line {left[0] + 1}.")
    index = task.place(lines)
    if index is None:
        return print("It is mended already.")
    if task.kind == "remark":
        lines[index] = REMARK.sub(LATER, lines[index], count=1)
    else:
        line = documentation(lines[index])
        lines.insert(index, line.replace("/// ", f"/// {LATER} "))
    task.write(lines)
    print("Good enough for now.")


def mend_everything(task):
    """Can't leave the other remarks alone: so it meets whoever mends one of them."""
    mend(task)
    for path in git("ls-files", "-z").stdout.split("\0"):
        if not path.endswith(os.path.splitext(task.path)[1]) or os.path.islink(path):
            continue
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read()
        new = re.sub(r"(//.*?)\b(?:TODO|FIXME|XXX)\b", r"\1Remark", text)
        if new != text:
            with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(new)
            print(f"Reworded remarks in {path}.")


def leave_half(task):
    """Stops in the middle of it."""
    lines = task.read()
    index = task.place(lines) or 0
    lines.insert(index, f"{re.match(r' *', lines[index]).group()}// HALF: this isn't done yet.")
    task.write(lines)
    print(f"I have begun with {task.path} …")
    print("I can't go on with this.", file=sys.stderr)
    sys.exit(3)


def catch_up(name):
    """Takes in what was merged since this branch left the base; where both meet, that wins."""
    if git("rev-parse", "--verify", "--quiet", "origin/main").returncode != 0:
        return
    if git("merge-base", "--is-ancestor", "origin/main", "HEAD").returncode == 0:
        return
    merge = git("-c", f"user.name={name}", "-c", f"user.email={name}@night.example", "merge",
                "--quiet", "--no-edit", "-X", "theirs", "origin/main")
    if merge.returncode != 0:
        sys.exit(f"mend: {merge.stdout}{merge.stderr}")
    print("Took in what was merged meanwhile.")


def leave_note(task):
    """A reviewer wants to know why: says it in a file of its own."""
    os.makedirs("Notes", exist_ok=True)
    with open(f"Notes/issue-{task.issue}.md", "w", encoding="utf-8") as file:
        file.write(f"# Issue {task.issue}\n\nNobody came back to this in {task.path}:\n\n"
                   f"    {task.code.strip()}\n")
    print("Left a note.")


def main():
    name = sys.argv[1]
    task = Task(sys.stdin.read())
    if name == "failing":
        leave_half(task)
    if name == "slow":
        for second in range(int(os.environ.get("NIGHT_SLOW_SECONDS", "10"))):
            print(f"Thinking, second {second + 1} …", flush=True)
            time.sleep(1)
    catch_up(name)
    if "leave a note" in task.prompt:
        leave_note(task)
    {"careless": mend_carelessly, "rival": mend_everything}.get(name, mend)(task)


main()
