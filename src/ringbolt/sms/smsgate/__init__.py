"""Android phones that run the app SMSGate (capcom6's android-sms-gateway)."""
