//! What every service needs and no domain word: telemetry, configuration, listener, shutdown, clock, health, reflection, limits.
