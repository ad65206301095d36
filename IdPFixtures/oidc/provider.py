#!/usr/bin/python3
"""A small OpenID provider for demo and tests: real signatures, real redirects, a real login form.

Python's standard library and Debian's python3-cryptography. When it listens, it prints one line of JSON on
standard output: issuer, port, client_id, client_secret, redirect_uris. Each request is one line on standard error.
Everything under /control/ is for tests and answers loopback addresses only. See IdPFixtures/README.md.
"""

import argparse
import base64
import hmac
import json
import secrets
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import unquote_plus, urlencode, urlsplit
from urllib.request import Request, urlopen

sys.path.append(str(Path(__file__).parent.parent / "shared"))

from faults import FAULTS, HUGE
from flow import Provider, Refusal
from keys import ALGORITHMS
from pages import login_page, message_page
from web import Handler, Server, end_on_signals

DISCOVERY = "/.well-known/openid-configuration"


class OpenIDHandler(Handler):
    # Discovery and keys

    def discovery(self):
        if not self.misbehaves("discovery"):
            self.sound_discovery()

    def sound_discovery(self):
        self.send_json(200, self.padded("discovery", self.provider.discovery()))

    def key_set(self):
        if not self.misbehaves("jwks"):
            self.sound_key_set()

    def sound_key_set(self):
        self.send_json(200, self.padded("jwks", self.provider.key_set()))

    def misbehaves(self, endpoint):
        """Answers for `endpoint` as the fault wants; False when a correct answer is wanted, perhaps after a wait."""
        fault = self.provider.fault
        if fault == f"redirect-{endpoint}":
            self.send_redirect(f"/control/{endpoint}", status=307)
        elif fault == f"html-{endpoint}":
            self.send_page(200, message_page("Welcome", "This is not JSON."))
        else:
            if fault == f"slow-{endpoint}":
                time.sleep(self.server.slow_seconds)
            return False
        return True

    def padded(self, endpoint, document):
        return {**document, "padding": "x" * HUGE} if self.provider.fault == f"huge-{endpoint}" else document

    # The browser's side

    def authorize(self):
        query = self.query or self.form
        try:
            self.provider.check_client_and_redirect(query)
        except Refusal as refusal:
            return self.send_page(400, message_page("This sign-in cannot start", refusal.description))
        try:
            self.provider.check_authorization_request(query)
            session = self.session()
            if self.provider.session_suffices(session, query):
                return self.send_back(query, self.provider.authorization_response(session, query))
            if query.get("prompt") == "none":
                raise Refusal("login_required", "nobody is signed in, or not recently or strongly enough")
        except Refusal as refusal:
            return self.send_back(query, self.provider.error_response(refusal, query))
        request_id = self.provider.requests.add(query)
        hint = session.account.email if session else query.get("login_hint", "")
        self.send_page(200, login_page(request_id, query["client_id"], hint, stronger=session is not None))

    def login(self):
        request_id = self.form.get("request", "")
        query = self.provider.requests.get(request_id)
        if query is None:
            text = "This sign-in has ended. Start again where you came from."
            return self.send_page(400, message_page("Too late", text))
        username = self.form.get("username", "")
        session = self.provider.sign_in(username, self.form.get("password", ""), query)
        if session is None:
            return self.send_page(
                200, login_page(request_id, query["client_id"], username, "The user name or the password is wrong.")
            )
        self.provider.requests.remove(request_id)
        cookie = self.session_cookie(self.provider.sessions.add(session))
        self.send_back(query, self.provider.authorization_response(session, query), [("Set-Cookie", cookie)])

    def end_session(self):
        query = self.query or self.form
        session = self.provider.sessions.remove(self.session_id())
        if session and self.server.back_channel:
            self.server.back_channel.tell(self.provider.logout_token(session))
        gone = [("Set-Cookie", self.session_cookie("") + "; Max-Age=0")]
        target = query.get("post_logout_redirect_uri", "")
        if target and origin(target) in map(origin, self.provider.redirect_uris):
            state = {"state": query["state"]} if "state" in query else {}
            return self.send_redirect(with_parameters(target, state), gone)
        self.send_page(200, message_page("Signed out", "You have signed out."), gone)

    def send_back(self, query, answer, headers=()):
        self.send_redirect(with_parameters(query["redirect_uri"], answer), headers)

    # The relying party's side

    def token(self):
        if self.provider.fault == "token-error":
            return self.send_json(500, {"error": "server_error"})
        if not self.misbehaves("token"):
            self.sound_token()

    def sound_token(self):
        try:
            self.authenticate_client()
        except Refusal as refusal:
            challenge = [("WWW-Authenticate", 'Basic realm="fixture"')]
            return self.send_json(401, {"error": refusal.code, "error_description": refusal.description}, challenge)
        try:
            self.send_json(200, self.provider.redeem(self.form))
        except Refusal as refusal:
            self.send_json(400, {"error": refusal.code, "error_description": refusal.description})

    def authenticate_client(self):
        """client_secret_basic or client_secret_post, never both. Source: RFC 6749 §2.3.1."""
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            if "client_secret" in self.form:
                raise Refusal("invalid_client", "use one way of authentication, not two")
            try:
                name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
            except ValueError:
                raise Refusal("invalid_client", "the Authorization header is malformed") from None
            name, secret = unquote_plus(name), unquote_plus(secret)
        else:
            name, secret = self.form.get("client_id", ""), self.form.get("client_secret", "")
        provider = self.provider
        if name != provider.client_id or not hmac.compare_digest(secret.encode(), provider.client_secret.encode()):
            raise Refusal("invalid_client", "the client's id or secret is wrong")

    def userinfo(self):
        if not self.misbehaves("userinfo"):
            self.sound_userinfo()

    def sound_userinfo(self):
        scheme, _, access_token = self.headers.get("Authorization", "").partition(" ")
        try:
            claims = self.provider.userinfo(access_token if scheme.lower() == "bearer" else "")
            self.send_json(200, self.padded("userinfo", claims))
        except Refusal as refusal:
            challenge = [("WWW-Authenticate", f'Bearer error="{refusal.code}"')]
            self.send_json(401, {"error": refusal.code, "error_description": refusal.description}, challenge)

    # Controls

    def set_fault(self):
        name = self.query.get("name", "")
        if name not in ("", "none") and name not in FAULTS:
            return self.send_json(400, {"error": f"no such fault: {name}"})
        self.provider.fault = name if name in FAULTS else None
        self.send_json(200, {"fault": self.provider.fault})

    def rotate(self):
        self.send_json(200, {"kid": self.provider.rotate().kid})

    def add_redirect_uri(self):
        self.provider.redirect_uris.append(self.query.get("uri", ""))
        self.send_json(200, {"redirect_uris": self.provider.redirect_uris})

    def attacker_keys(self):
        self.send_json(200, {"keys": [self.provider.attacker_key.jwk()]})

    def show_state(self):
        self.send_json(200, {"fault": self.provider.fault, "requests": dict(self.server.counts)})


class BackChannel:
    """Tells the client, without a browser, that a session is over. Source: OpenID Connect Back-Channel Logout 1.0 §2.5."""

    def __init__(self, address, ca_file):
        self.address = address
        self.tls = ssl.create_default_context(cafile=ca_file) if address.startswith("https://") else None

    def tell(self, token):
        body = urlencode({"logout_token": token}).encode()
        try:
            with urlopen(Request(self.address, body), timeout=5, context=self.tls) as answer:
                words = str(answer.status)
        except OSError as error:
            words = str(error)
        sys.stderr.write(f"back-channel logout to {self.address}: {words}\n")


OpenIDHandler.routes = {
    ("GET", DISCOVERY): OpenIDHandler.discovery,
    ("GET", "/jwks"): OpenIDHandler.key_set,
    ("GET", "/authorize"): OpenIDHandler.authorize,
    ("POST", "/authorize"): OpenIDHandler.authorize,
    ("POST", "/login"): OpenIDHandler.login,
    ("POST", "/token"): OpenIDHandler.token,
    ("GET", "/userinfo"): OpenIDHandler.userinfo,
    ("POST", "/userinfo"): OpenIDHandler.userinfo,
    ("GET", "/end-session"): OpenIDHandler.end_session,
    ("POST", "/end-session"): OpenIDHandler.end_session,
    ("POST", "/control/fault"): OpenIDHandler.set_fault,
    ("POST", "/control/rotate"): OpenIDHandler.rotate,
    ("POST", "/control/redirect-uri"): OpenIDHandler.add_redirect_uri,
    ("GET", "/control/state"): OpenIDHandler.show_state,
    ("GET", "/control/attacker-keys"): OpenIDHandler.attacker_keys,
    ("GET", "/control/discovery"): OpenIDHandler.sound_discovery,
    ("GET", "/control/jwks"): OpenIDHandler.sound_key_set,
    ("GET", "/control/userinfo"): OpenIDHandler.sound_userinfo,
    ("POST", "/control/token"): OpenIDHandler.sound_token,
}


def with_parameters(address, parameters):
    if not parameters:
        return address
    return address + ("&" if urlsplit(address).query else "?") + urlencode(parameters)


def origin(address):
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--issuer-host", help="host name in the issuer (default: the address)")
    parser.add_argument("--client-id", default="ztna")
    parser.add_argument("--client-secret", help="default: made at start, and printed")
    parser.add_argument("--redirect-uri", action="append", default=[], help="may be given more than once")
    parser.add_argument("--tls-cert", help="certificate chain, PEM")
    parser.add_argument("--tls-key", help="its private key, PEM")
    parser.add_argument("--backchannel-logout-uri", help="the client's address for the ends of sessions")
    parser.add_argument("--ca-file", help="whom to trust at that address, PEM (default: the system's)")
    parser.add_argument("--alg", choices=ALGORITHMS, default="RS256", help="ID token signatures")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="misbehave from the start")
    parser.add_argument("--slow-seconds", type=float, default=20, help="what slow-… waits (default: %(default)s)")
    parser.add_argument("--list-faults", action="store_true", help="print the faults as JSON and end")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.list_faults:
        faults = [{"name": name, "expect": expect, "what": what} for name, (expect, what) in FAULTS.items()]
        return print(json.dumps(faults))
    end_on_signals()
    tls = None
    if arguments.tls_cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.tls_cert, arguments.tls_key)
    server = Server((arguments.host, arguments.port), OpenIDHandler, tls)
    server.slow_seconds = arguments.slow_seconds
    address = arguments.backchannel_logout_uri
    server.back_channel = BackChannel(address, arguments.ca_file) if address else None
    port = server.server_address[1]
    issuer = f"{'https' if tls else 'http'}://{arguments.issuer_host or arguments.host}:{port}"
    secret = arguments.client_secret or secrets.token_urlsafe(24)
    server.provider = Provider(
        issuer, arguments.client_id, secret, arguments.redirect_uri, arguments.alg, arguments.fault
    )
    ready = {
        "issuer": issuer,
        "port": port,
        "client_id": arguments.client_id,
        "client_secret": secret,
        "redirect_uris": arguments.redirect_uri,
    }
    print(json.dumps(ready), flush=True)
    server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()
