"""Facts of a shop: tables, records, queries, item lists, readers, splits, simulator."""
