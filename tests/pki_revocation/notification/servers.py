"""A real mail server on loopback, which does what a test tells it to."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Behaviour:
    """What the server says to recipient and data; *taken* is what it said 250 to, *seen* all data it got."""

    rcpt: str = "250 OK"
    data: str = "250 OK"
    hang: threading.Event | None = None
    drop_after_data: bool = False
    taken: list[Envelope] = field(default_factory=list)
    seen: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """A recipient."""
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        """A mail."""
        self.seen.append(envelope)
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        if self.hang is not None:
            await asyncio.to_thread(self.hang.wait)
        if self.drop_after_data:
            server.transport.abort()  # type: ignore[attr-defined] # asyncio types it too widely
        elif self.data.startswith("250"):
            self.taken.append(envelope)
        return self.data

    def authenticate(
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _mechanism: str,
        given: Any,  # noqa: ANN401 - likewise
    ) -> AuthResult:
        """One user is known."""
        assert isinstance(given, LoginPassword)
        self.logins.append(given.login.decode())
        return AuthResult(success=given.password == b"right", handled=False)


class _AnyPort(Controller):
    """On a port that the system chooses: aiosmtpd tries its server at the one that was asked for."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # it carries no types


class MailServer:
    """Runs in a thread, on a port of its own."""

    def __init__(self, behaviour: Behaviour, **options: Any) -> None:  # noqa: ANN401 - aiosmtpd's options
        """Start."""
        self._controller = _AnyPort(behaviour, hostname="127.0.0.1", port=0, **options)
        self._controller.start()
        self.port = self._controller.port
        self._stopped = False

    def stop(self) -> None:
        """End; its port answers nobody any more."""
        if not self._stopped:
            self._stopped = True
            self._controller.stop()


MakeServer = Callable[..., MailServer]


def with_login(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> dict[str, Any]:
    """Options of a server that wants a login, under TLS where *context* is given."""
    return {
        "authenticator": behaviour.authenticate,
        "auth_required": True,
        "auth_require_tls": context is not None,
        "tls_context": context,
    }
