-- Back to the default.
reset lock_timeout
