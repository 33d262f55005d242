"""What a recipe may add to the weighted cross-entropy while training; validation is never measured with it."""
