from __future__ import annotations

from datetime import timedelta

from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.tokens import claims
from tests.support.tokens import JWT, NOW, USERNAME, credentials, encode, make_jwt


def test_dates_and_identifiers() -> None:
    token = claims.read(credentials())
    assert (token.issued, token.expires) == (NOW, NOW + timedelta(days=30))
    assert token.organization_id == USERNAME[:40]
    assert token.issuer == "https://pulltoken.issuer.chainguard.dev"
    assert token.organization == ""
    assert token.named("example.com").organization == "example.com"


def test_days_left_counts_whole_days() -> None:
    token = claims.read(credentials())
    assert token.days_left(NOW) == 30
    assert token.days_left(NOW + timedelta(hours=1)) == 29
    last_day = NOW + timedelta(days=29, hours=5)
    assert token.days_left(last_day) == 0
    assert not token.expired(last_day)


def test_expired() -> None:
    token = claims.read(credentials())
    assert token.expired(NOW + timedelta(days=30))
    assert token.days_left(NOW + timedelta(days=30, seconds=1)) == -1


def test_a_token_without_a_date_is_not_called_expired() -> None:
    token = claims.read(Credentials(USERNAME, Secret(make_jwt(expires=None))))
    assert token.expires is None
    assert token.days_left(NOW) is None
    assert not token.expired(NOW)


def test_a_hostile_date_is_no_date() -> None:
    header, _, signature = JWT.split(".")
    token = ".".join([header, encode(b'{"exp":1e300,"iat":true,"iss":7}'), signature])
    read = claims.read(Credentials(USERNAME, Secret(token)))
    assert (read.expires, read.issued, read.issuer) == (None, None, "")


def test_the_representation_hides_the_password() -> None:
    assert JWT[:12] not in repr(claims.read(credentials()))


def test_expired_tokens_are_whole_and_readable() -> None:
    old = make_jwt(expires=NOW - timedelta(days=900), issued=NOW - timedelta(days=930))
    assert claims.is_whole(old)
    assert claims.read(Credentials(USERNAME, Secret(old))).expires == NOW - timedelta(days=900)


def test_a_signature_of_the_wrong_size_is_not_whole() -> None:
    assert claims.is_whole(make_jwt(signature=b"x" * 256))
    assert not claims.is_whole(make_jwt(signature=b"x" * 255))
    assert claims.is_whole(make_jwt(signature=b"x" * 64, algorithm="ES256"))
    assert not claims.is_whole("")
    assert not claims.is_whole("eyJ.eyJ.x")
