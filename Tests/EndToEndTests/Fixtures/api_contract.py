"""Holds requests and answers of a Gitea-style API against its specification, gitea-api.json.

What the specification doesn't say, or says otherwise than servers do, stands in the tables below,
each with its reason. Everything else that disagrees is a violation.
"""
import json
import re
from urllib.parse import parse_qsl, unquote

# Answers that any operation may give, though hardly any lists them.
COMMON_STATUSES = {
    301: "a repository that was renamed",
    307: "a repository that was renamed",
    401: "no token, or a bad one",
    403: "a scope or a right is missing",
    404: "not there, or not to be seen",
    405: "no such method here",
    413: "a body that is too large",
    423: "an archived repository",
    429: "a proxy sheds load",
    500: "a fault of the server",
    502: "a fault of a proxy",
    503: "the server sheds load",
    504: "a fault of a proxy",
}

# (method, route, status): reason.
OTHER_STATUSES = {
    ("POST", "/repos/{owner}/{repo}/issues/{index}/dependencies", 400): "other repositories are off",
    ("POST", "/repos/{owner}/{repo}/pulls/{index}/merge", 201): "the merge was scheduled",
    ("POST", "/repos/{owner}/{repo}/pulls/{index}/merge", 422): "\"Do\" is missing or unknown",
    ("PATCH", "/repos/{owner}/{repo}/issues/{index}", 409): "the text has another content_version",
    ("PATCH", "/repos/{owner}/{repo}/issues/{index}", 422): "an assignee that isn't known",
    ("POST", "/repos/{owner}/{repo}/milestones", 422): "the title is empty",
    ("POST", "/repos/{owner}/{repo}/statuses/{sha}", 422): "the state isn't known",
}

# Names in bodies that servers take besides those of the specification.
OTHER_NAMES = {
    # In lower case from Gitea 1.26 on, which takes both; Forgejo and older know the capital ones.
    "MergePullRequestOption": {
        "Do": "do", "MergeTitleField": "merge_title_field",
        "MergeMessageField": "merge_message_field", "MergeCommitID": "merge_commit_id",
    },
}

# (definition, property): words that are sent though its enumeration lacks them.
OTHER_WORDS = {
    # No status at all.
    ("CombinedStatus", "state"): {""},
    # A repository that has no other style set.
    ("Repository", "object_format_name"): {""},
}

# The last parameter of a route that takes what remains, slashes as they are.
OPEN_PARAMETERS = {"{head}", "{branch}", "{filepath}", "{ref}", "{tag}", "{basehead}", "{archive}"}

DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


class Operation:
    """One method of one route."""

    def __init__(self, contract, method, route, spec, shared):
        self.contract = contract
        self.method = method
        self.route = route
        self.parameters = [contract.resolve(each) for each in shared + spec.get("parameters", [])]
        self.responses = spec.get("responses", {})

    def at(self, place):
        return [each for each in self.parameters if each["in"] == place]


class Contract:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.tree = json.load(file)
        self.operations = []
        for route, methods in self.tree["paths"].items():
            shared = methods.get("parameters", [])
            for method, spec in methods.items():
                if method != "parameters":
                    self.operations.append(
                        Operation(self, method.upper(), route, spec, shared))

    def resolve(self, node):
        """What a node means that may only refer to another."""
        while isinstance(node, dict) and "$ref" in node:
            kind, name = node["$ref"].split("/")[-2:]
            node = self.tree[kind].get(name, {})
        return node

    def find(self, method, path):
        """The operation of a request below /api/v1, and what its path's parameters are."""
        parts = path.strip("/").split("/")
        found = []
        for operation in self.operations:
            if operation.method == method:
                values = self.match(operation.route.strip("/").split("/"), parts)
                if values is not None:
                    misfits = len(self.check_path(operation, values))
                    is_open = operation.route.count("/") < path.rstrip("/").count("/")
                    order = (misfits, is_open, operation.route.count("{"), operation.route)
                    found.append((order, operation, values))
        # One whose numbers are numbers; the most literal one, as routers choose.
        found.sort(key=lambda each: each[0])
        return found[0][1:] if found else (None, {})

    def match(self, wanted, parts):
        is_open = wanted[-1] in OPEN_PARAMETERS and len(parts) >= len(wanted)
        if not is_open and len(wanted) != len(parts):
            return None
        values = {}
        for index, (template, part) in enumerate(zip(wanted, parts)):
            if is_open and index == len(wanted) - 1:
                part = "/".join(parts[index:])
            names = re.findall(r"{(\w+)}", template)
            pattern = re.sub(r"\\{\w+\\}", "(.+)", re.escape(template))
            hit = re.fullmatch(pattern, part)
            if not hit:
                return None
            values.update(zip(names, (unquote(each) for each in hit.groups())))
        return values

    # Requests

    def check_request(self, method, path, query, content_type, body):
        """The operation, and everything that is wrong with a request."""
        operation, values = self.find(method, path)
        if operation is None:
            return None, ["no such operation"]
        problems = self.check_path(operation, values)
        problems += self.check_query(operation, query)
        problems += self.check_body(operation, content_type, body)
        return operation, problems

    def check_path(self, operation, values):
        problems = []
        for parameter in operation.at("path"):
            value = values.get(parameter["name"])
            if value is not None:
                problems += self.check_text(value, parameter, "{%s}" % parameter["name"])
        return problems

    def check_query(self, operation, query):
        known = {each["name"]: each for each in operation.at("query")}
        problems = []
        pairs = parse_qsl(query, keep_blank_values=True)
        for name, value in pairs:
            if name in ("token", "access_token"):
                problems.append("a token stands in the query")
            elif name not in known:
                problems.append('there is no parameter "%s"' % name)
            else:
                problems += self.check_text(value, known[name], '"%s"' % name)
        given = [name for name, _ in pairs]
        for name, parameter in known.items():
            if parameter.get("required") and name not in given:
                problems.append('the parameter "%s" is missing' % name)
            if given.count(name) > 1 and parameter.get("collectionFormat") != "multi":
                problems.append('the parameter "%s" comes more than once' % name)
        return problems

    def check_text(self, value, parameter, place):
        kind = parameter.get("type")
        if kind == "integer" and not re.fullmatch(r"-?\d+", value):
            return ["%s is no whole number: %r" % (place, value)]
        if kind == "boolean" and value not in ("true", "false"):
            return ["%s is neither true nor false: %r" % (place, value)]
        words = parameter.get("enum")
        if words and value not in words:
            return ["%s can't be %r" % (place, value)]
        if parameter.get("format") == "date-time" and not DATE_TIME.fullmatch(value):
            return ["%s is no time: %r" % (place, value)]
        return []

    def check_body(self, operation, content_type, body):
        parameters = operation.at("body")
        if not body:
            needed = any(each.get("required") for each in parameters)
            return ["it lacks a body"] if needed else []
        if not parameters:
            return [] if body.strip() == b"{}" else ["it takes no body"]
        if not (content_type or "").startswith("application/json"):
            return ["its body is said to be %s" % (content_type or "nothing")]
        try:
            value = json.loads(body)
        except ValueError:
            return ["its body isn't JSON"]
        return self.check_value(value, parameters[0].get("schema", {}), "body", is_request=True)

    # Answers

    def check_answer(self, operation, status, headers, body):
        """Everything that is wrong with an answer."""
        known = operation.responses.get(str(status))
        if known is None:
            key = (operation.method, operation.route, status)
            if status not in COMMON_STATUSES and key not in OTHER_STATUSES:
                return ["the status %d isn't known there" % status]
        problems = []
        total = headers.get("X-Total-Count")
        if total is not None and not total.isdigit():
            problems.append("X-Total-Count is %r" % total)
        if status >= 500 or 300 <= status < 400:
            return problems
        if status == 204:
            return problems + (["a 204 has a body"] if body else [])
        if status >= 400:
            return problems + self.check_refusal(headers, body)
        schema = self.resolve(known or {}).get("schema")
        if schema is None:
            return problems
        try:
            value = json.loads(body)
        except ValueError:
            is_text = self.resolve(schema).get("type") == "string"
            return problems if is_text else problems + ["its body isn't JSON"]
        return problems + self.check_value(value, schema, "answer")

    def check_refusal(self, headers, body):
        """Refusals have a message, where they have a body; a proxy's page is no refusal."""
        if not body or "json" not in (headers.get("Content-Type") or ""):
            return []
        try:
            value = json.loads(body)
        except ValueError:
            return ["its body isn't JSON"]
        if not isinstance(value, dict):
            return ["a refusal is no object"]
        if not isinstance(value.get("message", ""), str):
            return ["a refusal's message is no text"]
        return []

    def check_value(self, value, schema, place, is_request=False, owner=None):
        name = schema.get("$ref", "").split("/")[-1]
        schema = self.resolve(schema)
        # The specification has no null; servers send it for pointers and empty lists, and take it.
        if value is None:
            return []
        kind = schema.get("type")
        checks = {
            "object": dict, "array": list, "string": str, "boolean": bool,
            "integer": int, "number": (int, float),
        }
        wanted = checks.get(kind)
        is_wrong = wanted is not None and not isinstance(value, wanted)
        if is_wrong or kind in ("integer", "number") and isinstance(value, bool):
            return ["%s is no %s: %.60r" % (place, kind, value)]
        if kind == "object":
            return self.check_object(value, schema, name, place, is_request)
        if kind == "array":
            items = schema.get("items", {})
            problems = []
            for each in value:
                problems += self.check_value(each, items, place + "[]", is_request)
            return problems
        if kind == "string":
            words = schema.get("enum")
            if words and value not in words and value not in OTHER_WORDS.get(owner, ()):
                return ["%s can't be %r" % (place, value)]
            if schema.get("format") == "date-time" and not DATE_TIME.fullmatch(value):
                return ["%s is no time: %r" % (place, value)]
        return []

    def check_object(self, value, schema, name, place, is_request):
        properties = schema.get("properties")
        extra = schema.get("additionalProperties")
        others = OTHER_NAMES.get(name, {}) if is_request else {}
        names = {others.get(key, key) for key in value}
        problems = [
            '%s lacks "%s"' % (place, each)
            for each in schema.get("required", []) if each not in names
        ]
        for key, each in value.items():
            key = others.get(key, key)
            if properties and key in properties:
                problems += self.check_value(
                    each, properties[key], "%s.%s" % (place, key), is_request, (name, key))
            elif isinstance(extra, dict):
                problems += self.check_value(each, extra, place + ".*", is_request)
            elif properties is not None and extra is None:
                problems.append('%s has no "%s"' % (place, key))
        return problems
