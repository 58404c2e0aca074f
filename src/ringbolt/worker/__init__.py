"""What happens behind the answer: jobs, and watchers of the node and the carriers."""
