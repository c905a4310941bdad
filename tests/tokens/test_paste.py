from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgwizard.errors import WizardError
from cgwizard.practice.cgr.tokens import TokenBook
from cgwizard.tokens import paste
from tests.support.tokens import JWT, NOW, USERNAME, credentials, make_jwt

OTHER_JWT = make_jwt(issued=NOW - timedelta(days=3))
SHORT_KEY_JWT = make_jwt(signature=b"\x07" * 256)

BLOCK = f"""
  ✔ Selected folder example.com.

To use this pull token in another environment, run this command:

    docker login "cgr.dev" --username "{USERNAME}" --password "{JWT}"
"""

BASIC = f"""Creating new OCI registry pull-token in example.com

To use this pull token in another environment, supply the following for Basic authorization:

Username: {USERNAME}

Password: {JWT}
"""

FORMS = {
    "chainctl's block": BLOCK,
    "single quotes": f"docker login 'cgr.dev' --username '{USERNAME}' --password '{JWT}'",
    "no quotes": f"docker login cgr.dev --username {USERNAME} --password {JWT}",
    "short options": f"docker login -u {USERNAME} -p {JWT} cgr.dev",
    "glued short options": f"docker login -u{USERNAME} -p{JWT} cgr.dev",
    "a break between the letters of a glued option": (
        f"docker login cgr.dev -\nu{USERNAME} -\np{JWT}"
    ),
    "equals": f'docker login cgr.dev --username={USERNAME} --password="{JWT}"',
    "trailing comment": f"docker login cgr.dev -u {USERNAME} -p {JWT} # until October",
    "comment without a sign": f"docker login cgr.dev -u {USERNAME} -p {JWT} expires in October",
    "continued lines": f"docker login cgr.dev \\\n  -u {USERNAME} \\\n  -p {JWT}\n",
    "curly quotes": f"docker login “cgr.dev” --username “{USERNAME}” --password “{JWT}”",
    "podman": f"podman login cgr.dev -u {USERNAME} -p {JWT}",
    "helm": f"helm registry login cgr.dev --username {USERNAME} --password {JWT}",
    "labels": BASIC,
    "json": f'{{"identity_id":"{USERNAME}","token":"{JWT}"}}',
    "env": f"export CHAINGUARD_IDENTITY_ID={USERNAME}\nexport CHAINGUARD_TOKEN={JWT}\n",
    "env of this kind": (
        f"export CHAINGUARD_OCI_IDENTITY_ID={USERNAME}\nexport CHAINGUARD_OCI_TOKEN={JWT}"
    ),
    "two lines": f"{USERNAME}\n{JWT}\n",
    "two lines, password first": f"{JWT}\r\n{USERNAME}\r\n",
    "two words": f"{USERNAME} {JWT}",
    "colon": f"{USERNAME}:{JWT}",
    "tabs and ends": f"\t{USERNAME}\t\n\n\t{JWT}\t\n",
    "colored": f"Username: \x1b[1m{USERNAME}\x1b[0m\nPassword: \x1b[1m{JWT}\x1b[0m",
    "no-break spaces": f"Username:\u00a0{USERNAME}\nPassword:\u00a0{JWT}\u200b",
    "end of a sentence": f"The user name is {USERNAME} and the password is {JWT}.",
    "twice the same": f"{BLOCK}\n{BLOCK}",
}


@pytest.mark.parametrize("form", FORMS)
def test_reads_every_form(form: str) -> None:
    token = paste.parse(FORMS[form])
    assert token.credentials == credentials()
    assert token.notes == ()
    assert token.expires == NOW + timedelta(days=30)
    assert token.organization_id == USERNAME[:40]


@pytest.mark.parametrize("form", ["chainctl's block", "labels"])
def test_takes_the_organization_from_the_text_around(form: str) -> None:
    assert paste.parse(FORMS[form]).organization == "example.com"


def test_takes_the_organization_from_the_command() -> None:
    text = f"$ chainctl auth pull-token create --parent=example.com\n{FORMS['two lines']}"
    assert paste.parse(text).organization == "example.com"


@pytest.mark.parametrize(
    "text",
    [
        f"docker login cgr.dev -u {JWT} -p {USERNAME}",
        f"Username: {JWT}\nPassword: {USERNAME}",
        f'docker login cgr.dev --username="{JWT}" --password="{USERNAME}"',
    ],
)
def test_swapped_halves_are_put_right_and_named(text: str) -> None:
    token = paste.parse(text)
    assert token.credentials == credentials()
    assert "swapped" in token.notes[0]


def test_fields() -> None:
    assert paste.from_fields(f" {USERNAME}\n", f"{JWT} ").credentials == credentials()
    swapped = paste.from_fields(JWT, USERNAME)
    assert swapped.credentials == credentials()
    assert swapped.notes
    assert paste.from_fields("", BLOCK).credentials == credentials()
    assert paste.from_fields(BLOCK, "").credentials == credentials()


REFUSED = {
    "nothing": (" \n\t", "token-empty"),
    "prose": ("Please see the ticket.", "token-unreadable"),
    "user name only": (USERNAME, "token-unreadable"),
    "password only": (JWT, "token-unreadable"),
    "password from standard input": (
        f"docker login cgr.dev -u {USERNAME} --password-stdin",
        "token-unreadable",
    ),
    "the command itself": ("chainctl auth pull-token create --ttl 24h", "token-unreadable"),
    "two tokens": (f"{USERNAME} {JWT}\n{USERNAME} {OTHER_JWT}", "token-unreadable"),
    "user name one digit short": (f"{USERNAME[:-1]}\n{JWT}", "token-unreadable"),
    "user name one digit long": (f"{USERNAME}0\n{JWT}", "token-unreadable"),
    "e-mail address": (f"Username: me@example.com\nPassword: {JWT}", "token-unreadable"),
    "end lost": (f"{USERNAME} {JWT[:-40]}", "token-truncated"),
    "last character lost": (f'-u "{USERNAME}" -p "{JWT[:-1]}"', "token-truncated"),
    "signature lost": (f"{USERNAME} {JWT.rpartition('.')[0]}", "token-truncated"),
    "shortened by a screen": (f"{USERNAME} {JWT[:60]}...", "token-truncated"),
    "shortened with one character": (f"{USERNAME} {JWT[:60]}…{JWT[-9:]}", "token-truncated"),
    "middle lost": (f"{USERNAME} {JWT[:90]}{JWT[95:]}", "token-truncated"),
    "for java": (
        f"export CHAINGUARD_JAVA_IDENTITY_ID={USERNAME}\nexport CHAINGUARD_JAVA_TOKEN={JWT}",
        "token-wrong-kind",
    ),
    "for apk": (BASIC.replace("OCI", "APK"), "token-wrong-kind"),
    "for libraries": (
        f"machine libraries.cgr.dev\nlogin {USERNAME}\npassword {JWT}",
        "token-wrong-kind",
    ),
    "for python, by its command": (
        f"chainctl auth pull-token create --repository=python\n{FORMS['two lines']}",
        "token-wrong-kind",
    ),
    "a person's session": (f"docker login cgr.dev -u _token -p {JWT}", "token-wrong-kind"),
    "a person's session alone": (
        make_jwt(issuer="https://issuer.enforce.dev", expires=NOW + timedelta(hours=1)),
        "token-wrong-kind",
    ),
    "GitHub's registry": ("docker login ghcr.io -u bob -p ghp_abcdefgh", "token-other-registry"),
    "Azure's registry": (
        f"docker login x.azurecr.io -u 00000000-0000-0000-0000-000000000000 -p {JWT}",
        "token-other-registry",
    ),
    "Docker Hub": ("docker login -u bob -p dckr_pat_abcdefgh", "token-other-registry"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_and_never_repeats_the_text(case: str) -> None:
    text, code = REFUSED[case]
    with pytest.raises(WizardError) as caught:
        paste.parse(text)
    assert caught.value.code == code
    shown = " ".join([str(caught.value), *map(str, _texts(caught.value))])
    for word in text.split():
        if len(word) > 12 and not word.startswith("--"):
            assert word not in shown
    assert USERNAME[:10] not in shown
    assert JWT[:10] not in shown


def _texts(error: WizardError) -> tuple[str, ...]:
    p = error.problem
    return (p.tried, p.came_back, p.cause, p.next_step)


def test_tokens_for_images_among_other_kinds_are_taken() -> None:
    text = f"chainctl auth pull-token create --repository=oci,apk\n{FORMS['two lines']}"
    assert paste.parse(text).credentials == credentials()


@st.composite
def _pasted(draw: st.DrawFn) -> tuple[str, str]:
    jwt = draw(st.sampled_from([JWT, SHORT_KEY_JWT, OTHER_JWT]))
    quote = draw(st.sampled_from(["", '"', "'"]))
    user_option = draw(st.sampled_from(["--username ", "--username=", "-u ", "-u"]))
    password_option = draw(st.sampled_from(["--password ", "--password=", "-p ", "-p"]))
    gap = draw(st.sampled_from([" ", "  ", " \\\n    ", "\t"]))
    options = [
        f"{user_option}{quote}{USERNAME}{quote}",
        f"{password_option}{quote}{jwt}{quote}",
    ]
    if draw(st.booleans()):
        options.reverse()
    line = gap.join(["docker login", f"{quote}cgr.dev{quote}", *options])
    line += draw(st.sampled_from(["", " # comment", "\n", "   "]))
    # A terminal breaks after every so many columns, and what is copied keeps the break.
    columns = draw(st.integers(20, 200))
    end = draw(st.sampled_from(["\n", "\r\n", " \n", "\n    "]))
    wrapped = end.join(line[i : i + columns] for i in range(0, len(line), columns))
    return (wrapped if draw(st.booleans()) else line), jwt


@given(_pasted())
@settings(max_examples=150, deadline=None)
def test_any_quoting_and_any_break_give_the_same_credentials(pasted: tuple[str, str]) -> None:
    text, jwt = pasted
    token = paste.parse(text)
    assert token.credentials.username == USERNAME
    assert token.credentials.password.reveal() == jwt


@given(st.integers(0, len(JWT) - 1))
@settings(max_examples=100, deadline=None)
def test_a_token_that_lost_its_end_is_never_taken_whole(end: int) -> None:
    if len(JWT[:end].rpartition(".")[2]) in {342, 512}:
        return  # a full signature of a shorter key by its size; only the registry can tell
    with pytest.raises(WizardError):
        paste.parse(f"{USERNAME} {JWT[:end]}")


@given(st.text(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    with pytest.raises(WizardError):
        paste.parse(text)


@pytest.mark.parametrize("text", ["eyJ " * 25_000, "a " * 50_000, "a" * 100_000, "/" * 100_000])
def test_a_pathological_text_is_answered_in_bounded_work(text: str) -> None:
    with pytest.raises(WizardError):
        paste.parse(text)


def test_reads_what_the_practice_registry_issues() -> None:
    issued = TokenBook().issue("example.com")
    token = paste.from_fields(issued.username, issued.password.reveal())
    assert token.credentials == issued
    assert token.days_left() == 29
    with pytest.raises(WizardError, match="token-unreadable"):
        paste.parse(issued.password.reveal())
