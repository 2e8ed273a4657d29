"""The server: one task sweeps all sockets, one answers batches, the others are calls.

All sockets stand in one level-triggered epoll, and trio waits for the epoll itself: no task, no
re-arming and no failing read for each connection.  A socket is never left unread to slow its peer
down, for the peer's own windows arrive by it.
"""

import contextlib
import errno
import select
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random, SystemRandom

import attrs
import structlog
import trio
from grpclib.exceptions import GRPCError
from h2.errors import ErrorCodes

from runtime.hosts.grpc.batches import Batches
from runtime.hosts.grpc.call import PREFIX_BYTES, Call, Ending
from runtime.hosts.grpc.callers import Caller, Code, Doorman, OpenDoor, RefusedCallError
from runtime.hosts.grpc.connection import Connection
from runtime.hosts.grpc.limits import Limits
from runtime.hosts.grpc.offences import Offences
from runtime.hosts.grpc.peer import Peer
from runtime.hosts.grpc.permits import Pool
from runtime.hosts.grpc.service import Route, Service, routes_of
from runtime.hosts.grpc.transport import ClosedError, Plain, Tls
from runtime.hosts.listening import ListenError

log: structlog.stdlib.BoundLogger = structlog.get_logger()

BACKLOG = 1024
"""Connections that may wait to be accepted: a whole site reconnects at once after a restart."""
GRACE_S = 5.0
"""Seconds that calls have to end when the server closes."""
CLOSING = "the server is closing: connect again, and send again what was not acked"

_AT_ONCE = 256
"""Sockets of one sweep, before other tasks have their turn."""
_ACCEPTS = 64
_HANDSHAKES = 16
"""Of one sweep: each takes about a millisecond of processor time."""
_PAUSE_S = 0.01
"""Between two sweeps while a batch is being answered: what comes meanwhile is not answered before,
and a sweep for each event would take more than the event."""
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_OF_THE_CALLER = frozenset({
    errno.EPROTO, errno.ENETDOWN, errno.ENOPROTOOPT, errno.EHOSTDOWN, errno.ENONET,
    errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH, errno.EPERM, errno.ETIMEDOUT,
})  # fmt: skip
"""What `accept` says of a connection that is over already.  Source: accept(2)."""


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes any free one.

    Raises:
        ListenError: the address is in use or cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(f"{host}:{port}", error.strerror or str(error)) from error


async def serve_grpc(  # noqa: PLR0913  # each may be left out
    service: Service,
    listener: socket.socket,
    *,
    limits: Limits | None = None,
    doorman: Doorman | None = None,
    tls: Callable[[], ssl.SSLContext] | None = None,
    random: Random | None = None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then answer what was read, say so, and hang up within `GRACE_S`.

    Args:
        service: whose methods are served.
        listener: from `listen`; it is closed at the end.
        limits: what callers may have; the defaults where it is None.
        doorman: says who may come in; everybody where it is None.
        tls: gives the context for the next connection; None serves without TLS.
        random: spreads the ends of old connections.
        task_status: as of `nursery.start`; called with the port once connections are accepted.
    """
    server = Server(
        routes_of(service),
        listener,
        limits or Limits(),
        doorman or OpenDoor(),
        tls,
        random or SystemRandom(),
    )
    await server.serve(task_status=task_status)


@attrs.define(eq=False)
class Server:
    """What `serve_grpc` runs; made by hand only to look into it."""

    routes: Mapping[str, Route]
    listener: socket.socket
    limits: Limits
    doorman: Doorman
    tls: Callable[[], ssl.SSLContext] | None
    random: Random
    _draining: bool = attrs.field(default=False, init=False)
    pool: Pool = attrs.field(init=False)
    offences: Offences = attrs.field(factory=Offences, init=False)
    peers: dict[int, Peer] = attrs.field(factory=dict[int, Peer], init=False)
    """By file descriptor."""
    _at: Counter[str] = attrs.field(factory=Counter[str], init=False)
    """Connections of each address."""
    _of: Counter[str] = attrs.field(factory=Counter[str], init=False)
    """Connections of each identity."""
    _batches: dict[str, Batches] = attrs.field(init=False)
    _epoll: select.epoll = attrs.field(factory=select.epoll, init=False)
    _full: set[int] = attrs.field(factory=set[int], init=False)
    """Descriptors of sockets that took no more."""
    _dirty: dict[Peer, None] = attrs.field(factory=dict[Peer, None], init=False)
    """Peers that something is to be sent to, now ..."""
    _later: dict[Peer, None] = attrs.field(factory=dict[Peer, None], init=False)
    """... or with their next answers, at the next look at the latest."""
    _sweeping: bool = attrs.field(default=False, init=False)
    _handshakes: int = attrs.field(default=0, init=False)
    _accepting: bool = attrs.field(default=False, init=False)
    _nursery: trio.Nursery | None = attrs.field(default=None, init=False)
    _changed: trio.Event = attrs.field(factory=trio.Event, init=False)
    """Set when a peer comes or goes."""

    def __attrs_post_init__(self) -> None:
        self.pool = Pool(self.limits.partial_bytes, self.limits.message_bytes + PREFIX_BYTES)
        self._batches = {
            path: Batches(route.answer, self.limits, self._hear)
            for path, route in self.routes.items()
            if route.answer is not None
        }

    async def serve(self, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled, as `serve_grpc` says."""
        cancelled = trio.Event()
        with self.listener, contextlib.closing(self._epoll):
            self.listener.setblocking(False)
            self._accept_on()
            try:
                async with trio.open_nursery() as watch:
                    watch.start_soon(_set_when_cancelled, cancelled)
                    # What is to be drained must not be cancelled before.
                    with trio.CancelScope(shield=True):
                        async with trio.open_nursery() as nursery:
                            self._nursery = nursery
                            nursery.start_soon(self._sweep)
                            nursery.start_soon(self._look)
                            for batches in self._batches.values():
                                nursery.start_soon(batches.run)
                            task_status.started(self.listener.getsockname()[1])
                            await cancelled.wait()
                            with trio.move_on_after(GRACE_S):
                                await self._drain()
                            nursery.cancel_scope.cancel(reason="drained")
            finally:  # the cancellation goes on from here
                for peer in list(self.peers.values()):
                    self._close(peer)

    async def _drain(self) -> None:
        """Answer what was read, say that we close, and wait until all peers have hung up."""
        self._draining = True
        self._accept_off()
        for batches in self._batches.values():
            batches.hurry()
        for peer in list(self.peers.values()):
            if peer.connection is None:
                self._close(peer)
            else:
                peer.connection.retire(CLOSING)
        while self.peers:
            self._changed = trio.Event()
            await self._changed.wait()

    # The sockets.

    async def _sweep(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            self._hear()
            for batches in self._batches.values():
                await batches.rest(_PAUSE_S)

    def _hear(self) -> None:
        """Visit the sockets that have something for us."""
        now = trio.current_time()
        self._handshakes = 0
        self._sweeping = True
        for descriptor, event in self._epoll.poll(0, _AT_ONCE):
            peer = self.peers.get(descriptor)
            if peer is not None:
                self._visit(peer, event, now)
            elif descriptor == self.listener.fileno():
                self._accept(now)
        self._sweeping = False
        self._put_off()
        self._flush(now)

    def _visit(self, peer: Peer, event: int, now: float) -> None:
        if event & select.EPOLLOUT:
            self._dirty[peer] = None
        if not event & ~select.EPOLLOUT:
            return
        if peer.connection is None:
            self._handshakes += 1
            if self._handshakes > _HANDSHAKES:
                return  # the epoll says it again
        newcomer = peer.connection is None
        self._supervise(peer, peer.read, now)
        if peer.connection is not None and not peer.gone:
            if newcomer:
                self._count(peer, peer.connection)
            if peer.connection.out:
                self._dirty[peer] = None

    def _put_off(self) -> None:
        """Let what is to be sent go with the answers that are on their way; half the writes."""
        for peer in list(self._dirty):
            if peer.connection is not None and peer.connection.awaits:
                del self._dirty[peer]
                self._later[peer] = None

    def _flush(self, now: float) -> None:
        while self._dirty:
            peer, _ = self._dirty.popitem()
            if not peer.gone:
                self._supervise(peer, peer.write, now)
                if not peer.gone:
                    self._watch_writes(peer)

    def _watch_writes(self, peer: Peer) -> None:
        """Have the epoll say when a full socket has room again."""
        descriptor = peer.wire.fileno()
        if peer.waiting():
            if descriptor not in self._full:
                self._full.add(descriptor)
                self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT)
        elif descriptor in self._full:
            self._full.remove(descriptor)
            self._epoll.modify(descriptor, select.EPOLLIN)

    def _supervise(self, peer: Peer, act: Callable[[float], None], now: float) -> None:
        """Close a connection that is over; whatever falls in it must not end the others."""
        try:
            act(now)
        except ClosedError as closed:
            if closed.offence:
                self.offences.note(peer.host, str(closed), now)
            self._close(peer)
        except Exception as error:  # noqa: BLE001  the server is the supervisor of its connections
            # Not its words: they may hold what the peer sent.
            log.error("connection_fell", address=peer.address, error=type(error).__name__)  # noqa: TRY400
            self._close(peer)

    def _close(self, peer: Peer) -> None:
        if peer.gone:  # what was to be its last word already found it gone
            return
        descriptor = peer.wire.fileno()
        peer.gone = True
        self._later.pop(peer, None)
        del self.peers[descriptor]
        self._full.discard(descriptor)
        self._epoll.unregister(descriptor)
        peer.wire.close()
        _less(self._at, peer.host)
        if peer.connection is not None:
            if peer.identity:
                _less(self._of, peer.identity)
            peer.connection.drop()
        self._changed.set()

    async def _look(self) -> None:
        """See now and then what takes too long; nobody looks while nobody is there."""
        every = self.limits.look_s()
        while True:
            if not self.peers:
                self._changed = trio.Event()
                await self._changed.wait()
            due = trio.current_time() + every
            await trio.sleep_until(due)
            now = trio.current_time()
            if now > due + every:
                continue  # the process was stopped: first hear what came meanwhile
            for peer in list(self.peers.values()):
                self._supervise(peer, peer.look, now)
            self._dirty.update(self._later)
            self._later.clear()
            self._flush(now)
            for batches in self._batches.values():
                batches.forget(now)
            self._accept_on()

    # Who comes.

    def _accept_on(self) -> None:
        if not (self._accepting or self._draining):
            self._epoll.register(self.listener.fileno(), select.EPOLLIN)
            self._accepting = True

    def _accept_off(self) -> None:
        if self._accepting:
            self._epoll.unregister(self.listener.fileno())
            self._accepting = False

    def _accept(self, now: float) -> None:
        for _ in range(_ACCEPTS):
            try:
                wire, (host, port, *_) = self.listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _OF_THE_CALLER:
                    continue
                if error.errno not in _NO_ROOM:
                    raise
                # The next look accepts again: until then connections wait in the backlog.
                self.offences.note("*", error.strerror or "no room", now)
                self._accept_off()
                self._changed.set()  # nobody looks while nobody is there
                return
            if reason := self._full_house(host):
                self.offences.note(host, reason, now)
                wire.close()
            else:
                self._welcome(wire, host, port, now)

    def _full_house(self, host: str) -> str | None:
        limits = self.limits
        if limits.connections and len(self.peers) >= limits.connections:
            return f"{limits.connections} connections are open"
        if limits.per_address and self._at[host] >= limits.per_address:
            return f"{limits.per_address} connections of one address are open"
        return None

    def _welcome(self, wire: socket.socket, host: str, port: int, now: float) -> None:
        wire.setblocking(False)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain = Plain(wire)
        transport = plain if self.tls is None else Tls(plain, self.tls())
        ends_at = now + self.limits.age_s * self.random.uniform(0.9, 1.1)
        peer = Peer(wire, transport, self, self._touched, host, f"{host}:{port}", now, ends_at)
        self._at[host] += 1
        self.peers[wire.fileno()] = peer
        self._epoll.register(wire.fileno(), select.EPOLLIN)
        self._changed.set()
        if self.tls is None:
            peer.welcome(now)
            self._dirty[peer] = None

    def _count(self, peer: Peer, connection: Connection) -> None:
        """Count a peer among those of its identity, once that is known."""
        identity, most = peer.identity, self.limits.per_identity
        if identity:
            self._of[identity] += 1
            if most and self._of[identity] > most:
                reason = f"{most} connections of {identity} are open"
                connection.hang_up(ErrorCodes.ENHANCE_YOUR_CALM, reason)

    # What connections ask of the floor.

    def begin(self, call: Call) -> None:
        """Run the method of a call, or keep its deadline where others answer it."""
        if self._nursery is not None:
            self._nursery.start_soon(self._keep_deadline if call.route.answer else _run, call)

    def arrived(self, call: Call) -> None:
        """Put a call into the queue of its method."""
        self._batches[call.route.path].arrived(call)

    def offended(self, caller: Caller, reason: str) -> None:
        """Log what a peer did wrong."""
        self.offences.note(caller.host, reason, trio.current_time())

    def _touched(self, peer: Peer) -> None:
        if not peer.gone:
            self._dirty[peer] = None
            if not self._sweeping:
                self._flush(trio.current_time())

    async def _keep_deadline(self, call: Call) -> None:
        with call.scope:
            await trio.sleep_until(_deadline(call))
            call.connection.fail(call, Code.DEADLINE_EXCEEDED, "the deadline is over")


async def _set_when_cancelled(event: trio.Event) -> None:
    try:
        await trio.sleep_forever()
    finally:
        event.set()


async def _run(call: Call) -> None:
    try:
        with call.scope:
            ending = Ending(Code.DEADLINE_EXCEEDED, "the deadline is over")
            with trio.move_on_at(_deadline(call)):
                ending = await _answered(call)
            call.connection.finish(call, ending)
    except Exception as error:  # noqa: BLE001  what fell beside a cancellation, or as it ended
        log.error("call_fell", path=call.route.path, error=type(error).__name__)  # noqa: TRY400
        call.connection.reset(call)


async def _answered(call: Call) -> Ending:
    """Run the method; say how the call ends.  What falls in it must not end the others."""
    try:
        await call.route.handle(call)
    except Exception as error:  # noqa: BLE001  the server is the supervisor of its calls
        return _ending_of(error, call)
    if call.lacks_answer() and call.ending is None:
        log.error("call_unanswered", path=call.route.path)
        return Ending(Code.INTERNAL, "the method gave no answer")
    return Ending(Code.OK)


def _ending_of(error: Exception, call: Call) -> Ending:
    match error:
        case RefusedCallError():
            return Ending(error.code, error.reason)
        case GRPCError():
            return Ending(Code(error.status.value), error.message)
        case ExceptionGroup(exceptions=[Exception() as inner]):
            return _ending_of(inner, call)
        case _:
            log.error("call_fell", path=call.route.path, error=type(error).__name__)
            return Ending(Code.UNKNOWN, "the method fell")


def _deadline(call: Call) -> float:
    timeout = call.head.timeout_s
    return call.began_at + (float("inf") if timeout is None else timeout)


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
