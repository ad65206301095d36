"""Records exchanges with a real provider, for unit tests that replay them at the time they happened.

Usage, by the `record` script beside each provider: recording.record(NAME). Everything below NAME/recorded/ is written
by it, with the committed test key and at fixed addresses of the service provider.
"""

import datetime
import json
import shutil
from pathlib import Path

import exchange
from browser import Browser
from providers import CASES, FIXTURES, TEST_CERTIFICATE, TEST_KEY, metadata_of, running, test_service_provider
from service_provider import EMAIL, PERSISTENT, POST, REDIRECT, TRANSIENT, IdentityProvider

SERVICE_PROVIDER = "http://127.0.0.1:8080/saml/"
PERSON = ("alice", "alice-password")
WHAT = (
    "Made by the script `record` beside this folder, from a running {}: do not edit. "
    "The service provider's key is a test key."
)


def record(name):
    folder = FIXTURES / name / "recorded"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    service = test_service_provider(SERVICE_PROVIDER + name)
    metadata = folder / "sp-metadata.xml"
    metadata.write_bytes(service.metadata())
    summary = {}
    cases = []
    for case, options in CASES[name].items():
        with running(name, "--sp-metadata", metadata, *options) as ready:
            (folder / case).mkdir()
            cases.append(record_case(folder / case, service, ready, everything=case == "signed-both"))
            summary = {"product": ready["product"], "version": ready["version"]}
    document = {
        "what": WHAT.format(summary["product"]),
        **summary,
        "recorded_on": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "sp": {
            "entity_id": service.entity_id,
            "acs_url": service.acs,
            "slo_url": service.slo,
            "metadata": metadata.name,
            "key": relative(TEST_KEY, folder),
            "certificate": relative(TEST_CERTIFICATE, folder),
        },
        "cases": cases,
    }
    (folder / "recorded.json").write_text(json.dumps(document, indent=2) + "\n")
    return folder


def relative(file, folder):
    return str(Path("..", "..") / file.relative_to(folder.parent.parent))


def record_case(folder, service, ready, everything):
    document = metadata_of(ready)
    provider = IdentityProvider(document)
    service.name_id_format = PERSISTENT
    browser = Browser(service.base)
    signed_in = exchange.sign_in(provider, service, browser, *PERSON)
    case = {
        "name": folder.name,
        "sign": ready["sign"],
        "encrypt": ready["encrypt"],
        "idp": {
            "entity_id": provider.entity_id,
            "metadata": keep(folder, "idp-metadata.xml", document),
            "certificates": provider.certificates,
            "sso": {short(binding): location for binding, (location, _) in provider.sso.items()},
            "slo": {short(binding): location for binding, (location, _) in provider.slo.items()},
            "slo_response": {short(binding): location for binding, (_, location) in provider.slo.items()},
        },
        "sign_ins": [keep_sign_in(folder, "", signed_in)],
        "logouts": [keep_logout(folder, "logout", exchange.logout(provider, service, browser, signed_in))],
    }
    if everything:
        for name, wanted in (("email", EMAIL), ("transient", TRANSIENT)):
            service.name_id_format = wanted
            again = exchange.sign_in(provider, service, Browser(service.base), *PERSON)
            case["sign_ins"].append(keep_sign_in(folder, f"{name}-", again))
        service.name_id_format = PERSISTENT
        browser = Browser(service.base)
        again = exchange.sign_in(provider, service, browser, *PERSON, binding=POST)
        case["sign_ins"].append(keep_sign_in(folder, "post-", again))
        posted = exchange.logout(provider, service, browser, again, POST)
        case["logouts"].append(keep_logout(folder, "post-logout", posted))
        again = exchange.sign_in(provider, service, browser, *PERSON)
        case["sign_ins"].append(keep_sign_in(folder, "again-", again))
        ended = exchange.logout_at_provider(provider, service, browser, ready["logout_url"])
        case["logouts"].append(keep_logout_at_provider(folder, "idp-logout", ended))
    return case


def short(binding):
    return binding.rpartition(":")[2]


def keep(folder, name, content):
    """Writes a file; gives its name as seen from recorded.json."""
    if content is None:
        return None
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return f"{folder.name}/{name}"


def keep_sign_in(folder, prefix, done):
    return {
        "binding": short(REDIRECT if done["request_url"] else POST),
        "request_id": done["request_id"],
        "request": keep(folder, f"{prefix}authn-request.xml", done["request"]),
        "request_url": done["request_url"],
        "relay_state": done["relay_state"],
        "asked_at": done["asked_at"],
        "answered_at": done["answered_at"],
        "response": keep(folder, f"{prefix}response.xml", done["message"]),
        "response_decrypted": keep(folder, f"{prefix}response-decrypted.xml", done["clear"]),
        "signed": done["signed"],
        "algorithms": done["algorithms"],
        "encryption": done["encryption"],
        "claims": done["claims"],
    }


def keep_logout(folder, prefix, done):
    answer = done["answer"]
    return {
        "begun_by": "sp",
        "binding": short(REDIRECT if done["request_url"] else POST),
        "request_id": done["request_id"],
        "request": keep(folder, f"{prefix}-request.xml", done["request"]),
        "request_url": done["request_url"],
        "relay_state": done["relay_state"],
        "asked_at": done["asked_at"],
        "answered_at": done["answered_at"],
        "response_binding": short(answer["binding"]),
        "response": keep(folder, f"{prefix}-response.xml", answer["message"]),
        "response_url": answer["url"],
        "response_relay_state": answer["relay_state"],
    }


def keep_logout_at_provider(folder, prefix, done):
    question = done["question"]
    return {
        "begun_by": "idp",
        "binding": short(question["binding"]),
        "request": keep(folder, f"{prefix}-request.xml", question["message"]),
        "request_url": question["url"],
        "relay_state": question["relay_state"],
        "in_frame": done["in_frame"],
        "asked_at": done["asked_at"],
        "response": keep(folder, f"{prefix}-response.xml", done["response"]),
        "response_url": done["response_url"],
    }
