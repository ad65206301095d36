"""Responses and assertions as text, part by part: a case replaces the part that it attacks.

Bob is the attacker's own account, so that the attacker holds genuine documents about Bob; Alice is whom he wants to be.
All instants are relative to `NOW`, and fixed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from hashlib import sha256

from seals import complete, encrypted_data, signature

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=timezone.utc)
MINUTE, HOUR = 60, 3600

SP = "https://ztna.example.com/saml/example"
ACS = f"{SP}/acs"
IDP = "https://idp.example.com/saml"
SSO = f"{IDP}/sso"
OTHER = "https://other.example/saml"

REQUEST = "_" + sha256(b"this browser's request").hexdigest()
OTHER_REQUEST = "_" + sha256(b"the request of another browser").hexdigest()

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
SENDER_VOUCHES = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
MFA = "https://refeds.org/profile/mfa"


@dataclass(frozen=True)
class Person:
    subject: str
    email: str
    groups: tuple = field(default=())


BOB = Person("bob-7f3a", "bob@example.com", ("interns",))
ALICE = Person("alice-19c4", "alice@example.com", ("engineering", "admins"))
MALLORY = Person("mallory-55d0", "mallory@elsewhere.example", ("engineering",))


def at(seconds):
    """An instant that many seconds from now."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attributes(**values):
    """XML attributes of those that are not None; NotOnOrAfter for not_on_or_after."""
    special = {"id": "ID"}
    name = lambda text: special.get(text) or "".join(part.capitalize() for part in text.split("_"))
    return "".join(f' {name(key)}="{value}"' for key, value in values.items() if value is not None)


# Parts of an assertion


def name_id(text, format=PERSISTENT):
    return f"<saml:NameID{attributes(format=format)}>{text}</saml:NameID>"


def confirmation(method=BEARER, inside="", **changes):
    values = {"in_response_to": REQUEST, "not_on_or_after": at(5 * MINUTE), "recipient": ACS, **changes}
    data = f"<saml:SubjectConfirmationData{attributes(**values)}>{inside}</saml:SubjectConfirmationData>"
    return f'<saml:SubjectConfirmation Method="{method}">{data}</saml:SubjectConfirmation>'


def restriction(*audiences):
    inside = "".join(f"<saml:Audience>{one}</saml:Audience>" for one in audiences)
    return f"<saml:AudienceRestriction>{inside}</saml:AudienceRestriction>"


def conditions(*inside, **changes):
    values = {"not_before": at(-MINUTE), "not_on_or_after": at(5 * MINUTE), **changes}
    return f"<saml:Conditions{attributes(**values)}>{''.join(inside or (restriction(SP),))}</saml:Conditions>"


def authn_statement(**changes):
    values = {"authn_instant": at(-MINUTE), "session_index": "_session-1", **changes}
    return (
        f"<saml:AuthnStatement{attributes(**values)}><saml:AuthnContext><saml:AuthnContextClassRef>{MFA}"
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
    )


def attribute(name, *values):
    inside = "".join(f"<saml:AttributeValue>{one}</saml:AttributeValue>" for one in values)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


def statement(person, *more):
    return (
        "<saml:AttributeStatement>"
        + attribute("email", person.email)
        + attribute("groups", *person.groups)
        + "".join(more)
        + "</saml:AttributeStatement>"
    )


def assertion(
    person=BOB,
    id="_assertion",
    issuer=IDP,
    issuer_attributes="",
    signed="",
    head="",
    subject=None,
    name=None,
    confirmations=None,
    condition=None,
    advice="",
    authn=None,
    statements=None,
    tail="",
    version="2.0",
    issued=-5,
    more_attributes="",
):
    """The text of an assertion; each argument is the text of a part, None for the ordinary one, "" for none."""
    pick = lambda given, ordinary: ordinary if given is None else given
    subject_text = pick(
        subject,
        f"<saml:Subject>{pick(name, name_id(person.subject))}{pick(confirmations, confirmation())}</saml:Subject>",
    )
    issuer_text = "" if issuer is None else f"<saml:Issuer{issuer_attributes}>{issuer}</saml:Issuer>"
    return (
        f'<saml:Assertion xmlns:saml="{SAML}"{attributes(id=id, issue_instant=at(issued), version=version)}'
        f"{more_attributes}>{head}{issuer_text}{signed}{subject_text}{pick(condition, conditions())}{advice}"
        f"{pick(authn, authn_statement())}{pick(statements, statement(person))}{tail}</saml:Assertion>"
    )


# A response around assertions


def status(code=SUCCESS, inside="", detail=""):
    detail = f"<samlp:StatusDetail>{detail}</samlp:StatusDetail>" if detail else ""
    return f'<samlp:Status><samlp:StatusCode Value="{code}">{inside}</samlp:StatusCode>{detail}</samlp:Status>'


def extensions(inside):
    return f"<samlp:Extensions>{inside}</samlp:Extensions>"


def response(
    *children,
    id="_response",
    issuer=IDP,
    issuer_attributes="",
    signed="",
    head="",
    extension="",
    state=None,
    destination=ACS,
    in_response_to=REQUEST,
    version="2.0",
    issued=-4,
    more_attributes="",
    root="Response",
):
    """The text of a response."""
    values = attributes(
        id=id, in_response_to=in_response_to, issue_instant=at(issued), destination=destination, version=version
    )
    issuer_text = "" if issuer is None else f"<saml:Issuer{issuer_attributes}>{issuer}</saml:Issuer>"
    return (
        f'<samlp:{root} xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{values}{more_attributes}>{head}{issuer_text}{signed}'
        f"{extension}{status() if state is None else state}{''.join(children)}</samlp:{root}>"
    )


# Signed and encrypted

SIGNATURE_OPTIONS = (
    "method",
    "c14n",
    "references",
    "key_info",
    "objects",
    "transforms",
    "digest",
    "uri",
    "value",
    "method_inside",
    "c14n_inside",
    "attributes",
)


def _split(options):
    return (
        {name: value for name, value in options.items() if name in SIGNATURE_OPTIONS},
        {name: value for name, value in options.items() if name not in SIGNATURE_OPTIONS},
    )


def signed_assertion(person=BOB, key="idp", octets=None, **options):
    """An assertion with its own signature; options of `signature` and of `assertion`."""
    for_signature, parts = _split(options)
    for_signature.setdefault("uri", "#" + (parts.get("id") or "_assertion"))
    return complete(assertion(person, signed=signature(**for_signature), **parts), key, octets)


def signed_response(*children, key="idp", octets=None, **options):
    """A response with its own signature over all of it; options of `signature` and of `response`."""
    for_signature, parts = _split(options)
    for_signature.setdefault("uri", "#" + (parts.get("id") or "_response"))
    return complete(response(*children, signed=signature(**for_signature), **parts), key, octets)


def encrypted_assertion(text, **options):
    """An EncryptedAssertion around the text of an assertion."""
    octets = text if isinstance(text, bytes) else text.encode()
    return f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{encrypted_data(octets, **options)}</saml:EncryptedAssertion>'
