"""Runs somebody else's SAML identity provider on loopback: a port, keys, a state directory, processes that end with us.

Standard library and Debian's python3-cryptography. The `start` scripts of simplesamlphp/ and lemonldap/ are built
on it.
"""

import argparse
import ctypes
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

from people import ACCOUNTS  # noqa: E402  the same everywhere

HOST = "127.0.0.1"
SECONDS_TO_LISTEN = 30
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # Source: linux/prctl.h


class Ended(Exception):
    """SIGTERM or SIGINT arrived."""


def people():
    """The first of each user name: these products sign in by that alone."""
    accounts = {account.username: account for account in reversed(ACCOUNTS)}
    return [
        {
            "username": account.username,
            "password": account.password,
            "email": account.email,
            "name": account.name,
            "groups": account.groups,
        }
        for account in reversed(accounts.values())
    ]


def version_of(package):
    """As Debian numbers it."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", package]
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout


def parse_arguments(description, signed):
    """`signed`: what the product can sign, the default last."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sp-metadata", required=True, help="file or URL; a URL is fetched at the first request")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    meaning = "what carries a signature (default: %(default)s)"
    parser.add_argument("--sign", choices=signed, default=signed[-1], help=meaning)
    parser.add_argument("--encrypt", action="store_true", help="encrypt assertions for the service provider")
    return parser.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def make_key_pair(directory, name, common_name, days=3650, start=None):
    """An RSA-2048 key and a certificate it signed itself: NAME.key and NAME.crt, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    start = start or datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (directory / f"{name}.key").write_bytes(pem)
    (directory / f"{name}.key").chmod(0o600)
    (directory / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def spawn(command, **options):
    """A child in a process group of its own, which the kernel kills should this process vanish; it writes to stderr."""

    def die_with_parent():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        preexec_fn=die_with_parent,
        **options,
    )


def stop(child):
    """SIGTERM, after which it should end its own children; what is left of the group after three seconds is killed."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        while True:  # Orphans of the child are ours, by the subreaper in `serve`.
            os.waitpid(-child.pid, 0)
    except ChildProcessError:
        pass


def wait_until_it_answers(child, address):
    """Returns when `address` answers 200; False when the child ended first."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + SECONDS_TO_LISTEN
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return False
        try:
            with opener.open(address, timeout=10) as answer:
                answer.read()
                return True
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{address} answered {error.code}: {error.read()[:2000].decode('utf-8', 'replace')}")
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{address} did not answer within {SECONDS_TO_LISTEN} seconds")


def serve(arguments, launch):
    """Runs the provider until SIGTERM.

    `launch(state, port, base)` starts it with its state in `state` and gives the child, the URL of the metadata
    and the rest of the line that is printed when it listens.
    """

    def end(*_):
        raise Ended

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    state = Path(tempfile.mkdtemp(prefix="idp-fixture-"))
    child = None
    try:
        for _ in range(5):  # A free port may be taken between the choice and the use.
            port = arguments.port or free_port()
            child, metadata_url, ready = launch(state, port, f"http://{HOST}:{port}")
            if wait_until_it_answers(child, metadata_url):
                break
            stop(child)
            if arguments.port:
                raise RuntimeError(f"it ended at once: is port {port} taken?")
        else:
            raise RuntimeError("it ended at once, five times")
        line = {"entity_id": ready.pop("entity_id", metadata_url), "metadata_url": metadata_url, "port": port, **ready}
        line |= {"sign": arguments.sign, "encrypt": arguments.encrypt, "pid": os.getpid()}
        line["people"] = {person["username"]: person["password"] for person in people()}
        print(json.dumps(line), flush=True)
        return child.wait() or 1  # It should not end by itself.
    except Ended:
        return 0
    except RuntimeError as error:
        return str(error)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if child:
            stop(child)
        shutil.rmtree(state, ignore_errors=True)
