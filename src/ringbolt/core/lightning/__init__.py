"""BOLT11, macaroons, L402, MPP, LNURL and hold invoices."""
