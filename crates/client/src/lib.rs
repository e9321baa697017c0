//! Typed client of the services, with resume and backoff.
