"""More from few labels: which texts to label next, and more texts from those that have labels."""
