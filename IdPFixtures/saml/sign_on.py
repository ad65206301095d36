"""The fixture identity provider's state and rules, without HTTP: requests, browser sessions, answers, logout.

Source: SAML Profiles 2.0 §4.1 (Web Browser SSO) and §4.4 (Single Logout).
"""

import base64
import secrets
import threading
import time

from messages import (
    POST,
    REDIRECT,
    BadMessage,
    SigningKey,
    check_query_signature,
    complete_signature,
    encrypted,
    prepare_signature,
    redirect_address,
    signed,
    unpacked,
    with_last_children,
    without_declaration,
)
from mistakes import at, mangle, mangle_signed
from people import Expiring, account_of
from saml2 import saml, samlp
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.s_utils import sid
from saml2.server import Server as SAMLServer
from saml2.sigver import SignatureError
from state import CONTEXTS, MFA, NAME_ID_FORMATS, PASSWORD, Request, Session, Status

LOGIN_SECONDS, SESSION_SECONDS = 600, 8 * 3600


class Provider:
    """One SAML identity provider. Methods are called from many threads."""

    def __init__(self, base, folder, settings, fault):
        self.base, self.folder, self.settings, self.fault = base, folder, settings, fault
        self.entity_id = f"{base}/metadata"
        self.lock = threading.RLock()
        self.requests = Expiring(LOGIN_SECONDS)
        self.sessions = Expiring(SESSION_SECONDS)
        self.pages = Expiring(LOGIN_SECONDS)
        self.logouts = Expiring(LOGIN_SECONDS)
        self.last_assertion = None
        self.other_key = SigningKey(folder, "another")
        self.keys = [SigningKey(folder, "signing-1")]
        self.server = SAMLServer(config=self.configuration())
        self.logout_answers = []

    # Metadata

    def configuration(self):
        endpoints = lambda path: [(f"{self.base}{path}", binding) for binding in (REDIRECT, POST)]
        idp = {
            "name": "Example Identity",
            "endpoints": {"single_sign_on_service": endpoints("/sso"), "single_logout_service": endpoints("/slo")},
            "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": saml.NAME_FORMAT_URI}},
            "name_id_format": list(NAME_ID_FORMATS.values()),
        }
        return IdPConfig().load(
            {
                "entityid": self.entity_id,
                "xmlsec_binary": "/usr/bin/xmlsec1",
                "key_file": self.keys[0].key_file,
                "cert_file": self.keys[0].certificate_file,
                "additional_cert_files": [key.certificate_file for key in self.keys[1:]],
                "valid_for": 24,
                "metadata": {"inline": []},
                "service": {"idp": idp},
            }
        )

    def metadata(self):
        with self.lock:
            descriptor = entity_descriptor(self.configuration())
            descriptor.id, descriptor.cache_duration = sid(), "PT1H"
            descriptor.idpsso_descriptor.want_authn_requests_signed = "true"
            return signed(self.server.sec, descriptor, self.keys[0], self.settings.signature_algorithm)

    def rotate(self):
        """Signs with a new key from now on; the metadata keeps the one before, too."""
        with self.lock:
            self.keys = [SigningKey(self.folder, f"signing-{secrets.token_hex(4)}"), self.keys[0]]

    def set_service_provider(self, text):
        """Takes the metadata of the one service provider, in place of what was known of it; its entity id."""
        # Not pysaml2's reload_metadata: Debian's version, which the demo runs with, does not have it yet.
        known = self.server.metadata
        with self.lock:
            before, known.metadata = known.metadata, {}
            try:
                known.imp({"inline": [text]})
                return self.service_providers()[0]
            except Exception as bad:
                known.metadata = before
                raise BadMessage("This is not the metadata of a service provider.") from bad

    def service_providers(self):
        return list(self.server.metadata.service_providers())

    def certificates(self, entity_id, use):
        try:
            found = self.server.metadata.certs(entity_id, "spsso", use)
        except KeyError:
            return []
        # Pairs with a name, but texts alone in Debian's version.
        return ["".join((one if isinstance(one, str) else one[1]).split()) for one in found]

    # Requests

    def authn_request(self, binding, parameters, raw_query):
        """A verified request; refuses what is unsigned, unknown or to be answered elsewhere."""
        message = self.verified("SAMLRequest", self.server.parse_authn_request, binding, parameters, raw_query)
        issuer = message.issuer.text.strip()
        return Request(issuer, self.acs(issuer, message), message.id, parameters.get("RelayState", ""), message)

    def verified(self, name, parse, binding, parameters, raw_query):
        """The message behind `parse`, whose signature the sender's metadata vouches for."""
        octets = unpacked(parameters.get(name, ""), binding)
        try:
            # For pysaml2 it came by POST: the signature of a query is over its octets, which it does not see.
            message = parse(base64.b64encode(octets).decode(), POST).message
        except Exception as error:
            raise BadMessage(f"pysaml2 refuses the message: {error!r}"[:300]) from None
        if binding == REDIRECT:
            certificates = self.certificates(message.issuer.text.strip(), "signing")
            check_query_signature(raw_query, name, certificates)
        elif message.signature is None:
            raise BadMessage("The message is not signed.")
        return message

    def acs(self, issuer, message=None):
        """Where the answer goes: only to an address of the metadata."""
        try:
            services = self.server.metadata.assertion_consumer_service(issuer, POST)
        except KeyError:
            services = []
        if message is not None and message.assertion_consumer_service_url:
            services = [one for one in services if one["location"] == message.assertion_consumer_service_url]
        elif message is not None and message.assertion_consumer_service_index:
            services = [one for one in services if one["index"] == message.assertion_consumer_service_index]
        if not services:
            raise BadMessage("The service provider's metadata has no such assertion consumer service.")
        return sorted(services, key=lambda one: one.get("is_default") != "true")[0]["location"]

    def unsolicited(self):
        """Something to answer though nobody asked."""
        if not self.service_providers():
            raise BadMessage("No service provider is known.")
        issuer = self.service_providers()[0]
        return Request(issuer, self.acs(issuer))

    # Signing in

    def session_suffices(self, session, request):
        if session is None or request.force:
            return False
        return not request.contexts or session.context in request.contexts

    def check_answerable(self, request):
        if request.contexts and not set(request.contexts) & set(CONTEXTS):
            raise Status(samlp.STATUS_NO_AUTHN_CONTEXT, "none of the requested contexts is offered")
        if request.name_id_format not in (None, *NAME_ID_FORMATS.values()):
            raise Status(samlp.STATUS_INVALID_NAMEID_POLICY, "this NameID format is not offered")

    def sign_in(self, username, password, request):
        """A new session, or None. Asking for a context is answered with it."""
        account = account_of(username, password)
        return self.new_session(account, request) if account else None

    def new_session(self, account, request):
        wanted = [context for context in request.contexts if context in CONTEXTS]
        return Session(account, wanted[0] if wanted else MFA if "mfa" in account.amr else PASSWORD)

    # Answers

    def response(self, session, request):
        """The text of the answer that tells who `session` is."""
        with self.lock:
            name_id = self.name_id(session, request)
            account = session.account
            attributes = {"mail": account.email, "displayName": account.name, "isMemberOf": list(account.groups)}
            response = self.server.create_authn_response(
                attributes,
                request.id,
                request.acs,
                request.issuer,
                name_id=name_id,
                authn={"class_ref": session.context, "authn_auth": self.entity_id},
                session_not_on_or_after=at(SESSION_SECONDS),
                sign_response=False,
                sign_assertion=False,
            )
            assertion, response.assertion = response.assertion, []
            statement = assertion.authn_statement[0]
            statement.session_index = session.index
            statement.authn_instant = at(session.instant - time.time())
            session.told[request.issuer] = name_id
            return self.sealed(response, mangle(self.fault, response, assertion), request.issuer)

    def name_id(self, session, request):
        account, issuer = session.account, request.issuer
        format = NAME_ID_FORMATS.get(self.settings.name_id_format) or request.name_id_format
        if format in (None, saml.NAMEID_FORMAT_UNSPECIFIED) and self.settings.name_id_format != "unspecified":
            format = saml.NAMEID_FORMAT_PERSISTENT
        if format == saml.NAMEID_FORMAT_PERSISTENT:
            return saml.NameID(format=format, text=account.sub, sp_name_qualifier=issuer, name_qualifier=self.entity_id)
        if format == saml.NAMEID_FORMAT_TRANSIENT:
            return saml.NameID(format=format, text="_" + secrets.token_hex(16), sp_name_qualifier=issuer)
        return saml.NameID(format=format, text=account.email)

    def error_response(self, status, request):
        code = samlp.StatusCode(value=samlp.STATUS_RESPONDER, status_code=samlp.StatusCode(value=status.code))
        response = samlp.Response(
            **self.heading(request.acs, request.id),
            status=samlp.Status(status_code=code, status_message=samlp.StatusMessage(text=status.text)),
        )
        return self.sealed(response, [], request.issuer)

    def heading(self, destination, in_response_to=None):
        issuer = saml.Issuer(text=self.entity_id, format=saml.NAMEID_FORMAT_ENTITY)
        fields = {"id": sid(), "version": "2.0", "issue_instant": at(0), "issuer": issuer}
        if in_response_to:
            fields["in_response_to"] = in_response_to
        return {**fields, "destination": destination}

    def sealed(self, response, assertions, sp):
        """Signed and encrypted as the settings want it, and as the fault does not."""
        fault, security = self.fault, self.server.sec
        key = self.other_key if fault == "wrong-key" else self.keys[0]
        algorithm = {"sha1": "rsa-sha1", "sha512": "rsa-sha512"}.get(fault, self.settings.signature_algorithm)
        sign_response = self.settings.sign != "assertion" or not assertions
        sign_assertion = self.settings.sign != "response"
        if fault == "same-assertion-again":
            sign_response, sign_assertion = False, True
        if fault == "unsigned":
            sign_response, sign_assertion = False, False
        texts = [
            signed(security, one, key, algorithm, fault != "no-key-info") if sign_assertion else str(one)
            for one in assertions
        ]
        if fault == "same-assertion-again" and self.last_assertion:
            texts = [self.last_assertion]
        self.last_assertion = texts[0] if texts else None
        if self.settings.encrypt:
            texts = [self.encrypted(text, sp) for text in texts]
        if sign_response:
            prepare_signature(response, key, algorithm, fault != "no-key-info")
        text = with_last_children(str(response), map(without_declaration, texts))
        if sign_response:
            text = complete_signature(security, text, response, key)
        return mangle_signed(fault, text)

    def encrypted(self, text, sp):
        certificates = self.certificates(sp, "encryption")
        if not certificates:
            raise BadMessage("The service provider's metadata has no certificate to encrypt for.")
        return encrypted(self.server.sec, text, certificates[0], self.settings.encrypt_algorithm)

    # Single logout

    def logout_request(self, binding, parameters, raw_query):
        """Ends the sessions that a service provider names; the message to answer. Source: Profiles §4.4.3.2."""
        message = self.verified("SAMLRequest", self.server.parse_logout_request, binding, parameters, raw_query)
        indexes = {one.text.strip() for one in message.session_index}
        ended = []
        for session in self.live_sessions():
            told = session.told.get(message.issuer.text.strip())
            known = told is not None and message.name_id is not None and told.text == message.name_id.text.strip()
            if known and (not indexes or session.index in indexes):
                self.end(session)
                ended.append(session)
        return message, ended

    def logout_response(self, message, found):
        """The text that answers a LogoutRequest, unsigned, and the address for each binding."""
        addresses = self.logout_addresses(message.issuer.text.strip(), answers=True)
        status = samlp.Status(status_code=samlp.StatusCode(value=samlp.STATUS_SUCCESS))
        if not found:
            nested = samlp.StatusCode(value=samlp.STATUS_UNKNOWN_PRINCIPAL)
            status.status_code = samlp.StatusCode(value=samlp.STATUS_REQUESTER, status_code=nested)
        return samlp.LogoutResponse(**self.heading("", message.id), status=status), addresses

    def start_logout(self, session, sp):
        """Ends a session here; the LogoutRequest that tells a service provider. Source: Profiles §4.4.3.1."""
        message = samlp.LogoutRequest(
            **self.heading(""),
            name_id=session.told[sp],
            session_index=[samlp.SessionIndex(text=session.index)],
            not_on_or_after=at(300),
        )
        self.end(session)
        self.logouts.add(session.account.username, name=message.id)
        return message, self.logout_addresses(sp, answers=False)

    def logout_addresses(self, sp, answers):
        found = {}
        for binding in (REDIRECT, POST):
            try:
                services = self.server.metadata.single_logout_service(sp, binding, "spsso")
            except Exception:
                services = []
            for service in services or []:
                address = service.get("response_location") if answers else None
                found.setdefault(binding, address or service["location"])
        if not found:
            raise BadMessage("The service provider's metadata has no single logout service.")
        return found

    def dispatch(self, name, message, addresses, binding, relay_state=""):
        """(address, fields of a form or None) that carry a signed message by `binding`, or by another that exists."""
        if binding not in addresses:
            binding = next(iter(addresses))
        message.destination = addresses[binding]
        if binding == REDIRECT:
            algorithm = self.settings.signature_algorithm
            return redirect_address(message.destination, name, str(message), relay_state, self.keys[0], algorithm), None
        text = signed(self.server.sec, message, self.keys[0], self.settings.signature_algorithm)
        return message.destination, form_fields(name, text, relay_state)

    def take_logout_response(self, binding, parameters, raw_query):
        """The top-level status with which a service provider answered our LogoutRequest."""
        octets = unpacked(parameters.get("SAMLResponse", ""), binding)
        try:
            message = self.server.sec.correctly_signed_logout_response(octets.decode(), must=binding == POST)
        except (SignatureError, ValueError, TypeError) as error:
            raise BadMessage(f"pysaml2 refuses the message: {error!r}"[:300]) from None
        if binding == REDIRECT:
            check_query_signature(raw_query, "SAMLResponse", self.certificates(message.issuer.text.strip(), "signing"))
        user = self.logouts.remove(message.in_response_to or "")
        if user is None:
            raise BadMessage("This answers no logout that began here.")
        answer = {"user": user, "status": message.status.status_code.value}
        self.logout_answers.append(answer)
        return answer

    def live_sessions(self):
        with self.lock:
            return [session for _, session in list(self.sessions.entries.values())]

    def session_of(self, username, sp):
        """The latest session of a person about which a service provider was told."""
        for session in reversed(self.live_sessions()):
            if session.account.username == username and sp in session.told:
                return session
        return None

    def end(self, session):
        with self.lock:
            for name, (_, value) in list(self.sessions.entries.items()):
                if value is session:
                    self.sessions.remove(name)


def form_fields(name, text, relay_state):
    """The fields of a form that carries a message. Source: Bindings §3.5.4."""
    fields = {name: base64.b64encode(text.encode()).decode()}
    return {**fields, "RelayState": relay_state} if relay_state else fields
