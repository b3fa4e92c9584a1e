# SPDX-License-Identifier: Apache-2.0
"""An authority that signs certificates of servers and clients, and takes them back: openssl(1)."""

import os
import subprocess

SETTINGS = """
[ca]
default_ca = authority
[authority]
database = @BASE@/index.txt
new_certs_dir = @BASE@
serial = @BASE@/serial
crlnumber = @BASE@/crlnumber
certificate = @BASE@/ca.crt
private_key = @BASE@/ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = optional
[req]
distinguished_name = none
[none]
"""


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    def __init__(self, directory, name="ca"):
        self.base = os.path.join(directory, name)
        os.mkdir(self.base)
        self.settings = os.path.join(self.base, "settings")
        self.certificate = os.path.join(self.base, "ca.crt")
        self.revoked = os.path.join(self.base, "ca.crl")
        for file, content in (("settings", SETTINGS.replace("@BASE@", self.base)),
                              ("index.txt", ""), ("serial", "01\n"), ("crlnumber", "01\n")):
            with open(os.path.join(self.base, file), "w", encoding="ascii") as f:
                f.write(content)
        openssl("req", "-x509", "-config", self.settings, *self.new_key("ca.key"), "-days", "30",
                "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.certificate)
        self.list()

    def new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                os.path.join(self.base, name))

    def issue(self, name, *others, **times):
        """A certificate for that common name, or none (""), and other names (DNS:a, email:b);
        times: startdate and enddate, YYYYMMDDHHMMSSZ. Its file and that of its key."""
        file = (name or others[0]).replace(":", "-")
        certificate, key, request = (os.path.join(self.base, f"{file}.{end}")
                                     for end in ("crt", "key", "csr"))
        extension = ["-addext", "subjectAltName=" + ",".join(others)] if others else []
        openssl("req", "-new", "-config", self.settings, *self.new_key(f"{file}.key"), "-subj",
                f"/CN={name}" if name else "/", *extension, "-out", request)
        between = [word for key_, value in times.items() for word in (f"-{key_}", value)]
        openssl("ca", "-config", self.settings, "-batch", "-notext", *between, "-in", request,
                "-out", certificate)
        os.chmod(key, 0o600)
        return certificate, key

    def revoke(self, certificate):
        openssl("ca", "-config", self.settings, "-revoke", certificate)
        self.list()

    def list(self):
        """Says anew what has been revoked."""
        openssl("ca", "-config", self.settings, "-gencrl", "-out", self.revoked)
