"""JSON that is too deep or too long gets the server's own 400."""

from __future__ import annotations

import time

import httpx
import pytest

from cgwizard.practice.json_reading import UnreadableJsonError, beyond_limits, decode
from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import ADMIN_AUTH, add_repository
from tests.support.practice_nexus import proxy

DEEP = {
    "arrays": b"[" * 100_000,
    "closed arrays": b"[" * 1001 + b"]" * 1001,
    "objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "both": b'[{"a":' * 2000,
    "inside a member": b'{"name":"x","storage":' + b"[" * 3000 + b"]" * 3000 + b"}",
}
LONG = {
    "whole": b'{"userId":' + b"9" * 5000 + b"}",
    "negative": b'{"userId":-' + b"9" * 1001 + b"}",
    "in an array": b"[1," + b"1" * 200_000 + b"]",
}
ODD = {
    "not a number": b'{"name":NaN}',
    "endless": b'{"name":-Infinity}',
    "not UTF-8": b'{"name":"\xff"}',
    "cut": b'{"name":"',
    "nothing": b"",
    "a text": b'"\\ud800"',
}


@pytest.mark.parametrize("body", [*DEEP.values(), *LONG.values(), *ODD.values()],
                         ids=[*DEEP, *LONG, *ODD])  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "repositories/docker/proxy"),
        ("PUT", "security/anonymous"),
        ("POST", "blobstores/file"),
    ],
)
def test_rest_refuses_it(world: PracticeWorld, method: str, path: str, body: bytes) -> None:
    with httpx.Client(base_url=f"{world.info.nexus_url}/service/rest/v1", auth=ADMIN_AUTH) as rest:
        headers = {"Content-Type": "application/json"}
        answer = rest.request(method, f"/{path}", content=body, headers=headers)
        assert answer.status_code == 400, answer.text
        if body in DEEP.values():
            assert "Could not process the input: Document nesting depth (1001)" in answer.text
        if body in LONG.values():
            assert "Could not process the input: Number value length" in answer.text
        assert rest.get("/status").status_code == 200


def test_a_number_that_java_cannot_hold(world: PracticeWorld) -> None:
    url = f"{world.info.nexus_url}/service/rest/v1/repositories/docker/proxy"
    for number in (10**19, -(10**30)):
        body = proxy(proxy__contentMaxAge=number)
        assert httpx.post(url, json=body, auth=ADMIN_AUTH).status_code == 400
    text = httpx.Request("POST", url, json=proxy(proxy__contentMaxAge=4711)).content
    answer = httpx.post(
        url, content=text.replace(b"4711", b"1e999"), auth=ADMIN_AUTH,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 400


def test_half_a_surrogate_pair_does_not_break_the_list(world: PracticeWorld) -> None:
    rest = httpx.Client(base_url=f"{world.info.nexus_url}/service/rest/v1", auth=ADMIN_AUTH)
    body = (
        b'{"userId":"half","firstName":"a\\ud800","lastName":"b","emailAddress":"a@example.org",'
        b'"password":"p","status":"active","roles":["nx-admin"]}'
    )
    with rest:
        headers = {"Content-Type": "application/json"}
        assert rest.post("/security/users", content=body, headers=headers).status_code == 200
        users = rest.get("/security/users").json()
        assert {user["userId"]: user["firstName"] for user in users}["half"] == "a?"


@pytest.mark.parametrize("body", [*DEEP.values(), ODD["cut"], ODD["nothing"]],
                         ids=[*DEEP, "cut", "nothing"])  # fmt: skip
def test_a_manifest_like_it_is_no_manifest(world: PracticeWorld, body: bytes) -> None:
    url = add_repository(world, kind="hosted")
    answer = httpx.put(
        f"{url}/v2/some/image/manifests/latest", content=body, auth=ADMIN_AUTH,
        headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "MANIFEST_INVALID"


def test_what_is_read_is_a_value_or_one_error() -> None:
    assert decode(b'{"a":[1]}', dict) == {"a": [1]}
    for data in (*DEEP.values(), b"\xff", b'"\xff"', b"", b"[]", b"1" * 5000):
        with pytest.raises(UnreadableJsonError):
            decode(data, dict)


def test_limits_count_what_json_counts() -> None:
    assert beyond_limits(b"[" * 1000 + b"]" * 1000) is None
    assert beyond_limits(b"[],{}," * 5000) is None, "beside each other is not deep"
    assert beyond_limits(b'"' + b"[" * 5000 + b'"') is None, "in a text it is not deep"
    assert beyond_limits(b'"\\"' + b"[" * 5000 + b'"') is None
    assert beyond_limits(b'"' + b"1" * 5000 + b'"') is None, "in a text it is no number"
    assert beyond_limits(b"1" * 1000) is None
    assert beyond_limits(b"[" * 1001) is not None
    assert beyond_limits(b"1" * 1001) is not None


@pytest.mark.parametrize("word", [b'\\"', b'"', b"[", b"[]", b"1", b"1,", b'"[', b"\\", b'"\\'])
def test_limits_are_found_in_linear_time(word: bytes) -> None:
    def seconds(size: int) -> float:
        began = time.process_time()
        beyond_limits(word * (size // len(word)))
        return time.process_time() - began

    assert seconds(1 << 20) < 3, "quadratic, this would be hours"
