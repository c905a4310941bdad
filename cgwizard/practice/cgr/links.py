"""Signed links to blobs, by AWS Signature Version 4 in the query, as R2 and S3 check them.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote, urlencode

_ALGORITHM = "AWS4-HMAC-SHA256"
_STAMP = "%Y%m%dT%H%M%SZ"
LinkDefect = Literal["unsigned", "wrong", "expired"]


class Links:
    """Makes and checks links; the key lives as long as this object."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key_id = secrets.token_hex(16)
        self._key = secrets.token_hex(32)
        self.seconds = 600  # [guess] how long a link is good

    def sign(self, host: str, path: str) -> str:
        """The query for a GET of ``path`` at ``host`` (with its port)."""
        stamp = time.strftime(_STAMP, time.gmtime(self._clock()))
        query = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
            "X-Amz-Credential": f"{self._key_id}/{self._scope(stamp)}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(self.seconds),
            "X-Amz-SignedHeaders": "host",
        }
        signature = self._signature(host, path, query, stamp)
        return urlencode({**query, "X-Amz-Signature": signature})

    def refusal(self, host: str, path: str, query: Mapping[str, str]) -> LinkDefect | None:
        """Why a link does not open, or None.

        A HEAD is checked like the GET that the link was signed for; S3 is stricter.
        """
        rest = dict(query)
        given = rest.pop("X-Amz-Signature", "")
        stamp = rest.get("X-Amz-Date", "")
        if not given or rest.get("X-Amz-Algorithm") != _ALGORITHM:
            return "unsigned"
        expected = self._signature(host, path, rest, stamp)
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return "wrong"
        # The signature covers the date and the lifetime: both can be trusted from here on.
        made = calendar.timegm(time.strptime(stamp, _STAMP))
        if made + int(rest["X-Amz-Expires"]) < self._clock():
            return "expired"
        return None

    @staticmethod
    def _scope(stamp: str) -> str:
        return f"{stamp[:8]}/auto/s3/aws4_request"

    def _signature(self, host: str, path: str, query: Mapping[str, str], stamp: str) -> str:
        canonical_query = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
        request = "\n".join(
            ("GET", quote(path), canonical_query, f"host:{host}\n", "host", "UNSIGNED-PAYLOAD")
        )
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join((_ALGORITHM, stamp, self._scope(stamp), hashed))
        key = f"AWS4{self._key}".encode()
        for part in (*self._scope(stamp).split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex()
