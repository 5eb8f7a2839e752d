"""The PyTorch library: data, networks, fitting, prediction. No HTTP, database, queue or environment variables."""
