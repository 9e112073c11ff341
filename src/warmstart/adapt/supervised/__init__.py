"""Language models fitted to a shop's few labels: task heads, contrastive tuning, query likelihood."""
