"""Orders to heal in SQLite.  What an agent says beside success is not kept: it may hold keys."""

import sqlite3

import attrs

from actors.messages.healing import HealOrder, HealReport
from runtime.store import Query, Write

_GIVE = "insert into heal_orders values (?, ?, ?, ?, ?, null) on conflict (id) do nothing"
_CONFIRM = "update heal_orders set success = coalesce(success, ?) where id = ? and host = ?"


@attrs.frozen
class SqliteHealOrders:
    """The memory of `HealOrders`."""

    def give(self, order: HealOrder) -> Write[HealReport | None]:
        """Keep an order, once; give the report of one that was confirmed already."""
        at = order.deadline.wall.isoformat()
        row = (order.id, order.host.casefold(), order.check_type, order.action, at)

        def write(connection: sqlite3.Connection) -> HealReport | None:
            connection.execute(_GIVE, row)
            return self.report_of(order.id)(connection)

        return write

    def confirm(self, order_id: str, host: str, report: HealReport) -> Write[bool]:
        """Keep a report; the first one stands.  Gives whether the host has such an order."""
        row = (int(report.success), order_id, host)

        def write(connection: sqlite3.Connection) -> bool:
            return connection.execute(_CONFIRM, row).rowcount == 1

        return write

    def report_of(self, order_id: str) -> Query[HealReport | None]:
        """Give what the agent said; None where it has not, or there is no such order."""

        def query(connection: sqlite3.Connection) -> HealReport | None:
            row = connection.execute(
                "select success from heal_orders where id = ?", (order_id,)
            ).fetchone()
            return None if row is None or row[0] is None else HealReport(bool(row[0]))

        return query
