"""Pages that need no server: inline SVG charts, one style sheet, no scripts."""
