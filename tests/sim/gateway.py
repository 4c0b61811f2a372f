# SPDX-License-Identifier: Apache-2.0
"""The door of the OpenAPI: format, signature, script, throttling, permission; then the action."""

import hashlib
import re
import time
from urllib.parse import parse_qsl

from . import ecs, signature, vpc
from .clock import parse_iso
from .fault import Fault
from .render import CONTENT_TYPE, render_fault, render_success
from .server import Answer

WINDOW = 15 * 60
FORM = "application/x-www-form-urlencoded"
RPC_COMMON = ("Action", "Version", "AccessKeyId", "SignatureMethod", "SignatureVersion",
              "SignatureNonce", "Timestamp", "Signature")
RPC_OPTIONAL = ("Format", "SecurityToken", "SignatureType")
V3_REQUIRED = ("x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce",
               "x-acs-content-sha256")
PRODUCTS = {"ecs": ("2014-05-26", ecs.ACTIONS), "vpc": ("2016-04-28", vpc.ACTIONS)}
ACTIONS = {name: table for name, (_version, table) in PRODUCTS.items()}
UNLOGGED = RPC_COMMON[2:] + RPC_OPTIONAL


class Call:
    """One request on its way through the gateway."""

    def __init__(self, cloud, request):
        self.cloud = cloud
        self.request = request
        self.id = cloud.request_id()
        self.style = "v3" if request.header("authorization") else "rpc"
        self.pairs = list(request.query)
        if (request.header("content-type") or "").split(";")[0].strip().lower() == FORM:
            self.pairs += parse_qsl(request.body.decode("utf-8", "replace"),
                                    keep_blank_values=True)
        self.params = dict(self.pairs)
        self.key_id = self.params.get("AccessKeyId", "")
        self.authenticated = False
        self.executed = False
        self.code = None
        if self.style == "v3":
            self.action = request.header("x-acs-action") or ""
            self.version = request.header("x-acs-version") or ""
            self.form = "JSON" if "json" in (request.header("accept") or "") else "XML"
        else:
            self.action = self.params.get("Action", "")
            self.version = self.params.get("Version", "")
            self.form = "JSON" if self.params.get("Format", "").upper() == "JSON" else "XML"

    def business(self):
        """The parameters of the action itself."""
        if self.style == "v3":
            return dict(self.params)
        return {k: v for k, v in self.params.items() if k not in RPC_COMMON + RPC_OPTIONAL}


class Gateway:
    def __init__(self, cloud):
        self.cloud = cloud

    def handle(self, request):
        """The Answer to REQUEST, at most one action executed, one log entry written."""
        cloud = self.cloud
        call = Call(cloud, request)
        begun = time.monotonic()
        cloud.events.record("arrival", plane="api", endpoint=request.endpoint.name,
                            action=call.action, params=self._logged(call))
        rule = self._take(call, door=True)
        try:
            if not rule:
                self._authenticate(call)
                call.authenticated = True
                rule = self._take(call, door=False)
            if rule:
                self._wait(rule)
            answer = self._scripted(call, rule) if rule else self._executed(call)
        except Fault as fault:
            answer = self._refusal(call, fault, call.form)
        if rule:
            answer.damage, answer.pause = rule.damage, rule.pause or 0
            answer.headers.update(rule.headers or {})
            if rule.date is not None:
                answer.date = (rule.date if isinstance(rule.date, str)
                               else cloud.clock.http_date(rule.date))
        answer.headers["x-acs-request-id"] = call.id
        cloud.events.record(
            "request", plane="api", endpoint=request.endpoint.name, host=request.host,
            tls=request.tls, proxied=request.proxied, method=request.method, style=call.style,
            action=call.action, version=call.version, params=self._logged(call),
            key=call.key_id, authenticated=call.authenticated, executed=call.executed,
            status=answer.status, code=call.code, request_id=call.id, format=call.form,
            damage=answer.damage, rule=rule.number if rule else None,
            ms=round((time.monotonic() - begun) * 1000, 1))
        return answer

    def _take(self, call, door):
        rule = self.cloud.script.take(call.action, call.request.endpoint.name,
                                      call.request.method, call.params, door)
        if rule and rule.form:
            call.form = rule.form.upper()
        return rule

    def _wait(self, rule):
        if rule.hold:
            self.cloud.script.gate(rule.hold).wait()
        time.sleep(rule.delay or 0)

    @staticmethod
    def _logged(call):
        return {k: v for k, v in call.params.items() if k not in UNLOGGED
                and k not in ("Action", "Version")}

    # answers

    def _refusal(self, call, fault, form):
        call.code = fault.code
        body = render_fault(fault, call.id, call.request.host, form)
        return Answer(fault.status, body, CONTENT_TYPE[form], fault.headers)

    def _executed(self, call):
        reply = self._run(call)
        return Answer(200, render_success(call.action, {"RequestId": call.id, **reply}, call.form),
                      CONTENT_TYPE[call.form])

    def _scripted(self, call, rule):
        """The rule's answer; the call itself runs before, after, or not at all."""
        answer = None
        if rule.late is not None:
            self.cloud.later(rule.late, self._run_quietly, call)
            answer = Answer(200, render_success(call.action, {"RequestId": call.id}, call.form),
                            CONTENT_TYPE[call.form])
        elif rule.executes():
            try:
                answer = self._executed(call)
            except Fault as fault:
                answer = self._refusal(call, fault, call.form)
        own = rule.answer
        if own is None:
            return answer or Answer(500)
        form = own.get("format", call.form).upper()
        if "body" in own:
            call.code = own.get("code")
            return Answer(own.get("status", 200), own["body"],
                          own.get("content_type", CONTENT_TYPE[form]), own.get("headers"))
        fault = Fault(own["code"], own.get("status"), own.get("message"), own.get("headers"),
                      own.get("detail"))
        return self._refusal(call, fault, form)

    def _run_quietly(self, call):
        try:
            self._run(call)
            self.cloud.events.record("late", action=call.action, params=self._logged(call))
        except Fault as fault:
            self.cloud.events.record("late", action=call.action, code=fault.code)

    def _run(self, call):
        """Throttle, check and execute; the reply as a dictionary."""
        version, actions = PRODUCTS[call.request.endpoint.kind]
        if call.version != version:
            raise Fault("InvalidVersion")
        action = actions.get(call.action)
        if not action:
            raise Fault("InvalidAction.NotFound")
        if call.request.method not in ("GET", "POST"):
            raise Fault("UnsupportedHTTPMethod")
        with self.cloud.lock:
            self._throttle(call.action)
            params = action.check(call.business())
            self._check_region(params, call.request.endpoint)
            reply = action.run(self.cloud, params)
            call.executed = action.changes
            self.cloud.refresh()
            return reply

    def _throttle(self, action):
        """Per action and minute of the cloud's clock; once over, refused until the next."""
        throttle = self.cloud.throttle
        limit = throttle.limits.get(action, throttle.limits.get("*"))
        if limit is None:
            return
        key = (action, int(self.cloud.clock.now() // 60))
        throttle.counts[key] = throttle.counts.get(key, 0) + 1
        if throttle.counts[key] > limit:
            hint = throttle.hint_ms
            raise Fault(throttle.code,
                        headers={"x-acs-retry-after": str(hint)} if hint is not None else None)

    def _check_region(self, params, endpoint):
        region = params.get("RegionId")
        if region is None:
            return
        if region not in self.cloud.regions:
            raise Fault("InvalidRegionId.NotFound")
        if not endpoint.public and region != self.cloud.region:
            raise Fault("InvalidOperation.NotSupportedEndpoint")

    # authentication

    def _authenticate(self, call):
        if call.style == "v3":
            self._authenticate_v3(call)
        else:
            self._authenticate_rpc(call)

    def _authenticate_rpc(self, call):
        params = call.params
        for name in RPC_COMMON:
            if name not in params:
                raise Fault("MissingParameter", message='The input parameter "%s" that is mandatory'
                            " for processing this request is not supplied." % name)
        if len(call.pairs) != len(params):
            raise Fault("InvalidParameter", message="A parameter is given twice.")
        if params["SignatureMethod"] != "HMAC-SHA1":
            raise Fault("InvalidParameter", message="The specified SignatureMethod is not valid.")
        if params["SignatureVersion"] != "1.0":
            raise Fault("InvalidParameter", message="The specified SignatureVersion is not valid.")
        if params.get("Format", "XML").upper() not in CONTENT_TYPE:
            raise Fault("InvalidParameter", message="The specified Format is not valid.")
        secret = self.cloud.account.secret_of(call.key_id, params.get("SecurityToken", ""))
        self._check_time(params["Timestamp"])
        self._check_nonce(call.key_id, params["SignatureNonce"])
        text = signature.rpc_string_to_sign(
            call.request.method, [pair for pair in call.pairs if pair[0] != "Signature"])
        if not signature.same(signature.rpc_signature(secret, text), params["Signature"]):
            # the real one prints its string to sign as well, security token included
            raise Fault("SignatureDoesNotMatch", message="Specified signature is not matched with "
                        "our calculation. server string to sign is:" + text)

    def _authenticate_v3(self, call):
        request = call.request
        header = request.header("authorization")
        match = signature.AUTHORIZATION.match(header)
        if not match:
            raise Fault("IncompleteSignature")
        call.key_id, signed, given = match.group(1), match.group(2).split(";"), match.group(3)
        for name in V3_REQUIRED:
            if not request.header(name):
                raise Fault("MissingParameter", message='The header "%s" that is mandatory for '
                            "processing this request is not supplied." % name)
        self._check_signed_headers(request, signed)
        payload = hashlib.sha256(request.body).hexdigest()
        if request.header("x-acs-content-sha256") != payload:
            raise Fault("SignatureDoesNotMatch", message="The hash of the body does not match.")
        secret = self.cloud.account.secret_of(call.key_id,
                                              request.header("x-acs-security-token") or "")
        self._check_time(request.header("x-acs-date"))
        self._check_nonce(call.key_id, request.header("x-acs-signature-nonce"))
        canonical = signature.v3_canonical(
            request.method, request.path or "/", signature.canonical_query(request.query),
            request.headers, signed, payload)
        if not signature.same(signature.v3_signature(secret, canonical), given):
            raise Fault("SignatureDoesNotMatch", message="Specified signature is not matched with "
                        "our calculation. server CanonicalRequest is:" + canonical)

    @staticmethod
    def _check_signed_headers(request, signed):
        if signed != sorted(set(signed)):
            raise Fault("IncompleteSignature", message="SignedHeaders must be sorted.")
        must = {n.lower() for n, _ in request.headers if n.lower().startswith("x-acs-")} | {"host"}
        if request.body:
            must.add("content-type")
        missing = sorted(must - set(signed))
        if missing:
            raise Fault("IncompleteSignature",
                        message="These headers must be signed: %s." % ", ".join(missing))

    def _check_time(self, text):
        t = parse_iso(text)
        if t is None:
            raise Fault("IllegalTimestamp")
        if abs(t - self.cloud.clock.now()) > WINDOW:
            raise Fault("InvalidTimeStamp.Expired")

    def _check_nonce(self, key_id, nonce):
        """Also used up by a request whose signature is then refused: the stricter reading."""
        if not re.match(r"[\x21-\x7e]{1,64}\Z", nonce):
            raise Fault("InvalidParameter", message="The specified SignatureNonce is not valid.")
        with self.cloud.lock:
            if (key_id, nonce) in self.cloud.nonces:
                raise Fault("SignatureNonceUsed")
            self.cloud.nonces[(key_id, nonce)] = True
