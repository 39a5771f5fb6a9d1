"""The coding agents that PyPI has, for the scripts: their programs, and what each needs to find to
use a model of ours."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / ".build-peers"
HOUSE = ROOT / ".build-agents"
PACKAGES = {
    "vibe": ["mistral-vibe==3.0.2"],
    "hermes": ["hermes-agent[acp]==0.19.0"],
    "openhands": ["openhands==1.16.0"],
}
NAMES = ["claude", "codex", "grok", *PACKAGES]


def pythons():
    """Whatever may be a Python 3.12."""
    yield os.environ.get("SKEP_PYTHON")
    yield "python3.12"
    yield sys.executable
    home = pathlib.Path.home()
    for path in sorted(home.glob(".pyenv/versions/3.12*")):
        yield str(path / "bin/python3.12")
    for path in sorted(home.glob(".local/share/uv/python/cpython-3.12*")):
        yield str(path / "bin/python3.12")


def python_312():
    """A Python 3.12 that starts and makes virtual environments; None: there is none."""
    for candidate in filter(None, pythons()):
        try:
            answer = subprocess.run(
                [candidate, "-c", "import ensurepip, sys, venv; print(sys.version_info[:2])"],
                capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.stdout.strip() == "(3, 12)":
            return candidate
    return None


def programs(name):
    """The folder with an agent's programs; installs it where it isn't yet."""
    if name not in PACKAGES:
        if not (PEERS / "bin" / name).exists():
            sys.exit(f"test-agents: there is no {name} in {PEERS}; \"make setup-peers\" installs it")
        return PEERS / "bin"
    folder = HOUSE / name
    mark = folder / "installed"
    if mark.exists() and mark.read_text().split() == PACKAGES[name]:
        return folder / "bin"
    python = python_312()
    if not python:
        sys.exit(
            f"test-agents: {name} needs Python 3.12 with venv, and there is none here.\n"
            "             Install one (Debian 13, Ubuntu 24.04: apt install python3.12-venv;\n"
            "             elsewhere: \"uv python install 3.12\" or \"pyenv install 3.12\"), or name\n"
            "             it: SKEP_PYTHON=PATH. claude, codex and grok don't need it.")
    print(f"test-agents: installing {' '.join(PACKAGES[name])} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", folder], check=True)
    installed = subprocess.run([folder / "bin/pip", "install", "--quiet",
                                "--disable-pip-version-check", *PACKAGES[name]])
    if installed.returncode != 0:
        sys.exit(f"test-agents: {name} couldn't be installed; pip's words are above")
    mark.write_text(" ".join(PACKAGES[name]))
    return folder / "bin"


def files_of(name, url, key):
    """What the agent wants to find in its home, to use the scripted model."""
    if name == "codex":
        return {".codex/config.toml": f"""\
model = "scripted"
model_provider = "here"
[model_providers.here]
name = "here"
base_url = "{url}/v1"
env_key = "CODEX_API_KEY"
wire_api = "responses"
"""}
    if name == "grok":
        return {".grok/config.toml": f"""\
[models]
default = "scripted"
[model.scripted]
model = "scripted"
name = "scripted"
base_url = "{url}/v1"
api_key = "{key}"
api_backend = "chat_completions"
context_window = 128000
"""}
    if name == "vibe":
        return {".vibe/config.toml": f"""\
active_model = "scripted"
enable_update_checks = false
enable_telemetry = false
[[providers]]
name = "here"
api_base = "{url}/v1"
api_key_env_var = "MISTRAL_API_KEY"
backend = "generic"
[[models]]
name = "scripted"
provider = "here"
alias = "scripted"
"""}
    if name == "hermes":
        return {".hermes/config.yaml": f"""\
model:
  provider: custom
  default: scripted
  base_url: {url}/v1
  api_key: {key}
""", ".hermes/.env": f"OPENAI_API_KEY={key}\n"}
    if name == "openhands":
        return {".openhands/agent_settings.json": json.dumps({
            "kind": "Agent",
            "llm": {"model": "openai/scripted", "base_url": f"{url}/v1", "api_key": key,
                    "usage_id": "agent"},
            "tools": [{"name": "terminal", "params": {}}, {"name": "file_editor", "params": {}}],
            "mcp_config": {}})}
    return {}


# The lines of agents' files without a protocol in both directions. claude and codex have one of
# their own, which is what their shipped file is for.
PLAIN = {
    "grok": """\
adapter: json-lines
command: [grok, --prompt-file, "{prompt_file}", --output-format, streaming-json, --always-approve,
          --cwd, "{workspace}"]
resume: [--resume, "{session}"]
events:
  session: {when: {type: end}, id: sessionId}
  message: {when: {type: text}, text: data, pieces: true}
  usage: {when: {type: end}, input: [usage.input_tokens, usage.cache_read_input_tokens],
          cached_input: usage.cache_read_input_tokens, output: usage.output_tokens}
  problem: {when: {type: error}, text: message}
  end: {when: {type: end}, reason: stopReason}
""",
    "vibe": """\
adapter: json-lines
command: [vibe, --prompt-file, "{prompt_file}", --output, streaming, --auto-approve, --trust,
          --workdir, "{workspace}"]
resume: [--resume, "{session}"]
events:
  session: {when: {type: message}, id: sessionId}
  message: {when: {type: message, role: assistant}, id: id, text: content}
  tool: {when: {type: effect}, id: id, title: detail.toolName, input: detail.display.message,
         status: generationStatus}
""",
    "hermes": """\
adapter: command
command: [hermes, --yolo, -z, "{prompt}"]
""",
    "openhands": """\
adapter: json-lines
command: [openhands, --headless, --json, --override-with-envs, --always-approve,
          --exit-without-confirmation, -t, "{prompt}"]
events:
  message: {when: {kind: MessageEvent, source: agent}, id: id, text: llm_message.content}
  problem: {when: {kind: ConversationErrorEvent}, text: detail, code: code}
  tool: {when: {kind: ActionEvent}, id: tool_call_id, title: tool_name, input: action.command,
         status: =running}
""",
}


class House:
    """A folder with a configuration of Skep's for one agent, and a home whose files lead the agent
    to a model of ours."""

    def __init__(self, folder, name, url, key="not-a-secret"):
        self.folder, self.name, self.url, self.key = folder, name, url, key
        for path, text in files_of(name, url, key).items():
            self.write(f"home/{path}", text)
        for part in ["home", "agents", "workflows"]:
            (folder / part).mkdir(parents=True, exist_ok=True)
        # As root, so that the agents' home is the one made here.
        self.write("skep.yaml", "state: ./state\nagents: {user: root}\n")

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def environment(self):
        """Skep's, with the agent's programs on PATH and its key in every variable of that kind."""
        environment = {
            "PATH": f"{programs(self.name)}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "home"), "LANG": "C.UTF-8", "IS_SANDBOX": "1",
            "ANTHROPIC_BASE_URL": self.url, "LLM_MODEL": "openai/scripted",
            "LLM_API_KEY": self.key, "LLM_BASE_URL": f"{self.url}/v1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        for variable in ["ANTHROPIC", "CODEX", "XAI", "MISTRAL"]:
            environment[variable + "_API_KEY"] = self.key
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        return environment

    def front(self, **changed):
        """The lines of the shipped file's front matter, with the files of its home linked, its
        variables let through, and some keys changed."""
        links = ", ".join(files_of(self.name, self.url, self.key))
        changed = {
            "home": f"{{mode: own, link: [{links}]}}",
            "environment": "[PATH, LANG, ANTHROPIC_BASE_URL, IS_SANDBOX, LLM_MODEL, LLM_API_KEY, "
                           "LLM_BASE_URL]",
            "sandbox": None, **changed}
        text = (ROOT / "agents" / f"{self.name}.md").read_text()
        lines = [line for line in text.split("---\n", 2)[1].splitlines()
                 if line.split(":")[0] not in changed]
        return lines + [f"{key}: {value}" for key, value in changed.items() if value]

    def add(self, agent, front):
        self.write(f"agents/{agent}.md", "---\n" + "\n".join(front) + "\n---\n")

    def add_plain(self, front):
        """The same without its protocol, as "NAME-plain". False: it has no such way."""
        if self.name not in PLAIN:
            return False
        dropped = ("name:", "adapter:", "command:", "mode:", "ends_at_eof:", "account:")
        lines = [line for line in front if not line.startswith(dropped)]
        self.add(f"{self.name}-plain",
                 [f"name: {self.name}-plain", *PLAIN[self.name].splitlines(), *lines])
        return True

    def test(self, skep, agent, *words, timeout=None, **streams):
        """Runs "skep agent test" on it."""
        command = [skep, "agent", "test", agent, "--json", *words]
        # A trial has nothing to protect from: the model is a script.
        if os.geteuid() == 0:
            command.append("--allow-root")
        return subprocess.run(command, cwd=self.folder, env=self.environment(),
                              stdout=subprocess.PIPE, timeout=timeout, **streams)
