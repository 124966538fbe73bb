"""Sign-in: the tokens (JWT) of an issuer that the operator named, verified with its public keys. A
token is proof of one person; its claims say what that person may do."""
