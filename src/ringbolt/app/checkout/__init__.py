"""What is sold, and for how much: purchases are checked and orders placed here."""
