"""opd behind nginx and haproxy: whatever goes through, each answer belongs to its request."""

import os
import re
import shutil
import socket
import subprocess
import unittest

from harness import WIDE, Case, Opd, die_with_parent, eventually, main
from raw import SMUGGLING, Wire

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/proxy.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream op {{ server {op}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://op;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""

HAPROXY = """
global
  maxconn 256
defaults
  mode http
  option forwardfor
  http-reuse always
  retry-on all-retryable-errors
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:{port}
  default_backend op
backend op
  server op {op}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Proxied:
    """What all proxies have to show; each class below names one."""

    def start(self, program, configuration, *arguments):
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
        if not path:
            self.skipTest(f"{program} is not installed: tools/setup --with-tests does it")
        folder = self.folder()
        op = Opd(folder, "--set=http/proxies=127.0.0.1", *WIDE)
        self.addCleanup(op.stop)
        op.wait_ready()
        port = free_port()
        file = os.path.join(folder, "configuration")
        with open(file, "w", encoding="utf-8") as out:
            out.write(configuration.format(folder=folder, op=op.address, port=port))
        log = open(os.path.join(folder, "output"), "wb")
        self.addCleanup(log.close)
        proxy = subprocess.Popen([path, *(a.format(file=file, folder=folder) for a in arguments)],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 preexec_fn=die_with_parent)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.terminate)
        self.address = f"127.0.0.1:{port}"

        def answers():
            assert proxy.poll() is None, open(log.name, encoding="utf-8").read()
            try:
                socket.create_connection(("127.0.0.1", port), 60).close()
                return True
            except ConnectionRefusedError:
                return False

        eventually(answers, f"{program} listens")

    def wire(self):
        wire = Wire(self.address)
        self.addCleanup(wire.close)
        return wire

    def good(self, wire, name):
        """A marked request: its own answer and no other must come."""
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: %s\r\n\r\n" % name.encode())
        answer = wire.answer()
        self.assertIsNotNone(answer, name)
        self.assertEqual((answer.status, answer.headers.get("X-Request-Id")), (200, name))
        self.assertEqual(answer.json, {"status": "ok"})

    def around(self, number, octets, other):
        """One line of the table between marked requests. The proxy may refuse it, mend it or pass it
        on, and may take what follows for a request of its own: then its answer comes second."""
        wire = self.wire()
        self.good(wire, f"before-{number}")
        last = f"last-{number}"
        wire.send(octets)
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: %s\r\n"
                  b"Connection: close\r\n\r\n" % last.encode())
        ids = []
        while (answer := wire.answer()) is not None:
            ids.append(answer.headers.get("X-Request-Id", "") if ids or answer.status == 200 else "")
            if ids[-1] == last:
                self.assertIsNone(wire.answer(), "an answer is left over")
                break
        # The line's own, that of the request inside it, the last one's; each at most once.
        self.assertLessEqual(len(ids), 3, ids)
        marked = [name for name in ids if name in ("evil", last)]
        self.assertEqual(marked, sorted(set(marked)), ids)
        for name in ids[1:]:
            self.assertTrue(name in ("evil", last) or not name or re.fullmatch("[0-9a-f-]{36}", name), ids)
        # The proxy's connections to opd are shared: nothing of it may be left in one of them.
        for turn in range(6):
            self.good(other, f"after-{number}-{turn}")

    def check_table(self, without=()):
        other = self.wire()
        for number, (name, (octets, _)) in enumerate(SMUGGLING.items()):
            if name not in without:
                with self.subTest(name):
                    self.around(number, octets, other)


class Nginx(Proxied, Case):
    def test_table(self):
        self.start("nginx", NGINX, "-p", "{folder}", "-c", "{file}", "-e", "{folder}/proxy.log")
        self.check_table(without=("HTTP/0.9",))  # which nginx answers without a head


class Haproxy(Proxied, Case):
    def test_table(self):
        self.start("haproxy", HAPROXY, "-db", "-f", "{file}")
        self.check_table()


if __name__ == "__main__":
    main()
