"""What the benchmarks share: a tracker, a state folder and a daemon, and how processes are looked at.

Linux only, since it reads /proc. Standard library only.
"""
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

REPOSITORY = "bench/sample"


class Figure:
    """One line of the table."""

    def __init__(self, name, unit, goal, values):
        self.name, self.unit, self.goal, self.values = name, unit, goal, sorted(values)

    def row(self):
        middle = statistics.median(self.values)
        ratio = f"{middle / self.goal:.2f}" if self.goal else ""
        goal = f"{self.goal:g} {self.unit}" if self.goal else ""
        return [self.name, f"{middle:.1f} {self.unit}", f"{self.values[0]:.1f}",
                f"{self.values[-1]:.1f}", str(len(self.values)), goal, ratio]

    def document(self):
        return {"name": self.name, "unit": self.unit, "goal": self.goal, "values": self.values,
                "median": statistics.median(self.values)}


class House:
    """A tracker, a state folder and a daemon in a temporary folder, with what it started."""

    def __init__(self, programs, folder):
        self.skep = os.path.join(programs, "skep")
        self.folder = folder
        self.state = os.path.join(folder, "state")
        self.forge = os.path.join(folder, "forge")
        self.stamps = os.path.join(folder, "stamps")
        self.started = []
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", "NO_COLOR": "1"}
        self.root = ["--allow-root"] if os.geteuid() == 0 else []

    def run(self, *arguments, **more):
        done = subprocess.run(
            [self.skep, *arguments], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, **more)
        if done.returncode != 0:
            sys.exit(f"bench: skep {' '.join(arguments)} ended with {done.returncode}:\n"
                     f"{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *arguments):
        log = open(os.path.join(self.folder, f"{arguments[0]}.log"), "wb")
        process = subprocess.Popen(
            [self.skep, *arguments], cwd=self.folder, env=self.environment, stdout=log,
            stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            self.end(process)
        self.started = []

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def write_waiter(self, *ways):
        """An agent that waits, and a workflow for whose agents people can ask in these ways."""
        self.write("agents/waiter.md", """\
---
name: waiter
adapter: command
command: [sleep, "600"]
---
Wait.
""")
        self.write("workflows/bench.md", f"""\
---
name: bench
agents: {{by: [{", ".join(ways)}]}}
steps:
  - {{name: work, kind: agent, failures: 1}}
  - {{name: publish, kind: publish}}
---
{{{{ issue.title }}}}
""")

    def furnish(self):
        """A repository of some size, one issue, two agents and a workflow."""
        source = os.path.join(self.folder, "source")
        os.makedirs(source)
        git = ["git", "-C", source, "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
        for number in range(200):
            self.write(f"source/d{number % 10}/f{number}.txt", f"line\n" * 50)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "Two hundred files"], check=True)

        data = ["--data", self.forge]
        token = self.run("forge", "user", "add", "bench", "--admin", *data).split()[-1]
        self.environment["BENCH_TOKEN"] = token
        self.run("forge", "repo", "add", REPOSITORY, "--from", source, *data)
        self.write("body.md", "Nothing has to be done.\n")
        self.run("forge", "issue", "add", REPOSITORY, "--title", "Nothing", "--body-file",
                 os.path.join(self.folder, "body.md"), *data)
        port = free_port()
        self.write("skep.yaml", f"""\
tracker: {{kind: gitea, url: "http://127.0.0.1:{port}", token_env: BENCH_TOKEN}}
repositories: [{REPOSITORY}]
state: {self.state}
agents: {{user: {"root" if self.root else "nobody"}}}
""")
        self.write("agents/stamp.md", f"""\
---
name: stamp
adapter: command
command: [sh, -c, 'date +%s%N >>{self.stamps}']
---
Write down what time it is.
""")
        self.write_waiter("label")
        self.run("init")
        self.start("forge", "serve", *data, "--port", str(port))
        wait_until("the tracker listens", lambda: listens(port))

    def stamp_count(self):
        try:
            with open(self.stamps) as file:
                return len(file.read().split())
        except FileNotFoundError:
            return 0

    def open_runs(self):
        return json.loads(self.run("run", "list", "--open", "--json"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what, condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    sys.exit(f"bench: waited {seconds:g} s in vain until {what}")


def private_megabytes(process):
    """What belongs to this process alone: Private_* of smaps_rollup."""
    with open(f"/proc/{process}/smaps_rollup") as file:
        lines = [line.split() for line in file if line.startswith("Private_")]
    return sum(int(words[1]) for words in lines) / 1024


def dirty_megabytes(process):
    """What this process alone has written: Private_Dirty of smaps_rollup. Unlike `private_megabytes`
    it leaves out pages of programs and libraries, which the kernel may drop, and which count as
    private only while no other process happens to use the same ones."""
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("Private_Dirty")) / 1024


def processor_seconds(process):
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processes_below(folder, program):
    """Processes of a program whose arguments or files lie below a folder."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            executable = os.readlink(f"/proc/{entry}/exe")
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace")
            place = os.readlink(f"/proc/{entry}/cwd")
        except OSError:
            continue
        if os.path.basename(executable) == program and (folder in words or folder in place):
            found.append(int(entry))
    return found
