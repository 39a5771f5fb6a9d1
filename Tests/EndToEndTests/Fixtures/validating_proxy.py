#!/usr/bin/env python3
"""A proxy on loopback that holds what goes through it against Gitea's API specification.

    validating_proxy.py CONTRACT UPSTREAM ADDRESS-FILE

CONTRACT is gitea-api.json, UPSTREAM the tracker's address, "http://127.0.0.1:3000" or with a path.
When it listens it writes its own address, "http://127.0.0.1:PORT", to ADDRESS-FILE. It passes on
everything as it is, a cut connection too; what isn't below /api/v1 (pages, git) isn't looked at.

    GET  /__violations   {"requests": 12, "operations": {"GET /version": 3, ...},
                          "violations": [{"side": "request"|"answer", "operation": "...",
                                          "what": "...", "example": "...", "count": 2}]}
    POST /__reset        forgets them
"""
import http.client
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Nothing is left beside the sources.
sys.dont_write_bytecode = True

from api_contract import Contract

API = "/api/v1"
# Of one connection only.
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}


class Findings:
    """What was seen so far."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.requests = 0
        self.operations = {}
        self.violations = {}

    def note(self, operation, side, problems, example):
        with self.lock:
            for what in problems:
                key = (side, operation, what)
                found = self.violations.setdefault(
                    key, {"side": side, "operation": operation, "what": what,
                          "example": example, "count": 0})
                found["count"] += 1

    def count(self, operation):
        with self.lock:
            self.requests += 1
            self.operations[operation] = self.operations.get(operation, 0) + 1

    def document(self):
        with self.lock:
            return {
                "requests": self.requests, "operations": dict(sorted(self.operations.items())),
                "violations": list(self.violations.values()),
            }


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it the kernel holds small answers back for tens of milliseconds.
    disable_nagle_algorithm = True
    contract = None
    upstream = None
    findings = Findings()

    def do(self):
        if self.path == "/__violations":
            return self.answer_json(self.findings.document())
        if self.path == "/__reset":
            with self.findings.lock:
                self.findings.reset()
            return self.answer_json({})
        body = self.body()
        operation = self.check_request(body)
        connection = http.client.HTTPConnection(
            self.upstream.hostname, self.upstream.port or 80, timeout=300)
        try:
            self.forward(connection, body, operation)
        except (OSError, http.client.HTTPException):
            # What is cut there is cut here.
            self.close_connection = True
        finally:
            connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do

    def body(self):
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def check_request(self, body):
        """The operation that was asked for; None where there is nothing to hold it against."""
        target = urlsplit(self.path)
        prefix = self.upstream.path.rstrip("/") + API
        if not target.path.startswith(prefix + "/"):
            return None
        path = target.path[len(prefix):]
        operation, problems = self.contract.check_request(
            self.command, path, target.query, self.headers.get("Content-Type"), body)
        name = "%s %s" % (self.command, operation.route if operation else path)
        self.findings.count(name)
        text = body.decode("utf-8", "replace")
        self.findings.note(name, "request", problems, ("%s %s" % (self.path, text))[:400])
        return operation

    def forward(self, connection, body, operation):
        connection.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP | {"content-length", "accept-encoding"}:
                connection.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        try:
            answer = response.read()
            is_whole = True
        except http.client.IncompleteRead as broken:
            answer = broken.partial
            is_whole = False
        if operation is not None and is_whole and self.command != "HEAD":
            problems = self.contract.check_answer(
                operation, response.status, response.headers, answer)
            name = "%s %s" % (operation.method, operation.route)
            example = "%s -> %d %s" % (
                self.path, response.status, answer.decode("utf-8", "replace"))
            self.findings.note(name, "answer", problems, example[:400])
        self.pass_on(response, answer, is_whole)

    def pass_on(self, response, answer, is_whole):
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = response.headers.get("Content-Length")
        if self.command == "HEAD":
            if length is not None:
                self.send_header("Content-Length", length)
        elif response.status not in (204, 304):
            # Of one that was cut, more than there is.
            self.send_header(
                "Content-Length", str(len(answer)) if is_whole else length or str(len(answer) + 1))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        if not is_whole:
            self.close_connection = True

    def answer_json(self, document):
        self.body()
        data = json.dumps(document, indent=1).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # A client that leaves is no news; anything else is a defect here.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    contract, upstream, address_file = sys.argv[1:]
    Proxy.contract = Contract(contract)
    Proxy.upstream = urlsplit(upstream)
    server = Server(("127.0.0.1", 0), Proxy)
    temporary = address_file + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write("http://127.0.0.1:%d%s" % (server.server_port, Proxy.upstream.path.rstrip("/")))
    os.replace(temporary, address_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
