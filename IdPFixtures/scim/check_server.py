#!/usr/bin/env python3
"""Runs every check of scim2-tester against a SCIM server. Run it with the SCIM environment of IdPFixtures/install.

    check_server.py --base-url https://gateway.example/scim/corp/v2 --token TOKEN

One line a check that did not pass; ends with 1 when there is one, or when a check was skipped.
"""

import argparse
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

PASSED = {Status.SUCCESS, getattr(Status, "COMPLIANT", Status.SUCCESS), getattr(Status, "ACCEPTABLE", Status.SUCCESS)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    http = Client(base_url=arguments.base_url, headers={"Authorization": "Bearer " + arguments.token}, timeout=20)
    results = check_server(SyncSCIMClient(http))
    failed = [result for result in results if result.status not in PASSED]
    for result in failed:
        print(f"{result.status.name} {result.title}: {result.reason}")
    counts = {}
    for result in results:
        counts[result.status.name] = counts.get(result.status.name, 0) + 1
    print("checks:", ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items())))
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
