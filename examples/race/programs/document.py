"""The hands of three agents that race: each documents functions, in its own way.

    document.py hare|tortoise|fox <prompt

A model would say what they do. This splits their names into words, and the race is about the rest:
who is quick, who is thorough, who does more than was asked for.
"""
import re
import sys
import time


class Task:
    """What the prompt says: a file, and the lines of it that have no documentation."""

    def __init__(self, prompt):
        self.path = re.search(r"^File: (.*)$", prompt, re.MULTILINE).group(1)
        self.functions = re.search(r"```\n(.*?)\n```", prompt, re.DOTALL).group(1).split("\n")

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read().split("\n")

    def write(self, lines):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))


def documented(lines, functions):
    """The lines of a file, with a line above each of these functions that has none."""
    result, count = [], 0
    for line in lines:
        is_meant = line.rstrip() in functions
        if is_meant and not (result and result[-1].strip().startswith("///")):
            name = re.search(r"func (\w+)", line).group(1)
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
            indent = line[:len(line) - len(line.lstrip())]
            result.append(f"{indent}/// Does what its name says: {words}.")
            count += 1
        result.append(line)
    print(f"Documented {count} of {len(functions)} functions.")
    return result


def main():
    name = sys.argv[1]
    task = Task(sys.stdin.read())
    lines = task.read()
    functions = task.functions
    if name == "hare" and not any(line in lines and is_above(lines, line) for line in functions):
        # There first; the rest when somebody asks.
        functions = functions[:(len(functions) + 1) // 2]
    if name == "tortoise":
        for step in range(3):
            print(f"One step after the other: {step + 1} …", flush=True)
            time.sleep(1)
    lines = documented(lines, functions)
    if name == "fox":
        print("And while I am here …")
        if "Made tidier" not in "\n".join(lines):
            lines += ["// Made tidier on the way.", ""]
    task.write(lines)


def is_above(lines, function):
    index = lines.index(function)
    return index > 0 and lines[index - 1].strip().startswith("///")


main()
