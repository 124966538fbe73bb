"""Loud failure: the heartbeat and the webhook of [alert]. A receiver can neither fail a run nor
hold it up, and is only ever a host that the operator named."""
