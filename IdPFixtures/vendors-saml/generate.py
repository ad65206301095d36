#!/usr/bin/env python3
"""Writes metadata.xml, response.xml and expected.json of every vendor to IdPFixtures/<vendor>/saml.

Needs Debian's python3-cryptography and xmlsec1. The same bytes come out each time: `selftest.py` checks it.
"""

import json
import pathlib
import sys

import adfs
import entra
import google
import keycloak
import okta
import shibboleth
from common import NOW, ServiceProvider

VENDORS = {
    "adfs": adfs,
    "entra": entra,
    "google": google,
    "keycloak": keycloak,
    "okta": okta,
    "shibboleth": shibboleth,
}
ORIGIN = (
    "Rebuilt from public documentation by IdPFixtures/vendors-saml/generate.py, with test keys; "
    "no vendor's software wrote it."
)
KEYS = "../../vendors-saml/keys"


def files(vendor):
    """Name and bytes of each of the three files."""
    fixture = VENDORS[vendor].fixture()
    sp = ServiceProvider(vendor)
    sources = "".join(f"\n  - {source}" for source in fixture.sources)
    expected = {
        "origin": ORIGIN,
        "sources": fixture.sources,
        "notes": fixture.notes,
        "now": int(NOW.timestamp()),
        "sp": {
            "entity_id": sp.entity_id,
            "acs_url": sp.acs_url,
            "private_key": f"{KEYS}/sp.key.der",
            "certificate": f"{KEYS}/sp.crt.pem",
        },
        "request_id": sp.request_id,
        **fixture.expected,
    }
    expected["idp_certificates"] = [f"{KEYS}/{name}.crt.pem" for name in expected["idp_certificates"]]
    if expected["metadata_signed_by"]:
        expected["metadata_signed_by"] = f"{KEYS}/{expected['metadata_signed_by']}.crt.pem"
    # A comment in a response would be in what the browser posts: responses have their origin in expected.json.
    comment = f"<!-- {ORIGIN}\n  From:{sources}\n-->\n"
    return {
        "metadata.xml": fixture.metadata.replace("@comment@", comment).encode(),
        "response.xml": fixture.response.encode(),
        "expected.json": (json.dumps(expected, indent=2, ensure_ascii=False) + "\n").encode(),
    }


def write(root):
    for vendor in VENDORS:
        folder = root / vendor / "saml"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(vendor).items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
