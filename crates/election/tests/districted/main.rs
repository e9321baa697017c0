//! Rules over all districts in definitions: read, checked, and refused by the field.

mod support;
mod validation;
