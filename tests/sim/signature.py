# SPDX-License-Identifier: Apache-2.0
"""Both request signatures, as texts and HMACs.  No clock, no keys: those are arguments."""

import base64
import hashlib
import hmac
import re
from urllib.parse import quote

AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})\Z")


def percent(text):
    """RFC 3986: only A-Z a-z 0-9 - _ . ~ stay as they are."""
    return quote(text, safe="-_.~")


def canonical_query(params):
    """PARAMS, pairs of texts, sorted by key in byte order."""
    pairs = sorted(params, key=lambda pair: pair[0].encode())
    return "&".join("%s=%s" % (percent(key), percent(value)) for key, value in pairs)


def rpc_string_to_sign(method, params):
    return "&".join((method, percent("/"), percent(canonical_query(params))))


def rpc_signature(secret, string_to_sign):
    digest = hmac.new((secret + "&").encode(), string_to_sign.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def v3_canonical(method, uri, query, headers, signed, payload_hash):
    """HEADERS are (name, value) pairs; SIGNED the names in the order of the request."""
    lines = []
    for name in signed:
        values = sorted(v.strip() for n, v in headers if n.lower() == name)
        lines.append("%s:%s\n" % (name, ",".join(values)))
    return "\n".join((method, uri, query, "".join(lines), ";".join(signed), payload_hash))


def v3_string_to_sign(canonical):
    return "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()


def v3_signature(secret, canonical):
    return hmac.new(secret.encode(), v3_string_to_sign(canonical).encode(),
                    hashlib.sha256).hexdigest()


def same(one, other):
    return hmac.compare_digest(one.encode(), other.encode())
