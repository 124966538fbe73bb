"""The engine: evaluate, claim, dispatch, record, report. It knows the ledger and the provider only
as ports."""
