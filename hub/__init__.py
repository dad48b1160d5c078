"""The sponsor's side: store, intake, release, alerts. Plain Python that knows no Prefect; `flows` and `cli` call it."""
