# SPDX-License-Identifier: Apache-2.0
"""The metadata service: tokens, modes, and the tree of items."""

import json
import os
import threading
import time

from .server import Answer

TOKEN_HEADER = "X-aliyun-ecs-metadata-token"
TTL_HEADER = TOKEN_HEADER + "-ttl-seconds"
TTL_MAX = 21600
VERSIONS = ("2016-01-01", "latest")
NOT_FOUND = ('<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>404 - Not Found'
             '</title></head><body><h1>404 - Not Found</h1></body></html>\n')


class Metadata:
    """Answers requests to 100.100.100.200.  Nested dictionaries are directories."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.tokens = {}    # text -> end, monotonic
        self.issued = []
        self.lock = threading.Lock()

    def handle(self, request):
        name = self._name(request.path)
        cloud = self.cloud
        cloud.events.record("arrival", plane="metadata", path=name, method=request.method)
        rule = cloud.script.take(name, request.endpoint.name, request.method, {}, False)
        if rule:
            if rule.hold:
                cloud.script.gate(rule.hold).wait()
            time.sleep(rule.delay or 0)
        if rule and rule.answer:
            answer = Answer(rule.answer.get("status", 500), rule.answer.get("body", ""),
                            headers=rule.answer.get("headers"))
        else:
            with cloud.lock:
                answer = self._answer(request)
        if rule:
            answer.damage, answer.pause = rule.damage, rule.pause or 0
            answer.headers.update(rule.headers or {})
        offset = cloud.metadata.clock_offset
        if offset is not None:
            answer.date = cloud.clock.http_date(offset - cloud.clock.offset)
        if rule and rule.date is not None:
            answer.date = (rule.date if isinstance(rule.date, str)
                           else cloud.clock.http_date(rule.date))
        cloud.events.record(
            "request", plane="metadata", endpoint=request.endpoint.name, method=request.method,
            host=request.host, path=request.path, item=name, status=answer.status,
            token=request.header(TOKEN_HEADER) is not None, damage=answer.damage,
            rule=rule.number if rule else None, agent=request.header("user-agent"))
        return answer

    @staticmethod
    def _name(path):
        """The path below the version: what rules are written for."""
        head, _, rest = path.lstrip("/").partition("/")
        return rest if head in VERSIONS else path.lstrip("/")

    def _answer(self, request):
        if self.cloud.metadata.mode == "disabled":
            return Answer(403, "Forbidden\n")
        if request.path == "/latest/api/token":
            return self._token(request)
        if request.method not in ("GET", "HEAD"):
            return Answer(405, "Method Not Allowed\n")
        token = request.header(TOKEN_HEADER)
        if token is None:
            if self.cloud.metadata.mode == "required":
                return Answer(403, "Forbidden\n")
        elif not self._token_valid(token):
            return Answer(401, "Unauthorized\n")
        return self._item(request.path)

    def _token(self, request):
        if request.method != "PUT":
            return Answer(405, "Method Not Allowed\n")
        if request.header("x-forwarded-for") is not None:
            return Answer(403, "Forbidden\n")
        text = request.header(TTL_HEADER) or ""
        ttl = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= ttl <= TTL_MAX:
            return Answer(400, "Missing or Invalid Parameters\n")
        token = os.urandom(32).hex()
        with self.lock:
            self.tokens[token] = time.monotonic() + ttl
            self.issued.append(token)
        return Answer(200, token)

    def _token_valid(self, token):
        with self.lock:
            return self.tokens.get(token, 0) > time.monotonic()

    def expire_tokens(self):
        with self.lock:
            self.tokens.clear()

    def _item(self, path):
        parts = [part for part in path.split("/") if part]
        if not parts:
            return Answer(200, "\n".join(VERSIONS) + "\n")
        if parts[0] not in VERSIONS:
            return Answer(404, NOT_FOUND, "text/html")
        if parts[1:] == ["meta-data", "all"]:
            if not self.cloud.metadata.all:
                return Answer(404, NOT_FOUND, "text/html")
            return Answer(200, json.dumps(self._meta_data(True)), "application/json")
        node = self._tree("eipv4" in parts or "public-ipv4" in parts)
        for part in parts[1:]:
            if not isinstance(node, dict) or part not in node:
                return Answer(404, NOT_FOUND, "text/html")
            node = node[part]
        if isinstance(node, dict):
            listing = [key + "/" if isinstance(value, dict) else key
                       for key, value in node.items()]
            return Answer(200, "\n".join(listing))
        return Answer(200, node)

    def items(self):
        """Every path that can be asked for, also of what is not there now."""
        def below(node, path):
            yield path
            for name in node if isinstance(node, dict) else ():
                child = {} if isinstance(node, _Lazy) else node[name]
                yield from below(child, path + "/" + name if path else name)

        addresses = ["meta-data/eipv4", "meta-data/public-ipv4"]
        role = "meta-data/ram/security-credentials"
        with self.cloud.lock:
            return [*below(self._tree(False), ""), "api/token", "meta-data/all", *addresses,
                    role + "/", role + "/" + self.cloud.account.role.name, "user-data", "vendor-data"]

    def _tree(self, address_look):
        settings = self.cloud.metadata
        role = self.cloud.account.role
        tree = {"meta-data": self._meta_data(address_look)}
        if role.attached:
            tree["meta-data"]["ram"] = {
                "security-credentials": _Lazy({role.name: role.document})}
        tree["dynamic"] = {"instance-identity": {"document": self._document()}}
        tree["maintenance"] = {"active-system-events": "[]"}
        tree["global-config"] = {"aliyun-assist-server-url": "https://assist.invalid"}
        if settings.user_data:
            tree["user-data"] = settings.user_data
        if settings.vendor_data:
            tree["vendor-data"] = settings.vendor_data
        return tree

    def _document(self):
        here = self.cloud.instance
        return json.dumps({
            "zone-id": here.zone, "serial-number": _serial(here), "instance-id": here.id,
            "region-id": here.region, "private-ipv4": here.private_ip,
            "owner-account-id": self.cloud.account.id, "mac": here.mac,
            "image-id": "debian_12_x64_20G_sim.vhd", "instance-type": "ecs.g7.large"})

    def _addresses(self, look):
        """eipv4 and public-ipv4.  Only a LOOK at them counts for the lag."""
        here, settings = self.cloud.instance, self.cloud.metadata
        lag = here.metadata_lag
        address = lag.look(here.effective_ip) if look else (
            here.effective_ip if lag.over() else lag.old)
        if settings.address is not None:
            address = settings.address
        if address:
            return dict.fromkeys(settings.address_items, address)
        return dict.fromkeys(settings.address_items, "") if settings.absent == "empty" else {}

    def _meta_data(self, address_look):
        here = self.cloud.instance
        vpc = here.network == "vpc"
        gateway = here.private_ip.rsplit(".", 1)[0] + ".1"
        network = {
            "vpc-id": "vpc-bp1sim000000000000001", "vpc-cidr-block": "172.16.0.0/12",
            "vswitch-id": "vsw-bp1sim000000000000001", "vswitch-cidr-block": "172.16.0.0/24",
        } if vpc else {}
        items = {
            "disks": {"bp1simdisk0001": {"id": "d-bp1simdisk0001", "name": "system"}},
            "dns-conf": {"nameservers": "100.100.2.136\n100.100.2.138"},
            **self._addresses(address_look),
            "hibernation": {"configured": "false"},
            "hostname": "sim", "image-id": "debian_12_x64_20G_sim.vhd",
            "instance": {
                "instance-name": "sim", "instance-type": "ecs.g7.large",
                "last-host-landing-time": "2026-01-01T00:00:00Z",
                "max-netbw-egress": str(here.bandwidth_out * 1024),
                "max-netbw-ingress": str(here.bandwidth_in * 1024),
                "virtualization-solution": "ECS Virt", "virtualization-solution-version": "2.0"},
            "instance-id": here.id, "mac": here.mac,
            "network": {"interfaces": {"macs": {here.mac: {
                "gateway": gateway, "netmask": "255.255.255.0",
                "network-interface-id": "eni-bp1sim000000000000001",
                "primary-ip-address": here.private_ip,
                "private-ipv4s": json.dumps([here.private_ip]), **network}}}},
            "network-type": here.network,
            "ntp-conf": {"ntp-servers": "ntp1.aliyun.com\nntp2.aliyun.com"},
            "owner-account-id": self.cloud.account.id,
            "private-ipv4": here.private_ip, "region-id": here.region,
            "serial-number": _serial(here),
            "source-address": "http://mirrors.cloud.aliyuncs.com",
            "sub-private-ipv4-list": "", **network, "zone-id": here.zone,
        }
        if self.cloud.metadata.tags:
            items["tags"] = {"instance": dict(self.cloud.metadata.tags)}
        return items


class _Lazy(dict):
    """A directory whose items are made only when read: a listing must not rotate credentials."""

    def __getitem__(self, key):
        return super().__getitem__(key)()


def _serial(instance):
    digits = "".join(c for c in instance.id if c in "0123456789abcdef")[-12:].rjust(12, "0")
    return "11111111-2222-4333-8444-" + digits
