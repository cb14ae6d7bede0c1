"""For the curious: classic analyses of a curve, each with what it assumes, and the leak that makes figures famous."""
