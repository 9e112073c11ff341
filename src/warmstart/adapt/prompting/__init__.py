"""In-context few-shot: a language model is shown examples, and no weight is changed."""
