"""Pages by e-mail, through one mail server."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from oversight.services.paging import Outgoing
from oversight.worker.channels.protocol import SEND_SECONDS, NotSent

PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class Mail:
    """A new connection for each page: pages are rare, and an idle connection breaks unseen."""

    def __init__(self, smtp_url: str | None, *, sender: str, seconds: float = SEND_SECONDS) -> None:
        self._url = smtp_url
        self._sender = sender
        self._seconds = seconds

    def send(self, page: Outgoing) -> None:
        """Hand the page to the mail server; that it took it does not mean that anybody read it."""
        if self._url is None:
            raise NotSent("no_mail_server", final=True)
        try:
            with self._connect(self._url) as server:
                server.send_message(self._message(page))
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
            raise NotSent("refused", final=_permanent(error)) from error
        except TimeoutError as error:
            raise NotSent("timeout") from error
        except (smtplib.SMTPException, OSError) as error:
            hung = isinstance(error.__context__, TimeoutError)  # smtplib hides it in its own
            raise NotSent("timeout" if hung else "mail_server_unreachable") from error

    def _connect(self, url: str) -> smtplib.SMTP:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=self._seconds, context=context
            )
        else:
            server = smtplib.SMTP(host, port, timeout=self._seconds)
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server

    def _message(self, page: Outgoing) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = page.address
        message["Subject"] = page.words.subject
        message["Message-ID"] = f"<{page.page_id}@oversight>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(page.words.body)
        return message


def _permanent(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused) -> bool:
    """Whether the server said no for good (RFC 5321: 5yz), not only for now."""
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code >= 500
    return all(code >= 500 for code, _ in error.recipients.values())
