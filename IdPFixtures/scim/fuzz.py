#!/usr/bin/env python3
"""Sends what schemathesis makes from openapi.yaml beside this file. Run it with the SCIM environment of IdPFixtures/install.

    fuzz.py --base-url https://gateway.example/scim/corp/v2 --token TOKEN [--examples 5] [--seed 1]

Ends with 1 after a 5xx, a status, content type or body that the description does not know, an answer without a token, a
resource read after its removal. Not asked: whether values are taken that the description does not know, which is what a
liberal server is for, and /Me, whose answer is a 501.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    command = [Path(sys.executable).with_name("schemathesis"), "run", Path(__file__).resolve().with_name("openapi.yaml")]
    command += ["--url", arguments.base_url, "--header", "Authorization: Bearer " + arguments.token]
    command += ["--checks", ",".join(CHECKS), "--exclude-path", "/Me", "--phases", "coverage,fuzzing,stateful"]
    command += ["--max-examples", str(arguments.examples), "--seed", str(arguments.seed)]
    command += ["--generation-database", "none", "--no-shrink", "--warnings", "off", "--request-timeout", "20"]
    command += ["--continue-on-failure", "--no-color"]
    # It leaves a folder of its own where it runs.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
