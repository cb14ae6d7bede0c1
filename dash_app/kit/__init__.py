"""What every page uses: its state, its blocks, its controls, words and numbers."""
