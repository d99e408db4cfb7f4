"""The canonical tables: all that reports ever read, whosever database stands behind them.

Portable types only: whole numbers, text, truth, days, naive UTC moments, DECIMAL(18,6) amounts,
DECIMAL(18,9) rates; doubles for coordinates alone.
"""

from reports_lib.warehouse.tables.billing import BILLING
from reports_lib.warehouse.tables.contact import CONTACT
from reports_lib.warehouse.tables.reference import REFERENCE
from reports_lib.warehouse.tables.sales import SALES
from reports_lib.warehouse.tables.table import Column, Owner, Table

TABLES: dict[str, Table] = {t.name: t for t in (*REFERENCE, *BILLING, *SALES, *CONTACT)}

__all__ = ["TABLES", "Column", "Owner", "Table"]
