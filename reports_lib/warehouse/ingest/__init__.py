"""Files of rows into a canonical table: all of them or none, in one data version.

    file -> blocks of whole lines      gzip on the way, bombs refused               content
         -> records, blanks, rejects   a record is one line                         records, delimited, columnar
         -> typed rows, rejects        exact or refused, nothing rounded            cells, arrays
         -> a staging file             keys compared with each other and the table  stage
         -> one transaction            rows and ledger together                     targets, ledger

For every file, lines = loaded + rejected + blank, or nothing is loaded. DuckDB's own CSV reader
does not keep that promise: after one unterminated quote it drops rows and says nothing.
"""

from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.load import ingest
from reports_lib.warehouse.ingest.report import FileReport, Report

__all__ = ["FileReport", "Limits", "Report", "ingest"]
