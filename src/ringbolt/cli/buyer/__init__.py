"""The buyer's side: a client of any L402 server, and a wallet with LND's REST interface."""
