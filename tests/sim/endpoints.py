# SPDX-License-Identifier: Apache-2.0
"""Which names answer at which addresses, and whether a connection gets through.

A black hole is an address that nobody has: it is off `lo`, and without forwarding the packets for
it vanish, so that a connect times out as it does without a way out.  The sockets listen all the
time (IP_FREEBIND), except on an endpoint that refuses.
"""

import socket
import subprocess

IP_FREEBIND = 15
IPV6_FREEBIND = 78
STATES = ("up", "blackhole", "refuse")


class Endpoint:
    def __init__(self, name, address, names, kind, public, ports):
        self.name = name
        self.address = address
        self.names = names
        self.kind = kind        # metadata, ecs, vpc, echo, proxy
        self.public = public
        self.ports = ports
        self.state = None       # up, blackhole, refuse; None: not applied yet
        self.sockets = []

    @property
    def family(self):
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


def table(region):
    """The endpoints for REGION.  Public ones have TEST-NET addresses here."""
    return [
        Endpoint("metadata", "100.100.100.200", [], "metadata", False, [80]),
        Endpoint("metadata6", "fd00:100::100:200", [], "metadata", False, [80]),
        Endpoint("ecs-vpc", "100.100.80.75", ["ecs-vpc.%s.aliyuncs.com" % region],
                 "ecs", False, [443, 80]),
        Endpoint("vpc-vpc", "100.100.80.76", ["vpc-vpc.%s.aliyuncs.com" % region],
                 "vpc", False, [443, 80]),
        Endpoint("ecs", "192.0.2.75", ["ecs.%s.aliyuncs.com" % region], "ecs", True, [443, 80]),
        Endpoint("ecs-central", "192.0.2.76",
                 ["ecs.aliyuncs.com", "ecs-cn-hangzhou.aliyuncs.com"], "ecs", True, [443, 80]),
        Endpoint("vpc", "192.0.2.78", ["vpc.%s.aliyuncs.com" % region, "vpc.aliyuncs.com"],
                 "vpc", True, [443, 80]),
        Endpoint("echo", "192.0.2.90", ["ip.echo.test"], "echo", True, [443, 80]),
        Endpoint("proxy", "100.100.80.99", ["proxy.test"], "proxy", False, [3128]),
    ]


class Network:
    """Opens and closes the endpoints as the cloud's state wants it."""

    def __init__(self, cloud, on_listen, on_close):
        self.cloud = cloud
        self.endpoints = table(cloud.region)
        self.on_listen = on_listen
        self.on_close = on_close

    def by_host(self, host):
        return next((e for e in self.endpoints if host in e.names), None)

    def hosts(self):
        """Lines for /etc/hosts."""
        return ["%s %s" % (e.address, " ".join(e.names)) for e in self.endpoints if e.names]

    def wanted(self, endpoint):
        network, cloud = self.cloud.network, self.cloud
        if endpoint.name in network.endpoints:
            return network.endpoints[endpoint.name]
        if endpoint.kind == "metadata":
            return "up" if cloud.metadata.available else "blackhole"
        if endpoint.public:
            if network.public == "auto":
                return "up" if cloud.instance.effective_ip else network.no_way
            return {"open": "up"}.get(network.public, network.public)
        if endpoint.kind in ("ecs", "vpc") and cloud.instance.network == "classic":
            return "blackhole"   # the private endpoints serve VPCs only
        return "up"

    def apply(self):
        """Called with the cloud's lock held."""
        lines = []
        for endpoint in self.endpoints:
            wanted = self.wanted(endpoint)
            if wanted == endpoint.state:
                continue
            on_lo = endpoint.state in ("up", "refuse")
            if (wanted != "blackhole") != on_lo:
                prefix = 128 if endpoint.family == socket.AF_INET6 else 32
                verb = "del" if on_lo else "replace"
                nodad = " nodad" if prefix == 128 and not on_lo else ""
                lines.append("address %s %s/%d dev lo%s" % (verb, endpoint.address, prefix, nodad))
            if wanted == "refuse":
                self._close(endpoint)
            elif not endpoint.sockets:
                self._listen(endpoint)
            endpoint.state = wanted
            self.cloud.events.record("endpoint", name=endpoint.name, state=wanted)
        if lines:
            subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)

    def _listen(self, endpoint):
        for port in endpoint.ports:
            sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if endpoint.family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            sock.bind((endpoint.address, port))
            sock.listen(256)
            endpoint.sockets.append(sock)
            self.on_listen(sock, endpoint, port)

    def _close(self, endpoint):
        for sock in endpoint.sockets:
            self.on_close(sock)
        endpoint.sockets = []
