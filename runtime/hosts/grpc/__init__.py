"""A gRPC server on trio and h2 that serves the objects which grpclib generates."""

from runtime.hosts.grpc.limits import Limits
from runtime.hosts.grpc.server import Server, listen, serve_grpc
from runtime.hosts.grpc.service import (
    Answer,
    Caller,
    Code,
    Doorman,
    OpenDoor,
    RefusedCallError,
    Service,
    caller_of,
)

__all__ = [
    "Answer",
    "Caller",
    "Code",
    "Doorman",
    "Limits",
    "OpenDoor",
    "RefusedCallError",
    "Server",
    "Service",
    "caller_of",
    "listen",
    "serve_grpc",
]
