"""What every API family uses: requests, answers, errors, limits."""
