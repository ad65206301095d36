#!/usr/bin/python3
"""Drives provider.py through whole sign-ins and sign-outs, sound and faulty. Takes seconds.

The service provider here is pysaml2's client, with the rules of Profiles §4.1.4.3 that it leaves out added.
"""

import base64
import json
import logging
import re
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path.append(str(Path(__file__).parent.parent / "shared"))

from environment import enter

enter()
warnings.filterwarnings("ignore", module=r"saml2\.")

from lxml import etree
from messages import POST, REDIRECT, SigningKey
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, AuthnContextClassRef, NameID
from saml2.samlp import RequestedAuthnContext
from strictness import ACS, SLO, SP, Refused, check_strictly, require

HERE = Path(__file__).parent


class Running:
    """provider.py as a child process."""

    def __init__(self, *arguments):
        command = [sys.executable, HERE / "provider.py", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.ready = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self.ready

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(timeout=1) == 0, "SIGTERM ends it at once"


class ServiceProvider:
    """pysaml2's client with its key, and what it knows of the identity provider."""

    def __init__(self, ready, folder):
        self.ready, self.folder = ready, folder
        self.key = SigningKey(folder, "sp")
        self.learn()

    def learn(self):
        metadata = http(self.ready, "GET", "/metadata")[2]
        service = {
            "endpoints": {
                "assertion_consumer_service": [(ACS, POST)],
                "single_logout_service": [(SLO, REDIRECT), (SLO, POST)],
            },
            "authn_requests_signed": True,
            "logout_requests_signed": True,
            "want_response_signed": False,
            "want_assertions_signed": False,
            "want_assertions_or_response_signed": True,
            "allow_unsolicited": False,
        }
        pair = {"key_file": self.key.key_file, "cert_file": self.key.certificate_file}
        self.configuration = SPConfig().load(
            {
                "entityid": SP,
                "xmlsec_binary": "/usr/bin/xmlsec1",
                **pair,
                "encryption_keypairs": [pair],
                "metadata": {"inline": [metadata]},
                "service": {"sp": service},
            }
        )
        self.client = Saml2Client(config=self.configuration)

    def metadata(self):
        return str(entity_descriptor(self.configuration))

    def request(self, binding=REDIRECT, sign=True, **options):
        """(id, what a browser is told to do) of a new AuthnRequest."""
        id, _, info = self.client.prepare_for_negotiated_authenticate(
            entityid=self.ready["entity_id"],
            binding=binding,
            relay_state="handle",
            sign=sign,
            sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            **options,
        )
        return id, info

    def accept(self, fields, id):
        """The person, or Refused. pysaml2 judges first, then the rules that it does not know."""
        require(fields.get("RelayState", "handle") == "handle", "RelayState")
        try:
            known = {id: "/"} if id else {}
            answer = self.client.parse_authn_request_response(fields["SAMLResponse"], POST, known)
            require(answer is not None, "pysaml2 says nothing")
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"pysaml2: {type(error).__name__}") from None
        root = etree.fromstring(answer.xmlstr.encode() if isinstance(answer.xmlstr, str) else answer.xmlstr)
        check_strictly(root, self.ready["entity_id"], id, answer.assertion)
        return {
            "name_id": answer.assertion.subject.name_id.text,
            "mail": answer.ava["mail"][0],
            "groups": answer.ava.get("isMemberOf", []),
            "context": answer.assertion.authn_statement[0].authn_context.authn_context_class_ref.text,
            "index": answer.assertion.authn_statement[0].session_index,
            "instant": answer.assertion.authn_statement[0].authn_instant,
        }


def http(ready, method, address, form=None, cookie="", body=None, kind="application/x-www-form-urlencoded"):
    """(status, headers, text); the address may be one of the provider's paths."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc or f"127.0.0.1:{ready['port']}", timeout=10)
    headers = {"Connection": "close", "Cookie": cookie}
    if form is not None:
        body = urlencode(form)
    if body is not None:
        headers["Content-Type"] = kind
    try:
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


class Browser:
    """The person's browser, without scripts: one cookie, forms by their fields."""

    def __init__(self, ready):
        self.ready, self.cookie = ready, ""

    def load(self, method, address, form=None):
        status, headers, text = http(self.ready, method, address, form, self.cookie)
        if headers["Set-Cookie"]:
            self.cookie = headers["Set-Cookie"].partition(";")[0]
        return status, headers, text

    def go(self, info):
        if info["method"] == "GET":
            return self.load("GET", dict(info["headers"])["Location"])
        action, fields = form_of(info["data"])
        return self.load("POST", action, fields)

    def sign_in(self, info, user="alice", password=None):
        """From a request to the fields that are posted to the service provider."""
        status, _, page = self.go(info)
        if 'name="password"' in page:
            form = {**form_of(page)[1], "username": user, "password": password or f"{user}-password"}
            status, _, page = self.load("POST", f"http://127.0.0.1:{self.ready['port']}/login", form)
        require(status == 200 and "SAMLResponse" in page, f"{status}: {re.sub('<[^>]*>', ' ', page)[-300:]}")
        action, fields = form_of(page)
        require(action == ACS, "form to elsewhere")
        return fields


def form_of(page):
    """(action, hidden fields) of the first form."""
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
        if name and 'type="hidden"' in tag:
            fields[unescape(name[1])] = unescape(value[1])
    return unescape(re.search(r'<form[^>]*action="([^"]*)"', page)[1]), fields


def control(ready, path, body=None):
    status, _, text = http(ready, "POST", f"/control/{path}", body=body or "", kind="application/xml")
    assert status == 200, text
    return json.loads(text)


def state(ready):
    return json.loads(http(ready, "GET", "/control/state")[2])


def sign_in(sp, user="alice", browser=None, binding=REDIRECT, **options):
    id, info = sp.request(binding, **options)
    return sp.accept((browser or Browser(sp.ready)).sign_in(info, user), id)


def refusal(action):
    try:
        result = action()
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"not refused: {result}")


def contexts(*names):
    return RequestedAuthnContext(
        authn_context_class_ref=[AuthnContextClassRef(text=name) for name in names], comparison="exact"
    )


def check_sound_flow(sp):
    browser = Browser(sp.ready)
    alice = sign_in(sp, browser=browser)
    assert alice["mail"] == "alice@example.com" and alice["groups"] == ["engineering"], alice
    assert alice["context"] == "https://refeds.org/profile/mfa" and alice["index"], alice
    again = sign_in(sp, "nobody", browser)
    assert (again["name_id"], again["index"]) == (alice["name_id"], alice["index"]), "the session answers"
    forced = sign_in(sp, "bob", browser, force_authn="true")
    assert forced["mail"] == "bob@example.com" and forced["groups"] == ["interns"], "ForceAuthn asks again"
    mfa = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"
    stronger = sign_in(sp, "bob", browser, requested_authn_context=contexts(mfa))
    assert stronger["context"] == mfa, "RequestedAuthnContext is answered with it"
    assert sign_in(sp, "carol", binding=POST)["groups"] == ["contractors"]
    assert sign_in(sp, "mallory")["mail"] == "mallory@elsewhere.example"


def check_settings(sp):
    for sign in ("response", "assertion", "both"):
        for encrypt in ("false", "true"):
            control(sp.ready, f"set?sign={sign}&encrypt={encrypt}")
            assert sign_in(sp)["mail"] == "alice@example.com", (sign, encrypt)
    for cipher in ("aes128-cbc", "aes256-gcm", "aes256-cbc"):
        control(sp.ready, f"set?encrypt_algorithm={cipher}")
        assert sign_in(sp)["mail"] == "alice@example.com", cipher
    control(sp.ready, "set?encrypt=false&signature_algorithm=rsa-sha384&name_id_format=email&auto_submit=true")
    assert sign_in(sp)["name_id"] == "alice@example.com"
    control(sp.ready, "set?signature_algorithm=rsa-sha256&name_id_format=&auto_submit=false")
    control(sp.ready, "rotate")
    refusal(lambda: sign_in(sp))
    sp.learn()
    sign_in(sp)


def check_refusals(sp):
    assert "not signed" in refusal(lambda: sign_in(sp, sign=False))
    assert "not signed" in refusal(lambda: sign_in(sp, binding=POST, sign=False))
    id, info = sp.request()
    location = dict(info["headers"])["Location"].replace("RelayState=handle", "RelayState=other")
    assert "wrong" in refusal(lambda: Browser(sp.ready).sign_in({"method": "GET", "headers": [("Location", location)]}))
    assert "wrong" in refusal(lambda: Browser(sp.ready).sign_in(sp.request()[1], password="wrong"))
    elsewhere = {"assertion_consumer_service_url": "https://elsewhere.example/acs"}
    assert "no such assertion consumer" in refusal(lambda: sign_in(sp, **elsewhere))
    for options, code in (
        ({"is_passive": "true"}, "NoPassive"),
        ({"requested_authn_context": contexts("urn:example:none")}, "NoAuthnContext"),
    ):
        id, info = sp.request(**options)
        text = base64.b64decode(Browser(sp.ready).sign_in(info)["SAMLResponse"])
        assert f":status:{code}" in text.decode() and b"SignatureValue" in text, text
    fields = form_of(http(sp.ready, "GET", "/unsolicited?user=alice")[2])[1]
    assert "Unsolicited" in refusal(lambda: sp.accept(fields, None))


def check_logout(sp):
    for binding in (REDIRECT, POST):
        browser = Browser(sp.ready)
        alice = sign_in(sp, browser=browser)
        before = len(state(sp.ready)["sessions"])
        # Ours first: the service provider asks.
        request = logout_request(sp, alice, binding)
        status, headers, page = browser.go(request)
        text = answer_of(status, headers, page, "SAMLResponse")
        assert ":status:Success" in text and "LogoutResponse" in text, text
        assert len(state(sp.ready)["sessions"]) == before - 1
        # Then theirs: the identity provider asks, the service provider answers.
        sign_in(sp, browser=browser)
        name = "redirect" if binding == REDIRECT else "post"
        started = control(sp.ready, f"logout?user=alice&binding={name}")
        assert started["url"].startswith(SLO), started
        if binding == REDIRECT:
            message = parse_qs(urlsplit(started["url"]).query)["SAMLRequest"][0]
        else:
            page = http(sp.ready, "GET", started["page"])[2]
            assert form_of(page) == (SLO, started["fields"])
            message = started["fields"]["SAMLRequest"]
        request = sp.client.parse_logout_request(message, binding)
        assert request.message.id == started["id"]
        response = sp.client.create_logout_response(request.message, [binding], sign=binding == POST)
        info = sp.client.apply_binding(
            binding,
            str(response),
            sp.ready["slo_url"],
            "",
            response=True,
            sign=True,
            sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        )
        status, _, page = browser.go(info)
        assert status == 200 and "You have signed out" in page, page
        answers = state(sp.ready)["logout_answers"]
        assert answers[-1] == {"user": "alice", "status": "urn:oasis:names:tc:SAML:2.0:status:Success"}, answers
    # A browser that visits /logout is sent on; one without a session is not.
    browser = Browser(sp.ready)
    sign_in(sp, browser=browser)
    status, headers, _ = browser.load("GET", "/logout")
    assert status == 303 and headers["Location"].startswith(SLO + "?SAMLRequest="), status
    assert browser.load("GET", "/logout")[0] == 200
    # What nobody signed is refused.
    unsigned = logout_request(sp, {"name_id": "x", "index": "y"}, REDIRECT, sign=False)
    assert browser.go(unsigned)[0] == 400


def logout_request(sp, person, binding, sign=True):
    name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=person["name_id"])
    _, message = sp.client.create_logout_request(
        sp.ready["slo_url"],
        sp.ready["entity_id"],
        name_id=name_id,
        session_indexes=[person["index"]],
        sign=sign and binding == POST,
    )
    return sp.client.apply_binding(
        binding,
        str(message),
        sp.ready["slo_url"],
        "handle",
        sign=sign,
        sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    )


def answer_of(status, headers, page, name):
    """The XML that the browser carries onward."""
    if status == 303:
        return zlib.decompress(base64.b64decode(parse_qs(urlsplit(headers["Location"]).query)[name][0]), -15).decode()
    return base64.b64decode(form_of(page)[1][name]).decode()


def check_faults(sp):
    for fault in json.loads(subprocess.check_output([sys.executable, HERE / "provider.py", "--list-faults"])):
        name = fault["name"]
        if name == "same-assertion-again":
            control(sp.ready, "fault?name=none")
            control(sp.ready, "set?sign=assertion")
            sign_in(sp)
        control(sp.ready, f"fault?name={name}")
        if fault["expect"] == "accept":
            sign_in(sp)
            why = "accepted"
        elif name == "other-domain":
            # To know the domains of a connection is not a rule of SAML.
            assert sign_in(sp)["mail"] == "alice@elsewhere.example"
            why = "as told"
        else:
            why = "refused: " + refusal(lambda: sign_in(sp))
        print(f"  {name}: {why}")
        control(sp.ready, "set?sign=both")
    control(sp.ready, "fault?name=none")
    sign_in(sp)


def main():
    logging.disable(logging.CRITICAL)
    started = time.monotonic()
    with Running() as ready, tempfile.TemporaryDirectory() as folder:
        sp = ServiceProvider(ready, folder)
        control(ready, "sp-metadata", body=sp.metadata())
        for check in (check_sound_flow, check_settings, check_refusals, check_logout, check_faults):
            check(sp)
            print(f"{check.__name__}: {time.monotonic() - started:.1f} s")
    print(f"ok, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
