"""The ledger: who sent what when, verdicts, records, alerts, outbox, audit, cursors, leases. SQL, and nothing but SQL.

Imported by `hub.store` only. Every statement runs inside a transaction that `engine.Ledger` opened; no module here
begins, commits or reads a clock.
"""
