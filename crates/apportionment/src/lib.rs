//! Votes to seats: exact, pure, explained and certified.
