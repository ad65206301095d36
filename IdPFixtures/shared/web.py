"""The HTTP side that the fixture providers share: routes, forms, session cookies, one line of log a request.

Everything under /control/ is for tests and answers loopback addresses only.
"""

import hashlib
import ipaddress
import json
import signal
import socketserver
import sys
from base64 import b64encode
from collections import Counter
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from pages import message_page


class Handler(BaseHTTPRequestHandler):
    """A subclass gives `routes`: (method, path) → function of the handler. `self.query` and `self.form` are read."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "fixture-provider", ""
    timeout = 60
    wbufsize = -1
    disable_nagle_algorithm = True
    routes = {}
    most_body_bytes = 64 * 1024

    def do_GET(self):
        self.route("GET")

    def do_POST(self):
        self.route("POST")

    def route(self, method):
        self.provider = self.server.provider
        address = urlsplit(self.path)
        self.server.counts[address.path] += 1
        self.raw_query = address.query
        self.query = single_values(address.query)
        self.form = self.read_form() if method == "POST" else {}
        if self.query is None or self.form is None:
            text = "A parameter is repeated, or the body is too large."
            return self.send_page(400, message_page("Bad request", text))
        action = self.routes.get((method, address.path))
        if action is None:
            return self.send_page(404, message_page("Not found", "There is nothing at this address."))
        if address.path.startswith("/control/") and not ipaddress.ip_address(self.client_address[0]).is_loopback:
            return self.send_page(403, message_page("Forbidden", "Controls answer loopback addresses only."))
        action(self)

    def session(self):
        return self.provider.sessions.get(self.session_id())

    def session_id(self):
        try:
            morsel = SimpleCookie(self.headers.get("Cookie", "")).get(self.cookie_name())
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    def session_cookie(self, value):
        secure = "; Secure" if self.server.tls else ""
        return f"{self.cookie_name()}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def cookie_name(self):
        # Cookies do not tell ports apart: two fixtures on one address need two names.
        return f"fixture_session_{self.server.server_address[1]}"

    def read_form(self):
        """The form's fields; None when they are malformed, after which the connection is closed.

        A body of another type stays in `self.body`.
        """
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > self.most_body_bytes or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return None
        self.body = self.rfile.read(int(length))
        if "xml" in self.headers.get("Content-Type", ""):
            return {}
        return single_values(self.body.decode("utf-8", "replace"))

    def send_json(self, status, value, headers=()):
        self.send(status, "application/json", json.dumps(value).encode(), headers)

    def send_page(self, status, page, headers=(), script=None):
        # No form-action: browsers apply it to the whole chain of redirects that follows the form.
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        if script:
            policy += f"; script-src 'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        headers = [("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"), *headers]
        self.send(status, "text/html; charset=utf-8", page.encode(), headers)

    def send_redirect(self, location, headers=(), status=303):
        self.send(status, "text/plain", b"", [("Location", location), *headers])

    def send(self, status, kind, body, headers=()):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        path = getattr(self, "path", "-").partition("?")[0]
        self.log_message("%s %s %s%s", self.command, path, int(code), self.fault_note())

    def log_message(self, format, *arguments):
        sys.stderr.write(f"{self.client_address[0]} {format % arguments}\n")

    def fault_note(self):
        fault = self.server.provider.fault
        return f" fault={fault}" if fault else ""


class Server(ThreadingHTTPServer):
    """Set `provider` before `serve_forever`; it has `sessions` and `fault`."""

    daemon_threads, block_on_close, request_queue_size = True, False, 128

    def __init__(self, address, handler, tls=None):
        super().__init__(address, handler)
        self.tls, self.counts = tls, Counter()

    def server_bind(self):
        # HTTPServer.server_bind would look up the host's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)

    def finish_request(self, request, client_address):
        """Runs in the connection's thread, so that a slow TLS handshake holds up nobody else."""
        if self.tls:
            request.settimeout(Handler.timeout)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        sys.stderr.write(f"{client_address[0]} connection failed: {sys.exc_info()[1]!r}\n")


def end_on_signals():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def single_values(text):
    """Parameters by name; None when one is repeated. Source: RFC 6749 §3.1."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None
