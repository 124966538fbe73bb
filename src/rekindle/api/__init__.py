"""The HTTP API, one of the two ways to use Rekindle; the other is the CLI. Every route is a thin
layer over `rekindle.app.Engine`."""
