"""What is computed of one training row's logits: cross-entropy, and losses made for uneven labels."""
