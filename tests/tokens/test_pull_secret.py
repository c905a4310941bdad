"""Pull tokens in what Docker and Kubernetes make of them."""

from __future__ import annotations

import base64
import json
import textwrap
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgwizard.errors import WizardError
from cgwizard.tokens import paste
from tests.support.tokens import JWT, NOW, USERNAME, credentials, make_jwt

OTHER = make_jwt(issued=NOW - timedelta(days=3))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


AUTH = b64(f"{USERNAME}:{JWT}")
ENTRY = {"username": USERNAME, "password": JWT, "auth": AUTH}
CONFIG = json.dumps({"auths": {"cgr.dev": ENTRY}})
WHOLE = json.dumps(
    {
        "auths": {
            "ghcr.io": {"auth": b64("bob:ghp_abcdefgh")},
            "libraries.cgr.dev": {"auth": b64(f"{USERNAME[:-1]}0:{OTHER}")},
            "https://cgr.dev/v2/": {"auth": AUTH},
            "https://index.docker.io/v1/": {},
        },
        "credsStore": "desktop",
        "HttpHeaders": {"User-Agent": "Docker-Client/19.03.12 (linux)"},
    },
    indent=8,
)
DATA = b64(CONFIG)
YAML = f"""apiVersion: v1
data:
  .dockerconfigjson: {DATA}
kind: Secret
metadata:
  creationTimestamp: "2026-09-01T12:00:00Z"
  name: regcred
  namespace: example-org
type: kubernetes.io/dockerconfigjson
"""
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "regcred", "namespace": "example-org"},
    "type": "kubernetes.io/dockerconfigjson",
}
OLD_DATA = b64(json.dumps({"auths": {"cgr.dev": {"auth": b64(f"{USERNAME}:{OTHER}")}}}))
OLD = {**SECRET, "data": {".dockerconfigjson": OLD_DATA}}
ANNOTATED = {
    **SECRET,
    "data": {".dockerconfigjson": b64(json.dumps({"auths": {"cgr.dev": {"auth": AUTH}}}))},
    "metadata": {
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(OLD)}
    },
}
PROMPT = "user@host:~$ kubectl get secret regcred -o jsonpath='{.data.\\.dockerconfigjson}'\n"

FORMS = {
    "YAML": YAML,
    "YAML, folded": YAML.replace(DATA, ">-\n    " + "\n    ".join(textwrap.wrap(DATA, 76))),
    "YAML, as a block": YAML.replace(DATA, "|\n    " + "\n    ".join(textwrap.wrap(DATA, 64))),
    "YAML, quoted": YAML.replace(DATA, f'"{DATA}"'),
    "YAML, the key quoted": YAML.replace(".dockerconfigjson", '".dockerconfigjson"'),
    "YAML, without padding": YAML.replace(DATA, DATA.rstrip("=")),
    "YAML, CRLF": YAML.replace("\n", "\r\n"),
    "YAML, wrapped by a terminal": "\n".join(
        line[i : i + 80] for line in YAML.split("\n") for i in range(0, len(line) or 1, 80)
    ),
    "YAML, indentation lost": textwrap.dedent(YAML).replace("  .", "."),
    "YAML, behind a prompt": f"$ kubectl get secret regcred -o yaml\n{YAML}$ ",
    "YAML, in a list": "items:\n- " + YAML.replace("\n", "\n  ") + "\nkind: List",
    "YAML, text": YAML.replace("data:", "stringData:").replace(DATA, f"|\n    {CONFIG}"),
    "YAML, text of several lines": YAML.replace("data:", "stringData:").replace(
        DATA, "|\n" + textwrap.indent(json.dumps(json.loads(CONFIG), indent=2), "    ")
    ),
    "YAML, text in single quotes": YAML.replace("data:", "stringData:").replace(
        DATA, f"'{CONFIG}'"
    ),
    "YAML, text in double quotes": YAML.replace("data:", "stringData:").replace(
        DATA, json.dumps(CONFIG)
    ),
    "YAML, with what was applied before": YAML.replace(
        "metadata:\n",
        "metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n"
        f"      {json.dumps(OLD)}\n",
    ),
    "JSON": json.dumps({**SECRET, "data": {".dockerconfigjson": DATA}}, indent=4),
    "JSON, text": json.dumps({**SECRET, "stringData": {".dockerconfigjson": CONFIG}}),
    "JSON, in a list": json.dumps(
        {
            "kind": "List",
            "items": [{"kind": "Pod"}, {**SECRET, "data": {".dockerconfigjson": DATA}}],
        }
    ),
    "JSON, with what was applied before": json.dumps(ANNOTATED),
    "JSON, older form": json.dumps(
        {**SECRET, "data": {".dockercfg": b64(json.dumps({"https://cgr.dev": ENTRY}))}}
    ),
    "data value": DATA,
    "data value, wrapped": "\n".join(textwrap.wrap(DATA, 76)),
    "data value, without padding": DATA.rstrip("="),
    "data value, quoted": f'"{DATA}"',
    "data value of an indented file": b64(WHOLE),
    "data value of a file with tabs": b64(json.dumps(json.loads(CONFIG), indent="\t")),
    "data value of a file from Windows": b64(WHOLE.replace("\n", "\r\n")),
    "data value between prompts": f"{PROMPT}{DATA}user@host:~$ ",
    "data value without padding between prompts": f"{PROMPT}{DATA.rstrip('=')}user@host:~$ ",
    "decoded": f"$ kubectl get secret regcred -o json | jq -r . | base64 -d\n{CONFIG}$ ",
    "config.json": WHOLE,
    "config.json with auth alone": json.dumps({"auths": {"cgr.dev": {"auth": AUTH}}}),
    "config.json, in capitals": json.dumps(
        {"Auths": {"cgr.dev": {"Username": USERNAME, "Password": JWT}}}
    ),
    "config.json, an image as key": json.dumps(
        {"auths": {"cgr.dev/example.com/redis": {"auth": AUTH}}}
    ),
    "config.json, an odd entry": json.dumps(
        {"auths": {"cgr.dev/odd": {"auth": 5}, "cgr.dev": {"auth": AUTH}}}
    ),
    "config.json, wrapped by a terminal": "\n".join(textwrap.wrap(WHOLE, 80)),
    "config.json with escaped slashes": WHOLE.replace("/", "\\/"),
    "config.json of a mirror": json.dumps({"auths": {"mirror.example.com": {"auth": AUTH}}}),
    "the entry alone": f'"cgr.dev": {json.dumps({"auth": AUTH})}',
    "the auth alone": AUTH,
    "the auth alone, wrapped": "\n".join(textwrap.wrap(AUTH, 76)),
    "an authorization header": f"Authorization: Basic {AUTH}",
    "data of user name and password": (
        f"data:\n  password: {b64(JWT)}\n  username: {b64(USERNAME)}\nkind: Secret"
    ),
    "stringData of user name and password": (
        f"stringData:\n  password: {JWT}\n  username: {USERNAME}\nkind: Secret"
    ),
    "kubectl create": (
        "kubectl create secret docker-registry regcred --docker-server=cgr.dev "
        f"--docker-username={USERNAME} --docker-password={JWT} --namespace example-org"
    ),
    "JSON with escaped slashes": json.dumps({"identity_id": USERNAME, "token": JWT}).replace(
        "/", "\\/"
    ),
    "JSON with twice escaped slashes": (
        json.dumps(json.dumps({"identity_id": USERNAME, "token": JWT})).replace("/", "\\\\/")
    ),
    "JSON with a numbered slash": json.dumps({"identity_id": USERNAME, "token": JWT}).replace(
        "/", "\\u002f"
    ),
    "a form of the web": f"username={USERNAME.replace('/', '%2F')}&password={JWT}",
    "JSON of several lines, CRLF": json.dumps(
        {"identity_id": USERNAME, "token": JWT}, indent=2
    ).replace("\n", "\r\n"),
    "JSON behind a prompt": (
        "$ chainctl auth pull-token create --parent=ORGANIZATION --output=json\n"
        f"{json.dumps({'identity_id': USERNAME, 'token': JWT})}\n$"
    ),
    "env behind a prompt": (
        "PS C:\\Users\\me> chainctl auth pull-token create -o env\r\n"
        f"export CHAINGUARD_IDENTITY_ID={USERNAME}\r\nexport CHAINGUARD_TOKEN={JWT}\r\n"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_reads_every_form(form: str) -> None:
    token = paste.parse(FORMS[form])
    assert token.credentials == credentials()
    assert (token.organization, token.notes) == ("", ())


def test_a_whole_secret_may_stand_in_either_field() -> None:
    assert paste.from_fields("", YAML).credentials == credentials()
    assert paste.from_fields(DATA, "").credentials == credentials()


TWO = {"cgr.dev": {"auth": AUTH}, "cgr.dev/other": {"auth": b64(f"{USERNAME}:{OTHER}")}}
REFUSED = {
    "kept by a program": (
        json.dumps({"auths": {"cgr.dev": {}}, "credsStore": "desktop"}),
        "token-unreadable",
    ),
    "another registry": (
        json.dumps({"auths": {"ghcr.io": {"auth": b64("bob:ghp_abcdefgh")}}}),
        "token-other-registry",
    ),
    "another registry's secret": (
        YAML.replace(DATA, b64('{"auths":{"quay.io":{"auth":"Ym9iOnNlY3JldA=="}}}')),
        "token-other-registry",
    ),
    "no entry": ('{"auths": {}}', "token-other-registry"),
    "libraries only": (
        json.dumps({"auths": {"libraries.cgr.dev": {"auth": AUTH}}}),
        "token-wrong-kind",
    ),
    "two tokens": (json.dumps({"auths": TWO}), "token-unreadable"),
    "two secrets": (f"{YAML}---\n{YAML.replace(DATA, OLD_DATA)}", "token-unreadable"),
    "damaged": (json.dumps({"auths": {"cgr.dev": {"auth": AUTH[:-41]}}}), "token-truncated"),
    "not base64": (json.dumps({"auths": {"cgr.dev": {"auth": "%"}}}), "token-unreadable"),
    "a session": (
        json.dumps({"auths": {"cgr.dev": {"auth": b64(f"_token:{JWT}")}}}),
        "token-wrong-kind",
    ),
    "described": (
        "Name:  regcred\nType:  kubernetes.io/dockerconfigjson\n\nData\n====\n"
        ".dockerconfigjson:  2010 bytes",
        "token-unreadable",
    ),
    "cut data": (YAML.replace(DATA, DATA[:500]), "token-truncated"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_and_never_repeats_the_text(case: str) -> None:
    text, code = REFUSED[case]
    with pytest.raises(WizardError) as caught:
        paste.parse(text)
    assert caught.value.code == code
    told = str(caught.value.problem)
    assert not any(part in told for part in (USERNAME[:10], JWT[:10], AUTH[:10], DATA[:10]))


ORGANIZATIONS = {
    "--parent=example.com": "example.com",
    "--parent 'my-org'": "my-org",
    "--parent=ORGANIZATION": "",
    "--parent=$ORG": "",
    "--parent=example.com/team": "",
    f"--parent={USERNAME[:40]}": "",
    "--parent=one.example.com --parent=two.example.com": "",
    "": "",
}


@pytest.mark.parametrize("options", ORGANIZATIONS)
def test_no_organization_is_guessed(options: str) -> None:
    text = f"$ chainctl auth pull-token create {options}\nUsername: {USERNAME}\nPassword: {JWT}"
    assert paste.parse(text).organization == ORGANIZATIONS[options]


@given(st.sampled_from([YAML, DATA, WHOLE]), st.integers(20, 200), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_any_break_gives_the_same_credentials(text: str, columns: int, end: str) -> None:
    wrapped = end.join(text[i : i + columns] for i in range(0, len(text), columns))
    assert paste.parse(wrapped).credentials == credentials()


@pytest.mark.parametrize(
    "text", ['{"a":' * 20_000, b64('{"' * 35_000), '{"' * 50_000, "eyJ" * 33_000, b64(DATA) * 20]
)
def test_a_pathological_text_is_answered_in_bounded_work(text: str) -> None:
    before = time.process_time()
    with pytest.raises(WizardError):
        paste.parse(text)
    assert time.process_time() - before < 5
