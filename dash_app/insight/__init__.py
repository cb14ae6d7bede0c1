"""What the curve honestly says: about tomorrow, about the house, and how often such statements were right."""
