"""Files of call detail records: taken in, translated, loaded once and whole.

    a file  -> its original is kept, its row waits        originals, files
            -> claimed by one process, with a heartbeat   files, work
            -> lines -> cells of text                     reader (over warehouse.ingest)
            -> columns of a canonical table               terms, as a format declares
            -> one transaction with the ledger            warehouse.ingest
            -> success or error, told to the warehouse    files, mirrored

A format is data: YAML that says which column of the file makes which column of the table. Those of
Asterisk, FreeSWITCH and Cisco CUCM are here, `parameters/cdr/` holds a workspace's own. Translation
is done a column at a time, for a few thousand records at once; no code runs for a single record
unless something is wrong with it.
"""
