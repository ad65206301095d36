#!/usr/bin/env python3
"""Runs scim-sanity's strict probe against a SCIM server. Run it with the SCIM environment of IdPFixtures/install.

    probe.py --base-url https://gateway.example/scim/corp/v2 --token TOKEN

One line a check that did not pass; ends with 1 when there is one, a warning included. Skipped may be only what is about
the resource types of a draft that are neither users nor groups.
"""

import argparse
import collections
import json
import subprocess
import sys
from pathlib import Path

FOREIGN = ("Agent ", "AgenticApplication ")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    options = ["--strict", "--json-output", "--i-accept-side-effects", "--timeout", "20", "--token", arguments.token]
    command = [Path(sys.executable).with_name("scim-sanity"), "probe", *options, arguments.base_url]
    probe = subprocess.run(command, capture_output=True, text=True)
    try:
        results = json.loads(probe.stdout)["results"]
    except (ValueError, KeyError):
        print(probe.stdout, probe.stderr)
        return 1
    failed = [
        result
        for result in results
        if result["status"] != "pass" and not (result["status"] == "skip" and result["name"].startswith(FOREIGN))
    ]
    for result in failed:
        print(f"{result['status']} {result['name']}: {result.get('message')}")
    counts = collections.Counter(result["status"] for result in results)
    print("checks:", ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    return 1 if failed or counts["pass"] < 20 else probe.returncode


if __name__ == "__main__":
    sys.exit(main())
