# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of our own, made with openssl(1) in a folder, and bad certificates."""

import hashlib
import os
import shutil
import ssl
import subprocess
import tempfile
import time

KINDS = ("good", "expired", "not-yet-valid", "wrong-name", "unknown-ca")
DAY = 86400


def _openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _stamp(t):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(t))


class Authority:
    """Certificates are made when first asked for.  Many simulators may share the folder: each
    key pair has a folder of its own, which is made elsewhere and appears by a rename."""

    def __init__(self, folder, names, clock):
        self.folder = folder
        self.names = names
        self.clock = clock
        self.contexts = {}
        os.makedirs(folder, exist_ok=True)
        self.ca = self._authority("ca", "ecs-pubip test CA")

    def _authority(self, name, subject):
        # valid for a century both ways: the clocks under test are wrong by decades
        return self._make(name, subject, None, "19700101000000Z", "20991231235959Z",
                          "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,"
                          "cRLSign\nsubjectKeyIdentifier=hash\n")

    def _make(self, name, subject, issuer, start, end, extensions):
        """The folder with key.pem and cert.pem; ISSUER is the folder of a CA, None: itself."""
        final = os.path.join(self.folder, name)
        if os.path.isdir(final):
            return final
        work = tempfile.mkdtemp(dir=self.folder)
        with open(os.path.join(work, "ca.cnf"), "w", encoding="ascii") as f:
            f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nrand_serial=yes\n"
                    "default_md=sha256\npolicy=p\nnew_certs_dir=.\nx509_extensions=e\n"
                    "[p]\ncommonName=supplied\n[e]\n" + extensions)
        open(os.path.join(work, "index"), "w", encoding="ascii").close()
        signer = (["-cert", issuer + "/cert.pem", "-keyfile", issuer + "/key.pem"] if issuer
                  else ["-selfsign", "-keyfile", "key.pem"])
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem",
                 cwd=work)
        _openssl("req", "-new", "-key", "key.pem", "-subj", "/CN=" + subject, "-out", "req.pem",
                 cwd=work)
        _openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", "req.pem",
                 "-out", "cert.pem", "-startdate", start, "-enddate", end, *signer, cwd=work)
        try:
            os.rename(work, final)
        except OSError:         # somebody else was quicker
            shutil.rmtree(work)
        return final

    def context(self, kind="good"):
        """A server's TLS context.  Validity is around the cloud's clock, to the month."""
        month = int(self.clock.now() // (30 * DAY))
        if (kind, month) not in self.contexts:
            self.contexts[kind, month] = self._context(kind, month * 30 * DAY)
        return self.contexts[kind, month]

    def _context(self, kind, about):
        start, end, names, issuer = about - 45 * DAY, about + 75 * DAY, self.names, self.ca
        if kind == "expired":
            start, end = about - 400 * DAY, about - 35 * DAY
        elif kind == "not-yet-valid":
            start, end = about + 65 * DAY, about + 400 * DAY
        elif kind == "wrong-name":
            names = ["other.example"]
        elif kind == "unknown-ca":
            issuer = self._authority("other-ca", "some other CA")
        elif kind != "good":
            raise ValueError("unknown certificate kind %s" % kind)
        digest = hashlib.sha256(" ".join(names).encode()).hexdigest()[:8]
        leaf = self._make("%s-%d-%s" % (kind, about // DAY, digest), names[0][:60], issuer,
                          _stamp(start), _stamp(end),
                          "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
                          "subjectAltName=%s\n" % ",".join("DNS:" + n for n in names))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf + "/cert.pem", leaf + "/key.pem")
        return context
