"""What Nostr Wallet Connect needs of Nostr: events, encryption, and a conversation with a relay."""
