"""The database: the only place that speaks SQL. Rows, the status machine, leases, metrics."""
