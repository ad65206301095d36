"""A SAML 2.0 identity provider for demo and tests, built on pysaml2: real signatures, a real login form.

When it listens, it prints one line of JSON on standard output: entity_id, metadata_url, port and the rest. Each
request is one line on standard error. Everything under /control/ is for tests and answers loopback addresses only.
Run it with `start`. See IdPFixtures/README.md.
"""

import argparse
import json
import logging
import ssl
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "shared"))

from messages import POST, REDIRECT, BadMessage
from mistakes import FAULTS
from pages import POST_SCRIPT, login_page, message_page, post_page
from people import ACCOUNTS
from saml2 import samlp
from sign_on import Provider, form_fields
from state import Settings, Status
from web import Handler, Server, end_on_signals

BINDINGS = {"redirect": REDIRECT, "post": POST}
MOST_METADATA_BYTES = 1024 * 1024


class SAMLHandler(Handler):
    most_body_bytes = MOST_METADATA_BYTES

    def metadata(self):
        self.send(200, "application/samlmetadata+xml", self.provider.metadata().encode())

    # The browser's side: signing in

    def sso(self):
        try:
            request = self.provider.authn_request(self.binding(), self.form or self.query, self.raw_query)
        except BadMessage as bad:
            return self.send_page(400, message_page("This sign-in cannot start", str(bad)))
        try:
            self.provider.check_answerable(request)
            session = self.session()
            if self.provider.session_suffices(session, request):
                return self.send_response_page(session, request)
            if request.passive:
                raise Status(samlp.STATUS_NO_PASSIVE, "nobody is signed in, or not recently or strongly enough")
        except Status as status:
            text = self.provider.error_response(status, request)
            return self.send_form(request.acs, form_fields("SAMLResponse", text, request.relay_state))
        handle = self.provider.requests.add(request)
        hint = session.account.email if session else ""
        self.send_page(200, login_page(handle, request.issuer, hint, stronger=session is not None))

    def login(self):
        handle = self.form.get("request", "")
        request = self.provider.requests.get(handle)
        if request is None:
            text = "This sign-in has ended. Start again where you came from."
            return self.send_page(400, message_page("Too late", text))
        username = self.form.get("username", "")
        session = self.provider.sign_in(username, self.form.get("password", ""), request)
        if session is None:
            problem = "The user name or the password is wrong."
            return self.send_page(200, login_page(handle, request.issuer, username, problem))
        self.provider.requests.remove(handle)
        self.send_response_page(session, request, new=True)

    def unsolicited(self):
        account = account_named(self.query.get("user", ""))
        try:
            request = self.provider.unsolicited()
        except BadMessage as bad:
            return self.send_page(400, message_page("This sign-in cannot start", str(bad)))
        if account is None:
            return self.send_page(400, message_page("This sign-in cannot start", "There is no such person."))
        request.relay_state = self.query.get("RelayState", "")
        self.send_response_page(self.provider.new_session(account, request), request, new=True)

    def send_response_page(self, session, request, new=False):
        try:
            text = self.provider.response(session, request)
        except BadMessage as bad:
            return self.send_page(500, message_page("This sign-in cannot end", str(bad)))
        headers = [("Set-Cookie", self.session_cookie(self.provider.sessions.add(session)))] if new else []
        self.send_form(request.acs, form_fields("SAMLResponse", text, request.relay_state), headers)

    # The browser's side: signing out

    def slo(self):
        parameters = self.form or self.query
        try:
            if "SAMLResponse" in parameters:
                self.provider.take_logout_response(self.binding(), parameters, self.raw_query)
                return self.send_page(200, message_page("Signed out", "You have signed out."))
            message, ended = self.provider.logout_request(self.binding(), parameters, self.raw_query)
            response, addresses = self.provider.logout_response(message, ended)
            relay_state = parameters.get("RelayState", "")
            self.dispatch("SAMLResponse", response, addresses, self.binding(), relay_state)
        except BadMessage as bad:
            self.send_page(400, message_page("This sign-out cannot go on", str(bad)))

    def logout(self):
        """The person signs out here; the browser carries the news to the service provider."""
        session = self.session()
        told = list(session.told) if session else []
        if not told:
            return self.send_page(200, message_page("Signed out", "Nobody is signed in."))
        binding = BINDINGS[self.query.get("binding", self.provider.settings.logout_binding)]
        try:
            message, addresses = self.provider.start_logout(session, told[0])
        except BadMessage as bad:
            return self.send_page(400, message_page("This sign-out cannot go on", str(bad)))
        self.dispatch("SAMLRequest", message, addresses, binding)

    def dispatch(self, name, message, addresses, binding, relay_state=""):
        address, fields = self.provider.dispatch(name, message, addresses, binding, relay_state)
        if fields is None:
            return self.send_redirect(address)
        self.send_form(address, fields)

    def send_form(self, address, fields, headers=()):
        automatic = self.provider.settings.auto_submit
        page = post_page(address, fields, automatic)
        self.send_page(200, page, headers, script=POST_SCRIPT if automatic else None)

    def kept_page(self):
        """A form that a control made, for a browser to visit once."""
        found = self.provider.pages.remove(self.query.get("id", ""))
        if found is None:
            return self.send_page(404, message_page("Not found", "There is nothing at this address."))
        self.send_form(*found)

    def binding(self):
        return POST if self.command == "POST" else REDIRECT

    # Controls

    def set_fault(self):
        name = self.query.get("name", "")
        if name not in ("", "none") and name not in FAULTS:
            return self.send_json(400, {"error": f"no such fault: {name}"})
        self.provider.fault = name if name in FAULTS else None
        self.send_json(200, {"fault": self.provider.fault})

    def set_settings(self):
        try:
            for name, value in self.query.items():
                self.provider.settings.set(name, value)
        except ValueError as error:
            return self.send_json(400, {"error": str(error)})
        self.send_json(200, vars(self.provider.settings))

    def rotate(self):
        self.provider.rotate()
        self.send_json(200, {"certificates": [key.certificate for key in self.provider.keys]})

    def service_provider(self):
        try:
            if "url" in self.query:
                text = fetched(self.query["url"], self.server.ca)
            else:
                text = self.body.decode()
            self.send_json(200, {"service_provider": self.provider.set_service_provider(text)})
        except (BadMessage, OSError, ValueError) as error:
            self.send_json(400, {"error": str(error)})

    def start_logout(self):
        """Ends the person's latest session; answers with what a browser is to be sent to, and as."""
        provider = self.provider
        sp = next(iter(provider.service_providers()), "")
        session = provider.session_of(self.query.get("user", ""), sp)
        binding = BINDINGS.get(self.query.get("binding", provider.settings.logout_binding))
        if session is None or binding is None:
            return self.send_json(400, {"error": "no such session, or no such binding"})
        try:
            message, addresses = provider.start_logout(session, sp)
        except BadMessage as bad:
            return self.send_json(400, {"error": str(bad)})
        address, fields = provider.dispatch("SAMLRequest", message, addresses, binding)
        answer = {"id": message.id, "url": address}
        if fields is not None:
            handle = provider.pages.add((address, fields))
            answer.update(fields=fields, page=f"{provider.base}/page?id={handle}")
        self.send_json(200, answer)

    def show_state(self):
        provider = self.provider
        sessions = [
            {"user": one.account.username, "index": one.index, "context": one.context, "told": list(one.told)}
            for one in provider.live_sessions()
        ]
        state = {
            "fault": provider.fault,
            "settings": vars(provider.settings),
            "service_providers": provider.service_providers(),
            "sessions": sessions,
            "logout_answers": provider.logout_answers,
            "requests": dict(self.server.counts),
        }
        self.send_json(200, state)


SAMLHandler.routes = {
    ("GET", "/metadata"): SAMLHandler.metadata,
    ("GET", "/sso"): SAMLHandler.sso,
    ("POST", "/sso"): SAMLHandler.sso,
    ("POST", "/login"): SAMLHandler.login,
    ("GET", "/unsolicited"): SAMLHandler.unsolicited,
    ("GET", "/slo"): SAMLHandler.slo,
    ("POST", "/slo"): SAMLHandler.slo,
    ("GET", "/logout"): SAMLHandler.logout,
    ("GET", "/page"): SAMLHandler.kept_page,
    ("POST", "/control/fault"): SAMLHandler.set_fault,
    ("POST", "/control/set"): SAMLHandler.set_settings,
    ("POST", "/control/rotate"): SAMLHandler.rotate,
    ("POST", "/control/sp-metadata"): SAMLHandler.service_provider,
    ("POST", "/control/logout"): SAMLHandler.start_logout,
    ("GET", "/control/state"): SAMLHandler.show_state,
}


def account_named(username):
    return next((account for account in ACCOUNTS if username in (account.username, account.email)), None)


def fetched(address, ca):
    """The text of a document at an http or https address, or in a file."""
    if "://" not in address:
        return Path(address).read_text()
    if not address.startswith(("http://", "https://")):
        raise ValueError("an address begins with http:// or https://")
    context = ssl.create_default_context(cafile=ca) if address.startswith("https://") else None
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else [])
    )
    with opener.open(address, timeout=10) as response:
        return response.read(MOST_METADATA_BYTES).decode()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    choices = Settings.CHOICES
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--issuer-host", help="host name in the entity id and the endpoints (default: the address)")
    parser.add_argument("--tls-cert", help="certificate chain, PEM")
    parser.add_argument("--tls-key", help="its private key, PEM")
    parser.add_argument("--sp-metadata", help="file or URL; may come later by /control/sp-metadata")
    parser.add_argument("--ca", help="PEM file of who vouches for the service provider's https")
    parser.add_argument("--sign", choices=choices["sign"], default="both", help="default: %(default)s")
    parser.add_argument("--signature-algorithm", choices=choices["signature_algorithm"], default="rsa-sha256")
    parser.add_argument("--encrypt", action="store_true", help="encrypt assertions, with RSA-OAEP")
    parser.add_argument("--encrypt-algorithm", choices=choices["encrypt_algorithm"], default="aes128-gcm")
    parser.add_argument(
        "--name-id-format", choices=choices["name_id_format"], default="", help="default: as asked, else persistent"
    )
    parser.add_argument("--logout-binding", choices=choices["logout_binding"], default="redirect")
    parser.add_argument("--auto-submit", action="store_true", help="forms submit themselves where scripts run")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="misbehave from the start")
    parser.add_argument("--list-faults", action="store_true", help="print the faults as JSON and end")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.list_faults:
        faults = [{"name": name, "expect": expect, "what": what} for name, (expect, what) in FAULTS.items()]
        return print(json.dumps(faults))
    end_on_signals()
    # pysaml2 logs each refusal with its reason; the page says it, too.
    logging.disable(logging.CRITICAL)
    tls = None
    if arguments.tls_cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.tls_cert, arguments.tls_key)
    settings = Settings()
    for name in Settings.CHOICES:
        setattr(settings, name, getattr(arguments, name))
    server = Server((arguments.host, arguments.port), SAMLHandler, tls)
    server.ca = arguments.ca
    port = server.server_address[1]
    base = f"{'https' if tls else 'http'}://{arguments.issuer_host or arguments.host}:{port}"
    with tempfile.TemporaryDirectory(prefix="saml-fixture-") as folder:
        server.provider = Provider(base, folder, settings, arguments.fault)
        if arguments.sp_metadata:
            server.provider.set_service_provider(fetched(arguments.sp_metadata, arguments.ca))
        ready = {
            "entity_id": server.provider.entity_id,
            "metadata_url": f"{base}/metadata",
            "sso_url": f"{base}/sso",
            "slo_url": f"{base}/slo",
            "port": port,
            "certificate": server.provider.keys[0].certificate,
        }
        print(json.dumps(ready), flush=True)
        server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()
