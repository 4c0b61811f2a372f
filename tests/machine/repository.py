# SPDX-License-Identifier: Apache-2.0
"""A signed flat Debian repository with our package, as a fleet's owner would make one."""

import os
import shutil
import subprocess


def make(folder, deb):
    """Files for an HTTP server in FOLDER; the armoured public key."""
    os.makedirs(folder)
    home = folder + ".gnupg"
    os.makedirs(home, 0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback",
           "--passphrase", ""]
    shutil.copy(deb, folder)
    subprocess.run("apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release.tmp "
                   "&& mv ../Release.tmp Release", shell=True, cwd=folder, check=True)
    try:
        subprocess.run(gpg + ["--quick-generate-key", "repository@ecs-pubip.example", "ed25519",
                              "sign", "1d"], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(gpg + ["--clearsign", "--output", "InRelease", "Release"], cwd=folder, check=True)
        return subprocess.run(gpg + ["--armor", "--export"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)
        shutil.rmtree(home, ignore_errors=True)
