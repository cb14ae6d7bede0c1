"""What is wrong with a set-up, told before it matters: one small file a subject, each finding with its remedy."""
