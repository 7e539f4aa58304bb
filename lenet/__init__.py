"""A 2017 study of a small convolutional network, run again as a reproducible report."""
