"""What is sent to Nexus for a docker (proxy), and how it is compared with what is there."""

from __future__ import annotations

import json

import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.models import DockerProxy
from cgwizard.nexus.settings import Json
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text.decode import WrongShape

TOKEN = Credentials("12345/abc", Secret("hunter2-the-token"))


def answer(**changes: object) -> Json:
    """As a 3.96 server gives it, with members that this program does not know."""
    raw: Json = {
        "name": "chainguard",
        "url": "http://h/repository/chainguard",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "cleanup": {"policyNames": ["weekly"]},
        "proxy": {
            "remoteUrl": "https://cgr.dev",
            "contentMaxAge": 1440,
            "metadataMaxAge": 60,
            "preserveEncodedCharacters": True,
        },
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {
            "blocked": False,
            "autoBlock": True,
            "connection": {"retries": None, "timeout": 300, "enableCookies": True},
            "authentication": None,
        },
        "routingRuleName": "only-chainguard",
        "replication": None,
        "firewall": {"mode": "AUDIT"},
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": True,
            "httpPort": 5051,
            "httpsPort": None,
            "subdomain": None,
            "pathEnabled": None,
        },
        "dockerProxy": {
            "indexType": "REGISTRY",
            "indexUrl": None,
            "cacheForeignLayers": False,
            "foreignLayerUrlWhitelist": [],
        },
        "format": "docker",
        "type": "proxy",
    }
    return raw | changes


def member(body: Json, *names: str) -> object:
    value: object = body
    for name in names:
        assert isinstance(value, dict)
        value = value[name]
    return value


def test_a_new_one_is_complete_for_current_and_old_servers() -> None:
    wanted = DockerProxy.new("chainguard", 5051)
    body = wanted.to_request("3.96.3-01")
    assert body == {
        "name": "chainguard",
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "proxy": {
            "remoteUrl": "https://cgr.dev/",
            "contentMaxAge": 1440,
            "metadataMaxAge": 1440,
        },
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {"blocked": False, "autoBlock": True},
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": True,
            "httpPort": 5051,
            "httpsPort": None,
            "subdomain": None,
            "pathEnabled": False,
        },
        "dockerProxy": {"indexType": "REGISTRY", "cacheForeignLayers": False},
    }
    assert "pathEnabled" not in json.dumps(wanted.to_request("3.82.1-01"))
    assert "pathEnabled" not in json.dumps(wanted.to_request(None))
    by_path = DockerProxy.new("chainguard", None, path_enabled=True)
    assert member(by_path.to_request("3.83.0-08"), "docker", "pathEnabled") is True


def test_https_takes_the_other_port() -> None:
    body = DockerProxy.new("chainguard", 5443, https=True).to_request("3.96.3-01")
    assert member(body, "docker", "httpsPort") == 5443
    assert member(body, "docker", "httpPort") is None


def test_credentials_are_sent_and_never_shown() -> None:
    wanted = DockerProxy.new("chainguard-private", 5052, credentials=TOKEN)
    assert member(wanted.to_request("3.96.3"), "httpClient", "authentication") == {
        "type": "username",
        "username": "12345/abc",
        "password": "hunter2-the-token",
    }
    shown = wanted.redacted_request("3.96.3")
    assert member(shown, "httpClient", "authentication", "password") == "***"
    assert "hunter2" not in json.dumps(shown) + repr(wanted)
    without = wanted.with_credentials(None).to_request("3.96.3")
    assert "authentication" not in json.dumps(without)


def test_an_edit_keeps_what_it_does_not_know() -> None:
    found = DockerProxy.from_answer(answer())
    body = found.adjusted(remote_url="https://cgr.dev/", port=5060).to_request("3.96.3-01")
    assert body["firewall"] == {"mode": "AUDIT"}
    assert body["cleanup"] == {"policyNames": ["weekly"]}
    assert member(body, "proxy", "preserveEncodedCharacters") is True
    assert member(body, "proxy", "metadataMaxAge") == 60
    assert member(body, "httpClient", "connection") == {"timeout": 300, "enableCookies": True}
    assert member(body, "dockerProxy", "foreignLayerUrlWhitelist") == []
    assert body["routingRule"] == body["routingRuleName"] == "only-chainguard"
    assert member(body, "docker", "httpPort") == 5060
    assert member(body, "docker", "pathEnabled") is False
    assert not {"url", "format", "type", "replication"} & set(body)
    assert "indexUrl" not in json.dumps(body)


def test_an_edit_does_not_change_the_answer_it_came_from() -> None:
    raw = answer()
    DockerProxy.from_answer(raw).with_credentials(TOKEN).to_request("3.96.3-01")
    assert raw == answer()


def test_path_routing_and_a_port_do_not_go_together() -> None:
    docker = {"v1Enabled": False, "forceBasicAuth": True, "pathEnabled": True}
    found = DockerProxy.from_answer(answer(docker=docker))
    assert found.docker.path_enabled is True
    assert found.adjusted(remote_url="https://cgr.dev/", port=5051).docker.path_enabled is False


def test_an_unknown_password_is_asked_for_before_anything_is_sent() -> None:
    client = {
        "blocked": False,
        "autoBlock": True,
        "authentication": {"type": "username", "username": "u", "ntlmHost": None},
    }
    found = DockerProxy.from_answer(answer(httpClient=client))
    assert found.has_credentials
    assert found.credentials_needed
    with pytest.raises(WizardError, match="token-needed-again"):
        found.to_request("3.96.3-01")
    assert not found.with_credentials(TOKEN).credentials_needed
    assert member(found.redacted_request(), "httpClient", "authentication", "password") == "***"


def test_a_password_in_an_answer_is_not_passed_on() -> None:
    leaked = {"type": "username", "username": "u", "password": "old", "bearerToken": "old"}
    client = {"blocked": False, "autoBlock": True, "authentication": leaked}
    found = DockerProxy.from_answer(answer(httpClient=client))
    assert "old" not in json.dumps(found.redacted_request("3.96.3"))


def test_differences_name_member_is_and_wanted() -> None:
    found = DockerProxy.from_answer(answer())
    wanted = DockerProxy.new("chainguard", 5052, credentials=TOKEN)
    assert found.differences(wanted) == [
        ("proxy.metadataMaxAge", "60", "1440"),
        ("httpClient.authentication.username", "not set", "12345/abc"),
        ("docker.httpPort", "5051", "5052"),
    ]


def test_what_was_made_as_wanted_does_not_differ() -> None:
    for path_enabled in (None, False):
        wanted = DockerProxy.new("chainguard", 5051, path_enabled=path_enabled)
        made = DockerProxy.from_answer(wanted.to_request("3.96.3-01"))
        assert made.differences(wanted) == []
        older = DockerProxy.from_answer(wanted.to_request("3.76.0-01"))
        assert older.differences(wanted) == []


def test_path_routing_that_is_wanted_differs_where_it_is_off() -> None:
    wanted = DockerProxy.new("chainguard", None, path_enabled=True)
    off = DockerProxy.from_answer(DockerProxy.new("chainguard", None).to_request("3.96.3-01"))
    assert off.differences(wanted) == [("docker.pathEnabled", "false", "true")]
    assert wanted.differences(off) == [("docker.pathEnabled", "true", "false")]


def test_wrong_types_are_errors_and_nulls_are_not() -> None:
    nothing = DockerProxy.from_answer(answer(storage=None, docker=None, negativeCache=None))
    assert nothing.storage.blob_store_name == "default"
    with pytest.raises(WrongShape, match="httpPort"):
        DockerProxy.from_answer(answer(docker={"httpPort": "5051"}))
