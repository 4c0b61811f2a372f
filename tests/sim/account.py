# SPDX-License-Identifier: Apache-2.0
"""Who may call: keys, the instance role with its temporary credentials, permissions."""

import base64
import fnmatch
import json
import os

from .fault import Fault


class Role:
    """The instance role as metadata shows it: sets of credentials that expire and rotate."""

    def __init__(self, clock):
        self.clock = clock
        self.name = "ecs-pubip"
        self.attached = True
        self.lifetime = 6 * 3600
        self.rotate_before = 1800
        self.code = "Success"
        self.frozen = False  # metadata goes on serving the set that it has, expired or not
        self.sets = []

    def current(self):
        """The set that metadata serves now; the one before stays valid until it expires."""
        last = self.sets[-1] if self.sets else None
        if last and (self.frozen or last["expiration"] - self.rotate_before > self.clock.now()):
            return last
        return self.rotate()

    def rotate(self):
        now = self.clock.now()
        number = len(self.sets) + 1
        self.sets.append({
            "id": "STS.Sim%05d%s" % (number, os.urandom(6).hex()),
            "secret": _random_text(24),
            # what real tokens are made of, and what wrong percent-encoding gets wrong
            "token": "CAIS+%03d/%s+/==" % (number % 1000, _random_text(90)),
            "updated": now,
            "expiration": now + self.lifetime,
        })
        return self.sets[-1]

    def document(self):
        """The JSON text under ram/security-credentials/<role>."""
        if self.code != "Success":
            return json.dumps({"Code": self.code, "LastUpdated": self.clock.iso()})
        chosen = self.current()
        return json.dumps({
            "AccessKeyId": chosen["id"],
            "AccessKeySecret": chosen["secret"],
            "Expiration": self.clock.iso(chosen["expiration"]),
            "SecurityToken": chosen["token"],
            "LastUpdated": self.clock.iso(chosen["updated"]),
            "Code": "Success",
        }, indent=2)


class Account:
    """One account: static keys, the role, what is denied or allowed."""

    def __init__(self, clock, number="1234567890123456"):
        self.id = number
        self.clock = clock
        self.role = Role(clock)
        self.keys = {"LTAI5tSimStaticKey000001": _random_text(30)}
        self.inactive = []
        self.international = False  # it is not sold EIPs that are billed by bandwidth
        self.denied = []         # "ecs:RebootInstance", or with a glob
        self.denial = "Forbidden.RAM"
        self.policy = None       # a RAM policy document; None allows all that is not denied

    def secrets(self):
        """Every text that must be found nowhere: for tests that look."""
        found = list(self.keys.values())
        for chosen in self.role.sets:
            found += [chosen["secret"], chosen["token"]]
        return found

    def secret_of(self, key_id, token):
        """The secret that signs for KEY_ID; a Fault unless TOKEN belongs to it and both live."""
        if key_id in self.inactive:
            raise Fault("InvalidAccessKeyId.Inactive")
        if key_id in self.keys:
            if token:
                raise Fault("InvalidSecurityToken.MismatchWithAccessKey")
            return self.keys[key_id]
        chosen = next((s for s in self.role.sets if s["id"] == key_id), None)
        if not chosen:
            if token and key_id.startswith("STS."):
                raise Fault("InvalidSecurityToken.Malformed" if not token.startswith("CAIS")
                            else "InvalidAccessKeyId.NotFound")
            raise Fault("InvalidAccessKeyId.NotFound")
        if not token:
            raise Fault("MissingSecurityToken")
        if token != chosen["token"]:
            known = any(s["token"] == token for s in self.role.sets)
            raise Fault("InvalidSecurityToken.MismatchWithAccessKey" if known
                        else "InvalidSecurityToken.Malformed")
        if chosen["expiration"] <= self.clock.now():
            raise Fault("InvalidSecurityToken.Expired")
        return chosen["secret"]

    def may(self, permission, resources):
        """Whether PERMISSION ("ecs:DescribeInstances") holds for each of RESOURCES."""
        if any(fnmatch.fnmatchcase(permission, pattern) for pattern in self.denied):
            return False
        if self.policy is None:
            return True
        return all(self._policy_allows(permission, resource) for resource in resources)

    def _policy_allows(self, permission, resource):
        allowed = False
        for statement in self.policy.get("Statement", []):
            hit = (any(fnmatch.fnmatch(permission.lower(), p.lower())
                       for p in _listed(statement.get("Action", [])))
                   and any(fnmatch.fnmatchcase(resource, p)
                           for p in _listed(statement.get("Resource", []))))
            if hit and statement.get("Effect") == "Deny":
                return False
            allowed = allowed or hit
        return allowed

    def denial_fault(self, permission):
        return Fault(self.denial, detail={
            "PolicyType": "AccountLevelIdentityBasedPolicy",
            "AuthAction": permission,
            "AuthPrincipalType": "AssumedRoleUser",
            "AuthPrincipalDisplayName": "%s:vm-ram" % self.role.name,
            "AuthPrincipalOwnerId": self.id,
            "NoPermissionType": "ImplicitDeny",
            "EncodedDiagnosticMessage": "AQEAAAAAaBcD",
        })


def _listed(value):
    return value if isinstance(value, list) else [value]


def _random_text(size):
    return base64.b64encode(os.urandom(size)).decode().replace("=", "").replace("/", "x")
