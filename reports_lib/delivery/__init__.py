"""Finished reports to whoever is to have them, and failures to whoever must know, by mail.

outbox   a row for each mail, written in the transaction that publishes or fails the run
claims   who sends which row, and what came of it
letter   what a mail says: report (the figures' head, the link, the files) or failure
message  a letter as an e-mail to one address
sender   SMTP, or a folder of .eml files
post     what is due, sent
"""
