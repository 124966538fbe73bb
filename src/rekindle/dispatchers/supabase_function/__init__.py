"""An Edge Function of a Supabase project that sends through FCM."""
