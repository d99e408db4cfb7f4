"""Where notebooks run: the Papermill engine and the kernels it starts."""
