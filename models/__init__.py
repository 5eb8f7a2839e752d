"""The PyTorch library: data, networks, fitting, prediction. No HTTP, no database, no queue, no environment variables."""
