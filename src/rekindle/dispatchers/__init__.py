"""What sends: Firebase Cloud Messaging, and a dispatcher that only logs."""
