# Stands in for the Doppler CLI: the forms that DopplerHQ/cli has, no abbreviations, and the requests that it sends. The first
# two arguments are the API's address and the token that `doppler login` would have stored.
import argparse
import json
import re
import sys
import urllib.error
import urllib.request

api, login, *arguments = sys.argv[1:]


def request(method, path, body=None):
    headers = {"authorization": f"Bearer {login}", "content-type": "application/json"}
    request = urllib.request.Request(api + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        sys.exit("Doppler Error: " + " ".join(json.load(error)["messages"]))


def parser(parent, *names):
    for name in names[:-1]:
        parent = parent.setdefault(name, {})
    parent[names[-1]] = argparse.ArgumentParser(prog="doppler " + " ".join(names), allow_abbrev=False)
    return parent[names[-1]]


commands = {}
create = parser(commands, "projects", "create")
create.add_argument("name")
rename = parser(commands, "environments", "rename")
rename.add_argument("environment")
for flag in ["--slug", "--name", "--project"]:
    rename.add_argument(flag)
rename.add_argument("--yes", "-y", action="store_true")
put = parser(commands, "secrets", "set")
put.add_argument("secrets", nargs="+")
put.add_argument("--silent", action="store_true")
token = parser(commands, "configs", "tokens", "create")
token.add_argument("name")
token.add_argument("--plain", action="store_true")
revoke = parser(commands, "configs", "tokens", "revoke")
revoke.add_argument("token")
# The command above others, which also is one.
tokens = argparse.ArgumentParser(prog="doppler configs tokens", allow_abbrev=False)
commands["configs"]["tokens"][None] = tokens
for command in [put, token, revoke, tokens]:
    command.add_argument("--project", "-p", required=True)
    command.add_argument("--config", "-c", required=True)

command = commands
while isinstance(command, dict):
    if None in command and arguments and arguments[0].startswith("-"):
        command = command[None]
        break
    if not arguments or arguments[0] not in command:
        sys.exit(f"doppler: unknown command {sys.argv[3:]}")
    command = command[arguments.pop(0)]
given = command.parse_args(arguments)

if command is create:
    request("POST", "/v3/projects", {"name": given.name})
elif command is rename:
    if not given.yes:
        sys.exit("doppler: asks for confirmation without --yes")
    body = {"project": given.project, "environment": given.environment, "slug": given.slug}
    request("PUT", "/v3/environments/environment", body)
elif command is put:
    if len(given.secrets) == 1 and "=" not in given.secrets[0]:
        # Lines are joined, so a newline at the end is dropped.
        secrets = {given.secrets[0]: "\n".join(sys.stdin.read().splitlines())}
    elif all("=" in secret for secret in given.secrets):
        secrets = dict(secret.split("=", 1) for secret in given.secrets)
    else:
        sys.exit("doppler: secrets are NAME=value, or one NAME whose value is on standard input")
    request("POST", "/v3/configs/config/secrets", {"project": given.project, "config": given.config, "secrets": secrets})
    if not given.silent:
        print("\n".join(secrets))
elif command in [revoke, tokens]:
    place = f"?project={given.project}&config={given.config}"
    if command is revoke:
        kind = "slug" if re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", given.token) else "token"
        request("DELETE", "/v3/configs/config/tokens/token" + place, {kind: given.token})
    # Both end with the list.
    for known in request("GET", "/v3/configs/config/tokens" + place)["tokens"]:
        print(f"| {known['name']} | {known['slug']} | {known['project']} | {known['config']} |")
elif command is token:
    body = {"project": given.project, "config": given.config, "name": given.name}
    key = request("POST", "/v3/configs/config/tokens", body)["token"]["key"]
    print(key if given.plain else f"| {given.name} | {key} |")
