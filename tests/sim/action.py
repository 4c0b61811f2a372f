# SPDX-License-Identifier: Apache-2.0
"""One action of an API: its parameters, and the function that is the action."""

import re

from .fault import Fault


class Action:
    """Parameters that start with "!" are required; `.N` stands for a number.

    A gateway ignores what an action does not declare; mostly that is a mistake of the caller's, so
    that only an action that `ignores` does so here, and the others refuse.
    """

    def __init__(self, run, params, changes=False, ignores=False):
        names = params.split()
        self.run = run
        self.required = [name[1:] for name in names if name.startswith("!")]
        self.known = [re.compile(re.escape(name.lstrip("!")).replace(r"\.N", r"\.\d+") + r"\Z")
                      for name in names]
        self.changes = changes
        self.ignores = ignores

    def knows(self, name):
        return any(known.match(name) for known in self.known)

    def check(self, params):
        """Those that the action sees."""
        for name in self.required:
            if not params.get(name):
                raise Fault("MissingParameter", message='The input parameter "%s" that is mandatory'
                            " for processing this request is not supplied." % name)
        if self.ignores:
            return {name: value for name, value in params.items() if self.knows(name)}
        for name in params:
            # SDKs send RegionId with everything
            if name != "RegionId" and not self.knows(name):
                raise Fault("UnsupportedParameter",
                            message='The parameter "%s" is not supported.' % name)
        return params


def boolean(params, name):
    text = params.get(name, "false")
    if text.lower() not in ("true", "false"):
        raise Fault("InvalidParameter", message='The specified parameter "%s" is not valid.' % name)
    return text.lower() == "true"


def whole_number(params, name):
    text = params.get(name)
    if text is None:
        return None
    if not re.match(r"-?\d+\Z", text):
        raise Fault("InvalidParameter", message='The specified parameter "%s" is not valid.' % name)
    return int(text)


def allow(cloud, permission, *resources):
    if not cloud.account.may(permission, resources):
        raise cloud.account.denial_fault(permission)


def once(cloud, action, params, function):
    """ClientToken idempotence: the same token answers the same, and does nothing twice."""
    token = params.get("ClientToken")
    if not token:
        return function()
    if len(token) > 64 or not token.isascii():
        raise Fault("InvalidClientToken.ValueNotSupported")
    key = (action, token)
    if key in cloud.client_tokens:
        before, reply = cloud.client_tokens[key]
        if before != params:
            raise Fault("IdempotentParameterMismatch")
        return reply
    reply = function()
    cloud.client_tokens[key] = (dict(params), reply)
    return reply
