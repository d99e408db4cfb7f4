"""The form that asks for a report, made of the parameters of its notebook."""
