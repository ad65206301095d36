#!/usr/bin/python3
"""Starts Canaille and signs in through its real pages: an authorization code flow with PKCE, to a real listener.

Prints what Canaille said, as JSON. Ends with 0 only if all of it is as README.md beside this file states.
"""

import base64
import hashlib
import html.parser
import http.cookiejar
import http.server
import json
import secrets
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HERE = Path(__file__).parent
TIMEOUT = 15


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Forms(html.parser.HTMLParser):
    """The forms of a page: method, action, fields and buttons."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action") or "", "fields": {}, "buttons": []})
        elif self.forms and tag == "input" and attributes.get("name"):
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value") or ""
        elif self.forms and tag == "button" and attributes.get("name"):
            self.forms[-1]["buttons"].append((attributes["name"], attributes.get("value") or ""))


class Browser:
    """Follows redirects, keeps cookies, fills in forms."""

    def __init__(self):
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def open(self, address, form=None):
        data = urlencode(form).encode() if form is not None else None
        with self.opener.open(urllib.request.Request(address, data), timeout=TIMEOUT) as response:
            self.address, self.page = response.url, response.read().decode()
        return self

    def form_with(self, name):
        for form in Forms(self.page).forms:
            if name in form["fields"] or name in dict(form["buttons"]):
                return form
        raise AssertionError(f"no form with {name} at {self.address}:\n{self.page}")

    def submit(self, **values):
        form = self.form_with(next(iter(values)))
        return self.open(urljoin(self.address, form["action"]), {**form["fields"], **values})


class Callback(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"Thank you."
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class RelyingParty:
    def __init__(self, ready, callback):
        self.ready, self.callback = ready, callback
        self.discovery = self.get(ready["issuer"] + "/.well-known/openid-configuration")
        assert self.discovery["issuer"] == ready["issuer"], self.discovery

    def get(self, address, **headers):
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=TIMEOUT) as response:
            return json.load(response)

    def authorization_url(self, **extra):
        self.state, self.nonce, self.verifier = (secrets.token_urlsafe(32) for _ in range(3))
        parameters = {
            "response_type": "code",
            "client_id": self.ready["client_id"],
            "redirect_uri": self.callback,
            "scope": "openid profile email groups",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": encode(hashlib.sha256(self.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            **extra,
        }
        return self.discovery["authorization_endpoint"] + "?" + urlencode(parameters)

    def answer(self, browser):
        assert browser.address.startswith(self.callback + "?"), browser.address + "\n" + browser.page
        return {name: values[0] for name, values in parse_qs(urlsplit(browser.address).query).items()}

    def redeem(self, code, **changes):
        """The token response, or the status and the error."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
            **changes,
        }
        credentials = f"{self.ready['client_id']}:{self.ready['client_secret']}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(credentials).decode()}
        request = urllib.request.Request(self.discovery["token_endpoint"], urlencode(form).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def verified(self, id_token):
        head, payload, signature = id_token.split(".")
        header, claims = json.loads(decode(head)), json.loads(decode(payload))
        key = next(key for key in self.get(self.discovery["jwks_uri"])["keys"] if key["kid"] == header["kid"])
        numbers = (int.from_bytes(decode(key[name]), "big") for name in "en")
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        assert header["alg"] == "RS512" and public.key_size == 2048, header
        public.verify(decode(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA512())
        assert claims["iss"] == self.ready["issuer"] and claims["nonce"] == self.nonce, claims
        return header, claims


def type_password(browser, ready):
    """Two pages: the login name, then the password."""
    if "/login" in browser.address:
        browser.submit(login=ready["login"])
    return browser.submit(password=ready["password"])


def check(ready, callback):
    party, browser = RelyingParty(ready, callback), Browser()
    browser.open(party.authorization_url())
    pages = [urlsplit(browser.address).path]
    browser.submit(login=ready["login"])
    pages.append(urlsplit(browser.address).path)
    browser.submit(password=ready["password"])
    pages.append(urlsplit(browser.address).path)
    browser.submit(answer="accept")
    answer = party.answer(browser)
    assert pages == ["/login", "/auth/password", "/oauth/authorize"], pages
    assert answer["state"] == party.state and answer["iss"] == ready["issuer"], answer

    tokens = party.redeem(answer["code"])
    header, claims = party.verified(tokens["id_token"])
    bearer = "Bearer " + tokens["access_token"]
    userinfo = party.get(party.discovery["userinfo_endpoint"], Authorization=bearer)
    assert claims["sub"] == userinfo["sub"] == "alice" and userinfo["groups"] == ["engineering"], (claims, userinfo)
    assert "email_verified" not in claims and "email_verified" not in userinfo

    replay = party.redeem(answer["code"])
    assert replay[0] == 400 and replay[1]["error"] == "invalid_grant", replay

    # A second sign-in in the same browser: no form at all.
    second = party.answer(browser.open(party.authorization_url()))
    wrong = party.redeem(second["code"], code_verifier="x" * 43)
    assert wrong[0] == 400 and wrong[1]["error"] == "invalid_grant", wrong

    # prompt=login and max_age=0 ask for the password again.
    time.sleep(1)
    type_password(browser.open(party.authorization_url(prompt="login")), ready)
    assert "code" in party.answer(browser), browser.address
    browser.open(party.authorization_url(max_age="0"))
    assert browser.address.endswith("/auth/password"), browser.address

    # The person says no.
    denied = Browser().open(party.authorization_url(prompt="consent"))
    type_password(denied, ready)
    refusal = party.answer(denied.submit(answer="deny"))["error"]
    assert refusal == "access_denied", refusal

    without_pkce = party.authorization_url(code_challenge="", code_challenge_method="")
    type_password(browser, ready)
    unprotected = party.redeem(party.answer(browser.open(without_pkce))["code"])
    assert unprotected[0] == 400 and "code_challenge" in unprotected[1]["error_description"], unprotected

    no_nonce = party.answer(browser.open(party.authorization_url(nonce="")))
    assert no_nonce["error"] == "invalid_request", no_nonce
    try:
        browser.open(party.authorization_url(redirect_uri=party.callback + "/"))
        raise AssertionError("another redirect URI was accepted")
    except urllib.error.HTTPError as error:
        assert error.code == 400, error
    return {
        "pages": pages,
        "callback": sorted(answer),
        "token_response": sorted(tokens),
        "header": header,
        "claims": claims,
        "userinfo": userinfo,
    }


def main():
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    callback = f"http://127.0.0.1:{listener.server_address[1]}/oidc/callback/canaille"
    with tempfile.TemporaryDirectory() as state:
        command = [HERE / "start", "0", callback, state]
        canaille = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        logs = []
        threading.Thread(target=lambda: logs.extend(canaille.stderr), daemon=True).start()
        try:
            print(json.dumps(check(json.loads(canaille.stdout.readline()), callback), indent=2))
        except BaseException:
            print("".join(logs[-40:]))
            raise
        finally:
            canaille.terminate()
            assert canaille.wait(timeout=5) == 0, "SIGTERM ends it"


if __name__ == "__main__":
    main()
