"""An LMTP server of aiosmtpd: aiosmtpd-server.py PORT SETTINGS, the latter JSON as in aiosmtpd.ts."""

import json
import signal
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import AuthResult


class Handler:
    def __init__(self, rcpt, final):
        self.rcpt = rcpt
        self.final = final

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.rcpt.get(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = {
            "sender": envelope.mail_from,
            "options": envelope.mail_options,
            "recipients": envelope.rcpt_tos,
            "content": envelope.content.decode("latin-1"),
        }
        with open("messages", "a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")
        if isinstance(self.final, str):
            # The behaviour of handlers written for SMTP, which RFC 2033 does not allow.
            return self.final
        return "\r\n".join(self.final.get(address, "250 OK") for address in envelope.rcpt_tos)


def guard(accounts):
    """Accepts clients with the right password."""

    def authenticate(server, session, envelope, mechanism, shown):
        password = accounts.get(shown.login.decode())
        is_right = password is not None and shown.password == password.encode()
        # "Handled" would mean that the reply was given here.
        return AuthResult(success=is_right, handled=False)

    return authenticate


class LmtpController(Controller):
    def __init__(self, handler, settings, **place):
        super().__init__(handler, **place)
        self.settings = settings

    def factory(self):
        return LMTP(self.handler, hostname="aio.test", enable_SMTPUTF8=True, **self.settings)


port, settings = int(sys.argv[1]), json.loads(sys.argv[2])
handler = Handler(settings.pop("rcpt"), settings.pop("final"))
accounts = settings.pop("accounts", None)
if accounts is not None:
    settings.update(authenticator=guard(accounts), auth_required=True)
if settings.pop("has_certificate"):
    settings["tls_context"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    settings["tls_context"].load_cert_chain("cert.pem", "key.pem")
controller = LmtpController(handler, settings, hostname="127.0.0.1", port=port)
controller.start()
signal.sigwait({signal.SIGTERM})
