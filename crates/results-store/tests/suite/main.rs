//! The store's tests: one suite for both engines, random nights against a model, and everything that sled may do to us.

mod conformance;
mod crash;
mod damage;
mod growth;
mod night;
mod random;
mod view;
