#!/usr/bin/env python3
"""Checks that the committed fixtures are what generate.py writes, and asks xmlsec1 to verify and decrypt them."""

import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import generate
from common import DS, MD, SAML, SAMLP

ROOT = pathlib.Path(__file__).resolve().parent.parent
ELEMENTS = {"Response": SAMLP, "Assertion": SAML, "EntityDescriptor": MD, "EntitiesDescriptor": MD}
WANTED = {"response": ["Response"], "assertion": ["Assertion"], "both": ["Response", "Assertion"]}


def xmlsec1(*arguments):
    return subprocess.run(["xmlsec1", *map(str, arguments)], capture_output=True)


def signed_elements(path):
    """Local name and ID of each element that has a signature as a child."""
    found = []
    for element in ElementTree.parse(path).iter():
        if element.find(f"{{{DS}}}Signature") is not None:
            found.append((element.tag.split("}")[1], element.get("ID")))
    return found


def verified(path, name, identifier, certificate):
    result = xmlsec1(
        "--verify", "--pubkey-cert-pem", certificate, "--enabled-key-data", "rsa", "--enabled-reference-uris",
        "same-doc", "--id-attr:ID", f"{ELEMENTS[name]}:{name}", "--node-xpath",
        f"//*[@ID='{identifier}']/*[local-name()='Signature']", path,
    )  # fmt: skip
    return result.returncode == 0


def decrypted(path, key):
    return xmlsec1("--decrypt", "--privkey-der", key, path).stdout


def check(vendor):
    problems = []
    folder = ROOT / vendor / "saml"
    for name, content in generate.files(vendor).items():
        if not (folder / name).exists() or (folder / name).read_bytes() != content:
            problems.append(f"{name} is not what generate.py writes")
    expected = json.loads((folder / "expected.json").read_text())
    signed = signed_elements(folder / "response.xml")
    if [name for name, _ in signed] != WANTED[expected["signed"]]:
        problems.append(f"signed are {signed}")
    for name, identifier in signed:
        if not verified(folder / "response.xml", name, identifier, folder / expected["idp_certificates"][0]):
            problems.append(f"xmlsec1 refuses the signature of {name}")
    for name, identifier in signed_elements(folder / "metadata.xml"):
        if not verified(folder / "metadata.xml", name, identifier, folder / expected["metadata_signed_by"]):
            problems.append("xmlsec1 refuses the signature of the metadata")
    metadata = (folder / "metadata.xml").read_text("utf-8-sig")
    for certificate in expected["idp_certificates"]:
        body = "".join((folder / certificate).read_text().split("-----")[2].split())
        if body not in "".join(metadata.split()):
            problems.append(f"the metadata lacks {certificate}")
    text = (folder / "response.xml").read_bytes()
    if expected["encrypted"]:
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            file.write(text)
            file.flush()
            text = decrypted(file.name, folder / expected["sp"]["private_key"])
    assertion = ElementTree.fromstring(text).find(f".//{{{SAML}}}Assertion")
    if assertion is None or assertion.find(f".//{{{SAML}}}NameID").text != expected["name_id"]:
        problems.append("the assertion does not hold the NameID expected")
    return problems


failed = False
for vendor in generate.VENDORS:
    found = check(vendor)
    failed |= bool(found)
    print(f"{vendor}: {'; '.join(found) or 'as generated, signatures verified by xmlsec1'}")
sys.exit(failed)
