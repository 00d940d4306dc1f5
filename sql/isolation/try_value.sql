-- An argument of a function.
-- Minimum version: 13
{value}::{type}
