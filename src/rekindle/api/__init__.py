"""The HTTP API: one of the two doors. Every route is a thin layer over `rekindle.app.Engine`."""
