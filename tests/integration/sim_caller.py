# SPDX-License-Identifier: Apache-2.0
"""Hand-made requests to the simulator, with anything wrong in them that a test wants."""

import hashlib
import http.client
import json
import sys
import time
import uuid
from urllib.parse import quote, urlencode

HOST = "ecs-vpc.cn-hangzhou.aliyuncs.com"
ME = __file__


def request(machine, method, url, headers=None, body=None, timeout=15):
    """One request made inside the machine: {"status", "headers", "body"} or {"error"}."""
    job = {"method": method, "url": url, "headers": headers or {}, "body": body,
           "timeout": timeout}
    done = machine.run([sys.executable, ME, json.dumps(job)], timeout=timeout + 15)
    return json.loads(done.stdout)


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


def main():
    job = json.loads(sys.argv[1])
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
        print(json.dumps({"status": answer.status, "body": body.decode("utf-8", "replace"),
                          "headers": {k.lower(): v for k, v in answer.getheaders()}}))
    except (OSError, http.client.HTTPException) as error:
        print(json.dumps({"error": type(error).__name__, "reason": str(error)}))


if __name__ == "__main__":
    main()
