-- So that the planner knows how few there are.
analyze demo.usage;
