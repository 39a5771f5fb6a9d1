"""An agent written with the protocol's own Python package, as its argument says: it loads or resumes
earlier sessions. It does what its prompt's first word says (see the methods named so), holds every
message of its client against the protocol's schema, and tells in its last one what doesn't fit."""
import asyncio
import json
import os
import sys

from acp import Agent, RequestError, helpers, run_agent, schema
from acp.connection import StreamDirection
from pydantic import TypeAdapter, ValidationError

FROM_CLIENT = {
    "initialize": schema.InitializeRequest, "session/new": schema.NewSessionRequest,
    "session/load": schema.LoadSessionRequest, "session/resume": schema.ResumeSessionRequest,
    "session/set_mode": schema.SetSessionModeRequest,
    "session/set_config_option": schema.SetSessionConfigOptionSelectRequest,
    "session/prompt": schema.PromptRequest, "session/cancel": schema.CancelNotification,
}
ANSWERS = {
    "session/request_permission": schema.RequestPermissionResponse,
    "fs/read_text_file": schema.ReadTextFileResponse,
    "fs/write_text_file": schema.WriteTextFileResponse,
    "terminal/create": schema.CreateTerminalResponse,
    "terminal/output": schema.TerminalOutputResponse,
    "terminal/wait_for_exit": schema.WaitForTerminalExitResponse,
    "terminal/kill": schema.KillTerminalResponse,
    "terminal/release": schema.ReleaseTerminalResponse,
    "elicitation/create": schema.CreateElicitationResponse,
}
OPTIONS = [
    schema.PermissionOption(option_id=f"o{number}", name=kind, kind=kind) for number, kind in
    enumerate(["reject_always", "allow_always", "allow_once", "reject_once"])]


class Schema:
    """What the client says, held against the schema; what the models leave out doesn't fit either."""

    def __init__(self):
        self.asked = {}
        self.seen = 0
        self.faults = []

    def __call__(self, event):
        message = event.message
        method = message.get("method")
        if event.direction == StreamDirection.OUTGOING:
            if method and "id" in message:
                self.asked[message["id"]] = method
            return
        self.seen += 1
        if message.get("jsonrpc") != "2.0":
            self.faults.append(f"no JSON-RPC: {message}")
        elif method:
            self.check(FROM_CLIENT.get(method), message.get("params"), method)
        elif "result" in message:
            asked = self.asked.pop(message["id"], None)
            self.check(ANSWERS.get(asked), message["result"], f"answer to {asked}")
        else:
            self.asked.pop(message["id"], None)
            self.check(schema.Error, message["error"], "error")

    def check(self, model, given, what):
        if model is None:
            self.faults.append(f"{what}: unknown")
            return
        try:
            adapter = TypeAdapter(model)
            read = adapter.dump_python(
                adapter.validate_python(given), mode="json", by_alias=True, exclude_unset=True)
            if read != given:
                self.faults.append(f"{what}: {given} reads as {read}")
        except ValidationError as error:
            self.faults.append(f"{what}: {error}")


class Peer(Agent):
    def __init__(self, seen):
        self.seen = seen
        self.told = []
        self.cancelled = asyncio.Event()
        self.model = "small"

    def on_connect(self, conn):
        self.client = conn

    async def initialize(self, protocol_version, client_capabilities=None, client_info=None, **_):
        resume = schema.SessionResumeCapabilities() if sys.argv[1] == "resume" else None
        return schema.InitializeResponse(
            protocol_version=protocol_version,
            agent_info=schema.Implementation(name="peer", title="Peer", version="7.1"),
            agent_capabilities=schema.AgentCapabilities(
                load_session=sys.argv[1] == "load",
                session_capabilities=schema.SessionCapabilities(resume=resume),
                mcp_capabilities=schema.McpCapabilities(http=True, sse=False)))

    def options(self):
        models = [schema.SessionConfigSelectOption(value=name, name=name)
                  for name in ["small", "large"]]
        return [schema.SessionConfigOptionSelect(
            id="llm", name="Model", category="model", type="select",
            current_value=self.model, options=models)]

    async def new_session(self, cwd, mcp_servers=None, **_):
        await self.tell("s1", schema.AvailableCommandsUpdate(
            session_update="available_commands_update",
            available_commands=[schema.AvailableCommand(name="plan", description="Plans.")]))
        self.servers = mcp_servers
        modes = [schema.SessionMode(id=name, name=name) for name in ["ask", "auto"]]
        return schema.NewSessionResponse(
            session_id="s1", config_options=self.options(),
            modes=schema.SessionModeState(current_mode_id="ask", available_modes=modes))

    async def load_session(self, cwd, session_id, mcp_servers=None, **_):
        if session_id != "s1":
            raise RequestError.resource_not_found(session_id)
        await self.tell(session_id, helpers.update_user_message_text("Old question."))
        await self.tell(session_id, helpers.update_agent_message_text("Old answer."))
        return schema.LoadSessionResponse(config_options=self.options())

    async def resume_session(self, cwd, session_id, mcp_servers=None, **_):
        return schema.ResumeSessionResponse(config_options=self.options())

    async def set_session_mode(self, session_id, mode_id, **_):
        self.told.append(mode_id)
        return schema.SetSessionModeResponse()

    async def set_config_option(self, config_id, session_id, value, **_):
        self.told.append(f"{config_id}={value}")
        self.model = value
        return schema.SetSessionConfigOptionResponse(config_options=self.options())

    async def cancel(self, session_id, **_):
        self.cancelled.set()

    async def prompt(self, session_id, prompt, **_):
        text = "".join(block.text for block in prompt)
        verb = text.split()[0]
        self.session = session_id
        reason = await getattr(self, verb)(text) or "end_turn"
        await self.tell(session_id, helpers.update_agent_message(helpers.text_block(
            json.dumps({"told": self.told, "faults": self.seen.faults}))))
        return schema.PromptResponse(stop_reason=reason, usage=schema.Usage(
            input_tokens=100, output_tokens=10, thought_tokens=5, cached_read_tokens=40,
            total_tokens=155))

    async def tell(self, session_id, update):
        await self.client.session_update(session_id=session_id, update=update)

    async def leave(self, call, kind):
        answer = await self.client.request_permission(
            session_id=self.session, options=OPTIONS,
            tool_call=schema.ToolCallUpdate(tool_call_id=call, title=f"{kind} it", kind=kind))
        outcome = answer.outcome
        self.told.append(getattr(outcome, "option_id", outcome.outcome))

    async def works(self, _):
        """Tells all that can be told, and asks for all that can be asked for."""
        await self.updates()
        await self.leave("c2", "edit")
        await self.leave("c3", "delete")
        await self.files(os.getcwd() + "/")
        await self.terminals()
        self.told.append(len(self.servers))

    async def updates(self):
        entry = helpers.plan_entry("Think", status="in_progress", priority="high")
        blocks = [helpers.text_block("Hel"), helpers.text_block("lo."),
                  helpers.image_block("AAAA", "image/png"), helpers.audio_block("AAAA", "audio/wav"),
                  helpers.resource_link_block("a", "file:///a"),
                  helpers.resource_block(helpers.embedded_text_resource("file:///b", "b"))]
        for update in [
                helpers.update_agent_thought_text("Hm."), helpers.update_plan([entry]),
                *map(helpers.update_agent_message, blocks),
                helpers.start_tool_call(
                    "c1", "Write a", kind="edit", status="pending", raw_input={"path": "a"},
                    locations=[schema.ToolCallLocation(path="/a", line=3)]),
                helpers.update_tool_call("c1", status="in_progress"),
                helpers.update_tool_call("c1", status="completed", content=[
                    helpers.tool_content(helpers.text_block("Written.")),
                    helpers.tool_diff_content("/a", "new", "old"),
                    helpers.tool_terminal_ref("t0")], raw_output={"ok": True}),
                helpers.start_tool_call("c4", "Never ends", kind="switch_mode"),
                helpers.update_current_mode("auto"),
                schema.ConfigOptionUpdate(
                    session_update="config_option_update", config_options=self.options()),
                schema.SessionInfoUpdate(session_update="session_info_update", title="A title"),
                schema.AgentPlanContentUpdate(
                    session_update="plan_update", plan=schema.PlanUpdateItems(
                        type="items", plan_id="p", entries=[entry])),
                schema.AgentPlanRemovedUpdate(session_update="plan_removed", plan_id="p"),
                schema.UsageUpdate(
                    session_update="usage_update", used=155, size=1000,
                    cost=schema.Cost(amount=0.25, currency="USD"))]:
            await self.tell(self.session, update)

    async def files(self, tree):
        await self.client.write_text_file(
            session_id=self.session, path=tree + "made.txt", content="one\ntwo\nthree\n")
        read = await self.client.read_text_file(
            session_id=self.session, path=tree + "made.txt", line=2, limit=1)
        self.told.append(read.content)
        for path in ["missing.txt", "../outside.txt"]:
            try:
                await self.client.read_text_file(session_id=self.session, path=tree + path)
            except RequestError as error:
                self.told.append(error.code)

    async def terminals(self):
        mine = {"session_id": self.session}
        first = await self.client.create_terminal(
            command="sh", args=["-c", "printf %s \"$GREETING\"; exit 3"], cwd=os.getcwd(),
            env=[schema.EnvVariable(name="GREETING", value="hello you")], output_byte_limit=3,
            **mine)
        mine["terminal_id"] = first.terminal_id
        ended = await self.client.wait_for_terminal_exit(**mine)
        shown = await self.client.terminal_output(**mine)
        await self.client.release_terminal(**mine)
        second = await self.client.create_terminal(
            session_id=self.session, command="sleep", args=["300"])
        mine["terminal_id"] = second.terminal_id
        running = await self.client.terminal_output(**mine)
        await self.client.kill_terminal(**mine)
        killed = await self.client.wait_for_terminal_exit(**mine)
        await self.client.release_terminal(**mine)
        self.told += [ended.exit_code, shown.output, shown.truncated,
                      shown.exit_status.exit_code, running.exit_status, killed.signal]

    async def waits(self, _):
        """Until it is cancelled; then it asks for leave once more, and ends its turn as it should."""
        await self.tell(self.session, helpers.update_agent_thought_text("waiting"))
        await self.cancelled.wait()
        await self.leave("c5", "edit")
        return "cancelled"

    async def measures(self, text):
        """How long its prompt is."""
        self.told.append(len(text))

    async def asks(self, _):
        """A person."""
        answer = await self.client.create_elicitation(
            message="Red or blue?", mode=schema.ElicitationFormSessionMode(
                session_id=self.session, requested_schema=schema.ElicitationSchema(properties={})))
        self.told.append(answer.action)


seen = Schema()
asyncio.run(run_agent(Peer(seen), use_unstable_protocol=True, observers=[seen]))
