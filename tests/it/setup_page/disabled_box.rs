//! The box of a sponsor that is not enabled yet: what it prints is run as it is, and afterwards the backup succeeds.
