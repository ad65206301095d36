"""What the provider truly signed, and what we must refuse all the same: to whom, by whom, when, about whom.

Source: SAML Profiles 2.0 §4.1.4.3; Core 2.0 §2.5 and §3.2.2.
"""

from catalogue import either, refuse
from documents import (
    ACS,
    ALICE,
    BEARER,
    BOB,
    HOLDER_OF_KEY,
    HOUR,
    IDP,
    MALLORY,
    MINUTE,
    OTHER,
    OTHER_REQUEST,
    PERSISTENT,
    REQUEST,
    REQUESTER,
    RESPONDER,
    SENDER_VOUCHES,
    SP,
    SUCCESS,
    TRANSIENT,
    assertion,
    at,
    attribute,
    authn_statement,
    conditions,
    confirmation,
    encrypted_assertion,
    name_id,
    response,
    restriction,
    signed_assertion,
    signed_response,
    statement,
    status,
)
from genuine import GENUINE_ASSERTION

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def told(*, outer=None, **parts):
    """A signed response with one assertion; `outer` changes the response, the rest the assertion."""
    return signed_response(assertion(parts.pop("person", BOB), **parts), **(outer or {}))


# The ways in which two addresses are alike and not the same.
def alike(address):
    yield "trailing-slash", address + "/", "with a slash at its end"
    yield "leading-blank", " " + address, "with a blank before it"
    yield "trailing-blank", address + " ", "with a blank after it"
    yield "line-break", address + "&#10;", "with a line break after it"
    yield "other-case", address.replace("ztna.example.com", "ZTNA.example.com"), "with its host in capitals"
    yield "path-other-case", address.replace("/saml/", "/SAML/"), "with its path in capitals"
    yield "default-port", address.replace(".com/", ".com:443/"), "with the port that it has anyway"
    yield "userinfo", address.replace("https://", "https://x@"), "with a user before the host"
    yield "http", address.replace("https:", "http:"), "with http"
    yield "query", address + "?x=1", "with a query"
    yield "fragment", address + "#x", "with a fragment"
    yield "percent-encoded", address.replace("/saml/", "/%73aml/"), "with a letter percent-encoded"
    yield "dot-segment", address.replace("/saml/", "/x/../saml/"), "with a dot segment"
    yield "longer-host", address.replace(".com/", ".com.evil.example/"), "whose host goes on"
    yield "prefix", address[:-1], "without its last letter"


def addresses():
    for name, value, note in alike(ACS):
        yield refuse(f"destination-{name}", "destination", f"Destination is our address {note}",
            told(outer={"destination": value}))
        yield refuse(f"recipient-{name}", "recipient noBearerConfirmation", f"Recipient is our address {note}",
            told(confirmations=confirmation(recipient=value)))
    for name, value, note in alike(SP):
        yield refuse(f"audience-{name}", "audience", f"Audience is our entity id {note}",
            told(condition=conditions(restriction(value))))
    yield refuse("destination-other", "destination", "sent to another service provider",
        told(outer={"destination": OTHER}))
    yield refuse("destination-empty", "destination", "Destination is empty", told(outer={"destination": ""}))
    yield refuse("destination-missing-where-signed", "destination",
        "no Destination in a signed Response, which Bindings §3.5.5.2 demands", told(outer={"destination": None}))
    yield refuse("recipient-other", "recipient noBearerConfirmation", "confirmed for another service provider",
        told(confirmations=confirmation(recipient=OTHER)))
    yield refuse("recipient-missing", "recipient noBearerConfirmation", "no Recipient",
        told(confirmations=confirmation(recipient=None)))
    yield refuse("audience-other", "audience", "meant for another service provider",
        told(condition=conditions(restriction(OTHER))))
    yield refuse("audience-missing", "noAudience", "no AudienceRestriction",
        told(condition=conditions("<saml:OneTimeUse/>")))
    yield refuse("audience-restriction-empty", "audience noAudience malformed",
        "an AudienceRestriction without Audience", told(condition=conditions(restriction())))
    yield refuse("audience-second-restriction-other", "audience",
        "two restrictions, of which only the first is met: all have to be",
        told(condition=conditions(restriction(SP), restriction(OTHER))))
    yield refuse("audience-second-restriction-empty", "audience noAudience malformed", "the second is empty",
        told(condition=conditions(restriction(SP), restriction())))
    yield refuse("audience-is-acs", "audience", "the Audience is our address, not our entity id",
        told(condition=conditions(restriction(ACS))))
    yield refuse("conditions-missing", "noAudience audience", "no Conditions at all", told(condition=""))
    yield refuse("conditions-twice", "noAudience audience malformed assertionCount",
        "two Conditions: ours and another's",
        told(condition=conditions(restriction(SP)) + conditions(restriction(OTHER))))
    yield refuse("condition-unknown", "unknownCondition malformed noAudience audience",
        "a Condition that nobody knows: the assertion is not valid then (Core §2.5.1.1)",
        told(condition=conditions(restriction(SP),
            '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xmlns:x="urn:x" xsi:type="x:Moon"/>')))


def issuers():
    yield refuse("response-issuer-other", "responseIssuer", "the Response is another provider's",
        told(outer={"issuer": OTHER}))
    yield refuse("assertion-issuer-other", "assertionIssuer", "the assertion is another provider's", told(issuer=OTHER))
    yield refuse("both-issuers-other", "responseIssuer assertionIssuer", "both are",
        told(issuer=OTHER, outer={"issuer": OTHER}))
    yield refuse("assertion-issuer-missing", "assertionIssuer malformed", "the assertion has no Issuer",
        told(issuer=None))
    yield refuse("assertion-issuer-empty", "assertionIssuer", "an empty Issuer", told(issuer=""))
    yield refuse("issuer-trailing-slash", "responseIssuer assertionIssuer", "the entity id with a slash after it",
        told(issuer=IDP + "/", outer={"issuer": IDP + "/"}))
    yield refuse("issuer-format-wrong", "assertionIssuer malformed",
        "the assertion's Issuer has another Format than entity", told(issuer_attributes=f' Format="{PERSISTENT}"'))
    yield refuse("response-issuer-format-wrong", "responseIssuer malformed", "the Response's has",
        told(outer={"issuer_attributes": f' Format="{PERSISTENT}"'}))
    yield refuse("issuer-twice", "assertionIssuer malformed", "two Issuers in the assertion",
        told(head=f"<saml:Issuer>{OTHER}</saml:Issuer>"))
    yield refuse("response-of-another-provider", "unknownKey",
        "all sound, of another provider that we know, posted here",
        signed_response(assertion(BOB, issuer=OTHER), issuer=OTHER, key="other-idp"))
    yield refuse("response-of-another-provider-as-ours", "unknownKey",
        "signed by another provider that we know, in the name of this one",
        signed_response(assertion(BOB), key="other-idp"))


def answers():
    yield refuse("status-requester", "status", "Requester, nothing else", signed_response(state=status(REQUESTER)))
    yield refuse("status-authn-failed", "status", "Responder, then AuthnFailed",
        signed_response(state=status(RESPONDER, f'<samlp:StatusCode Value="{STATUS}AuthnFailed"/>')))
    yield refuse("status-failed-with-assertion", "status", "Responder with a sound assertion",
        told(outer={"state": status(RESPONDER)}))
    yield refuse("status-nested-success", "status", "Responder, with Success nested in it",
        told(outer={"state": status(RESPONDER, f'<samlp:StatusCode Value="{SUCCESS}"/>')}))
    yield refuse("status-twice", "status malformed", "two StatusCodes side by side, Success first",
        told(outer={"state": status().replace("</samlp:Status>",
            f'<samlp:StatusCode Value="{RESPONDER}"/></samlp:Status>')}))
    yield refuse("status-elements-two", "status malformed", "two Status elements, Success first",
        told(outer={"state": status() + status(RESPONDER)}))
    yield refuse("status-missing", "status malformed", "no Status", told(outer={"state": ""}))
    yield refuse("status-without-value", "status malformed", "a StatusCode without Value",
        told(outer={"state": "<samlp:Status><samlp:StatusCode/></samlp:Status>"}))
    yield refuse("status-other-case", "status", "success in small letters",
        told(outer={"state": status(SUCCESS.lower())}))
    yield refuse("status-padded", "status", "Success with a blank after it",
        told(outer={"state": status(SUCCESS + " ")}))
    yield refuse("status-other-namespace", "status malformed", "a StatusCode of another namespace",
        told(outer={"state": f'<samlp:Status><x:StatusCode xmlns:x="urn:x" Value="{SUCCESS}"/></samlp:Status>'}))
    yield refuse("status-success-without-assertion", "assertionCount", "Success and no assertion", signed_response())
    yield refuse("response-version-1.1", "version", "Response of version 1.1", told(outer={"version": "1.1"}))
    yield refuse("assertion-version-1.1", "version", "assertion of version 1.1", told(version="1.1"))
    yield refuse("response-version-3", "version", "Response of a version that is not there yet",
        told(outer={"version": "3.0"}))
    yield refuse("response-version-missing", "version malformed", "no Version", told(outer={"version": None}))
    yield refuse("assertion-version-2.00", "version", "2.00 is not 2.0", told(version="2.00"))
    other = {"in_response_to": OTHER_REQUEST}
    yield refuse("in-response-to-other", "inResponseTo", "the answer to the request of another browser",
        told(confirmations=confirmation(**other), outer=other))
    yield refuse("in-response-to-other-in-confirmation", "inResponseTo noBearerConfirmation",
        "only the confirmation answers it", told(confirmations=confirmation(**other)))
    yield refuse("in-response-to-other-in-response", "inResponseTo", "only the Response answers it", told(outer=other))
    yield refuse("in-response-to-unsigned-changed", "inResponseTo",
        "the Response, unsigned, was made to answer ours; its assertion still answers another",
        response(signed_assertion(BOB, confirmations=confirmation(**other))))
    none = {"in_response_to": None}
    yield refuse("unsolicited", "unsolicited inResponseTo", "nobody asked",
        told(confirmations=confirmation(**none), outer=none))
    yield refuse("unsolicited-response-only", "unsolicited inResponseTo",
        "the Response answers nobody, the confirmation us", told(outer=none))
    yield refuse("unsolicited-confirmation-only", "inResponseTo unsolicited noBearerConfirmation",
        "the Response answers us, the confirmation nobody", told(confirmations=confirmation(**none)))
    yield refuse("unsolicited-made-to-look-asked", "inResponseTo unsolicited noBearerConfirmation",
        "an unsolicited assertion, put into a Response that answers us",
        response(signed_assertion(BOB, confirmations=confirmation(**none))))
    yield refuse("in-response-to-padded", "inResponseTo", "our request's ID with a blank after it",
        told(confirmations=confirmation(in_response_to=REQUEST + " "), outer={"in_response_to": REQUEST + " "}))
    yield refuse("in-response-to-empty", "inResponseTo unsolicited noBearerConfirmation", "an empty InResponseTo",
        told(confirmations=confirmation(in_response_to=""), outer={"in_response_to": ""}))
    yield refuse("replayed", "replayed", "an assertion that we accepted before", response(GENUINE_ASSERTION),
        seen=["_assertion"])
    yield refuse("replayed-in-new-response", "replayed", "the same in a new Response",
        response(GENUINE_ASSERTION, id="_other"), seen=["_assertion"])
    yield refuse("replayed-encrypted", "replayed", "the same, now encrypted",
        response(encrypted_assertion(GENUINE_ASSERTION)), seen=["_assertion"])


def times():
    yield refuse("expired", "expired", "the conditions ended an hour ago",
        told(condition=conditions(not_before=at(-2 * HOUR), not_on_or_after=at(-HOUR))))
    yield refuse("expired-61-seconds", "expired", "61 seconds ago", told(condition=conditions(not_on_or_after=at(-61))))
    yield refuse("expired-on-the-second", "expired", "NotOnOrAfter, and the skew, end now",
        told(condition=conditions(not_on_or_after=at(-60))))
    yield refuse("not-yet-valid", "notYetValid", "the conditions begin in an hour",
        told(condition=conditions(not_before=at(HOUR), not_on_or_after=at(2 * HOUR))))
    yield refuse("not-yet-valid-61-seconds", "notYetValid", "in 61 seconds",
        told(condition=conditions(not_before=at(61))))
    yield refuse("conditions-end-before-they-begin", "expired notYetValid malformed", "the end is before the beginning",
        told(condition=conditions(not_before=at(MINUTE * 2), not_on_or_after=at(-MINUTE * 2))))
    yield refuse("confirmation-expired", "confirmationExpired noBearerConfirmation",
        "the confirmation ended an hour ago", told(confirmations=confirmation(not_on_or_after=at(-HOUR))))
    yield refuse("confirmation-expired-61-seconds", "confirmationExpired noBearerConfirmation", "61 seconds ago",
        told(confirmations=confirmation(not_on_or_after=at(-61))))
    yield refuse("confirmation-without-end", "confirmationExpired noBearerConfirmation",
        "the confirmation has no NotOnOrAfter", told(confirmations=confirmation(not_on_or_after=None)))
    yield refuse("confirmation-not-before", "confirmationNotBefore noBearerConfirmation",
        "a bearer confirmation with NotBefore, which it MUST NOT have",
        told(confirmations=confirmation(not_before=at(-HOUR))))
    yield refuse("issued-in-future", "issuedInFuture", "the assertion is issued in an hour", told(issued=HOUR))
    yield refuse("response-issued-in-future", "issuedInFuture", "the Response is", told(outer={"issued": HOUR}))
    yield refuse("session-expired", "sessionExpired", "SessionNotOnOrAfter was an hour ago",
        told(authn=authn_statement(session_not_on_or_after=at(-HOUR))))
    yield refuse("session-expired-61-seconds", "sessionExpired", "61 seconds ago",
        told(authn=authn_statement(session_not_on_or_after=at(-61))))
    for name, value, note in (
        ("no-zone", "2026-05-01T12:05:00", "no time zone: SAML's times are in UTC, and say so"),
        ("offset", "2026-05-01T14:05:00+02:00", "another zone than UTC"),
        ("only-date", "2026-05-01Z", "a day"),
        ("month-13", "2026-13-01T12:05:00Z", "the thirteenth month"),
        ("second-61", "2026-05-01T12:05:61Z", "the sixty-first second"),
        ("blank", "2026-05-01 12:05:00Z", "a blank instead of T"),
        ("epoch", "1777637100", "seconds since 1970"),
        ("far", "99999-01-01T00:00:00Z", "the year 99999"),
        ("negative", "-2026-05-01T12:05:00Z", "before Christ"),
        ("digits", "２０２６-05-01T12:05:00Z", "digits that are none of ASCII's"),
        ("empty", "", "no time"),
        ("many-digits", "2026-05-01T12:05:00." + "9" * 2000 + "Z", "a fraction of two thousand digits"),
    ):
        document, refusals = told(condition=conditions(not_on_or_after=value)), "malformed expired notYetValid"
        if name in ("no-zone", "offset", "many-digits"):
            # XML Schema has these; Core §1.3.3 has not.
            yield either(f"time-{name}", BOB, refusals, f"NotOnOrAfter is {note}", document)
        else:
            yield refuse(f"time-{name}", refusals, f"NotOnOrAfter is {note}", document)


def subjects():
    none = "noBearerConfirmation"
    yield refuse("confirmation-holder-of-key", none, "only holder-of-key",
        told(confirmations=confirmation(HOLDER_OF_KEY)))
    yield refuse("confirmation-sender-vouches", none, "only sender-vouches",
        told(confirmations=confirmation(SENDER_VOUCHES)))
    yield refuse("confirmation-unknown", none, "a method of nobody's",
        told(confirmations=confirmation("urn:example:cm")))
    yield refuse("confirmation-missing", none, "no SubjectConfirmation", told(confirmations=""))
    yield refuse("confirmation-without-data", none + " confirmationExpired recipient malformed",
        "a bearer confirmation without data", told(confirmations=f'<saml:SubjectConfirmation Method="{BEARER}"/>'))
    yield refuse("confirmation-halves", none + " recipient confirmationExpired",
        "two bearer confirmations, each of which lacks what the other has",
        told(confirmations=confirmation(recipient=OTHER) + confirmation(not_on_or_after=at(-HOUR))))
    yield refuse("confirmation-outside-subject", "noBearerConfirmation malformed",
        "the bearer confirmation is in the Advice",
        told(confirmations="", advice=f"<saml:Advice>{confirmation()}</saml:Advice>"))
    yield refuse("subject-missing", "noSubject", "no Subject", told(subject=""))
    yield refuse("subject-twice", "noSubject malformed nameID", "two Subjects",
        told(subject="".join(f"<saml:Subject>{name_id(one.subject)}{confirmation()}</saml:Subject>" for one in (BOB,
            ALICE))))
    yield refuse("subject-empty", "nameID noBearerConfirmation noSubject", "an empty Subject",
        told(subject="<saml:Subject/>"))
    yield refuse("name-id-missing", "nameID noStableID", "no NameID", told(name=""))
    yield refuse("name-id-empty", "nameID", "an empty NameID", told(name=name_id("")))
    yield refuse("name-id-white-space", "nameID", "a NameID of blanks", told(name=name_id(" &#9;&#10; ")))
    yield refuse("name-id-huge", "nameID", "a NameID of 2,000 letters", told(name=name_id("a" * 2000)))
    yield refuse("name-id-control", "nameID", "a control character, U+0085, in it",
        told(name=name_id("alice&#x85;19c4")))
    yield refuse("name-id-line-break", "nameID", "a line break in it", told(name=name_id("alice&#10;19c4")))
    yield refuse("name-id-tab", "nameID", "a tabulator in it", told(name=name_id("alice&#9;19c4")))
    yield refuse("name-id-delete", "nameID", "U+007F in it", told(name=name_id("alice&#127;")))
    yield refuse("name-id-twice", "nameID malformed noSubject", "two NameIDs",
        told(name=name_id(BOB.subject) + name_id(ALICE.subject)))
    yield refuse("name-id-with-element", "nameID", "an element inside it", told(name=name_id("alice<b>-19c4</b>")))
    yield refuse("name-id-encrypted", "nameID", "an EncryptedID, which we do not read",
        told(name="<saml:EncryptedID/>"))
    yield refuse("name-id-base", "nameID noStableID", "a BaseID", told(name='<saml:BaseID NameQualifier="x"/>'))
    yield refuse("name-id-transient", "noStableID nameID",
        "a transient NameID and no attribute that would name the person for ever",
        told(name=name_id("_f00d", TRANSIENT)))
    yield refuse("authn-statement-missing", "noAuthnStatement",
        "no AuthnStatement: it says who somebody is, not that he signed in", told(authn=""))
    yield refuse("authn-statement-in-advice", "noAuthnStatement malformed", "one in the Advice",
        told(authn="", advice=f"<saml:Advice>{authn_statement()}</saml:Advice>"))
    yield refuse("authn-statement-of-other-namespace", "noAuthnStatement malformed", "one of another namespace",
        told(authn='<x:AuthnStatement xmlns:x="urn:x"/>'))
    domain = "wrongDomain"
    yield refuse("domain-other", domain, "another provider's person: this connection has example.com only",
        told(person=MALLORY))
    for name, email, note in (
        ("sub", "alice@evil.example.com", "a domain below ours"),
        ("longer", "alice@example.com.evil.example", "a domain that begins like ours"),
        ("suffix", "alice@evilexample.com", "one that ends like ours"),
        ("two-at-signs", "alice@example.com@evil.example", "two at signs"),
        ("two-at-signs-reversed", "alice@evil.example@example.com", "two at signs, ours last"),
        ("none", "alice", "no domain"),
        ("trailing-dot", "alice@example.com.", "ours with a dot after it"),
        ("homograph", "alice@exаmple.com", "ours with a Cyrillic letter"),
        ("full-width", "alice@ｅxample.com", "ours with a full-width letter"),
        ("null-separator", "alice@evil.example&#x200b;@example.com", "ours after an invisible blank"),
        ("line-break", "alice@evil.example&#10;alice@example.com", "ours in a second line"),
        ("list", "alice@evil.example, alice@example.com", "two addresses in one"),
        (
            "angle-brackets",
            "alice@example.com &lt;mallory@evil.example&gt;",
            "an address with a display name that looks like one",
        ),
        ("comment", "alice@example.com<!-- x -->.evil.example", "a comment where ours ends, there when it was signed"),
    ):
        yield refuse(f"domain-{name}", domain, f"the e-mail address has {note}",
            told(statements=f"<saml:AttributeStatement>{attribute('email', email)}</saml:AttributeStatement>"))
    comment = signed_assertion(statements=statement(BOB).replace(BOB.email, "alice@example.com.evil.example"))
    yield refuse("domain-comment-inserted-after-signing", domain,
        "signed is alice@example.com.evil.example; a comment, which canonicalization drops, was put in after signing",
        response(comment.replace("alice@example.com.evil", "alice@example.com<!---->.evil")))
    yield refuse("domain-cdata-inserted-after-signing", domain,
        "the same with CDATA, which canonicalization turns to text",
        response(comment.replace("alice@example.com.evil.example", "alice@example.com<![CDATA[.evil.example]]>")))
    yield refuse("domain-character-references-after-signing", domain, "the same with character references",
        response(comment.replace(".evil.example", "&#46;evil&#x2e;example")))
    yield refuse("domain-processing-instruction-after-signing", "processingInstruction",
        "the same with a processing instruction, which is signed, but not text",
        response(comment.replace("alice@example.com.evil", "alice@example.com<?x?>.evil")))


def cases():
    yield from addresses()
    yield from issuers()
    yield from answers()
    yield from times()
    yield from subjects()
