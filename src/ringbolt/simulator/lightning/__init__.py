"""The simulated Lightning network: two nodes behind LND's REST API, and Lightning Addresses."""
