"""The address that `refeed serve` listens on: valid, free, and taken by one server at a time.

Web processes share their port through SO_REUSEPORT, so the kernel would let a second server take half of the requests.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import ConfigError

_STOP_SECONDS = 10.0
"""How long a server that is being stopped may keep the port."""
_WILDCARDS = ("0.0.0.0", "::", "127.0.0.1", "::1")
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def claim_address(host: str, port: int) -> Iterator[socket.socket]:
    """Hold the address for this server and its web processes; yields what holds it.

    Raises ConfigError, in one line, if the address is invalid or another server has it. Waits for a server that is
    being stopped.
    """
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        hint = "use 127.0.0.1 for this machine only, or 0.0.0.0 for all"
        raise ConfigError(f"HOST or --host: must be an IP address, got {host!r}; {hint}") from None
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    deadline = time.monotonic() + _STOP_SECONDS
    with socket.socket(socket.AF_UNIX) as claim:
        while problem := _try_to_claim(claim, family, host, port):
            holder = find_server(host, port)
            is_stopping = not (holder and _is_running(holder)) and not _try_to_bind(family, host, port, shared=True)
            if not is_stopping or time.monotonic() > deadline:
                by = f" by refeed, process {holder}" if holder else ""
                problem = f"cannot listen on {host} port {port}: {problem}{by}"
                raise ConfigError(f"{problem}; PORT sets another port, HOST another address")
            time.sleep(0.1)
        yield claim


def find_server(host: str, port: int) -> int | None:
    """The process of the server of ours that has the port; None if there is none, or it is being stopped."""
    if sys.platform != "linux":
        return None
    for address in (host, *_WILDCARDS):
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(_claim_name(address, port))
            return int(_CREDENTIALS.unpack(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
    return None


def _try_to_claim(claim: socket.socket, family: int, host: str, port: int) -> str | None:
    """Take the address; returns why that is not possible."""
    problem = _try_to_bind(family, host, port, shared=False)
    if problem is None and sys.platform == "linux" and port:
        # An abstract address belongs to the same network namespace as the port, and ends with the last process that
        # has it. Two servers that start at the same moment both find the port free, but only one gets this.
        try:
            claim.bind(_claim_name(host, port))
            claim.listen(1)
        except OSError as error:
            return os.strerror(error.errno or errno.EADDRINUSE)
    return problem


def _try_to_bind(family: int, host: str, port: int, *, shared: bool) -> str | None:
    """Why the port cannot be bound; None if it can. `shared`: as granian does, beside another server's sockets."""
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return os.strerror(error.errno or errno.EADDRINUSE)
    return None


def _claim_name(host: str, port: int) -> str:
    return f"\0refeed serve {host} {port}"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
