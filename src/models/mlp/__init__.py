"""A multi-layer perceptron with one hidden layer."""
