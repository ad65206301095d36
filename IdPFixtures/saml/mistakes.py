"""What the fixture identity provider can do wrong, or unusually, one at a time.

`refuse`: a service provider must not complete the sign-in. `accept`: unusual, yet legal: it must complete.
Each is done to a sound response before it is signed, unless its text says otherwise.
"""

import copy
from datetime import datetime, timedelta, timezone

from saml2 import saml, samlp

FAULTS = {
    # Who speaks to whom.
    "wrong-audience": ("refuse", "the only audience is another service provider"),
    "no-audience": ("refuse", "no AudienceRestriction"),
    "second-audience-restriction": ("refuse", "two AudienceRestrictions, of which the second is not ours"),
    "wrong-destination": ("refuse", "Destination is another service provider's"),
    "wrong-recipient": ("refuse", "the bearer confirmation's Recipient is another service provider's"),
    "wrong-response-issuer": ("refuse", "the response names another issuer"),
    "wrong-assertion-issuer": ("refuse", "the assertion names another issuer"),
    "wrong-in-response-to": ("refuse", "response and confirmation answer another request"),
    "wrong-confirmation-in-response-to": ("refuse", "only the confirmation answers another request"),
    "no-in-response-to": ("refuse", "neither response nor confirmation says what it answers"),
    # Times.
    "expired": ("refuse", "the conditions ended an hour ago"),
    "not-yet-valid": ("refuse", "the conditions begin in an hour"),
    "confirmation-expired": ("refuse", "the bearer confirmation ended an hour ago"),
    "confirmation-not-before": ("refuse", "the bearer confirmation has a NotBefore"),
    "confirmation-no-end": ("refuse", "the bearer confirmation has no NotOnOrAfter"),
    "issued-in-future": ("refuse", "response and assertion are issued an hour from now"),
    "session-expired": ("refuse", "SessionNotOnOrAfter is an hour ago"),
    # Signatures.
    "unsigned": ("refuse", "no signature at all"),
    "wrong-key": ("refuse", "signed by another key, whose certificate is in KeyInfo"),
    "sha1": ("refuse", "RSA-SHA1 and SHA-1 digests"),
    "tampered": ("refuse", "the person's address is changed after signing"),
    "truncated-signature": ("refuse", "SignatureValue has lost its last 40 characters"),
    "sha512": ("accept", "RSA-SHA512 and SHA-512 digests"),
    "no-key-info": ("accept", "the signature has no KeyInfo"),
    # The assertion.
    "no-assertion": ("refuse", "Success, and no assertion"),
    "two-assertions": ("refuse", "two signed assertions, of two people"),
    "same-assertion-again": ("refuse", "the assertion of the sign-in before, with its signature, in a new response"),
    "no-authn-statement": ("refuse", "no AuthnStatement"),
    "no-subject": ("refuse", "no Subject"),
    "empty-name-id": ("refuse", "NameID is there and empty"),
    "holder-of-key": ("refuse", "the only confirmation is holder-of-key"),
    "other-domain": ("refuse", "the person's address is of another domain"),
    "version-1": ("refuse", "the assertion is of version 1.1"),
    "no-groups": ("accept", "no groups"),
    "no-session-index": ("accept", "AuthnStatement has no SessionIndex, so that no logout can name it"),
    "two-confirmations": ("accept", "a holder-of-key confirmation stands before the bearer one"),
    # Status.
    "status-requester": ("refuse", "status Requester, without an assertion"),
    "status-authn-failed": ("refuse", "status Responder/AuthnFailed, without an assertion"),
    "status-failed-with-assertion": ("refuse", "status Responder with a sound, signed assertion"),
}

OTHER = "https://other.example/saml"
HOUR = 3600


def at(seconds):
    """An instant that many seconds from now, as SAML writes it."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def mangle(fault, response, assertion):
    """Changes a response and its assertion in place, before they are signed; the assertions to send."""
    restriction = assertion.conditions.audience_restriction
    confirmation = assertion.subject.subject_confirmation[0]
    data = confirmation.subject_confirmation_data
    statement = assertion.authn_statement[0]
    if fault == "wrong-audience":
        restriction[0].audience[0].text = OTHER
    elif fault == "no-audience":
        assertion.conditions.audience_restriction = []
    elif fault == "second-audience-restriction":
        restriction.append(saml.AudienceRestriction(audience=[saml.Audience(text=OTHER)]))
    elif fault == "wrong-destination":
        response.destination = OTHER
    elif fault == "wrong-recipient":
        data.recipient = OTHER
    elif fault == "wrong-response-issuer":
        response.issuer.text = OTHER
    elif fault == "wrong-assertion-issuer":
        assertion.issuer.text = OTHER
    elif fault == "wrong-in-response-to":
        response.in_response_to = data.in_response_to = "_" + "0" * 64
    elif fault == "wrong-confirmation-in-response-to":
        data.in_response_to = "_" + "0" * 64
    elif fault == "no-in-response-to":
        response.in_response_to = data.in_response_to = None
    elif fault == "expired":
        assertion.conditions.not_before, assertion.conditions.not_on_or_after = at(-2 * HOUR), at(-HOUR)
    elif fault == "not-yet-valid":
        assertion.conditions.not_before, assertion.conditions.not_on_or_after = at(HOUR), at(2 * HOUR)
    elif fault == "confirmation-expired":
        data.not_on_or_after = at(-HOUR)
    elif fault == "confirmation-not-before":
        data.not_before = at(-60)
    elif fault == "confirmation-no-end":
        data.not_on_or_after = None
    elif fault == "issued-in-future":
        response.issue_instant = assertion.issue_instant = at(HOUR)
    elif fault == "session-expired":
        statement.session_not_on_or_after = at(-HOUR)
    elif fault == "no-assertion":
        return []
    elif fault == "two-assertions":
        return [assertion, another_person(assertion)]
    elif fault == "no-authn-statement":
        assertion.authn_statement = []
    elif fault == "no-subject":
        assertion.subject = None
    elif fault == "empty-name-id":
        assertion.subject.name_id.text = ""
    elif fault == "holder-of-key":
        confirmation.method = saml.SCM_HOLDER_OF_KEY
    elif fault == "other-domain":
        rename(assertion, lambda text: text.replace("@example.com", "@elsewhere.example"))
    elif fault == "version-1":
        assertion.version = "1.1"
    elif fault == "no-groups":
        for attributes in assertion.attribute_statement:
            attributes.attribute = [one for one in attributes.attribute if one.friendly_name != "isMemberOf"]
    elif fault == "no-session-index":
        statement.session_index = None
    elif fault == "two-confirmations":
        assertion.subject.subject_confirmation.insert(0, saml.SubjectConfirmation(method=saml.SCM_HOLDER_OF_KEY))
    elif fault == "status-requester":
        response.status = samlp.Status(status_code=samlp.StatusCode(value=samlp.STATUS_REQUESTER))
        return []
    elif fault in ("status-authn-failed", "status-failed-with-assertion"):
        nested = samlp.StatusCode(value=samlp.STATUS_AUTHN_FAILED)
        code = samlp.StatusCode(value=samlp.STATUS_RESPONDER, status_code=nested)
        response.status = samlp.Status(status_code=code)
        return [assertion] if fault == "status-failed-with-assertion" else []
    return [assertion]


def mangle_signed(fault, text):
    """Changes the finished response, as somebody without the key would."""
    if fault == "tampered":
        return text.replace("@example.com", "@example.org")
    if fault == "truncated-signature":
        head, mark, tail = text.rpartition("SignatureValue>")
        value, opening, name = head.rpartition("</")
        return value.rstrip()[:-40] + opening + name + mark + tail
    return text


def another_person(assertion):
    copied = copy.deepcopy(assertion)
    copied.id = assertion.id + "-2"
    copied.subject.name_id.text = "somebody-else"
    rename(copied, lambda text: text.replace("alice", "bob"))
    return copied


def rename(assertion, change):
    """Applies `change` to every attribute value."""
    for statement in assertion.attribute_statement:
        for attribute in statement.attribute:
            for value in attribute.attribute_value:
                value.text = change(value.text)
