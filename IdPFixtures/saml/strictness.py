"""The rules of a service provider that pysaml2's client lets pass, for the self-test.

Source: SAML Profiles 2.0 §4.1.4.3; Core 2.0 §2.5.
"""

import time
from datetime import datetime, timezone

SP = "https://ztna.example.com/saml/fixture"
ACS, SLO = f"{SP}/acs", f"{SP}/slo"
NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
SHA1 = "http://www.w3.org/2000/09/xmldsig#"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


class Refused(Exception):
    pass


def require(condition, why):
    if not condition:
        raise Refused(why)


def instant(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


def check_strictly(root, issuer, id, assertion):
    """What pysaml2 lets pass. Source: Profiles §4.1.4.3; Core §2.5."""
    count = len(root.findall("a:Assertion", NS)) + len(root.findall("a:EncryptedAssertion", NS))
    require(count == 1, "assertion count")
    for method in root.iter("{%s}SignatureMethod" % NS["ds"], "{%s}DigestMethod" % NS["ds"]):
        require(not method.get("Algorithm").startswith(SHA1), "sha1")
    require(root.get("Destination") == ACS, "destination")
    require(root.get("InResponseTo") == id, "in response to")
    require(root.findtext("a:Issuer", None, NS) == issuer and assertion.issuer.text == issuer, "issuer")
    require(assertion.version == "2.0", "version")
    now = time.time()
    require(instant(root.get("IssueInstant")) < now + 60 and instant(assertion.issue_instant) < now + 60, "future")
    restrictions = assertion.conditions.audience_restriction
    require(restrictions and all(SP in [a.text for a in one.audience] for one in restrictions), "audience")
    bearers = [one for one in assertion.subject.subject_confirmation if one.method == BEARER]
    require(bearers, "no bearer confirmation")
    data = bearers[0].subject_confirmation_data
    require(data.recipient == ACS and data.in_response_to == id and not data.not_before, "confirmation")
    require(data.not_on_or_after and instant(data.not_on_or_after) > now - 60, "confirmation expired")
    require(assertion.authn_statement, "no AuthnStatement")
    end = assertion.authn_statement[0].session_not_on_or_after
    require(not end or instant(end) > now - 60, "session expired")
    require(assertion.subject.name_id is not None and assertion.subject.name_id.text, "name id")
    if assertion.id in SEEN:
        raise Refused("replayed")
    SEEN.add(assertion.id)


SEEN = set()
