//! The store that is asked: latest rows, versions and held queue per unit, on sled, and its in-memory twin.
