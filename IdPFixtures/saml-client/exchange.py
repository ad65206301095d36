"""Whole exchanges with a running provider, through its real pages: sign-in, logout begun by either side.

Each gives what went over the wire and what it means, and raises AssertionError at the first thing that is not right.
"""

import base64
import secrets
from xml.etree import ElementTree

from browser import text_of
from service_provider import NAMES, POST, REDIRECT, SUCCESS, from_query, instant

MOST_STEPS = 10


def sign_in(provider, service, browser, username, password, binding=REDIRECT, **request):
    """A sign-in begun by the service provider; `message` is the SAML response, exactly as posted."""
    relay_state = secrets.token_urlsafe(24)
    destination = provider.sso[binding][0]
    identifier, document = service.authn_request(destination, signature=binding == POST, **request)
    asked = instant()
    if binding == REDIRECT:
        address, form = service.redirect("SAMLRequest", document, destination, relay_state), None
    else:
        document = service.signed(document).decode()
        address = destination
        form = {"SAMLRequest": base64.b64encode(document.encode()).decode(), "RelayState": relay_state}
    browser.open(address, form)
    typed, pages = False, []
    for _ in range(MOST_STEPS):
        pages.append(browser.address.partition("?")[0])
        answer = browser.form_with("SAMLResponse")
        if answer:
            break
        question = browser.sign_in_form()
        if question and not typed:
            typed = True
            browser.submit(question, **{question["username"]: username, question["password"]: password})
        elif browser.forms and not question:
            browser.submit(browser.forms[0])
        else:
            raise AssertionError(f"no way on from {browser.address}:\n{text_of(browser.page)}")
    else:
        raise AssertionError(f"no response after {MOST_STEPS} pages: {pages}")
    assert answer["action"] == service.acs, answer["action"]
    fields = answer["fields"]
    assert fields.get("RelayState") == relay_state, fields.get("RelayState")
    message = base64.b64decode(fields["SAMLResponse"], validate=False)
    return {
        "request_id": identifier,
        "request": document,
        "request_url": address if binding == REDIRECT else None,
        "relay_state": relay_state,
        "asked_at": asked,
        "answered_at": instant(),
        "asked_password": typed,
        "pages": pages,
        "message": message,
    } | read_response(provider, service, message, identifier)


def read_response(provider, service, message, request_id):
    """Verifies every signature of a SAML response and reads the assertion."""
    root = ElementTree.fromstring(message)
    status = root.find("samlp:Status/samlp:StatusCode", NAMES).get("Value")
    assert status == SUCCESS, message.decode()
    assert root.get("Destination") == service.acs and root.get("InResponseTo") == request_id, message.decode()
    signed, algorithms = [], set()
    if root.find("ds:Signature", NAMES) is not None:
        provider.verify_element(message, "samlp:Response")
        signed.append("response")
        algorithms |= signature_algorithms(root)
    encrypted = root.find("saml:EncryptedAssertion", NAMES)
    clear, encryption = message, []
    if encrypted is not None:
        methods = encrypted.iterfind(".//xenc:EncryptionMethod", NAMES)
        encryption = sorted({method.get("Algorithm") for method in methods})
        clear = service.decrypted(message)
    assertion = ElementTree.fromstring(clear).find(".//saml:Assertion", NAMES)
    if assertion.find("ds:Signature", NAMES) is not None:
        provider.verify_element(clear, "saml:Assertion")
        signed.append("assertion")
        algorithms |= signature_algorithms(assertion)
    assert signed, "nothing is signed"
    return {
        "signed": signed,
        "algorithms": sorted(algorithms),
        "encryption": encryption,
        "clear": clear if encryption else None,
        "claims": claims(assertion, root),
        "name_id_element": ElementTree.tostring(assertion.find("saml:Subject/saml:NameID", NAMES), encoding="unicode"),
    }


def signature_algorithms(parent):
    info = parent.find("ds:Signature/ds:SignedInfo", NAMES)
    return {element.get("Algorithm") for element in info.iter() if element.get("Algorithm")}


def claims(assertion, response):
    """What the assertion says, as strings."""
    name_id = assertion.find("saml:Subject/saml:NameID", NAMES)
    confirmation = assertion.find("saml:Subject/saml:SubjectConfirmation", NAMES)
    conditions = assertion.find("saml:Conditions", NAMES)
    statement = assertion.find("saml:AuthnStatement", NAMES)
    attributes = [
        {
            "name": attribute.get("Name"),
            "friendly_name": attribute.get("FriendlyName"),
            "name_format": attribute.get("NameFormat"),
            "values": ["".join(value.itertext()) for value in attribute.findall("saml:AttributeValue", NAMES)],
        }
        for attribute in assertion.findall("saml:AttributeStatement/saml:Attribute", NAMES)
    ]
    text = statement.findtext("saml:AuthnContext/saml:AuthnContextClassRef", None, NAMES)
    return {
        "response_id": response.get("ID"),
        "response_issuer": response.findtext("saml:Issuer", None, NAMES),
        "assertion_id": assertion.get("ID"),
        "issuer": assertion.findtext("saml:Issuer", None, NAMES),
        "issue_instant": assertion.get("IssueInstant"),
        "name_id": name_id.text,
        "name_id_attributes": dict(name_id.attrib),
        "confirmation": {
            "method": confirmation.get("Method"),
            **confirmation.find("saml:SubjectConfirmationData", NAMES).attrib,
        },
        "conditions": dict(conditions.attrib),
        "audiences": [audience.text for audience in conditions.iterfind(".//saml:Audience", NAMES)],
        "authn_statement": dict(statement.attrib),
        "authn_context_class": text,
        "attributes": attributes,
    }


def logout(provider, service, browser, signed_in, binding=REDIRECT):
    """A logout begun by the service provider."""
    destination = provider.slo[binding][0]
    index = signed_in["claims"]["authn_statement"]["SessionIndex"]
    posted = binding == POST
    identifier, document = service.logout_request(destination, signed_in["name_id_element"], index, signature=posted)
    relay_state = secrets.token_urlsafe(24)
    asked = instant()
    if posted:
        document = service.signed(document).decode()
        address = destination
        browser.open(address, {"SAMLRequest": base64.b64encode(document.encode()).decode(), "RelayState": relay_state})
    else:
        address = service.redirect("SAMLRequest", document, destination, relay_state)
        browser.open(address)
    answer = message_for_us(provider, service, browser, "SAMLResponse", "samlp:LogoutResponse")
    root = ElementTree.fromstring(answer["message"])
    status = root.find("samlp:Status/samlp:StatusCode", NAMES).get("Value")
    assert root.get("InResponseTo") == identifier and status == SUCCESS, answer["message"].decode()
    return {
        "request_id": identifier,
        "request": document,
        "request_url": None if posted else address,
        "relay_state": relay_state,
        "asked_at": asked,
        "answered_at": instant(),
        "relay_state_returned": answer["relay_state"],
        "answer": answer,
    }


def logout_at_provider(provider, service, browser, address):
    """A logout begun at the provider's own page; the provider asks the service provider, which agrees."""
    browser.open(address)
    asked = instant()
    question = message_for_us(provider, service, browser, "SAMLRequest", "samlp:LogoutRequest")
    root = ElementTree.fromstring(question["message"])
    back = provider.slo[REDIRECT][1]
    _, document = service.logout_response(back, root.get("ID"))
    answer = service.redirect("SAMLResponse", document, back, question["relay_state"])
    browser.open(answer)
    return {
        "asked_at": asked,
        "question": question,
        "in_frame": browser.framed,
        "response": document,
        "response_url": answer,
        "end": browser.address,
    }


def message_for_us(provider, service, browser, field, element):
    """What the browser was sent to our SLO endpoint with, by Redirect or by POST; its signature is verified."""
    for _ in range(MOST_STEPS):
        if browser.caught():
            assert browser.address.startswith(service.slo), browser.address
            provider.verify_query(browser.address)
            name, message, relay_state = from_query(browser.address)
            assert name == field, name
            return {"binding": REDIRECT, "url": browser.address, "message": message, "relay_state": relay_state}
        form = browser.form_with(field)
        if form and form["action"].startswith(service.slo):
            message = base64.b64decode(form["fields"][field])
            provider.verify_element(message, element)
            return {"binding": POST, "url": None, "message": message, "relay_state": form["fields"].get("RelayState")}
        ours = [frame for frame in browser.frames if frame.startswith(service.slo)]
        if ours:
            browser.address, browser.framed = ours[0], True
        elif browser.forms:
            browser.submit(browser.forms[0])
        else:
            break
    raise AssertionError(f"no {field} for us; at last {browser.address}:\n{text_of(browser.page)}")
