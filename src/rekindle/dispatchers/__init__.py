"""What sends: Firebase Cloud Messaging, an Edge Function in front of it, and a dispatcher that only logs."""
