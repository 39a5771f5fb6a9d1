"""What the examples play on: a tracker, a configuration and a daemon in one temporary folder.

Everything that is started here is known by its id, and is ended by it. Standard library only.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from tracker import Person

PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    """Something that had to work didn't."""


class Stage:
    """A folder with a tracker, and the processes that were started for it."""

    def __init__(self, programs, folder=None, keeps_folder=False):
        self.skep = os.path.join(os.path.abspath(programs), "skep")
        if not os.access(self.skep, os.X_OK):
            raise Failed(f"there is no program {self.skep}; build it first, or name its folder "
                         "with --programs")
        # Short: sockets below it may have 100 bytes only.
        self.folder = folder or tempfile.mkdtemp(prefix="skep-", dir="/tmp")
        os.makedirs(self.folder, exist_ok=True)
        if os.listdir(self.folder):
            raise Failed(f"{self.folder} isn't empty")
        self.keeps_folder = keeps_folder
        self.processes = []
        self.daemon = None
        self.root_flags = ["--allow-root"] if os.geteuid() == 0 else []
        self.environment = {
            name: os.environ[name] for name in ["PATH", "TZ"] if name in os.environ}
        self.environment.update(
            HOME=self.path("home"), LANG="C.UTF-8", NO_COLOR="1", GIT_CONFIG_NOSYSTEM="1")
        os.makedirs(self.path("home"))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        is_good = isinstance(error, SystemExit) and not error.code
        if error is not None and not is_good and not isinstance(error, KeyboardInterrupt):
            self.show_logs()
        self.stop()
        if not self.keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def copy_house(self, source):
        """Agents, workflows and the programs of both; "/PROGRAMS" in their files is where these are."""
        for folder in ["agents", "workflows", "programs"]:
            shutil.copytree(os.path.join(source, folder), self.path(folder))
        for folder in ["agents", "workflows"]:
            for name in os.listdir(self.path(folder)):
                with open(self.path(folder, name), encoding="utf-8") as file:
                    text = file.read()
                self.write(os.path.join(folder, name), text.replace("/PROGRAMS", self.path("programs")))

    # Commands

    def attempt(self, *arguments):
        """Runs a command to its end, whatever that is."""
        return subprocess.run(
            [self.skep, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120)

    def run(self, *arguments):
        """Runs a command that has to succeed, and answers with what it printed."""
        done = self.attempt(*arguments)
        if done.returncode != 0:
            raise Failed(f"skep {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                         f"{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))

    def git(self, *arguments):
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", *arguments], env=self.environment, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
        if done.returncode != 0:
            raise Failed(f"git {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    # Processes

    def start(self, name, *arguments):
        with open(self.path(f"{name}.log"), "ab") as log:
            process = subprocess.Popen(
                [self.skep, *map(str, arguments)], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        self.processes.append(process)
        return process

    def serve(self):
        """Starts `skep serve`, and waits until it works."""
        self.daemon = daemon = self.start("serve", "serve", *self.root_flags)
        lock = self.path("state", "run", "serve.lock")

        def works():
            if daemon.poll() is not None:
                raise Failed(f"skep serve ended with {daemon.returncode}")
            words = read(lock).split()
            return str(daemon.pid) in words and "ready" in words

        self.wait("skep serve to be ready", works)

    def kill_daemon(self):
        """What a power cut does to `skep serve`, and to nothing else."""
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait(60)

    def stop(self):
        """Ends what was started, the last first."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(60)
        self.processes = []

    def strays(self):
        """Processes that have to do with this folder: "pid words"."""
        found = []
        for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                words = read(f"/proc/{entry}/cmdline").replace("\0", " ")
                place = os.readlink(f"/proc/{entry}/cwd")
            except OSError:
                continue
            if place.startswith(self.path("")) or f"{self.skep} " in words and self.folder in words:
                found.append(f"{entry} {words}")
        return found

    def wait_for_strays(self):
        """Those that haven't ended a while after everything was stopped."""
        deadline = time.monotonic() + 30
        while self.strays() and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.strays()

    # Waiting

    def wait(self, what, condition, seconds=240.0):
        """Asks again and again until something is so; answers with what the condition said."""
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failed(f"waited {seconds:g} s in vain for {what}")
            time.sleep(0.1)

    def show_logs(self):
        """The ends of all logs, for whoever has to find out what went wrong."""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                tail = read(self.path(name))[-6000:]
                print(f"== the end of {name}\n{tail}", file=sys.stderr)
        done = self.attempt("run", "list", "--limit", 200)
        print(f"== skep run list\n{done.stdout}{done.stderr}", file=sys.stderr)

    # The tracker

    def open_tracker(self, repository, source, users, hands):
        """Starts a tracker with a repository.

        `users` are made and can write; the first one owns the repository. `hands` maps names of
        variables to users: their tokens are there for Skep. Answers with a Person for each user.
        """
        data = ["--data", self.path("forge")]
        tokens = {
            user: self.run("forge", "user", "add", user, *data).split()[-1] for user in users}
        self.run("forge", "repo", "add", repository, "--from", source, *data)
        for user in users[1:]:
            self.run("forge", "repo", "grant", repository, user, *data)
        port = free_port()
        self.start("forge", "forge", "serve", *data, "--port", port)
        self.wait("the tracker to listen", lambda: listens(port))
        self.url = f"http://127.0.0.1:{port}"
        self.environment.update({name: tokens[user] for name, user in hands.items()})
        return {user: Person(self.url, token, repository) for user, token in tokens.items()}

    def bare(self, repository):
        """The tracker's repository, for reading with git."""
        return self.path("forge", "repositories", f"{repository}.git")

    def mirror(self):
        """Skep's repository, which has every commit that an agent ever made."""
        for folder, names, _ in os.walk(self.path("state", "mirrors")):
            for name in names:
                if name.endswith(".git"):
                    return os.path.join(folder, name)
        raise Failed("Skep has no mirror of the repository")

    def fetch(self, source):
        """Takes the newest state of a repository, history included, as a branch "main"."""
        folder = self.path("source")
        self.git("init", "--quiet", "--initial-branch=main", folder)
        self.git("-C", folder, "fetch", "--quiet", "--no-tags", source, "HEAD")
        self.git("-C", folder, "reset", "--quiet", "--hard", "FETCH_HEAD")
        return folder

    # What Skep knows

    def runs(self):
        return sorted(self.json("run", "list", "--limit", 1000), key=lambda run: run["id"])

    def unfinished_jobs(self):
        jobs = self.json("queue", "list", "--limit", 1000)
        return [job for job in jobs if job["state"] in ("scheduled", "ready", "leased")]


CLOSED = {"published", "no_changes", "failed", "cancelled"}


def number(run):
    """The number of the issue that a run is over."""
    return int(run["issue"].rsplit("#", 1)[1])


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
