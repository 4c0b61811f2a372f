# SPDX-License-Identifier: Apache-2.0
"""Hand-made requests to the simulator, with anything wrong in them that a test wants."""

import hashlib
import http.client
import json
import subprocess
import sys
import time
import uuid
import weakref
from urllib.parse import quote, urlencode

HOST = "ecs-vpc.cn-hangzhou.aliyuncs.com"
ME = __file__
# a Python inside each machine that makes its requests: starting one for each takes far longer
_helpers = weakref.WeakKeyDictionary()


def request(machine, method, url, headers=None, body=None, timeout=15):
    """One request made inside the machine: {"status", "headers", "body"} or {"error"}."""
    helper = _helpers.get(machine)
    if not helper or helper.poll() is not None:     # none yet, or it ended with a reboot
        helper = machine.popen([sys.executable, ME], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
        _helpers[machine] = helper
    job = {"method": method, "url": url, "headers": headers or {}, "body": body,
           "timeout": timeout}
    helper.stdin.write(json.dumps(job) + "\n")
    helper.stdin.flush()
    return json.loads(helper.stdout.readline())


def rpc_url(secret, params, method="GET", host=HOST, **changed):
    """A URL signed with RPC 1.0; CHANGED parameters (None: left out) are signed as well."""
    from sim import signature
    pairs = {"Version": "2014-05-26", "AccessKeyId": "LTAI5tSimStaticKey000001",
             "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
             "SignatureNonce": uuid.uuid4().hex, "Format": "JSON",
             "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **params, **changed}
    pairs = {k: v for k, v in pairs.items() if v is not None}
    text = signature.rpc_string_to_sign(method, pairs.items())
    pairs["Signature"] = signature.rpc_signature(secret, text)
    return "https://%s/?%s" % (host, urlencode(pairs, quote_via=quote, safe="-_.~"))


def v3(secret, action, params, host=HOST, body=b"", unsigned=(), **changed):
    """(url, headers) signed with V3; headers named in UNSIGNED are sent unsigned."""
    from sim import signature
    headers = {"host": host, "x-acs-action": action, "x-acs-version": "2014-05-26",
               "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
               "x-acs-signature-nonce": uuid.uuid4().hex,
               "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
               **{k.replace("_", "-"): v for k, v in changed.items()}}
    headers = {k: v for k, v in headers.items() if v is not None}
    signed = sorted(n for n in headers if n not in unsigned
                    and (n.startswith("x-acs-") or n in ("host", "content-type")))
    query = signature.canonical_query(params.items())
    canonical = signature.v3_canonical("POST", "/", query, headers.items(), signed,
                                       hashlib.sha256(body).hexdigest())
    headers["Authorization"] = (
        "ACS3-HMAC-SHA256 Credential=LTAI5tSimStaticKey000001,SignedHeaders=%s,Signature=%s"
        % (";".join(signed), signature.v3_signature(secret, canonical)))
    return "https://%s/?%s" % (host, query), headers


def _make(job):
    scheme, rest = job["url"].split("://")
    host, slash, path = rest.partition("/")
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=job["timeout"])
    try:
        connection.request(job["method"], slash + path, job["body"], job["headers"])
        answer = connection.getresponse()
        body = b""
        while True:     # what came before an end that came too early counts
            part = answer.read1(65536)
            if not part:
                break
            body += part if len(body) < 1 << 20 else b""
        return {"status": answer.status, "body": body.decode("utf-8", "replace"),
                "headers": {k.lower(): v for k, v in answer.getheaders()}}
    except (OSError, http.client.HTTPException) as error:
        return {"error": type(error).__name__, "reason": str(error)}
    finally:
        connection.close()


def main():
    for line in sys.stdin:
        print(json.dumps(_make(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
