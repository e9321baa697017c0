//! Follows the log, folds the votes, allocates and verifies the seats.
