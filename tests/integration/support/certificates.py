"""A certificate authority of the tests' own, by openssl(1), and clients that believe it."""

import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path


class Authority:
    """Its files are where the daemon's user may read them."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="lamb-tls-"))
        self.dir.chmod(0o755)
        self.ca = self.dir / "ca.pem"
        self._openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2".split(),
            *("-subj", "/CN=Lamb test authority"),
            *("-keyout", self.dir / "ca.key", "-out", self.ca),
        )

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def issue(self, file_name, names, key="ec"):
        """Writes a certificate for these names ("DNS:a", "IP:1.2.3.4") and its key; gives their paths."""
        cert, private = self.dir / f"{file_name}.pem", self.dir / f"{file_name}.key"
        fresh_cert, fresh_key = self.dir / "fresh.pem", self.dir / "fresh.key"
        kind = ["-newkey", "rsa:2048"] if key == "rsa" else ["-newkey", "ec"]
        curve = [] if key == "rsa" else ["-pkeyopt", "ec_paramgen_curve:P-256"]
        self._openssl(
            *("req", "-x509", *kind, *curve, "-noenc", "-days", "2"),
            *("-subj", f"/CN={file_name}", "-addext", "subjectAltName=" + ",".join(names)),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-CA", self.ca, "-CAkey", self.dir / "ca.key"),
            *("-keyout", fresh_key, "-out", fresh_cert),
        )
        user = pwd.getpwnam("lamb")
        os.chown(fresh_key, user.pw_uid, user.pw_gid)
        fresh_key.chmod(0o400)
        fresh_key.rename(private)
        fresh_cert.rename(cert)
        return cert, private

    def context(self, **settings):
        """Of a client that believes this authority alone."""
        context = ssl.create_default_context(cafile=str(self.ca))
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def remove(self):
        shutil.rmtree(self.dir)


def common_name(connection):
    """Of the certificate that a connected SSL socket was shown."""
    return dict(pair[0] for pair in connection.getpeercert()["subject"])["commonName"]
