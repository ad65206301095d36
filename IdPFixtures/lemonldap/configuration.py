"""LemonLDAP::NG's configuration as its manager would store it: lmConf-1.json, lemonldap-ng.ini, people in SQLite."""

import json
import secrets
import sqlite3
import time

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
# What the service provider is told: session key, attribute name.
EXPORTED = {"uid": "uid", "mail": "mail", "cn": "displayName", "team": "groups"}


def write_people(file, people):
    """One row for each name that signs a person in."""
    database = sqlite3.connect(file)
    with database:
        database.execute("CREATE TABLE people (login TEXT PRIMARY KEY, password, uid, mail, cn, team)")
        for person in people:
            row = person["password"], person["username"], person["email"], person["name"], "; ".join(person["groups"])
            for login in (person["username"], person["email"]):
                database.execute("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", (login, *row))
    database.close()


def write_ini(file, state):
    file.write_text(
        f"[all]\nlogLevel = notice\ncheckTime = 1\n"
        f"[configuration]\ntype = File\ndirName = {state}/conf\n"
        f"[portal]\nstaticPrefix = /static\ntemplateDir = /usr/share/lemonldap-ng/portal/templates\nlanguages = en\n"
        f"[handler]\n"
    )


def portal(base, state, key, certificate):
    """The portal as identity provider; the service provider is added when its metadata can be read."""
    port = base.rpartition(":")[2]
    storage = {"Directory": f"{state}/sessions", "LockDirectory": f"{state}/sessions/lock"}
    storage["generateModule"] = "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"
    return {
        "cfgNum": 1,
        "cfgDate": int(time.time()),
        "cfgAuthor": "fixture",
        "key": secrets.token_hex(16),
        "portal": base + "/",
        "domain": "127.0.0.1",
        # Cookies do not tell ports apart.
        "cookieName": f"lemonldap{port}",
        "securedCookie": 0,
        "httpOnly": 1,
        # As a SAML provider it would say None, which browsers take over https only.
        "sameSite": "Lax",
        "authentication": "DBI",
        "userDB": "Same",
        "passwordDB": "Null",
        "registerDB": "Null",
        "dbiAuthChain": f"dbi:SQLite:dbname={state}/people.sqlite",
        "dbiAuthTable": "people",
        "dbiAuthLoginCol": "login",
        "dbiAuthPasswordCol": "password",
        "dbiAuthPasswordHash": "",
        "dbiUserTable": "people",
        "dbiExportedVars": {name: name for name in EXPORTED},
        "whatToTrace": "uid",
        # The portal always loads a captcha module; Debian's wants ImageMagick. The base of all plugins draws none.
        "captcha": "::Main::Plugin",
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": storage,
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": storage,
        "localSessionStorage": "Cache::FileCache",
        "localSessionStorageOptions": {"namespace": "sessions", "cache_root": f"{state}/cache", "cache_depth": 1},
        "locationRules": {"127.0.0.1": {"default": "accept"}},
        "applicationList": {},
        "portalDisplayLogout": 1,
        **{f"portalDisplay{link}": 0 for link in ("Register", "ResetPassword", "CertificateResetByMail")},
        "portalCheckLogins": 0,
        "issuerDBSAMLActivation": 1,
        "samlServicePrivateKeySig": key,
        "samlServicePublicKeySig": certificate,
        "samlServiceUseCertificateInResponse": 1,
        "samlOrganizationName": "LemonLDAP::NG fixture",
        "samlOrganizationDisplayName": "LemonLDAP::NG fixture",
    }


def service_provider(sign, encrypt):
    """What is set for our service provider: `samlSPMetaData…`, without the metadata itself."""
    return {
        "samlSPMetaDataExportedAttributes": {name: f"1;{told};{BASIC};{told}" for name, told in EXPORTED.items()},
        "samlSPMetaDataOptions": {
            "samlSPMetaDataOptionsCheckSSOMessageSignature": 1,
            "samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
            "samlSPMetaDataOptionsSignSLOMessage": 1,
            # The response; assertions are signed when the service provider's metadata wants it.
            "samlSPMetaDataOptionsSignSSOMessage": int(sign != "assertion"),
            "samlSPMetaDataOptionsEncryptionMode": "assertion" if encrypt else "none",
            "samlSPMetaDataOptionsNameIDFormat": "persistent",
            "samlSPMetaDataOptionsForceUTF8": 1,
        },
    }


def write(state, base, people, sign, encrypt):
    for folder in ("conf", "sessions", "sessions/lock"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    if not (state / "people.sqlite").exists():
        write_people(state / "people.sqlite", people)
    write_ini(state / "lemonldap-ng.ini", state)
    configuration = portal(base, state, (state / "idp.key").read_text(), (state / "idp.crt").read_text())
    (state / "conf" / "lmConf-1.json").write_text(json.dumps(configuration, indent=1))
    (state / "sp.json").write_text(json.dumps(service_provider(sign, encrypt), indent=1))
