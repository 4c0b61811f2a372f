# SPDX-License-Identifier: Apache-2.0
"""Start the simulator: `PYTHONPATH=tests python3 -m sim --folder DIR`, inside a namespace.

In DIR: control (socket), log.jsonl, ca/ca/cert.pem, hosts.  It prints "ready" once all listens.
"""

import argparse
import os
import sys
import threading

from .certs import Authority
from .cloud import MODES, Cloud
from .control import Control, serve
from .endpoints import Network, table
from .gateway import Gateway
from .metadata import Metadata
from .server import Answer, Server


def refuse_the_real_network():
    """The addresses are real ones.  A namespace made for tests has no default route."""
    with open("/proc/self/net/route", encoding="ascii") as f:
        if any(line.split()[1] == "00000000" for line in f.readlines()[1:]):
            sys.exit("sim: there is a default route: start it in a network namespace of its own")


def main():
    parser = argparse.ArgumentParser(prog="sim")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--ca", help="folder of a CA to share (default: FOLDER/ca)")
    parser.add_argument("--region", default="cn-hangzhou")
    parser.add_argument("--mode", choices=sorted(MODES), default="vpc")
    options = parser.parse_args()
    refuse_the_real_network()
    os.makedirs(options.folder, exist_ok=True)

    cloud = Cloud(options.region, options.mode, os.path.join(options.folder, "log.jsonl"))
    names = [name for e in table(options.region) for name in e.names if e.kind != "proxy"]
    authority = Authority(options.ca or os.path.join(options.folder, "ca"), names, cloud.clock)
    authority.context()
    metadata, gateway = Metadata(cloud), Gateway(cloud)

    def echo(_request):
        """What a service outside sees as the caller's address."""
        return Answer(200, cloud.instance.effective_ip + "\n")

    server = Server(cloud, authority, {"metadata": metadata.handle, "ecs": gateway.handle,
                                       "vpc": gateway.handle, "echo": echo})
    network = Network(cloud, server.listen, server.unlisten)
    server.network = network
    cloud.on_change.append(network.apply)
    threading.Thread(target=server.run, daemon=True).start()
    cloud.refresh()
    with open(os.path.join(options.folder, "hosts"), "w", encoding="ascii") as f:
        f.write("\n".join(network.hosts()) + "\n")
    serve(Control(cloud, metadata, network), os.path.join(options.folder, "control"))
    print("ready", flush=True)
    sys.stdin.read()    # the end of our starter is our end


if __name__ == "__main__":
    main()
