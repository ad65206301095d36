"""Runs Canaille, unmodified, with one client and two people, until it is told to stop.

Usage: serve.py PORT REDIRECT_URI STATE_DIRECTORY; port 0 takes a free one. A later run with the same directory has
the same keys and client secret; its database is made anew. When it listens, it prints one line of JSON on standard
output.
"""

import argparse
import json
import os
import secrets
import signal
import socket
import sys
from pathlib import Path

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID = "ztna"
ADDRESS = "127.0.0.1"
PEOPLE = [("alice", "Adams", "engineering"), ("bob", "Brown", "interns")]


def remembered(directory):
    """The secrets of an earlier run with the same state directory, or new ones."""
    path = directory / "canaille.json"
    if not path.exists():
        values = {
            "secret_key": secrets.token_urlsafe(32),
            "client_secret": secrets.token_urlsafe(24),
            "signing_key": RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True),
        }
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(values, file)
    return json.loads(path.read_text())


def configuration(port, state, database):
    return {
        "SECRET_KEY": state["secret_key"],
        "SERVER_NAME": f"{ADDRESS}:{port}",
        "PREFERRED_URL_SCHEME": "http",
        # Cookies do not tell ports apart.
        "SESSION_COOKIE_NAME": f"canaille_{port}",
        "CANAILLE": {
            "DATABASE": "sql",
            "LANGUAGE": "en",
            "SMTP": None,
            "LOGGING": {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
                "root": {"level": "INFO", "handlers": ["stderr"]},
            },
        },
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{database}"},
        # No trusted domain: the consent page is shown.
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [state["signing_key"]], "TRUSTED_DOMAINS": []},
    }


def populate(redirect_uri, client_secret):
    """The client is what an administrator would enter at /admin/client/add."""
    for name, family_name, group in PEOPLE:
        person = models.User(
            user_name=name,
            formatted_name=f"{name.capitalize()} {family_name}",
            display_name=name,
            given_name=name.capitalize(),
            family_name=family_name,
            emails=[f"{name}@example.com"],
            password=f"{name}-password",
        )
        Backend.instance.save(person)
        Backend.instance.save(models.Group(display_name=group, members=[person]))
    client = models.Client(
        client_id=CLIENT_ID,
        client_name="ztna",
        client_uri=redirect_uri,
        client_secret=client_secret,
        redirect_uris=[redirect_uri],
        token_endpoint_auth_method="client_secret_basic",
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
    )
    # As its own forms do: without an audience the ID tokens' aud would be an empty list.
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("redirect_uri")
    parser.add_argument("state_directory", type=Path)
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))

    arguments.state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = arguments.state_directory.resolve() / "canaille.sqlite"
    database.unlink(missing_ok=True)
    state = remembered(arguments.state_directory)
    listener = socket.create_server((ADDRESS, arguments.port), backlog=128)
    port = listener.getsockname()[1]
    app = create_app(config=configuration(port, state, database))
    with app.app_context():
        populate(arguments.redirect_uri, state["client_secret"])
    server = make_server(ADDRESS, port, app, threaded=True, fd=listener.fileno())
    ready = {
        "issuer": f"http://{ADDRESS}:{port}",
        "port": port,
        "client_id": CLIENT_ID,
        "client_secret": state["client_secret"],
        "login": "alice",
        "password": "alice-password",
    }
    print(json.dumps(ready), flush=True)
    server.serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()
