"""The Atlas functions of `atlas_functions/`: run one here, check the tree, deploy it."""
