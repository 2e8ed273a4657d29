"""A gRPC server on trio and h2 that serves the objects which grpclib generates.

Whoever serves imports `server` in it, and `service` what is served: HTTP/2 and protobuf take 5 MiB
and a tenth of a second, which an appliance without agents shall not spend.
"""

from runtime.hosts.grpc.callers import Caller, Code, Doorman, OpenDoor, RefusedCallError
from runtime.hosts.grpc.limits import Limits

__all__ = ["Caller", "Code", "Doorman", "Limits", "OpenDoor", "RefusedCallError"]
