"""Work with the model: one job at a time, in the order in which they came."""
