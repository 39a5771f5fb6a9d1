"""A proxy in front of the tracker that counts what it is asked for, and changes nothing."""
import collections
import http.client
import http.server
import threading

# They speak of one connection, or are set by the server that answers.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


class CountingProxy:
    """Listens on a port of its own; `count` has how often each method and path was asked for."""

    def __init__(self, port):
        self.count = collections.Counter()
        self.lock = threading.Lock()
        self.target = ("127.0.0.1", port)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def asked(self, ending=""):
        """How many requests there were for paths that end so, whatever their query."""
        with self.lock:
            return sum(number for (_, path), number in self.count.items() if path.endswith(ending))

    def handler(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Otherwise a small answer waits for the other side's acknowledgement.
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                self.tracker = http.client.HTTPConnection(*proxy.target, timeout=120)

            def finish(self):
                self.tracker.close()
                super().finish()

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # Whoever asked is gone.

            def answer(self):
                with proxy.lock:
                    proxy.count[self.command, self.path.split("?")[0]] += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in HOP_BY_HOP}
                self.tracker.request(self.command, self.path, body or None, headers)
                answer = self.tracker.getresponse()
                content = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        return Handler
