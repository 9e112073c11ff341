"""Words that every floor uses: errors, columns, components, artifacts, text analysis."""
