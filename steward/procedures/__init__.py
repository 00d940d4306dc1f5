"""The kinds of work that maintain relations, each a `steward.action.Procedure`."""
