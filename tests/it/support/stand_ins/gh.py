# Stands in for the GitHub CLI: `gh api` with the four endpoints of the page, and `gh secret set`. Writes what it did to the file that
# is the first argument, as JSON lines.
import argparse
import json
import os
import re
import sys

log, *arguments = sys.argv[1:]
REPOSITORY = "repos/{owner}/{repo}/"
ENVIRONMENT = {"wait_timer", "prevent_self_review", "reviewers", "deployment_branch_policy"}


def note(**facts):
    with open(log, "a") as file:
        file.write(json.dumps(facts) + "\n")


def line():
    # What follows on standard input is for later commands.
    read = b""
    while not read.endswith(b"\n") and (byte := os.read(0, 1)):
        read += byte
    return read.decode().rstrip("\n")


def api(given):
    environment = re.fullmatch(re.escape(REPOSITORY) + "environments/([a-z-]+)", given.path)
    if given.method == "PUT" and environment and given.input == "-":
        body = json.loads(sys.stdin.read())
        if unknown := set(body) - ENVIRONMENT:
            sys.exit(f"gh: Invalid request. {unknown} (HTTP 422)")
        note(environment=environment[1], **body)
        if not given.silent:
            print("{}")
    elif (given.path, given.method, given.jq) == (REPOSITORY + "branches?protected=true", "GET", ".[].name"):
        print("main")
    elif re.fullmatch("orgs/[^/]+/teams/[^/]+", given.path) and (given.method, given.jq) == ("GET", ".id"):
        print(4242)
    else:
        sys.exit(f"gh: Not Found (HTTP 404): {given}")


commands = {name: argparse.ArgumentParser(prog=f"gh {name}", allow_abbrev=False) for name in ["api", "secret set"]}
commands["api"].add_argument("path")
commands["api"].add_argument("--method", "-X", default="GET")
commands["api"].add_argument("--input")
commands["api"].add_argument("--jq", "-q")
commands["api"].add_argument("--silent", action="store_true")
commands["secret set"].add_argument("name")
commands["secret set"].add_argument("--env", "-e", required=True)
name = next((name for name in commands if arguments[: len(name.split())] == name.split()), None)
if name is None:
    sys.exit(f"gh: unknown command {arguments}")
given = commands[name].parse_args(arguments[len(name.split()) :])
if name == "api":
    api(given)
else:
    note(secret=given.name, environment=given.env, value=line())
