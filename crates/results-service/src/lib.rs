//! Holds the log: decides, records, answers tallies, history and the officials' commands.
