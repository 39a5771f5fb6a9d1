"""A git server for tests: `git http-backend` as CGI on a loopback port, with basic authentication.

Usage: git_http_server.py ROOT USER TOKEN LOG [PEM]

With PEM, a file with a key and its certificate, it speaks TLS. The port is written to LOG.port,
a line for each request to LOG. It ends when standard input does.

  /<repository>            the repository, for USER with TOKEN
  /open/<repository>       the same for everybody
  /silent/<anything>       the request is taken and never answered
  /trickle/<anything>      the answer's head comes, and nothing after it
  /broken/<anything>       503
  /moved/<host>/<rest>     301 to http://<host>/<rest>
"""

import base64
import os
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT, USER, TOKEN, LOG = sys.argv[1:5]
EXPECTED = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.answer()

    do_POST = do_GET

    def answer(self):
        has_credentials = "Authorization" in self.headers
        with open(LOG, "a") as log:
            sent = "credentials" if has_credentials else "none"
            log.write(f"{self.command} {self.path} {sent}\n")
        body = self.body()
        first, _, rest = self.path.lstrip("/").partition("/")
        if first == "silent":
            time.sleep(3600)
        elif first == "trickle":
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.flush()
            time.sleep(3600)
        elif first == "broken":
            self.short(503)
        elif first == "moved":
            host, _, rest = rest.partition("/")
            self.short(301, [("Location", f"http://{host}/{rest}")])
        elif first == "open":
            self.backend("/" + rest, body)
        elif self.headers.get("Authorization") != EXPECTED:
            self.short(401, [("WWW-Authenticate", 'Basic realm="test"')])
        else:
            self.backend(self.path, body)

    def short(self, status, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def backend(self, target, body):
        path, _, query = target.partition("?")
        environment = dict(
            os.environ,
            GIT_PROJECT_ROOT=ROOT,
            GIT_HTTP_EXPORT_ALL="1",
            REQUEST_METHOD=self.command,
            PATH_INFO=path,
            QUERY_STRING=query,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            CONTENT_LENGTH=str(len(body)),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            REMOTE_USER=USER,
            REMOTE_ADDR="127.0.0.1",
        )
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(LOG + ".port.new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(LOG + ".port.new", LOG + ".port")
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
