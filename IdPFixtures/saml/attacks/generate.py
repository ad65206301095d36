#!/usr/bin/python3
"""Writes the attack corpus beside itself: one file an attack in documents/, and manifest.json, which says what each is.

The same octets each time. `--check` writes nothing: it fails if what is here is not what would be written, and asks
xmlsec1 whether the signatures are as good or bad as the cases need them to be. See README.md.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "shared"))
sys.dont_write_bytecode = True

from environment import enter

enter()

import algorithms
import encryption
import parsing
import rules
import signatures
import transforms
import variations
import wrapping
from documents import ACS, IDP, NOW, OTHER_REQUEST, REQUEST, SAML, SAMLP, SP, SSO
from make_keys import NAMES

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
# What holds unless a case's settings say otherwise.
DEFAULTS = {
    "pinned": ["idp"],
    "domains": ["example.com"],
    "allow_sha1": False,
    "allow_cbc": True,
    "encrypted_required": False,
    "seen": [],
    "binding": "post",
}


def all_cases():
    cases = [
        case
        for module in (wrapping, signatures, transforms, algorithms, parsing, encryption, rules, variations)
        for case in module.cases()
    ]
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    unknown = {name for case in cases for name in case.settings} - set(DEFAULTS)
    assert not unknown, unknown
    return cases


def entry(case):
    what = {"name": case.name}
    what.update({"recipe": case.recipe} if case.recipe else {"file": f"documents/{case.name}.xml"})
    if case.refusals:
        what["refusals"] = list(case.refusals)
    if case.settings:
        what["settings"] = case.settings
    if case.person:
        what.update(subject=case.person.subject, email=case.person.email, groups=list(case.person.groups))
    return {**what, "note": case.note}


def manifest(cases):
    return {
        "made_by": "generate.py; not to be edited",
        "now": int(NOW.timestamp()),
        "sp": {"entity_id": SP, "acs_url": ACS},
        "idp": {"entity_id": IDP, "sso_url": SSO},
        "request_id": REQUEST,
        "browser_has": [REQUEST],
        "other_request_id": OTHER_REQUEST,
        "keys": {name: f"keys/{name}.crt" for name in NAMES},
        "decryption_key": "keys/sp-encryption.key.pem",
        "defaults": DEFAULTS,
        "cases": [entry(case) for case in cases if not case.person],
        "accepted": [entry(case) for case in cases if case.person and not case.refusals],
        "either": [entry(case) for case in cases if case.person and case.refusals],
    }


def files(cases):
    """Everything that is written: path → octets."""
    found = {DOCUMENTS / f"{case.name}.xml": case.octets for case in cases if case.octets is not None}
    text = json.dumps(manifest(cases), indent=1, ensure_ascii=False) + "\n"
    return {**found, HERE / "manifest.json": text.encode()}


def write(wanted):
    DOCUMENTS.mkdir(exist_ok=True)
    for path in set(DOCUMENTS.iterdir()) - set(wanted):
        path.unlink()
    for path, octets in wanted.items():
        if not path.exists() or path.read_bytes() != octets:
            path.write_bytes(octets)


def differing(wanted):
    present = set(DOCUMENTS.iterdir()) | {HERE / "manifest.json"}
    return sorted(path.name for path in present ^ set(wanted)) + sorted(
        path.name for path in present & set(wanted) if path.read_bytes() != wanted[path]
    )


# Whether the corpus is what it claims: an attack whose signature is broken by mistake would be refused for nothing.

WRAPPED = ("xsw", "wrapped-assertion", "wrapped-response", "harmless")
# What is kept inside a signature xmlsec1 takes out with it; other libraries do not.
INSIDE = ("object", "key-info", "inside-the-signature")


def xmlsec1_accepts(case, pinned):
    """Whether xmlsec1, asked as naively as most ask it, finds the first signature of the document good."""
    return any(
        subprocess.run(
            [
                "xmlsec1",
                "--verify",
                "--enabled-reference-uris",
                "empty,same-doc",
                "--pubkey-cert-pem",
                HERE / f"keys/{key}.crt",
            ]
            + [
                "--id-attr:ID",
                f"{SAML}:Assertion",
                "--id-attr:ID",
                f"{SAMLP}:Response",
                DOCUMENTS / f"{case.name}.xml",
            ],
            capture_output=True,
            timeout=10,
        ).returncode
        == 0
        for key in pinned
    )


def decrypts(case):
    """Whether xmlsec1 finds the assertion inside the encryption."""
    command = ["xmlsec1", "--decrypt", "--privkey-pem", HERE / "keys/sp-encryption.key.pem"]
    done = subprocess.run([*command, DOCUMENTS / f"{case.name}.xml"], capture_output=True, timeout=10)
    return done.returncode == 0 and case.person.email.encode() in done.stdout


def unconvincing(cases):
    """Names of cases that are not refused for what they say, because their signature is bad already."""
    of_rules = {case.name for case in rules.cases()}
    for case in cases:
        if case.octets is None:
            continue
        if case.person and b"EncryptedAssertion" in case.octets:
            if not decrypts(case):
                yield case.name
        elif must_be_good(case, case.name in of_rules):
            if not xmlsec1_accepts(case, case.settings.get("pinned", ["idp"])):
                yield case.name


def must_be_good(case, of_rules):
    """Whether the first signature has to be genuine for the case to show anything."""
    if case.person:
        return not case.name.startswith("encoding-")
    if of_rules:
        return case.refusals[0] not in ("unknownKey", "processingInstruction") and b"Encrypted" not in case.octets
    inside = any(place in case.name for place in INSIDE)
    return case.name.startswith(WRAPPED) and "duplicateID" not in case.refusals and not inside


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if anything is not as it should be")
    check = parser.parse_args().check
    cases = all_cases()
    wanted = files(cases)
    if not check:
        write(wanted)
    problems = [f"differs: {name}" for name in differing(wanted)]
    if check:
        problems += [f"xmlsec1 does not find it good: {name}" for name in unconvincing(cases)]
    counts = {
        "refused": len([1 for one in cases if not one.person]),
        "accepted": len([1 for one in cases if one.person and not one.refusals]),
    }
    counts["either"] = len(cases) - sum(counts.values())
    print(*problems, json.dumps(counts), sep="\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
