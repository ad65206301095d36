#!/usr/bin/python3
"""Drives provider.py through whole code flows, sound and faulty, as a strict relying party would. Takes seconds.

The relying party here shares no code with the provider: it uses the standard library and python3-cryptography.
"""

import base64
import hashlib
import http.client
import json
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HERE = Path(__file__).parent
CALLBACK = "http://127.0.0.1:9/oidc/callback/fixture"
SLOW_SECONDS = 3
MOST_BYTES = 1024 * 1024


class Refused(Exception):
    pass


def require(condition, why):
    if not condition:
        raise Refused(why)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(decode(text), "big")


def unique_members(pairs):
    require(len(dict(pairs)) == len(pairs), "duplicate member")
    return dict(pairs)


class Client:
    """A relying party that follows no redirects, and the person's browser with its cookies."""

    def __init__(self, ready):
        self.ready, self.cookie = ready, ""

    def request(self, method, address, form=None, headers=(), most=MOST_BYTES, timeout=SLOW_SECONDS - 1):
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        headers = {"Connection": "close", "Cookie": self.cookie, **dict(headers)}
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        try:
            connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
            response = connection.getresponse()
            data = response.read(most + 1)
        except TimeoutError:
            raise Refused("too slow") from None
        finally:
            connection.close()
        require(len(data) <= most, "too large")
        if response.headers["Set-Cookie"]:
            self.cookie = response.headers["Set-Cookie"].partition(";")[0]
        return response.status, response.headers, data.decode()

    def json(self, method, address, **rest):
        status, headers, text = self.request(method, address, **rest)
        require(status == 200, f"status {status}: {text[:100]}")
        require(headers["Content-Type"] == "application/json", "not JSON")
        return json.loads(text, object_pairs_hook=unique_members)

    def control(self, path):
        status, _, text = self.request("POST", f"{self.ready['issuer']}/control/{path}", form={})
        assert status == 200, text

    def discover(self):
        document = self.json("GET", self.ready["issuer"] + "/.well-known/openid-configuration")
        require(document["issuer"] == self.ready["issuer"], "issuer of discovery")
        for name in ("token_endpoint", "jwks_uri", "userinfo_endpoint"):
            require(urlsplit(document[name]).hostname == "127.0.0.1", f"{name} at a private address")
        return document

    def authorize(self, document, user="alice", password=None, **extra):
        """From the authorization request to the callback's parameters: fills in the form if there is one."""
        status, headers, page = self.request("GET", document["authorization_endpoint"] + "?" + urlencode(extra))
        if status == 200:
            found = re.search(r'name="request" value="([^"]+)"', page)
            require(found, "no login form")
            form = {"request": found[1], "username": user, "password": password or f"{user}-password"}
            status, headers, page = self.request("POST", self.ready["issuer"] + "/login", form=form)
        require(status == 303, f"no redirect but {status}")
        require(headers["Location"].startswith(CALLBACK + "?"), "redirect to elsewhere")
        return {name: values[0] for name, values in parse_qs(urlsplit(headers["Location"]).query).items()}

    def parameters(self, **extra):
        self.verifier, self.state, self.nonce = (secrets.token_urlsafe(32) for _ in range(3))
        return {
            "response_type": "code",
            "client_id": self.ready["client_id"],
            "redirect_uri": CALLBACK,
            "scope": "openid email profile",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": encode(hashlib.sha256(self.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            **extra,
        }

    def redeem(self, document, code, basic=True, **changes):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        name, secret = self.ready["client_id"], self.ready["client_secret"]
        headers = {}
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
        else:
            form.update(client_id=name, client_secret=secret)
        return self.json("POST", document["token_endpoint"], form={**form, **changes}, headers=headers)

    def sign_in(self, user="alice", basic=True, **extra):
        """One whole sign-in; the ID token's claims."""
        document = self.discover()
        answer = self.authorize(document, user, **self.parameters(**extra))
        require(answer.get("state") == self.state, "state")
        require(answer.get("iss") == self.ready["issuer"], "iss of the response")
        require("error" not in answer, answer.get("error"))
        tokens = self.redeem(document, answer["code"], basic)
        claims = self.verify(document, tokens)
        headers = {"Authorization": "Bearer " + tokens["access_token"]}
        info = self.json("GET", document["userinfo_endpoint"], headers=headers)
        require(info["sub"] == claims["sub"], "sub of userinfo")
        return claims

    def verify(self, document, tokens):
        head, payload, signature = tokens["id_token"].split(".")
        header = json.loads(decode(head), object_pairs_hook=unique_members)
        claims = json.loads(decode(payload), object_pairs_hook=unique_members)
        require("crit" not in header, "critical header")
        keys = [key for key in self.json("GET", document["jwks_uri"])["keys"] if key["kid"] == header.get("kid")]
        require(len(keys) == 1, "unknown kid")
        verify_signature(keys[0], header["alg"], f"{head}.{payload}".encode(), decode(signature))
        audience = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
        require(claims.get("iss") == self.ready["issuer"], "iss")
        require(self.ready["client_id"] in audience, "aud")
        require(len(audience) == 1 or "azp" in claims, "several audiences and no azp")
        require(claims.get("azp", self.ready["client_id"]) == self.ready["client_id"], "azp")
        require(claims.get("nonce") == self.nonce, "nonce")
        require(claims.get("sub"), "sub")
        require(claims.get("exp", 0) > time.time() - 60, "expired")
        require(claims["iat"] < time.time() + 60, "from the future")
        half = hashlib.new("sha512" if header["alg"] == "EdDSA" else "sha" + header["alg"][2:])
        half.update(tokens["access_token"].encode())
        require(claims["at_hash"] == encode(half.digest()[: half.digest_size // 2]), "at_hash")
        require(claims["email_verified"] is True, "e-mail not verified")
        return claims


def verify_signature(key, algorithm, data, signature):
    require(key["alg"] == algorithm, f"alg {algorithm}")
    try:
        if key["kty"] == "OKP":
            return ed25519.Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(signature, data)
        digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[algorithm[2:]]()
        if key["kty"] == "EC":
            curve = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1}[key["crv"]]()
            half = len(signature) // 2
            pair = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), curve).public_key()
            return public.verify(utils.encode_dss_signature(*pair), data, ec.ECDSA(digest))
        public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
        require(public.key_size >= 2048, "RSA key too small")
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        public.verify(signature, data, pss if algorithm.startswith("PS") else padding.PKCS1v15(), digest)
    except InvalidSignature:
        raise Refused("signature") from None


class Running:
    """provider.py as a child process."""

    def __init__(self, *arguments):
        command = [sys.executable, HERE / "provider.py", "--redirect-uri", CALLBACK, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.ready = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self.ready

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(timeout=1) == 0, "SIGTERM ends it at once"


def refusal(action):
    """Why `action` is refused; fails when it is not."""
    try:
        result = action()
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"not refused: {result}")


def check_sound_flow(ready):
    alice = Client(ready)
    claims = alice.sign_in()
    assert claims["email"] == "alice@example.com" and claims["groups"] == ["engineering"]
    assert claims["amr"] == ["pwd", "otp", "mfa"] and claims["azp"] == ready["client_id"], claims
    again = alice.sign_in("nobody", basic=False)
    assert again["sub"] == claims["sub"] and again["auth_time"] == claims["auth_time"], "the session answers"
    assert alice.sign_in("bob", prompt="login")["email"] == "bob@example.com", "prompt=login asks again"
    assert alice.sign_in("carol", max_age="0")["groups"] == ["contractors"], "max_age=0 asks again"
    stronger = alice.sign_in("carol", acr_values="urn:example:acr:mfa")
    assert "mfa" in stronger["amr"] and stronger["acr"] == "urn:example:acr:mfa", stronger
    assert Client(ready).sign_in("carol")["amr"] == ["pwd"]


def check_refusals(ready):
    client = Client(ready)
    document = client.discover()
    start = lambda **changes: client.authorize(document, **client.parameters(**changes))
    assert "400" in refusal(lambda: start(redirect_uri=CALLBACK + "/"))
    assert "400" in refusal(lambda: start(client_id="other"))
    assert "200" in refusal(lambda: client.authorize(document, password="wrong", **client.parameters()))
    assert start(code_challenge_method="plain")["error"] == "invalid_request"
    assert start(prompt="none")["error"] == "login_required"
    assert start(response_type="token")["error"] == "unsupported_response_type"
    code = start()["code"]
    client.redeem(document, code)
    assert "invalid_grant" in refusal(lambda: client.redeem(document, code)), "a code works once"
    wrong_verifier = {"code_verifier": "x" * 43}
    assert "invalid_grant" in refusal(lambda: client.redeem(document, start()["code"], **wrong_verifier))
    assert "invalid_grant" in refusal(lambda: client.redeem(document, start()["code"], redirect_uri="http://x/"))
    assert "401" in refusal(lambda: client.redeem(document, start()["code"], basic=False, client_secret="wrong"))
    assert "401" in refusal(lambda: client.json("GET", document["userinfo_endpoint"]))


def check_faults(ready):
    for fault in json.loads(subprocess.check_output([sys.executable, HERE / "provider.py", "--list-faults"])):
        name = fault["name"]
        client = Client(ready)
        client.control(f"fault?name={name}")
        if fault["expect"] == "accept":
            client.sign_in()
            why = "accepted"
        else:
            why = "refused: " + refusal(client.sign_in)
        print(f"  {name}: {why}")
    client.control("fault?name=none")
    client.sign_in()
    client.control("rotate")
    client.sign_in()


def main():
    started = time.monotonic()
    with Running("--slow-seconds", str(SLOW_SECONDS)) as ready:
        check_sound_flow(ready)
        check_refusals(ready)
        check_faults(ready)
    for algorithm in ("RS512", "PS256", "ES256", "ES384", "EdDSA"):
        with Running("--alg", algorithm) as ready:
            Client(ready).sign_in()
    print(f"ok, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
