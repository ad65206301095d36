#!/usr/bin/env python3
"""Lets Canaille, unmodified, provision a SCIM server from its own command line. Run it with the environment of IdPFixtures/install.

    provision.py --base-url https://gateway.example/scim/corp/v2 --token TOKEN

It creates a person there, changes, locks and deletes them, and makes a group with them; after each, the server is asked what arrived. One
line a step; ends with 1 at the first that is not as README.md beside this file states.
"""

import argparse
import datetime
import http.server
import json
import logging
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from canaille.commands import cli


def configuration(database):
    return {
        "SECRET_KEY": "no session is ever made",
        "SERVER_NAME": "canaille.example",
        "PREFERRED_URL_SCHEME": "https",
        "CANAILLE": {"DATABASE": "sql", "LANGUAGE": "en", "SMTP": None},
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{database}"},
        # Whom it trusts it provisions with everybody; others, with those who gave their consent.
        "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["127.0.0.1"]},
        "CANAILLE_SCIM": {"ENABLE_CLIENT": True},
    }


def connect(base_url, token):
    """Canaille provisions its own OIDC clients, at client_uri, and would make the bearer token itself."""
    client = models.Client(client_id="ztna", client_name="ztna", client_uri=base_url, client_secret="unused")
    Backend.instance.save(client)
    Backend.instance.save(
        models.Token(
            token_id="scim",
            access_token=token,
            subject=None,
            audience=[client],
            client=client,
            scope=[],
            issue_date=datetime.datetime.now(datetime.timezone.utc),
            lifetime=3600,
        )
    )


class Relay(http.server.BaseHTTPRequestHandler):
    """Passes all on, but for `pagination` in the ServiceProviderConfig: the only versions of scim2-client that Canaille
    works with take nothing there that is not in RFC 7643, and RFC 9865 put it there."""

    protocol_version = "HTTP/1.1"
    base_url = ""

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]}
        request = urllib.request.Request(self.base_url + self.path, body, headers, method=self.command)
        try:
            answer = OPENER.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
            if self.path == "/ServiceProviderConfig":
                content = json.dumps({k: v for k, v in json.loads(content).items() if k != "pagination"}).encode()
            self.send_response(answer.status)
            for name in ("Content-Type", "Location", "ETag"):
                if answer.headers[name]:
                    self.send_header(name, answer.headers[name])
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    def log_message(self, *_):
        pass


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    def __init__(self, base_url, token):
        self.base_url, self.token = base_url, token

    def found(self, resource, expression):
        query = urllib.parse.urlencode({"filter": expression})
        request = urllib.request.Request(
            f"{self.base_url}/{resource}?{query}", headers={"Authorization": "Bearer " + self.token}
        )
        with OPENER.open(request, timeout=20) as response:
            return json.load(response).get("Resources", [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    server = Server(arguments.base_url, arguments.token)
    Relay.base_url = arguments.base_url
    relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=relay.serve_forever, daemon=True).start()
    warnings = []
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(config=configuration(folder + "/canaille.sqlite"))
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: warnings.append(record.getMessage())
        app.logger.addHandler(handler)
        with app.app_context():
            connect(f"http://127.0.0.1:{relay.server_address[1]}", arguments.token)

        def canaille(*words):
            result = app.test_cli_runner().invoke(cli, words)
            if result.exit_code:
                raise SystemExit(f"canaille {' '.join(words)}: {result.output} {result.exception!r}")
            return result.stdout

        def step(name, actual, expected):
            print("ok" if actual == expected else "FAILED", name)
            if actual != expected:
                raise SystemExit(f"{actual} instead of {expected}; Canaille's warnings: {warnings}")

        def person():
            return [
                [user["name"]["familyName"], user["emails"][0]["value"], user.get("active")]
                for user in server.found("Users", 'userName eq "dora"')
            ]

        def members():
            return [len(group.get("members", [])) for group in server.found("Groups", 'displayName eq "engineering"')]

        created = json.loads(
            canaille(*"create user --user-name dora --family-name Dean --given-name Dora --emails d@example.com".split())
        )
        identifier = created["id"]
        step("a person arrives", person(), [["Dean", "d@example.com", True]])
        canaille("set", "user", identifier, "--family-name", "Déan")
        step("a change arrives", person(), [["Déan", "d@example.com", True]])
        canaille("set", "user", identifier, "--lock-date", "2020-01-01 00:00:00+00:00")
        step("a locked person is not active", person(), [["Déan", "d@example.com", False]])
        canaille("create", "group", "--display-name", "engineering", "--members", identifier)
        step("a group arrives with its member", members(), [1])
        canaille("delete", "user", "--id", identifier, "--noconfirm")
        step("a deleted person is gone", person(), [])
        print("warnings:", warnings)


if __name__ == "__main__":
    sys.exit(main())
