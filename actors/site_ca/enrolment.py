"""The enrolment port: `POST /v1/enrol` with a token and a signing request, over HTTPS."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus

import attrs
import pydantic

from actors.ports import EnrolmentRefusedError
from actors.site_ca.core import Reason
from actors.site_ca.issuing import Enrolment, Issuing
from actors.site_ca.refusals import refused
from runtime.allowance import Allowance
from runtime.hosts.http_message import Request, Response
from runtime.hosts.http_wire import Limits

LIMITS = Limits(head=8192, body=16_384, arrive_s=10.0, answer_s=10.0, connections=64, per_address=8)

_REFUSALS_PER_MINUTE = 10
_ADDRESSES = 4096

_STATUS: Mapping[str, HTTPStatus] = {
    Reason.CSR_INVALID.value: HTTPStatus.BAD_REQUEST,
    Reason.HOSTNAME_INVALID.value: HTTPStatus.BAD_REQUEST,
    Reason.CLOCK_OFF.value: HTTPStatus.CONFLICT,
    Reason.RATE_LIMITED.value: HTTPStatus.TOO_MANY_REQUESTS,
}
"""Of the reasons that mean something else than forbidden."""


class _Body(pydantic.BaseModel):
    token: str = pydantic.Field(max_length=64)
    hostname: str = pydantic.Field(max_length=253)
    csr: str = pydantic.Field(max_length=8192)
    time: pydantic.AwareDatetime
    site: str = pydantic.Field(default="", max_length=128)
    """Whose invitation it is, where the device says so."""


@attrs.define
class EnrolmentPort:
    """Answers devices that have an invitation."""

    issuing: Issuing
    _refused: OrderedDict[str, Allowance] = attrs.field(
        factory=OrderedDict[str, Allowance], init=False
    )
    """By address: how often it may be refused.  Who is let in is never made to wait."""

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path != "/v1/enrol":
            return Response.problem(404, f"nothing is at {request.path}")
        if request.method != "POST":
            return Response.problem(405, f"{request.method} is not for {request.path}")
        try:
            asked = _asked(request)
        except pydantic.ValidationError as error:
            self._spend(request.peer)
            return Response.problem(400, _told(error))
        try:
            self._wait(asked)
            issued, term = await self.issuing.enrol(asked)
        except EnrolmentRefusedError as error:
            self._spend(request.peer)
            return _problem(error)
        return Response.json(
            {
                "ca": issued.ca_pem.decode(),
                "certificate": issued.certificate_pem.decode(),
                "expires_at": term.not_after.isoformat(),
            }
        )

    def _wait(self, asked: Enrolment) -> None:
        allowance = self._refused.get(asked.address)
        if allowance is None:
            return
        if seconds := allowance.wait(self.issuing.clock.monotonic()):
            self.issuing.doorman.refusals.tell(Reason.RATE_LIMITED.value, address=asked.address)
            raise refused(Reason.RATE_LIMITED, f"too many attempts; wait {seconds:.0f} s")

    def _spend(self, address: str) -> None:
        allowance = self._refused.setdefault(address, Allowance(_REFUSALS_PER_MINUTE))
        allowance.spend(self.issuing.clock.monotonic())
        if len(self._refused) > _ADDRESSES:
            self._refused.popitem(last=False)


def _asked(request: Request) -> Enrolment:
    body = _Body.model_validate(request.json())
    csr = body.csr.encode()
    return Enrolment(body.token, body.hostname, csr, body.time, request.peer, body.site)


def _problem(error: EnrolmentRefusedError) -> Response:
    status = _STATUS.get(error.reason, HTTPStatus.FORBIDDEN)
    body = {
        "title": "not enrolled",
        "status": status.value,
        "detail": error.problem,
        "reason": error.reason,
    }
    return Response(status, json.dumps(body).encode() + b"\n", "application/problem+json")


def _told(error: pydantic.ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the body'}: {first['msg']}"
