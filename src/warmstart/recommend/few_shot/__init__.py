"""Scorers around few-shot heads: a shopper is a subject, items are vectors, events are examples."""
