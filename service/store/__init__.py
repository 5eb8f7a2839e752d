"""The only place that speaks SQL: rows, status machine, leases, metrics, events, registry."""
