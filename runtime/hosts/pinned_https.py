"""HTTPS to a server of which only the digest of its certificate authority is known."""

import hashlib
import http.client
import ssl
from socket import create_connection

from runtime.hosts.http_client import HttpError, Reply

TIMEOUT_S = 15.0
_MAX_ANSWER = 1024 * 1024


def pinned_authority(host: str, port: int, sha256: str) -> str:
    """Ask a server for its certificates; give, as PEM, the authority that has the digest.

    Nothing is said to the server.  Blocks for `TIMEOUT_S` at most; run it in a thread.

    Raises:
        HttpError: it cannot be reached, or shows no certificate with that digest.
    """
    address = f"{host}:{port}"
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE  # what it shows is held to the digest, and nothing is sent
    try:
        with (
            create_connection((host, port), timeout=TIMEOUT_S) as wire,
            anyone.wrap_socket(wire, server_hostname=host) as secured,
        ):
            shown = _chain(secured)
    except OSError as error:
        raise HttpError(address, error.strerror or str(error)) from error
    except UnicodeError as error:  # which looking it up raises
        raise HttpError(address, "no name of a host") from error
    for certificate in shown:
        if hashlib.sha256(certificate).hexdigest() == sha256.lower():
            return ssl.DER_cert_to_PEM_cert(certificate)
    raise HttpError(address, "shows another certificate authority than the one that was expected")


def post_json(host: str, port: int, target: str, body: bytes, authority: str) -> Reply:
    """Send JSON to a server of an authority.  Blocks; run it in a thread.

    Raises:
        HttpError: there is no answer, or the server's certificate is not the authority's.
    """
    context = ssl.create_default_context(cadata=authority)
    asked = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    try:
        asked.request("POST", target, body, {"content-type": "application/json"})
        answer = asked.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, told, answer.read(_MAX_ANSWER))
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is not trusted: {error.verify_message}"
        raise HttpError(f"{host}:{port}", reason) from error
    except OSError as error:
        raise HttpError(f"{host}:{port}", error.strerror or str(error)) from error
    except http.client.HTTPException as error:
        raise HttpError(f"{host}:{port}", "bad_answer") from error
    finally:
        asked.close()


def _chain(secured: ssl.SSLSocket) -> list[bytes]:
    """Give the certificates that a server showed, as DER."""
    inner = getattr(secured, "_sslobj", None)  # public as of Python 3.13, there since 3.10
    shown = inner.get_unverified_chain() if inner is not None else None
    return [_der(certificate) for certificate in shown or ()]


def _der(certificate: object) -> bytes:
    spell = getattr(certificate, "public_bytes")  # noqa: B009  the class has no public name
    der: bytes = spell(_ENCODING_DER)
    return der


_ENCODING_DER = 2
