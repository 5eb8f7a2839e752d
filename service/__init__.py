"""The service: the REST API, the store, the queue's producer side."""
