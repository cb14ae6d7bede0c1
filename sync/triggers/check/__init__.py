"""What `appservices push` would refuse in the tree, told before."""
