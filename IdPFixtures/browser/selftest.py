#!/usr/bin/python3
"""Tries sign_in.py on both identity providers, with a stand-in for ztna's pages that checks nothing but the form.

What is real here: Chromium, the identity providers' pages and redirects. The stand-in never redeems a code.
"""

import argparse
import hashlib
import http.server
import json
import secrets
import subprocess
import sys
import tempfile
import threading
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

HERE = Path(__file__).parent
FIXTURES = HERE.parent
CODE, NUMBER = "WDJB-MJHT", "42"

DEVICE = """<form method="post" action="/device"><label>Code <input name="user_code"></label>
<button>Continue</button></form>"""
REQUEST = """<p>alices-laptop asks</p><form method="post" action="/sign-in">
<input type="hidden" name="user_code" value="x">
<button name="provider" value="fixture">Example</button><button name="decline" value="1">Deny</button></form>"""
CONFIRM = """<form method="post" action="/confirm"><label><input type="radio" name="number" value="17">17</label>
<label><input type="radio" name="number" value="42">42</label>
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>"""


class StandIn(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/device":
            return self.page(DEVICE)
        if path == "/callback":
            return self.page(CONFIRM if "code=" in self.path else "no code")
        self.send_error(404)

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path == "/device":
            return self.page(REQUEST if form["user_code"] == [CODE] else "wrong code")
        if self.path == "/sign-in":
            return self.redirect(self.server.authorization_url())
        right = form["decision"] == ["deny"] or form.get("number") == [NUMBER]
        outcome = {"allow": "allowed", "deny": "denied"}[form["decision"][0]] if right else "wrong-number"
        self.page(f'<h1 id="outcome" data-outcome="{outcome}">Done</h1>')

    def page(self, body):
        self.send_response(200)
        data = f'<!doctype html><meta name="viewport" content="width=device-width"><title>t</title>{body}'.encode()
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def redirect(self, address):
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def authorization_url(ready, path, callback):
    parameters = {
        "response_type": "code",
        "client_id": ready["client_id"],
        "redirect_uri": callback,
        "scope": "openid profile email groups",
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "code_challenge": urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{ready['issuer']}{path}?{urlencode(parameters)}"


def sign_in(server, screenshots, *more):
    command = [HERE / "sign_in", "--url", f"{server.origin}/device", "--code", CODE, "--user", "alice"]
    command += ["--password", "alice-password", "--screenshots", screenshots, *more]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
    result = json.loads(finished.stdout)
    assert (finished.returncode == 0) == result["ok"], result
    print(result["ok"], result.get("error", ""), [page["name"] for page in result["pages"]])
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshots", type=Path, help="keep the pictures here")
    screenshots = parser.parse_args().screenshots
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.origin = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    callback = server.origin + "/callback"
    with tempfile.TemporaryDirectory() as scratch:
        screenshots = screenshots or Path(scratch)
        providers = [
            ("oidc", "/authorize", [FIXTURES / "oidc/provider.py", "--redirect-uri", callback]),
            ("canaille", "/oauth/authorize", [FIXTURES / "canaille/start", "0", callback, f"{scratch}/state"]),
        ]
        for name, path, command in providers:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                ready = json.loads(process.stdout.readline())
                server.authorization_url = lambda: authorization_url(ready, path, callback)
                allowed = sign_in(server, screenshots / name, "--number", NUMBER, "--no-javascript")
                assert allowed["outcome"] == "allowed", allowed
                if name == "canaille":
                    assert "canaille-consent" in [page["name"] for page in allowed["pages"]], allowed
                    continue
                assert sign_in(server, f"{scratch}/deny", "--decision", "deny")["outcome"] == "denied"
                assert sign_in(server, f"{scratch}/wrong", "--number", "17")["outcome"] == "wrong-number"
                assert "--number" in sign_in(server, f"{scratch}/none")["error"]
                assert "wrong code" in sign_in(server, f"{scratch}/code", "--code", "X")["error"]
            finally:
                process.terminate()
                process.wait(timeout=5)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
